//! SQLite, in WAL mode: readers see what was committed when they began and never wait for the writer, nor it for them.

mod connection;
mod copy;
mod error;
mod file;
mod functions;
mod wal;
mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::OpenFlags;

use self::connection::SqliteConnection;
pub(crate) use self::copy::CopyError;
use self::wal::{Upkeep, WalLimits};
use super::{Access, Claim, Connection, Database, DatabaseError, Holder};
use crate::config::Durability;

/// How long a statement waits for a lock. Within this process nobody waits for one; another process, a backup say, may hold one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 256;

/// A database in a file.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    path: PathBuf,
    durability: Durability,
    wal: WalLimits,
}

impl Sqlite {
    /// The database in the file at `path`, which is made when something connects.
    pub(crate) fn new(path: impl Into<PathBuf>, durability: Durability) -> Self {
        Self {
            path: path.into(),
            durability,
            wal: WalLimits::default(),
        }
    }

    /// Its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Who has claimed it.
    pub(crate) fn holder(&self) -> Option<Holder> {
        file::holder(&self.path)
    }

    fn open(&self, access: Access) -> Result<rusqlite::Connection, DatabaseError> {
        let flags = match access {
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        let connection = rusqlite::Connection::open_with_flags(&self.path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // A reader has less to remember: what it reads is in the system's cache.
        let cache_kib = if access == Access::Write { 16384 } else { 8192 };
        connection.execute_batch(&format!(
            "PRAGMA cache_size = -{cache_kib}; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF;"
        ))?;
        if access == Access::Write {
            connection.pragma_update(None, "synchronous", self.synchronous())?;
            let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
            if mode != "wal" {
                let message = "its file system keeps no write-ahead log (is it a network drive?): use a local disk";
                return Err(DatabaseError::Permanent(message.to_owned()));
            }
        }
        Ok(connection)
    }

    /// In WAL mode, `NORMAL` waits for the disk at checkpoints only, which is what keeps the file whole when power is lost.
    fn synchronous(&self) -> &'static str {
        match self.durability {
            Durability::Process => "NORMAL",
            Durability::Full => "FULL",
        }
    }
}

impl Database for Sqlite {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn connect(&self, access: Access) -> Result<Box<dyn Connection>, DatabaseError> {
        file::check(&self.path, access)?;
        if access == Access::Write {
            file::make_private_if_absent(&self.path)?;
        }
        let connection = self.open(access)?;
        Ok(Box::new(match access {
            Access::Read => SqliteConnection::reading(connection)?,
            Access::Write => SqliteConnection::writing(connection, Upkeep::new(self.clone()))?,
        }))
    }

    fn writers(&self) -> usize {
        1
    }

    fn claim(&self) -> Result<Option<Claim>, DatabaseError> {
        file::claim(&self.path)
    }
}

#[cfg(test)]
mod tests;
