//! SQLite's errors, without its SQL.

use rusqlite::{Error, ErrorCode};

use crate::database::DatabaseError;
use crate::database::allowance::took_too_long;

impl From<Error> for DatabaseError {
    fn from(error: Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Transient("another program works on the database".to_owned())
            }
            Some(ErrorCode::DiskFull) => Self::Unavailable("the database's disk is full".to_owned()),
            Some(ErrorCode::ReadOnly) => Self::Unavailable("the database is read-only".to_owned()),
            Some(ErrorCode::OutOfMemory) => Self::Unavailable("the database is out of memory".to_owned()),
            Some(ErrorCode::NotADatabase) => {
                Self::Permanent("it is no database of SQLite: name another file".to_owned())
            }
            Some(ErrorCode::OperationInterrupted) => took_too_long(),
            _ => Self::Permanent(message(error)),
        }
    }
}

/// What is wrong. An error in SQL is displayed with all of it: only its message is taken.
fn message(error: Error) -> String {
    match error {
        Error::SqlInputError { msg, .. } => msg,
        Error::SqliteFailure(_, Some(message)) => message,
        error => error.to_string(),
    }
}
