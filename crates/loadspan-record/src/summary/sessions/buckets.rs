//! The requests of sessions by their place and by the length of their context.

use std::collections::BTreeMap;

use super::super::rows::{Fate, Selection};
use super::SessionBucket;
use crate::distribution::to_seven_digits;
use crate::{Distribution, Metric};

/// Contexts below this many tokens are alike.
const SHORT_CONTEXT: u64 = 256;

/// Tokens found in a prefix cache.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cached {
    cached: f64,
    /// Input tokens of the requests whose server says how many were cached.
    of: f64,
}

/// 1, 2, 3, 4 to 7, 8 to 15, …
pub(super) fn by_turn(rows: Selection<'_>) -> Vec<SessionBucket> {
    split(rows, |row| match rows.place(row)?.turn {
        0 => Some((1, 1)),
        1 => Some((2, 2)),
        2 => Some((3, 3)),
        turn => Some(power_of_two(u64::from(turn) + 1)),
    })
}

/// 0 to 255, 256 to 511, 512 to 1023, … input tokens. Requests whose input nobody counted are in none.
pub(super) fn by_context(rows: Selection<'_>) -> Vec<SessionBucket> {
    split(rows, |row| {
        let tokens = rows.value(Metric::InputSequenceLength, row)? as u64;
        Some(if tokens < SHORT_CONTEXT {
            (0, SHORT_CONTEXT - 1)
        } else {
            power_of_two(tokens)
        })
    })
}

/// The numbers with as many binary digits as this one.
fn power_of_two(number: u64) -> (u64, u64) {
    let from = 1_u64 << number.max(1).ilog2();
    (from, 2 * from - 1)
}

impl Cached {
    pub(super) fn of(rows: Selection<'_>, over: impl Iterator<Item = usize>) -> Self {
        let mut sum = Self::default();
        for row in over.filter(|row| rows.fate(*row) == Fate::Completed) {
            if let Some(cached) = rows.value(Metric::CachedInputTokens, row) {
                sum.cached += f64::from(cached);
                sum.of += f64::from(rows.value(Metric::InputSequenceLength, row).unwrap_or(0.0));
            }
        }
        sum
    }

    pub(super) fn share(self) -> Option<f64> {
        (self.of > 0.0).then(|| to_seven_digits(self.cached / self.of))
    }
}

/// The completed requests of sessions, by bucket in ascending order.
fn split(rows: Selection<'_>, bucket: impl Fn(usize) -> Option<(u64, u64)>) -> Vec<SessionBucket> {
    let mut members: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
    for row in rows.turns().filter(|row| rows.fate(*row) == Fate::Completed) {
        if let Some(bucket) = bucket(row) {
            members.entry(bucket).or_default().push(row);
        }
    }
    let describe = |((from, to), members): ((u64, u64), Vec<usize>)| {
        let values = |metric: Metric| {
            let values = members.iter().filter_map(|row| rows.value(metric, *row)).collect();
            Distribution::of(metric.unit(), values)
        };
        SessionBucket {
            from,
            to,
            requests: members.len() as u64,
            time_to_first_token: values(Metric::TimeToFirstToken),
            request_latency: values(Metric::RequestLatency),
            cached_input_share: Cached::of(rows, members.iter().copied()).share(),
        }
    };
    members.into_iter().map(describe).collect()
}
