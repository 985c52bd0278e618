//! Runs that go for good, with everything that belongs to them: in bounded steps, since one may have millions of points.

use super::{experiments, in_lists, metrics};
use crate::artifacts::DoomedFolder;
use crate::artifacts::doomed::doom;
use crate::database::{Connection, DatabaseError, Row};

/// A run that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purgeable {
    key: i64,
    run_id: String,
    artifact_uri: String,
}

impl Purgeable {
    /// Where its artifacts are, if this server keeps them.
    fn folder(&self) -> Option<DoomedFolder> {
        let folder = DoomedFolder::at(self.artifact_uri.strip_suffix("/artifacts")?)?;
        // Anything else may belong to others as well.
        (folder.path.name() == self.run_id).then_some(folder)
    }

    fn of(mut row: Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            key: row.int(0)?,
            artifact_uri: row.text(1)?,
            run_id: row.text(2)?,
        })
    }
}

const POINTS: &str = "DELETE FROM metric_points WHERE (metric_key, timestamp, step, value, is_nan) IN (SELECT p.metric_key, \
                      p.timestamp, p.step, p.value, p.is_nan FROM metric_points p JOIN run_metrics m ON m.metric_key = p.metric_key \
                      WHERE m.run_key = $1 LIMIT $2)";

/// Of all runs at once. The run itself is the last to go.
const FEW: [&str; 6] = [
    "DELETE FROM run_metrics WHERE run_key IN",
    "DELETE FROM params WHERE run_key IN",
    "DELETE FROM run_tags WHERE run_key IN",
    "DELETE FROM run_datasets WHERE run_key IN",
    "DELETE FROM run_models WHERE run_key IN",
    "DELETE FROM runs WHERE run_key IN",
];

/// Deletes runs in their order until about so many rows are gone; how many of the runs are gone then. To be called again for the
/// others. Their folders are noted as doomed; a run of which only a part is gone cannot be restored.
///
/// To be called where nobody adds to them meanwhile: [`remove`](crate::store::Store::remove).
///
/// # Errors
///
/// The database says no.
pub(crate) fn runs(
    connection: &mut dyn Connection,
    runs: &[Purgeable],
    mut rows: usize,
) -> Result<usize, DatabaseError> {
    if runs.is_empty() {
        return Ok(0);
    }
    // The numbers of metrics that are gone may be given to others.
    metrics::settle(connection)?;
    let mut keys = Vec::with_capacity(runs.len());
    for run in runs {
        let most = i64::try_from(rows).unwrap_or(i64::MAX);
        let deleted = connection.execute(POINTS, &[run.key.into(), most.into()])?;
        rows = rows.saturating_sub(usize::try_from(deleted).unwrap_or(usize::MAX));
        if rows == 0 {
            connection.execute("UPDATE runs SET purging = 1 WHERE run_key = $1", &[run.key.into()])?;
            break;
        }
        keys.push(run.key);
    }
    let gone = &runs[..keys.len()];
    let folders: Vec<_> = gone.iter().filter_map(Purgeable::folder).collect();
    doom(connection, &folders)?;
    for sql in FEW {
        for (places, values) in in_lists(1, &keys) {
            connection.execute(&format!("{sql} ({places})"), &values)?;
        }
    }
    Ok(gone.len())
}

/// Runs that ended before a time, in milliseconds; `most` of them at most. Those that have not ended stay.
///
/// # Errors
///
/// The database says no.
pub(crate) fn ended_before(
    connection: &mut dyn Connection,
    before: i64,
    most: usize,
) -> Result<Vec<Purgeable>, DatabaseError> {
    let sql = "SELECT run_key, artifact_uri, run_id FROM runs WHERE end_time < $1 ORDER BY run_key LIMIT $2";
    find(connection, sql, (before, most))
}

