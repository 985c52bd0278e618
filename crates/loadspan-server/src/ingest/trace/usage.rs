//! Tokens and cost of a trace, when not all its spans are at hand.

use super::super::draft::Draft;
use super::super::id::SpanId;
use super::stored::Stored;
use crate::database::{Connection, DatabaseError, Row, Value};
use crate::translate::{Cost, TokenUsage, UsageNode, total};

/// What the client has said about a trace as a whole.
const SAID: &str = "SELECT COUNT(*) FROM trace_metadata WHERE trace_key = $1 AND key = 'mlflow.trace.tokenUsage'";

/// Tokens, and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Used {
    pub(super) usage: Option<TokenUsage>,
    pub(super) cost: Option<Cost>,
}

impl Used {
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

/// Tokens and cost of a trace to which the spans of a draft were added. `None`: they are what they were.
pub(super) fn after(
    connection: &mut dyn Connection,
    stored: &Stored,
    draft: &Draft,
) -> Result<Option<Used>, DatabaseError> {
    // A span that uses nothing may still join two parts of a tree, one of which hides the other.
    if !stored.has_usage && draft.usage.is_none() && draft.cost.is_none() {
        return Ok(None);
    }
    if stored.finalized {
        let said = connection.query_one(SAID, &[stored.key.into()])?;
        if said.map(|row| row.flag(0)).transpose()? == Some(true) {
            return Ok(None);
        }
    }
    of_stored_spans(connection, stored).map(Some)
}

fn of_stored_spans(connection: &mut dyn Connection, stored: &Stored) -> Result<Used, DatabaseError> {
    // As many as the trace has, which is limited when they come in.
    let sql = "SELECT span_id, parent_span_id, input_tokens, output_tokens, total_tokens, cache_read_tokens, \
               cache_write_tokens, input_cost, output_cost, total_cost FROM spans WHERE trace_key = $1 LIMIT $2";
    let mut tokens = Vec::new();
    let mut costs = Vec::new();
    for mut row in connection.query(sql, &[stored.key.into(), stored.spans.into()])? {
        let id = id(row.blob(0)?);
        let parent = row.maybe_blob(1)?.map(self::id);
        let used = of_row(&row)?;
        tokens.push(UsageNode {
            id,
            parent,
            used: used.usage,
        });
        costs.push(UsageNode {
            id,
            parent,
            used: used.cost,
        });
    }
    Ok(Used {
        usage: total(&tokens),
        cost: total(&costs),
    })
}

fn of_row(row: &Row) -> Result<Used, DatabaseError> {
    let usage = match row.maybe_int(2)? {
        None => None,
        Some(input) => Some(TokenUsage {
            input,
            output: row.int(3)?,
            total: row.int(4)?,
            cache_read: row.maybe_int(5)?,
            cache_write: row.maybe_int(6)?,
        }),
    };
    let cost = match row.maybe_real(7)? {
        None => None,
        Some(input) => Some(Cost {
            input,
            output: row.real(8)?,
            total: row.real(9)?,
        }),
    };
    Ok(Used { usage, cost })
}

/// Ids in the database have their length.
fn id(bytes: Vec<u8>) -> SpanId {
    SpanId::try_from(bytes).unwrap_or_default()
}
