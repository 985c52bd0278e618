//! Runs that go for good, with everything that belongs to them: in bounded steps, since one may have millions of points.

use loadspan_wire::mlflow::artifacts::PROXY_SCHEME;

use crate::database::{Connection, DatabaseError, Row};

/// A run that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purgeable {
    key: i64,
    artifact_uri: String,
}

impl Purgeable {
    /// Where its artifacts are, if this server keeps them.
    pub(crate) fn folder(&self) -> Option<String> {
        let path = self.artifact_uri.strip_prefix(PROXY_SCHEME)?.strip_prefix(":/")?;
        let folder = path.strip_suffix("/artifacts").unwrap_or(path);
        // Anything else may belong to others as well.
        (folder.split('/').count() >= 2 && !folder.starts_with('/')).then(|| folder.to_owned())
    }

    fn of(mut row: Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            key: row.int(0)?,
            artifact_uri: row.text(1)?,
        })
    }
}

const POINTS: &str = "DELETE FROM metric_points WHERE (metric_key, timestamp, step, value, is_nan) IN (SELECT p.metric_key, \
                      p.timestamp, p.step, p.value, p.is_nan FROM metric_points p JOIN run_metrics m ON m.metric_key = p.metric_key \
                      WHERE m.run_key = $1 LIMIT $2)";

/// The run itself is the last to go.
const FEW: [&str; 6] = [
    "DELETE FROM run_metrics WHERE run_key = $1",
    "DELETE FROM params WHERE run_key = $1",
    "DELETE FROM run_tags WHERE run_key = $1",
    "DELETE FROM run_datasets WHERE run_key = $1",
    "DELETE FROM run_models WHERE run_key = $1",
    "DELETE FROM runs WHERE run_key = $1",
];

/// Deletes runs in their order until about so many rows are gone; how many of the runs are gone then. To be called again for the
/// others.
///
/// # Errors
///
/// The database says no.
pub(crate) fn runs(
    connection: &mut dyn Connection,
    runs: &[Purgeable],
    mut rows: usize,
) -> Result<usize, DatabaseError> {
    for (done, run) in runs.iter().enumerate() {
        let most = i64::try_from(rows).unwrap_or(i64::MAX);
        let deleted = connection.execute(POINTS, &[run.key.into(), most.into()])?;
        rows = rows.saturating_sub(usize::try_from(deleted).unwrap_or(usize::MAX));
        if rows == 0 {
            return Ok(done);
        }
        for sql in FEW {
            let deleted = connection.execute(sql, &[run.key.into()])?;
            rows = rows
                .saturating_sub(usize::try_from(deleted).unwrap_or(usize::MAX))
                .max(1);
        }
    }
    Ok(runs.len())
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
    let sql = "SELECT run_key, artifact_uri FROM runs WHERE end_time < $1 ORDER BY run_key LIMIT $2";
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
    let sql = "SELECT run_key, artifact_uri FROM runs WHERE lifecycle_stage = 'deleted' AND COALESCE(deleted_time, 0) < $1 \
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
    let sql = "SELECT run_key, artifact_uri FROM runs WHERE experiment_id = $1 ORDER BY run_key LIMIT $2";
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

/// Deletes an experiment that has neither runs nor traces.
///
/// # Errors
///
/// The database says no.
pub(crate) fn experiment(connection: &mut dyn Connection, id: i64) -> Result<(), DatabaseError> {
    for sql in [
        "DELETE FROM experiment_tags WHERE experiment_id = $1",
        "DELETE FROM datasets WHERE experiment_id = $1",
        "DELETE FROM experiments WHERE experiment_id = $1",
    ] {
        connection.execute(sql, &[id.into()])?;
    }
    Ok(())
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
