//! Traces go with everything that belongs to them: in bounded steps, since one may have a million spans.

use super::lookup::{Doomed, Which, doomed};
use crate::database::{Connection, DatabaseError};

/// A trace that is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deletable {
    pub(crate) key: i64,
    pub(crate) trace_id: String,
    pub(crate) experiment_id: i64,
}

impl Deletable {
    /// Where its artifacts are.
    pub(crate) fn folder(&self) -> String {
        format!("{}/traces/{}", self.experiment_id, self.trace_id)
    }
}

/// What has many rows is deleted some at a time: `$2` of them.
const MANY: [&str; 2] = [
    "DELETE FROM spans WHERE trace_key = $1 AND span_id IN (SELECT span_id FROM spans WHERE trace_key = $1 LIMIT $2)",
    "DELETE FROM log_records WHERE log_key IN (SELECT log_key FROM log_records \
     WHERE trace_id = (SELECT trace_id FROM traces WHERE trace_key = $1) LIMIT $2)",
];

/// The trace itself is the last to go.
const FEW: [&str; 5] = [
    "DELETE FROM trace_tags WHERE trace_key = $1",
    "DELETE FROM trace_metadata WHERE trace_key = $1",
    "DELETE FROM trace_runs WHERE trace_key = $1",
    "DELETE FROM assessments WHERE trace_key = $1",
    "DELETE FROM traces WHERE trace_key = $1",
];

/// Deletes traces in their order until about so many rows are gone; how many of the traces are gone then. To be called again for the
/// others.
///
/// # Errors
///
/// The database says no.
pub(crate) fn delete(
    connection: &mut dyn Connection,
    traces: &[Deletable],
    mut rows: usize,
) -> Result<usize, DatabaseError> {
    for (done, trace) in traces.iter().enumerate() {
        for sql in MANY {
            let most = i64::try_from(rows).unwrap_or(i64::MAX);
            let deleted = connection.execute(sql, &[trace.key.into(), most.into()])?;
            rows = rows.saturating_sub(usize::try_from(deleted).unwrap_or(usize::MAX));
            if rows == 0 {
                return Ok(done);
            }
        }
        for sql in FEW {
            let deleted = connection.execute(sql, &[trace.key.into()])?;
            rows = rows
                .saturating_sub(usize::try_from(deleted).unwrap_or(usize::MAX))
                .max(1);
        }
    }
    Ok(traces.len())
}

/// Traces whose request came before a time, in milliseconds; `most` of them at most.
///
/// # Errors
///
/// The database says no.
pub(crate) fn older_than(
    connection: &mut dyn Connection,
    before: i64,
    most: usize,
) -> Result<Vec<Deletable>, DatabaseError> {
    // By experiment, since that is how the index has them.
    let experiments = "SELECT experiment_id FROM experiments ORDER BY experiment_id LIMIT 1000000";
    let mut found = Vec::new();
    for experiment in connection.query(experiments, &[])? {
        let of_one = Doomed {
            experiment_id: experiment.int(0)?,
            which: Which::Until(before.saturating_sub(1)),
        };
        found.extend(doomed(connection, &of_one, most - found.len())?);
        if found.len() == most {
            break;
        }
    }
    Ok(found)
}
