//! Runs.

mod load;
pub(crate) mod table;

use loadspan_wire::mlflow::limits::{TAG_VALUE_CHARS, truncated};
use loadspan_wire::mlflow::runs::{CreateRun, Run, RunInfo, RunStatus, Tag, UpdateRun};
use loadspan_wire::mlflow::tags as known;
use uuid::Uuid;

pub(crate) use load::{SIZES, load};

use super::{ACTIVE, DELETED, experiments, names, tags, valid};
use crate::database::Connection;
use crate::error::ApiError;

/// Most tags that a run is made with.
const TAGS: usize = 1_000;

/// A run that takes logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ActiveRun {
    pub(crate) run_key: i64,
    pub(crate) experiment_id: i64,
}

/// Makes a run. Without a name it gets one.
///
/// # Errors
///
/// Its experiment does not exist or was deleted, or its name and the tag for it differ.
pub(crate) fn create(connection: &mut dyn Connection, wanted: &CreateRun) -> Result<Run, ApiError> {
    let experiment_id = valid::experiment_id(&wanted.experiment_id)?;
    experiments::check_active(connection, experiment_id)?;
    if wanted.tags.len() > TAGS {
        return Err(ApiError::invalid(format!("a run is made with at most {TAGS} tags")));
    }
    let name = name(wanted)?;
    let tags = tags_with_name(wanted, &name)?;
    let location = experiments::get(connection, experiment_id)?.artifact_location;
    let run_id = Uuid::new_v4().simple().to_string();
    let run = NewRun {
        run_id: &run_id,
        experiment_id,
        name: &name,
        user: match tag(&wanted.tags, known::USER) {
            Some(user) if wanted.user_id.is_empty() => user,
            _ => &wanted.user_id,
        },
        start_time: wanted.start_time,
        artifact_uri: format!("{}/{run_id}/artifacts", location.trim_end_matches('/')),
    };
    let run_key = run.insert(connection)?;
    tags::put(connection, run_key, &tags)?;
    loaded(connection, run_key, &run_id)
}

struct NewRun<'a> {
    run_id: &'a str,
    experiment_id: i64,
    name: &'a str,
    user: &'a str,
    start_time: i64,
    artifact_uri: String,
}

impl NewRun<'_> {
    /// Its key.
    fn insert(&self, connection: &mut dyn Connection) -> Result<i64, ApiError> {
        let row = connection.query_one(
            "INSERT INTO runs (run_id, experiment_id, name, user_id, status, start_time, lifecycle_stage, artifact_uri) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING run_key",
            &[
                self.run_id.into(),
                self.experiment_id.into(),
                self.name.into(),
                self.user.into(),
                status_name(RunStatus::Running).into(),
                self.start_time.into(),
                ACTIVE.into(),
                (&self.artifact_uri).into(),
            ],
        )?;
        Ok(row.ok_or_else(|| missing(self.run_id))?.int(0)?)
    }
}

/// A run with all that was logged to it, be it deleted.
///
/// # Errors
///
/// There is none.
pub(crate) fn get(connection: &mut dyn Connection, run_id: &str) -> Result<Run, ApiError> {
    let run_key = find(connection, run_id)?.ok_or_else(|| missing(run_id))?;
    loaded(connection, run_key, run_id)
}

/// The key of a run, be it deleted.
pub(crate) fn find(connection: &mut dyn Connection, run_id: &str) -> Result<Option<i64>, ApiError> {
    let sql = "SELECT run_key FROM runs WHERE run_id = $1";
    let row = connection.query_one(sql, &[run_id.into()])?;
    Ok(row.map(|row| row.int(0)).transpose()?)
}

/// A run that something is to be logged to.
///
/// # Errors
///
/// There is none, or it was deleted.
pub(crate) fn active(connection: &mut dyn Connection, run_id: &str) -> Result<ActiveRun, ApiError> {
    let sql = "SELECT run_key, experiment_id, lifecycle_stage FROM runs WHERE run_id = $1";
    let row = connection.query_one(sql, &[run_id.into()])?;
    let mut row = row.ok_or_else(|| missing(run_id))?;
    match row.text(2)? {
        stage if stage == ACTIVE => Ok(ActiveRun {
            run_key: row.int(0)?,
            experiment_id: row.int(1)?,
        }),
        stage => Err(ApiError::invalid(format!(
            "The run {run_id} must be in the 'active' state. Current state is {stage}."
        ))),
    }
}

