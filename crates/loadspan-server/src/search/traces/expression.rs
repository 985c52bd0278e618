//! Regular expressions that PostgreSQL gets. They are not quite ours: what it does not take is a mistake of the client, too.

use crate::database::{Connection, DatabaseError, Dialect};
use crate::error::ApiError;
use crate::search::clause::{Comparator, Operand};
use crate::search::fault::Fault;
use crate::search::grammar::parse_filter;

/// Has the database look at the expressions of a filter.
///
/// # Errors
///
/// It takes one of them for none. Nothing more can be read in the transaction then.
pub(super) fn check(connection: &mut dyn Connection, filter: &str) -> Result<(), ApiError> {
    if connection.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    for clause in parse_filter(filter).map_err(|fault| fault.of_filter(filter))? {
        let (Comparator::Rlike, Operand::Text(pattern)) = (clause.comparator, &clause.operand) else {
            continue;
        };
        match connection.query("SELECT 1 WHERE '' ~ $1", &[pattern.into()]) {
            Err(DatabaseError::Permanent(_)) => {
                let fault = Fault::new(clause.operand_at, "Invalid regular expression for PostgreSQL");
                return Err(fault.of_filter(filter));
            }
            checked => checked?,
        };
    }
    Ok(())
}
