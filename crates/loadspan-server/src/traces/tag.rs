//! Tags of a trace. One of them is in a column as well: the name.

use std::collections::BTreeMap;

use loadspan_wire::mlflow::attributes::TRACE_NAME_TAG;
use loadspan_wire::mlflow::limits::{TAG_VALUE_CHARS, truncated};

use super::lookup;
use super::start::{TAGS, put};
use crate::database::Connection;
use crate::error::ApiError;
use crate::ingest::is_of_the_server;
use crate::tracking::valid;

/// A tag, checked. A long value is cut.
#[derive(Debug, Clone)]
pub(crate) struct TraceTag {
    key: String,
    value: String,
}

impl TraceTag {
    /// # Errors
    ///
    /// No tag has such a key, or the server sets it.
    pub(crate) fn checked(key: &str, value: &str) -> Result<Self, ApiError> {
        valid::key("key", key)?;
        valid::key_length("key", key)?;
        if is_of_the_server(key) {
            return Err(ApiError::invalid(format!("the tag '{key}' is set by the server")));
        }
        Ok(Self {
            key: key.to_owned(),
            value: truncated(value, TAG_VALUE_CHARS).to_owned(),
        })
    }
}

/// Sets a tag.
///
/// # Errors
///
/// There is no such trace.
pub(crate) fn set(connection: &mut dyn Connection, trace_id: &str, tag: &TraceTag) -> Result<(), ApiError> {
    let key = lookup::key(connection, trace_id)?;
    if tag.key == TRACE_NAME_TAG {
        let sql = "UPDATE traces SET name = $1 WHERE trace_key = $2";
        connection.execute(sql, &[(&tag.value).into(), key.into()])?;
    }
    let tags = BTreeMap::from([(tag.key.clone(), tag.value.clone())]);
    Ok(put(connection, (TAGS, key), &tags)?)
}

/// Deletes a tag.
///
/// # Errors
///
/// There is no such tag, or no such trace, or the server has set it.
pub(crate) fn delete(connection: &mut dyn Connection, trace_id: &str, tag: &str) -> Result<(), ApiError> {
    if is_of_the_server(tag) {
        return Err(ApiError::invalid(format!("the tag '{tag}' is set by the server")));
    }
    let key = lookup::key(connection, trace_id)?;
    let mut deleted = connection.execute(
        "DELETE FROM trace_tags WHERE trace_key = $1 AND key = $2",
        &[key.into(), tag.into()],
    )?;
    if tag == TRACE_NAME_TAG {
        let sql = "UPDATE traces SET name = NULL WHERE trace_key = $1 AND name IS NOT NULL";
        deleted += connection.execute(sql, &[key.into()])?;
    }
    if deleted == 0 {
        let message = format!("No trace tag with key '{tag}' for trace with ID '{trace_id}'");
        return Err(ApiError::missing(message));
    }
    Ok(())
}
