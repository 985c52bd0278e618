//! Experiments.

mod location;

use std::collections::HashMap;

use loadspan_wire::mlflow::experiments::{CreateExperiment, Experiment};
use loadspan_wire::mlflow::limits::{EXPERIMENT_NAME_CHARS, KEY_CHARS};
use loadspan_wire::mlflow::runs::Tag;

pub(super) use location::proxied;

use super::{ACTIVE, DELETED, in_lists, valid};
use crate::database::{Connection, Insert, Row};
use crate::error::{ApiError, Code};

/// Longest value of a tag, in characters.
const TAG_VALUE_CHARS: usize = 20_000;
/// Most tags that one request sets.
const TAGS: usize = 1_000;

/// Makes an experiment; its id.
///
/// # Errors
///
/// Its name is taken, be it by one that was deleted, or something of it makes no sense.
pub(crate) fn create(connection: &mut dyn Connection, wanted: &CreateExperiment, now: i64) -> Result<i64, ApiError> {
    check_name(&wanted.name)?;
    let location = wanted
        .artifact_location
        .as_deref()
        .filter(|location| !location.is_empty());
    let location = location.map(location::resolve).transpose()?;
    if wanted.tags.len() > TAGS {
        return Err(ApiError::invalid(format!(
            "an experiment is made with at most {TAGS} tags"
        )));
    }
    for tag in &wanted.tags {
        check_tag(tag)?;
    }
    let id = insert(connection, &wanted.name, now)?.ok_or_else(|| taken(&wanted.name))?;
    let location = location.unwrap_or_else(|| location::proxied(id));
    connection.execute(
        "UPDATE experiments SET artifact_location = $1 WHERE experiment_id = $2",
        &[(&location).into(), id.into()],
    )?;
    for tag in &wanted.tags {
        put_tag(connection, id, tag)?;
    }
    Ok(id)
}

/// The id of the experiment with this name, which is made if there is none. One that was deleted is taken as it is.
pub(crate) fn find_or_create(connection: &mut dyn Connection, name: &str, now: i64) -> Result<i64, ApiError> {
    if let Some(id) = find(connection, name)? {
        return Ok(id);
    }
    let wanted = CreateExperiment {
        name: name.to_owned(),
        ..CreateExperiment::default()
    };
    create(connection, &wanted, now)
}

/// The id of the experiment with this name, be it deleted.
pub(crate) fn find(connection: &mut dyn Connection, name: &str) -> Result<Option<i64>, ApiError> {
    let sql = "SELECT experiment_id FROM experiments WHERE name = $1";
    let row = connection.query_one(sql, &[name.into()])?;
    Ok(row.map(|row| row.int(0)).transpose()?)
}

/// An experiment, be it deleted.
///
/// # Errors
///
/// There is none.
pub(crate) fn get(connection: &mut dyn Connection, id: i64) -> Result<Experiment, ApiError> {
    load(connection, &[id])?.pop().ok_or_else(|| missing(id))
}

/// An experiment by its name, be it deleted.
///
/// # Errors
///
/// There is none.
pub(crate) fn get_by_name(connection: &mut dyn Connection, name: &str) -> Result<Experiment, ApiError> {
    match find(connection, name)? {
        Some(id) => get(connection, id),
        None => Err(ApiError::missing(format!(
            "Could not find experiment with name '{name}'"
        ))),
    }
}

/// A query for ids of experiments, and the bytes of what is known of them, about.
pub(crate) const SIZES: &str = "SELECT e.experiment_id, 1024 \
    + COALESCE((SELECT SUM(64 + octet_length(x.key) + octet_length(x.value)) FROM experiment_tags x \
        WHERE x.experiment_id = e.experiment_id), 0) \
    FROM experiments e WHERE e.experiment_id";

