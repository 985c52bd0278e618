//! Traces that nobody completes: their root got lost, belongs to a service that reports elsewhere, or never ended. What becomes of them
//! is found out beside the writer, who only writes it down.

use std::time::Duration;

use crate::app::now_ms;
use crate::database::{Connection, DatabaseError, Row, Value};

/// Spans after which a step ends: there may be more traces.
const SPANS: i64 = 100_000;

/// A trace to which nothing came for long, and what becomes of it.
#[derive(Debug)]
pub(crate) struct Stale {
    key: i64,
    /// Of the last that came.
    last_update: i64,
    /// For a trace that has no name yet.
    name: Option<String>,
    failed: bool,
}

/// Traces in progress to which nothing came for so long, the oldest first, at most `most` of them. It is nothing only if there are none.
///
/// The root says whether the trace failed; if there is none, the spans whose parent is not there.
///
/// # Errors
///
/// The database says no.
pub(crate) fn find_stale(
    connection: &mut dyn Connection,
    timeout: Duration,
    most: usize,
) -> Result<Vec<Stale>, DatabaseError> {
    let timeout = i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX);
    let before = now_ms().saturating_sub(timeout);
    let sql = "SELECT trace_key, last_update_time, spans, root_span_id FROM traces \
               WHERE state = 'IN_PROGRESS' AND last_update_time < $1 ORDER BY last_update_time LIMIT $2";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut stale = Vec::new();
    let mut looked_at = 0;
    for row in connection.query(sql, &[before.into(), most.into()])? {
        looked_at += row.int(2)?;
        stale.push(Stale::of(connection, row)?);
        if looked_at >= SPANS {
            break;
        }
    }
    Ok(stale)
}

impl Stale {
    fn of(connection: &mut dyn Connection, mut trace: Row) -> Result<Self, DatabaseError> {
        let key = trace.int(0)?;
        let root = trace.maybe_blob(3)?;
        let (name, failed) = match &root {
            Some(root) => {
                let sql = "SELECT 1 FROM spans WHERE trace_key = $1 AND span_id = $2 AND status = 'ERROR'";
                let failed = connection.query_one(sql, &[key.into(), Value::Blob(root)])?;
                (None, failed.is_some())
            }
            None => {
                let top = connection.query_one(&format!("{TOP} ORDER BY s.start_ns LIMIT 1"), &[key.into()])?;
                let name = top.map(|mut row| row.text(0)).transpose()?;
                let failed = connection.query_one(&format!("{TOP} AND s.status = 'ERROR' LIMIT 1"), &[key.into()])?;
                (name, failed.is_some())
            }
        };
        Ok(Self {
            key,
            last_update: trace.int(1)?,
            name,
            failed,
        })
    }
}

/// The spans without parent, or whose parent is not there.
const TOP: &str = "SELECT s.name FROM spans s WHERE s.trace_key = $1 AND NOT EXISTS (SELECT 1 FROM spans p \
                   WHERE p.trace_key = s.trace_key AND p.span_id = s.parent_span_id)";

/// Completes traces, but those to which something has come meanwhile.
///
/// # Errors
///
/// The database says no.
pub(crate) fn complete(connection: &mut dyn Connection, stale: &[Stale]) -> Result<(), DatabaseError> {
    let sql = "UPDATE traces SET state = $1, name = COALESCE(name, $2), \
               execution_duration = COALESCE(execution_duration, 0), end_ns = COALESCE(end_ns, start_ns) \
               WHERE trace_key = $3 AND state = 'IN_PROGRESS' AND last_update_time = $4";
    for trace in stale {
        let state = if trace.failed { "ERROR" } else { "OK" };
        let values = [
            state.into(),
            trace.name.as_deref().into(),
            trace.key.into(),
            trace.last_update.into(),
        ];
        connection.execute(sql, &values)?;
    }
    Ok(())
}
