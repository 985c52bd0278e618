//! How much room a database takes.

use std::path::Path;

use super::{Connection, DatabaseError, Dialect};

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Size {
    /// The database itself.
    pub(crate) data: i64,
    /// The write-ahead log of SQLite; PostgreSQL's is not that of one database.
    pub(crate) log: u64,
}

/// How much room the database takes now.
///
/// # Errors
///
/// The database says no.
pub(crate) fn size(connection: &mut dyn Connection) -> Result<Size, DatabaseError> {
    match connection.dialect() {
        Dialect::Postgres => {
            let row = connection.query_one("SELECT pg_database_size(current_database())", &[])?;
            Ok(Size {
                data: row.map_or(Ok(0), |row| row.int(0))?,
                log: 0,
            })
        }
        Dialect::Sqlite => {
            let sql = "SELECT p.page_count * s.page_size, d.file FROM pragma_page_count() p, pragma_page_size() s, \
                       pragma_database_list() d WHERE d.name = 'main'";
            let Some(mut row) = connection.query_one(sql, &[])? else {
                return Ok(Size::default());
            };
            let log = format!("{}-wal", row.text(1)?);
            Ok(Size {
                data: row.int(0)?,
                log: Path::new(&log).metadata().map_or(0, |log| log.len()),
            })
        }
    }
}
