//! Experiments that traces go to.

use super::refusal::Reason;
use crate::app::now_ms;
use crate::database::Connection;
use crate::error::{ApiError, Code};
use crate::tracking::experiments::find_or_create;

/// The experiment that is always there.
pub(super) const DEFAULT: i64 = 0;

/// The id in a header.
pub(super) fn parse_id(id: &str) -> Result<i64, ApiError> {
    let parsed = id.trim().parse();
    parsed.map_err(|_| {
        ApiError::invalid(format!(
            "Invalid experiment ID '{id}'. Experiment ID must be a valid integer."
        ))
    })
}

/// An experiment that must exist; or why it takes nothing.
pub(super) fn by_id(connection: &mut dyn Connection, id: i64) -> Result<Result<i64, Reason>, ApiError> {
    let sql = "SELECT lifecycle_stage FROM experiments WHERE experiment_id = $1";
    let row = connection.query_one(sql, &[id.into()])?;
    let mut row = row.ok_or_else(|| ApiError::missing(format!("No Experiment with id={id} exists")))?;
    Ok(match row.text(0)?.as_str() {
        "active" => Ok(id),
        _ => Err(format!("experiment {id} is deleted: restore it, or name another").into()),
    })
}

/// The experiment of a name, which is made if it is not there; or why it takes nothing.
pub(super) fn by_name(connection: &mut dyn Connection, name: &str) -> Result<Result<i64, Reason>, ApiError> {
    match find_or_create(connection, name, now_ms()) {
        Ok(id) => by_id(connection, id),
        Err(error) if error.code == Code::InvalidParameterValue => Ok(Err(error.message.into())),
        Err(error) => Err(error),
    }
}
