//! What a database is to the rest of the server: statements with values, rows, transactions. Two implementations, SQLite and
//! PostgreSQL; everything above is written once, in SQL that both understand, with `$1`, `$2`, … for values in the order in which they
//! appear first.
//!
//! Where the type of a value does not follow from its place (`$1 IS NULL`, `SELECT $1`), PostgreSQL wants `CAST($1 AS BIGINT)`.
//!
//! Everything here blocks, and is called on the threads of [`crate::store`] only.

mod allowance;
mod error;
mod migration;
mod postgres;
mod row;
mod size;
mod sqlite;
mod text;
mod value;

use std::fs::File;

use crate::config::{Backend, Durability};

pub(crate) use allowance::{Allowance, Waits};
pub(crate) use error::DatabaseError;
pub(crate) use migration::{check, migrate};
pub(crate) use postgres::Postgres;
pub(crate) use row::Row;
pub(crate) use size::size;
pub(crate) use sqlite::{CopyError, Sqlite};
pub(crate) use value::Value;

/// The database of a setting.
///
/// # Errors
///
/// The URL makes no sense. Whether something is there is not looked at.
pub(crate) fn of(backend: &Backend, durability: Durability) -> Result<Box<dyn Database>, DatabaseError> {
    Ok(match backend {
        Backend::Sqlite(path) => Box::new(Sqlite::new(path, durability)),
        Backend::Postgres(url) => Box::new(Postgres::new(url, durability)?),
    })
}

/// Another server that has a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) database: String,
    /// The id of its process, if that is known.
    process: Option<u32>,
}

impl Holder {
    /// Who it is, in words.
    pub(crate) fn named(&self) -> String {
        match self.process {
            Some(process) => format!("another loadspan serve (process {process}) uses it"),
            None => "another loadspan serve uses it".to_owned(),
        }
    }
}

/// What to do about it, for one who wants to serve it, too.
impl std::fmt::Display for Holder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{}: stop that one, send to it, or name another file; several servers can share a database of PostgreSQL",
            self.named()
        )
    }
}

/// Who serves a database that only one server may.
pub(crate) fn holder(backend: &Backend) -> Option<Holder> {
    match backend {
        Backend::Sqlite(path) => Sqlite::new(path, Durability::Process).holder(),
        Backend::Postgres(_) => None,
    }
}

/// Where the data is.
pub(crate) trait Database: Send + Sync + 'static {
    /// What it is called in messages: without password.
    fn name(&self) -> String;

    /// A connection of its own.
    ///
    /// # Errors
    ///
    /// The database cannot be opened, or says no.
    fn connect(&self, access: Access) -> Result<Box<dyn Connection>, DatabaseError>;

    /// How many connections may write at the same time. SQLite has one writer.
    fn writers(&self) -> usize;

    /// The right to serve this database, for as long as the claim is kept. `None`: several servers may.
    ///
    /// # Errors
    ///
    /// Another server has it.
    fn claim(&self) -> Result<Option<Claim>, DatabaseError>;
}

/// The right to serve a database: a lock that the system takes back when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Claim {
    _locked: File,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads, each statement of what was committed when its transaction began.
    Read,
    /// Reads and writes.
    Write,
}

/// The SQL that a database speaks, where the two differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A step of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Begins one: of a connection that writes with the right to write, of one that reads on what is committed now.
    Begin,
    /// Begins one that removes what others rely on: nobody else writes until it ends, in no server of this database.
    BeginAlone,
    /// Remembers the state before a job.
    Save,
    /// Keeps what the job did.
    Keep,
    /// Undoes what the job did.
    Undo,
    /// Makes what all jobs did last.
    Commit,
    /// Undoes everything.
    Rollback,
}

/// Rows to be inserted by one statement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Insert<'a> {
    /// `table (column, column, …)`.
    pub(crate) into: &'a str,
    /// How many columns these are.
    pub(crate) columns: usize,
    /// What follows the rows: `ON CONFLICT …`, or nothing.
    pub(crate) otherwise: &'a str,
}

/// A connection: one at a time uses it.
pub(crate) trait Connection: Send {
    /// Which SQL it speaks.
    fn dialect(&self) -> Dialect;

    /// Goes a step of a transaction. Jobs of the store do not: the store does it for them.
    fn step(&mut self, step: Step) -> Result<(), DatabaseError>;

    /// Says what queries may take until the transaction ends. Of one who writes, and unless it was said: everything.
    fn allow(&mut self, allowance: Allowance);

    /// Runs a statement; how many rows it changed.
    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, DatabaseError>;

    /// Runs a query; all its rows. A query that may have many has a `LIMIT`.
    fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError>;

    /// Inserts rows, whose values follow each other in `values`. Of a conflict clause that updates, no row may be met twice.
    fn insert(&mut self, insert: &Insert<'_>, values: &[Value<'_>]) -> Result<(), DatabaseError>;

    /// Inserts rows whose clause ends with `RETURNING`; what it says of those that were inserted or updated, in no order.
    fn insert_returning(&mut self, insert: &Insert<'_>, values: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError>;

    /// Runs statements without values, separated by semicolons, however long they take: for migrations, where nobody waits.
    fn batch(&mut self, sql: &str) -> Result<(), DatabaseError>;

    /// The one row of a query, if there is one.
    fn query_one(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Option<Row>, DatabaseError> {
        Ok(self.query(sql, values)?.into_iter().next())
    }
}

#[cfg(test)]
mod tests;
