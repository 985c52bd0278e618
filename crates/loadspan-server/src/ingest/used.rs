//! What spans and traces have used: tokens, and what they cost.

use crate::database::{DatabaseError, Row, Value};
use crate::translate::{Cost, TokenUsage, UsageNode, total};

/// Tokens, and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Used {
    pub(super) usage: Option<TokenUsage>,
    pub(super) cost: Option<Cost>,
}

impl Used {
    /// What the spans of a tree have used, counted once.
    pub(super) fn of_tree<U>(nodes: &[UsageNode<U>], of: impl Fn(&U) -> Self) -> Self {
        Self {
            usage: total(nodes, |said| of(said).usage),
            cost: total(nodes, |said| of(said).cost),
        }
    }

    /// From the eight columns that begin at this one.
    pub(super) fn of_row(row: &Row, first: usize) -> Result<Self, DatabaseError> {
        let usage = match row.maybe_int(first)? {
            None => None,
            Some(input) => Some(TokenUsage {
                input,
                output: row.int(first + 1)?,
                total: row.int(first + 2)?,
                cache_read: row.maybe_int(first + 3)?,
                cache_write: row.maybe_int(first + 4)?,
            }),
        };
        let cost = match row.maybe_real(first + 5)? {
            None => None,
            Some(input) => Some(Cost {
                input,
                output: row.real(first + 6)?,
                total: row.real(first + 7)?,
            }),
        };
        Ok(Self { usage, cost })
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.usage.is_none() && self.cost.is_none()
    }

    /// Input, output, total, read from a cache, written to it.
    pub(super) fn tokens(&self) -> [Value<'static>; 5] {
        let Some(usage) = &self.usage else {
            return [Value::Null; 5];
        };
        [
            usage.input.into(),
            usage.output.into(),
            usage.total.into(),
            usage.cache_read.into(),
            usage.cache_write.into(),
        ]
    }

    /// Input, output, total.
    pub(super) fn costs(&self) -> [Value<'static>; 3] {
        let Some(cost) = &self.cost else {
            return [Value::Null; 3];
        };
        [cost.input.into(), cost.output.into(), cost.total.into()]
    }
}