/// Experiments in the order of their ids here. Those that do not exist are left out.
pub(crate) fn load(connection: &mut dyn Connection, ids: &[i64]) -> Result<Vec<Experiment>, ApiError> {
    let mut found: HashMap<i64, Experiment> = HashMap::with_capacity(ids.len());
    for (places, values) in in_lists(1, ids) {
        let sql = format!(
            "SELECT experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time FROM experiments \
             WHERE experiment_id IN ({places})"
        );
        for row in connection.query(&sql, &values)? {
            let id = row.int(0)?;
            found.insert(id, experiment(row)?);
        }
        let sql = format!(
            "SELECT experiment_id, key, value FROM experiment_tags WHERE experiment_id IN ({places}) ORDER BY experiment_id, key"
        );
        for mut row in connection.query(&sql, &values)? {
            if let Some(experiment) = found.get_mut(&row.int(0)?) {
                experiment.tags.push(Tag::new(row.text(1)?, row.text(2)?));
            }
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Deletes an experiment with its runs. It keeps its name, and can be restored.
///
/// # Errors
///
/// There is none that is not deleted.
pub(crate) fn delete(connection: &mut dyn Connection, id: i64, now: i64) -> Result<(), ApiError> {
    let changed = connection.execute(
        "UPDATE experiments SET lifecycle_stage = $1, last_update_time = $2 WHERE experiment_id = $3 AND lifecycle_stage = $4",
        &[DELETED.into(), now.into(), id.into(), ACTIVE.into()],
    )?;
    if changed == 0 {
        return Err(missing(id));
    }
    connection.execute(
        "UPDATE runs SET lifecycle_stage = $1, deleted_time = $2 WHERE experiment_id = $3 AND lifecycle_stage = $4",
        &[DELETED.into(), now.into(), id.into(), ACTIVE.into()],
    )?;
    Ok(())
}

/// Restores an experiment, and the runs that were deleted with it; not those that were deleted before.
///
/// # Errors
///
/// There is none that is deleted, or it is being deleted for good.
pub(crate) fn restore(connection: &mut dyn Connection, id: i64, now: i64) -> Result<(), ApiError> {
    let deleted = connection.query_one(
        "SELECT last_update_time FROM experiments WHERE experiment_id = $1 AND lifecycle_stage = $2 AND purging = 0",
        &[id.into(), DELETED.into()],
    )?;
    // Nothing changes an experiment that is deleted: its last update is its deletion.
    let deleted_time = deleted.ok_or_else(|| missing(id))?.int(0)?;
    connection.execute(
        "UPDATE experiments SET lifecycle_stage = $1, last_update_time = $2 WHERE experiment_id = $3",
        &[ACTIVE.into(), now.into(), id.into()],
    )?;
    connection.execute(
        "UPDATE runs SET lifecycle_stage = $1, deleted_time = NULL WHERE experiment_id = $2 AND lifecycle_stage = $3 \
         AND deleted_time >= $4 AND purging = 0",
        &[ACTIVE.into(), id.into(), DELETED.into(), deleted_time.into()],
    )?;
    Ok(())
}

/// Gives an experiment another name.
///
/// # Errors
///
/// The name is taken, or the experiment is deleted, or there is none.
pub(crate) fn rename(connection: &mut dyn Connection, renamed: &Renamed<'_>, now: i64) -> Result<(), ApiError> {
    let Renamed { id, name } = *renamed;
    check_name(name)?;
    if stage(connection, id)? != ACTIVE {
        return Err(ApiError::invalid("Cannot rename a non-active experiment."));
    }
    match find(connection, name)? {
        Some(other) if other != id => Err(taken(name)),
        _ => {
            connection.execute(
                "UPDATE experiments SET name = $1, last_update_time = $2 WHERE experiment_id = $3",
                &[name.into(), now.into(), id.into()],
            )?;
            Ok(())
        }
    }
}

/// An experiment and its new name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Renamed<'a> {
    pub(crate) id: i64,
    pub(crate) name: &'a str,
}

/// Sets a tag.
///
/// # Errors
///
/// It makes no sense, or the experiment is deleted, or there is none.
pub(crate) fn set_tag(connection: &mut dyn Connection, id: i64, tag: &Tag) -> Result<(), ApiError> {
    check_tag(tag)?;
    check_active(connection, id)?;
    put_tag(connection, id, tag)
}

/// Deletes a tag.
///
/// # Errors
///
/// There is no such tag, or the experiment is deleted, or there is none.
pub(crate) fn delete_tag(connection: &mut dyn Connection, id: i64, key: &str) -> Result<(), ApiError> {
    check_active(connection, id)?;
    let sql = "DELETE FROM experiment_tags WHERE experiment_id = $1 AND key = $2";
    if connection.execute(sql, &[id.into(), key.into()])? == 0 {
        return Err(ApiError::missing(format!(
            "No tag with name: {key} in experiment with id {id}"
        )));
    }
    Ok(())
}

/// That there is such an experiment, and that it is not deleted.
pub(crate) fn check_active(connection: &mut dyn Connection, id: i64) -> Result<(), ApiError> {
    match stage(connection, id)? {
        stage if stage == ACTIVE => Ok(()),
        stage => Err(ApiError::invalid(format!(
            "The experiment {id} must be in the 'active' state. Current state is {stage}."
        ))),
    }
}

fn stage(connection: &mut dyn Connection, id: i64) -> Result<String, ApiError> {
    let sql = "SELECT lifecycle_stage FROM experiments WHERE experiment_id = $1";
    let row = connection.query_one(sql, &[id.into()])?;
    Ok(row.ok_or_else(|| missing(id))?.text(0)?)
}

fn insert(connection: &mut dyn Connection, name: &str, now: i64) -> Result<Option<i64>, ApiError> {
    let row = connection.query_one(
        "INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time) \
         VALUES ($1, '', $2, $3, $3) ON CONFLICT DO NOTHING RETURNING experiment_id",
        &[name.into(), ACTIVE.into(), now.into()],
    )?;
    Ok(row.map(|row| row.int(0)).transpose()?)
}

fn put_tag(connection: &mut dyn Connection, id: i64, tag: &Tag) -> Result<(), ApiError> {
    let insert = Insert {
        into: "experiment_tags (experiment_id, key, value)",
        columns: 3,
        otherwise: "ON CONFLICT (experiment_id, key) DO UPDATE SET value = excluded.value",
    };
    Ok(connection.insert(&insert, &[id.into(), (&tag.key).into(), (&tag.value).into()])?)
}

fn experiment(mut row: Row) -> Result<Experiment, ApiError> {
    Ok(Experiment {
        experiment_id: row.int(0)?.to_string(),
        name: row.text(1)?,
        artifact_location: row.text(2)?,
        lifecycle_stage: row.text(3)?,
        creation_time: row.int(4)?,
        last_update_time: row.int(5)?,
        tags: Vec::new(),
    })
}

fn check_name(name: &str) -> Result<(), ApiError> {
    if name.is_empty() {
        return Err(ApiError::invalid("Invalid experiment name: ''"));
    }
    valid::length("name", name, EXPERIMENT_NAME_CHARS)
}

fn check_tag(tag: &Tag) -> Result<(), ApiError> {
    valid::key("key", &tag.key)?;
    valid::length("key", &tag.key, KEY_CHARS)?;
    valid::length("value", &tag.value, TAG_VALUE_CHARS)
}

fn missing(id: i64) -> ApiError {
    ApiError::missing(format!("No Experiment with id={id} exists"))
}

fn taken(name: &str) -> ApiError {
    let message = format!(
        "Experiment(name={name}) already exists. If it was deleted, restore it, or delete it for good: it keeps its name until then"
    );
    ApiError::new(Code::ResourceAlreadyExists, message)
}
