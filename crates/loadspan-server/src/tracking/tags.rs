//! Tags of runs. Two of them say what is in columns as well: the name, and who made the run.

use std::collections::BTreeMap;

use loadspan_wire::mlflow::limits::{TAG_VALUE_CHARS, truncated};
use loadspan_wire::mlflow::runs::Tag;
use loadspan_wire::mlflow::tags::{RUN_NAME, USER};

use super::{runs, valid};
use crate::database::{Connection, Insert, Value};
use crate::error::ApiError;

/// A tag as it is stored: long values are cut.
///
/// `place` is where it stands in the request; empty: the request is about one tag.
pub(crate) fn checked(place: &str, tag: &Tag) -> Result<Tag, ApiError> {
    let place = if place.is_empty() {
        "key".to_owned()
    } else {
        format!("{place}.key")
    };
    valid::key(&place, &tag.key)?;
    valid::key_length(&place, &tag.key)?;
    Ok(Tag::new(tag.key.as_str(), truncated(&tag.value, TAG_VALUE_CHARS)))
}

/// Sets tags that were checked. Of several with one key the last counts.
pub(crate) fn set(connection: &mut dyn Connection, run_key: i64, tags: &[Tag]) -> Result<(), ApiError> {
    for tag in tags {
        let column = match tag.key.as_str() {
            RUN_NAME if tag.value.is_empty() => continue,
            RUN_NAME => "name",
            USER => "user_id",
            _ => continue,
        };
        let sql = format!("UPDATE runs SET {column} = $1 WHERE run_key = $2");
        connection.execute(&sql, &[(&tag.value).into(), run_key.into()])?;
    }
    put(connection, run_key, tags)
}

/// Stores tags, and nothing else.
pub(super) fn put(connection: &mut dyn Connection, run_key: i64, tags: &[Tag]) -> Result<(), ApiError> {
    let nameless = |tag: &&Tag| tag.key == RUN_NAME && tag.value.is_empty();
    let tags = tags.iter().filter(|tag| !nameless(tag));
    // In the order of keys, so that two that write the same ones do not wait for each other.
    let last: BTreeMap<&str, &str> = tags.map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
    let rows = last
        .iter()
        .flat_map(|(key, value)| [run_key.into(), (*key).into(), (*value).into()]);
    let insert = Insert {
        into: "run_tags (run_key, key, value)",
        columns: 3,
        otherwise: "ON CONFLICT (run_key, key) DO UPDATE SET value = excluded.value",
    };
    Ok(connection.insert(&insert, &rows.collect::<Vec<Value<'_>>>())?)
}

/// Deletes a tag of a run.
///
/// # Errors
///
/// There is no such tag, or no such run, or it was deleted.
pub(crate) fn delete(connection: &mut dyn Connection, run_id: &str, key: &str) -> Result<(), ApiError> {
    let run = runs::active(connection, run_id)?;
    let sql = "DELETE FROM run_tags WHERE run_key = $1 AND key = $2";
    if connection.execute(sql, &[run.run_key.into(), key.into()])? == 0 {
        return Err(ApiError::missing(format!(
            "No tag with name: {key} in run with id {run_id}"
        )));
    }
    Ok(())
}
