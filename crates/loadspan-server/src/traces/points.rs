//! Many traces as columns, for a chart that has a point for each.

use std::collections::HashMap;

use serde::Serialize;

use super::time::nanoseconds;
use super::words::Table;
use crate::database::Connection;
use crate::error::ApiError;
use crate::search::Matching;
use crate::tracking::in_lists;

/// Characters of a name.
const NAME: usize = 200;

/// Traces, newest first. All lists but the table have one entry for each.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Points {
    /// How many match; of those that were looked at.
    total: i64,
    /// Whether all were: a filter that is about spans looks at so many only.
    complete: bool,
    trace_ids: Vec<String>,
    start_ms: Vec<i64>,
    /// With fractions.
    duration_ms: Vec<Option<f64>>,
    /// `OK`, `ERROR`, `IN_PROGRESS` or `STATE_UNSPECIFIED`.
    state: Vec<String>,
    names: Vec<String>,
    name: Vec<Option<i64>>,
    tokens: Vec<Option<i64>>,
    spans: Vec<i64>,
}

impl Points {
    /// The traces that match.
    ///
    /// # Errors
    ///
    /// The database says no.
    pub(crate) fn load(connection: &mut dyn Connection, matching: &Matching) -> Result<Self, ApiError> {
        let mut rows = HashMap::with_capacity(matching.keys.len());
        for (places, keys) in in_lists(1, &matching.keys) {
            let sql = format!(
                "SELECT trace_key, trace_id, request_time, execution_duration, state, substr(name, 1, {NAME}), total_tokens, spans, start_ns, end_ns \
                 FROM traces WHERE trace_key IN ({places})"
            );
            for row in connection.query(&sql, &keys)? {
                rows.insert(row.int(0)?, row);
            }
        }
        let mut points = Self {
            total: matching.total,
            complete: matching.complete,
            ..Self::default()
        };
        let mut names = Table::default();
        for mut row in matching.keys.iter().filter_map(|key| rows.remove(key)) {
            points.trace_ids.push(row.text(1)?);
            points.start_ms.push(row.int(2)?);
            let extent = (row.int(8)?, row.maybe_int(9)?);
            points
                .duration_ms
                .push(nanoseconds(row.maybe_int(3)?, extent).map(milliseconds));
            points.state.push(row.text(4)?);
            points.name.push(row.maybe_text(5)?.map(|name| names.place(name)));
            points.tokens.push(row.maybe_int(6)?);
            points.spans.push(row.int(7)?);
        }
        points.names = names.into_words();
        Ok(points)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart shows no more digits")]
fn milliseconds(ns: i64) -> f64 {
    ns as f64 / 1e6
}
