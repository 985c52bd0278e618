//! Traces that nobody completes: their root got lost, belongs to a service that reports elsewhere, or never ended.

use std::time::Duration;

use crate::app::now_ms;
use crate::database::{Connection, DatabaseError, Value};

/// Completes traces in progress to which nothing came for so long, the oldest first, at most `most` of them; how many it were.
///
/// The root says whether the trace failed; if there is none, the spans whose parent is not there.
///
/// # Errors
///
/// The database says no.
pub(crate) fn complete_stale(
    connection: &mut dyn Connection,
    timeout: Duration,
    most: usize,
) -> Result<usize, DatabaseError> {
    let timeout = i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX);
    let before = now_ms().saturating_sub(timeout);
    let sql = "SELECT trace_key FROM traces WHERE state = 'IN_PROGRESS' AND last_update_time < $1 \
               ORDER BY last_update_time LIMIT $2";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let traces = connection.query(sql, &[before.into(), most.into()])?;
    for trace in &traces {
        complete(connection, trace.int(0)?)?;
    }
    Ok(traces.len())
}

fn complete(connection: &mut dyn Connection, trace: i64) -> Result<(), DatabaseError> {
    let top = connection.query_one(TOP, &[trace.into()])?;
    let name = top.map(|mut row| row.text(0)).transpose()?;
    let failed = connection.query_one(FAILED, &[trace.into()])?.is_some();
    let sql = "UPDATE traces SET state = $1, name = COALESCE(name, $2), \
               execution_duration = COALESCE(execution_duration, 0), end_ns = COALESCE(end_ns, start_ns) \
               WHERE trace_key = $3 AND state = 'IN_PROGRESS'";
    let state = if failed { "ERROR" } else { "OK" };
    let values = [state.into(), name.as_deref().into(), Value::Int(trace)];
    connection.execute(sql, &values).map(drop)
}

/// The first of the spans without parent, or whose parent is not there.
const TOP: &str = "SELECT s.name FROM spans s WHERE s.trace_key = $1 AND NOT EXISTS (SELECT 1 FROM spans p \
                   WHERE p.trace_key = s.trace_key AND p.span_id = s.parent_span_id) ORDER BY s.start_ns LIMIT 1";

/// Whether the root failed, or any span that stands in for it.
const FAILED: &str = "SELECT 1 FROM spans s JOIN traces t ON t.trace_key = s.trace_key WHERE s.trace_key = $1 \
                      AND s.status = 'ERROR' AND (s.span_id = t.root_span_id OR (t.root_span_id IS NULL AND NOT EXISTS \
                      (SELECT 1 FROM spans p WHERE p.trace_key = s.trace_key AND p.span_id = s.parent_span_id))) LIMIT 1";
