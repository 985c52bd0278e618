//! Traces go with everything that belongs to them: in bounded steps, since one may have a million spans.

use std::collections::HashMap;

use super::lookup::{Doomed, Which, doomed};
use crate::artifacts::DoomedFolder;
use crate::artifacts::doomed::doom;
use crate::database::{Connection, DatabaseError};
use crate::tracking::in_lists;

/// A trace that is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deletable {
    pub(crate) key: i64,
    pub(crate) trace_id: String,
}

/// What has many rows is deleted some at a time: `$2` of them.
const MANY: [&str; 2] = [
    "DELETE FROM spans WHERE trace_key = $1 AND span_id IN (SELECT span_id FROM spans WHERE trace_key = $1 LIMIT $2)",
    "DELETE FROM log_records WHERE log_key IN (SELECT log_key FROM log_records \
     WHERE trace_id = (SELECT trace_id FROM traces WHERE trace_key = $1) LIMIT $2)",
];

/// Of all traces at once. The trace itself is the last to go.
const FEW: [&str; 5] = [
    "DELETE FROM trace_tags WHERE trace_key IN",
    "DELETE FROM trace_metadata WHERE trace_key IN",
    "DELETE FROM trace_runs WHERE trace_key IN",
    "DELETE FROM assessments WHERE trace_key IN",
    "DELETE FROM traces WHERE trace_key IN",
];

/// Deletes traces in their order until about so many rows are gone; how many of the traces are gone then. To be called again for the
/// others. Their folders are noted as doomed.
///
/// To be called where nobody adds to them meanwhile: [`remove`](crate::store::Store::remove).
///
/// # Errors
///
/// The database says no.
pub(crate) fn delete(
    connection: &mut dyn Connection,
    traces: &[Deletable],
    mut rows: usize,
) -> Result<usize, DatabaseError> {
    let mut keys = Vec::with_capacity(traces.len());
    for trace in traces {
        rows = rows.saturating_sub(delete_many(connection, trace.key, rows)?);
        if rows == 0 {
            break;
        }
        keys.push(trace.key);
    }
    let gone = &traces[..keys.len()];
    let folders = folders(connection, gone)?;
    doom(connection, &folders)?;
    for sql in FEW {
        for (places, values) in in_lists(1, &keys) {
            connection.execute(&format!("{sql} ({places})"), &values)?;
        }
    }
    Ok(gone.len())
}

/// Deletes at most so many rows of what a trace has many of; how many it were.
fn delete_many(connection: &mut dyn Connection, trace: i64, most: usize) -> Result<usize, DatabaseError> {
    let mut left = most;
    for sql in MANY {
        let room = i64::try_from(left).unwrap_or(i64::MAX);
        let deleted = connection.execute(sql, &[trace.into(), room.into()])?;
        left = left.saturating_sub(usize::try_from(deleted).unwrap_or(usize::MAX));
        if left == 0 {
            break;
        }
    }
    Ok(most - left)
}

/// Where the artifacts of traces are, as far as this server keeps them.
fn folders(connection: &mut dyn Connection, traces: &[Deletable]) -> Result<Vec<DoomedFolder>, DatabaseError> {
    let ids: HashMap<i64, &str> = traces
        .iter()
        .map(|trace| (trace.key, trace.trace_id.as_str()))
        .collect();
    let keys: Vec<i64> = traces.iter().map(|trace| trace.key).collect();
    let mut folders = Vec::new();
    for (places, values) in in_lists(1, &keys) {
        let sql = format!(
            "SELECT trace_key, value FROM trace_tags WHERE key = 'mlflow.artifactLocation' AND trace_key IN ({places})"
        );
        for mut row in connection.query(&sql, &values)? {
            let (trace_id, location) = (ids.get(&row.int(0)?), row.text(1)?);
            let folder = location.strip_suffix("/artifacts").and_then(DoomedFolder::at);
            let own = folder.zip(trace_id).filter(|(folder, id)| folder.path.name() == **id);
            folders.extend(own.map(|(folder, id)| DoomedFolder {
                trace_id: Some((*id).to_owned()),
                ..folder
            }));
        }
    }
    Ok(folders)
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
