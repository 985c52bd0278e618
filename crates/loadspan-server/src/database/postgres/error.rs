//! PostgreSQL's errors, by what can be done about them.

use std::error::Error as _;

use tokio_postgres::Error;

use crate::database::DatabaseError;
use crate::database::allowance::took_too_long;

impl From<Error> for DatabaseError {
    fn from(error: Error) -> Self {
        let Some(said) = error.as_db_error() else {
            return without_answer(&error);
        };
        let message = said.message().to_owned();
        match said.code().code() {
            // A unique key that another transaction has taken since this one began, or before: run again, the job will see it.
            "40001" | "40P01" | "55P03" | "23505" => Self::Transient(message),
            // The server goes down, comes up, or has ended the connection.
            "57P01" | "57P02" | "57P03" | "25P03" => Self::Transient(message),
            code if code.starts_with("08") => Self::Transient(message),
            "57014" => took_too_long(),
            "25006" => Self::Unavailable("the database is read-only".to_owned()),
            // Out of disk, memory or connections.
            code if code.starts_with("53") => Self::Unavailable(message),
            _ => Self::Permanent(message),
        }
    }
}

/// A connection that was lost, or a value that does not fit.
fn without_answer(error: &Error) -> DatabaseError {
    let is_io = error.source().is_some_and(|source| source.is::<std::io::Error>());
    if error.is_closed() || is_io {
        DatabaseError::Transient("the connection to the database was lost".to_owned())
    } else {
        DatabaseError::Permanent(with_cause(error))
    }
}

/// Why there is no connection.
pub(super) fn unreachable(error: Error) -> DatabaseError {
    match error.as_db_error() {
        Some(said) if said.message().contains("no encryption") => DatabaseError::Permanent(format!(
            "{}; add ?sslmode=require to its URL if it wants encryption",
            said.message()
        )),
        Some(_) => error.into(),
        None => {
            let cause = with_cause(&error);
            let hint = match cause.contains("UnknownIssuer") {
                true => "; name the file with its issuer's certificate: sslrootcert=FILE in its URL",
                false => "",
            };
            DatabaseError::Transient(format!("the database cannot be reached: {cause}{hint}"))
        }
    }
}

fn with_cause(error: &Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