/// Changes the state, the end and the name of a run, as far as they are said.
///
/// # Errors
///
/// There is no such run, or it was deleted.
pub(crate) fn update(connection: &mut dyn Connection, update: &UpdateRun) -> Result<RunInfo, ApiError> {
    let run = active(connection, &update.run_id)?;
    connection.execute(
        "UPDATE runs SET status = COALESCE($1, status), end_time = COALESCE($2, end_time) WHERE run_key = $3",
        &[
            update.status.map(status_name).into(),
            update.end_time.into(),
            run.run_key.into(),
        ],
    )?;
    if let Some(name) = update.run_name.as_deref().filter(|name| !name.is_empty()) {
        let tag = tags::checked("run_name", &Tag::new(known::RUN_NAME, name))?;
        tags::set(connection, run.run_key, &[tag])?;
    }
    load::info(connection, run.run_key)?.ok_or_else(|| missing(&update.run_id))
}

/// Deletes a run, which can be restored.
///
/// # Errors
///
/// There is none.
pub(crate) fn delete(connection: &mut dyn Connection, run_id: &str, now: i64) -> Result<(), ApiError> {
    let run_key = find(connection, run_id)?.ok_or_else(|| missing(run_id))?;
    connection.execute(
        "UPDATE runs SET lifecycle_stage = $1, deleted_time = $2 WHERE run_key = $3 AND lifecycle_stage = $4",
        &[DELETED.into(), now.into(), run_key.into(), ACTIVE.into()],
    )?;
    Ok(())
}

/// Restores a run.
///
/// # Errors
///
/// There is none, or it is being deleted for good.
pub(crate) fn restore(connection: &mut dyn Connection, run_id: &str) -> Result<(), ApiError> {
    let restored = connection.execute(
        "UPDATE runs SET lifecycle_stage = $1, deleted_time = NULL WHERE run_id = $2 AND purging = 0",
        &[ACTIVE.into(), run_id.into()],
    )?;
    if restored == 0 {
        return Err(missing(run_id));
    }
    Ok(())
}

/// The name of a state on the wire.
pub(super) const fn status_name(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "RUNNING",
        RunStatus::Scheduled => "SCHEDULED",
        RunStatus::Finished => "FINISHED",
        RunStatus::Failed => "FAILED",
        RunStatus::Killed => "KILLED",
    }
}

/// What is said of a run that does not exist.
pub(crate) fn missing(run_id: &str) -> ApiError {
    ApiError::missing(format!("Run with id={run_id} not found"))
}

fn loaded(connection: &mut dyn Connection, run_key: i64, run_id: &str) -> Result<Run, ApiError> {
    load(connection, &[run_key])?.pop().ok_or_else(|| missing(run_id))
}

/// The name that is asked for, by field or by tag, or one made up. A long one is cut, as the tag for it is.
fn name(wanted: &CreateRun) -> Result<String, ApiError> {
    let cut = |name| truncated(name, TAG_VALUE_CHARS);
    let tagged = cut(tag(&wanted.tags, known::RUN_NAME).unwrap_or_default());
    let name = cut(&wanted.run_name);
    match (name.is_empty(), tagged.is_empty()) {
        (true, true) => Ok(names::random_name()),
        (true, false) => Ok(tagged.to_owned()),
        (false, false) if name != tagged => Err(ApiError::invalid(format!(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='{name}', \
             mlflow.runName='{tagged}')."
        ))),
        (false, _) => Ok(name.to_owned()),
    }
}

fn tags_with_name(wanted: &CreateRun, name: &str) -> Result<Vec<Tag>, ApiError> {
    let others = wanted.tags.iter().filter(|tag| tag.key != known::RUN_NAME);
    let mut tags = others
        .enumerate()
        .map(|(place, tag)| tags::checked(&format!("tags[{place}]"), tag))
        .collect::<Result<Vec<_>, _>>()?;
    tags.push(tags::checked("run_name", &Tag::new(known::RUN_NAME, name))?);
    Ok(tags)
}

fn tag<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    let last = tags.iter().rev().find(|tag| tag.key == key);
    last.map(|tag| tag.value.as_str())
}