/// Runs that were deleted before a time, in milliseconds; `most` of them at most.
///
/// # Errors
///
/// The database says no.
pub(crate) fn deleted_before(
    connection: &mut dyn Connection,
    before: i64,
    most: usize,
) -> Result<Vec<Purgeable>, DatabaseError> {
    let sql = "SELECT run_key, artifact_uri, run_id FROM runs WHERE lifecycle_stage = 'deleted' AND COALESCE(deleted_time, 0) < $1 \
               ORDER BY run_key LIMIT $2";
    find(connection, sql, (before, most))
}

/// The runs of an experiment; `most` of them at most.
///
/// # Errors
///
/// The database says no.
pub(crate) fn of_experiment(
    connection: &mut dyn Connection,
    experiment_id: i64,
    most: usize,
) -> Result<Vec<Purgeable>, DatabaseError> {
    let sql = "SELECT run_key, artifact_uri, run_id FROM runs WHERE experiment_id = $1 ORDER BY run_key LIMIT $2";
    find(connection, sql, (experiment_id, most))
}

/// Experiments that were deleted before a time, in milliseconds; some of them. Not the default one, which must exist.
///
/// # Errors
///
/// The database says no.
pub(crate) fn deleted_experiments(connection: &mut dyn Connection, before: i64) -> Result<Vec<i64>, DatabaseError> {
    // Nothing changes an experiment that is deleted: its last update is its deletion.
    let sql = "SELECT experiment_id FROM experiments WHERE lifecycle_stage = 'deleted' AND last_update_time < $1 \
               AND experiment_id <> 0 ORDER BY experiment_id LIMIT 100000";
    let rows = connection.query(sql, &[before.into()])?;
    rows.into_iter().map(|row| row.int(0)).collect()
}

/// Takes an experiment that was deleted before a time, so that it cannot be restored any more. `false`: it was restored, or is gone.
///
/// # Errors
///
/// The database says no.
pub(crate) fn take(connection: &mut dyn Connection, id: i64, before: i64) -> Result<bool, DatabaseError> {
    let sql = "UPDATE experiments SET purging = 1 WHERE experiment_id = $1 AND lifecycle_stage = 'deleted' \
               AND last_update_time < $2";
    Ok(connection.execute(sql, &[id.into(), before.into()])? > 0)
}

/// Deletes an experiment that has neither runs nor traces.
///
/// # Errors
///
/// The database says no.
pub(crate) fn experiment(connection: &mut dyn Connection, id: i64) -> Result<(), DatabaseError> {
    let folder = own_folder(connection, id)?;
    doom(connection, folder.as_slice())?;
    for sql in [
        "DELETE FROM experiment_tags WHERE experiment_id = $1",
        "DELETE FROM datasets WHERE experiment_id = $1",
        "DELETE FROM experiments WHERE experiment_id = $1",
    ] {
        connection.execute(sql, &[id.into()])?;
    }
    Ok(())
}

/// The folder that the server has given to an experiment, unless a client has given it, or a part of it, to another one.
fn own_folder(connection: &mut dyn Connection, id: i64) -> Result<Option<DoomedFolder>, DatabaseError> {
    let own = experiments::proxied(id);
    let folder = DoomedFolder::at(&own);
    let within = format!("{own}/");
    let sql = "SELECT 1 FROM experiments WHERE experiment_id <> $1 AND (artifact_location = $2 \
               OR substr(artifact_location, 1, $3) = $4) LIMIT 1";
    let length = i64::try_from(within.len()).unwrap_or(i64::MAX);
    let values = [id.into(), (&own).into(), length.into(), (&within).into()];
    Ok(match connection.query_one(sql, &values)? {
        Some(_) => None,
        None => folder,
    })
}

fn find(
    connection: &mut dyn Connection,
    sql: &str,
    (value, most): (i64, usize),
) -> Result<Vec<Purgeable>, DatabaseError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = connection.query(sql, &[value.into(), most.into()])?;
    rows.into_iter().map(Purgeable::of).collect()
}
