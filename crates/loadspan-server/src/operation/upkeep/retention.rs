//! What is too old is deleted: traces and logs by their time, runs by their end, points of OTLP metrics by theirs;
//! and what these had in common.

use std::time::Duration;

use crate::app::{App, now_ms};
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

impl Retention {
    pub(super) fn new(age: Duration) -> Self {
        Self { age }
    }

    /// Deletes some of what is too old; whether there is more.
    pub(super) async fn step(self, app: &App) -> Result<bool, ApiError> {
        let age = i64::try_from(self.age.as_millis()).unwrap_or(i64::MAX);
        let before = now_ms().saturating_sub(age);
        let steps = [old_traces, old_runs, old_telemetry, unseen];
        let mut more = false;
        for step in steps {
            let job = move |connection: &mut dyn Connection| step(connection, before).map_err(ApiError::from);
            more |= app.store.remove(job).await?;
        }
        Ok(more)
    }
}

/// Deletes some traces; whether there may be more, as the others do.
fn old_traces(connection: &mut dyn Connection, before: i64) -> Result<bool, DatabaseError> {
    let old = traces::older_than(connection, before, STEP)?;
    let deleted = traces::delete(connection, &old, ROWS)?;
    Ok(deleted < old.len() || old.len() == STEP)
}

fn old_runs(connection: &mut dyn Connection, before: i64) -> Result<bool, DatabaseError> {
    let old = tracking::purge::ended_before(connection, before, STEP)?;
    let deleted = tracking::purge::runs(connection, &old, ROWS)?;
    Ok(deleted < old.len() || old.len() == STEP)
}

fn old_telemetry(connection: &mut dyn Connection, before: i64) -> Result<bool, DatabaseError> {
    let deleted = ingest::delete_before(connection, before.saturating_mul(1_000_000), ROWS)?;
    Ok(deleted == ROWS)
}

/// What only items had in common that are gone.
fn unseen(connection: &mut dyn Connection, before: i64) -> Result<bool, DatabaseError> {
    let deleted = ingest::delete_unseen_since(connection, before, ROWS)?;
    Ok(deleted == ROWS)
}
