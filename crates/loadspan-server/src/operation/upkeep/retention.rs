//! What is too old is deleted: traces and logs by their time, runs by their end, points of OTLP metrics by theirs.

use std::time::Duration;

use crate::app::{App, now_ms};
use crate::artifacts::ArtifactPath;
use crate::database::{Connection, DatabaseError};
use crate::error::ApiError;
use crate::{ingest, traces, tracking};

/// Rows of one step: some milliseconds.
const ROWS: usize = 2000;
/// Traces or runs of one step.
const STEP: usize = 100;

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retention {
    age: Duration,
}

/// What a step has done.
struct Done {
    /// Whose artifacts are to be deleted.
    folders: Vec<String>,
    /// Whether there is more to be done.
    more: bool,
}

impl Retention {
    pub(super) fn new(age: Duration) -> Self {
        Self { age }
    }

    /// Deletes some of what is too old; whether there is more.
    pub(super) async fn step(self, app: &App) -> Result<bool, ApiError> {
        let age = i64::try_from(self.age.as_millis()).unwrap_or(i64::MAX);
        let before = now_ms().saturating_sub(age);
        let steps = [old_traces, old_runs, old_telemetry];
        let mut more = false;
        for step in steps {
            let job = move |connection: &mut dyn Connection| step(connection, before).map_err(ApiError::from);
            let done = app.store.write(0, job).await?;
            more |= done.more;
            for folder in done.folders {
                app.artifacts.delete(&ArtifactPath::parse(&folder)?).await?;
            }
        }
        Ok(more)
    }
}

fn old_traces(connection: &mut dyn Connection, before: i64) -> Result<Done, DatabaseError> {
    let old = traces::older_than(connection, before, STEP)?;
    let deleted = traces::delete(connection, &old, ROWS)?;
    Ok(Done {
        more: deleted < old.len() || old.len() == STEP,
        folders: old[..deleted].iter().map(traces::Deletable::folder).collect(),
    })
}

fn old_runs(connection: &mut dyn Connection, before: i64) -> Result<Done, DatabaseError> {
    let old = tracking::purge::ended_before(connection, before, STEP)?;
    let deleted = tracking::purge::runs(connection, &old, ROWS)?;
    Ok(Done {
        more: deleted < old.len() || old.len() == STEP,
        folders: old[..deleted]
            .iter()
            .filter_map(tracking::purge::Purgeable::folder)
            .collect(),
    })
}

fn old_telemetry(connection: &mut dyn Connection, before: i64) -> Result<Done, DatabaseError> {
    let deleted = ingest::delete_before(connection, before.saturating_mul(1_000_000), ROWS)?;
    Ok(Done {
        folders: Vec::new(),
        more: deleted == ROWS,
    })
}
