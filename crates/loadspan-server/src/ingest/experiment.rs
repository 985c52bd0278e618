//! Experiments that traces go to.

use super::refusal::Reason;
use crate::app::now_ms;
use crate::database::{Connection, DatabaseError};
use crate::error::{ApiError, Code, short};
use crate::tracking::experiments::{find, find_or_create};

/// The experiment that is always there.
pub(super) const DEFAULT: i64 = 0;

/// The id in a header.
pub(super) fn parse_id(id: &str) -> Result<i64, ApiError> {
    let parsed = id.trim().parse();
    parsed.map_err(|_| {
        ApiError::invalid(format!(
            "Invalid experiment ID '{}'. Experiment ID must be a valid integer.",
            short(id)
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

/// The experiment of a service: that of its name, which is made if there are fewer than `most` of the kind, else the one that is always
/// there.
pub(super) fn of_service(
    connection: &mut dyn Connection,
    name: &str,
    most: usize,
) -> Result<Result<i64, Reason>, ApiError> {
    if find(connection, name)?.is_some() {
        return by_name(connection, name);
    }
    if made(connection)? >= i64::try_from(most).unwrap_or(i64::MAX) {
        return by_id(connection, DEFAULT);
    }
    let made = by_name(connection, name)?;
    if let Ok(id) = &made {
        let sql = "UPDATE experiments SET of_service = 1 WHERE experiment_id = $1";
        connection.execute(sql, &[(*id).into()])?;
    }
    Ok(made)
}

/// How many experiments the server has made by itself.
///
/// # Errors
///
/// The database says no.
pub(crate) fn made(connection: &mut dyn Connection) -> Result<i64, DatabaseError> {
    let row = connection.query_one("SELECT COUNT(*) FROM experiments WHERE of_service = 1", &[])?;
    row.map_or(Ok(0), |row| row.int(0))
}
