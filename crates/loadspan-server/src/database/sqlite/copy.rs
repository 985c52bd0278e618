//! Copies of a database, made while others go on writing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::Sqlite;
use crate::database::{Access, DatabaseError};

/// How often a copy is tried that finds the database locked, and how long it waits between.
const ATTEMPTS: usize = 50;
const PAUSE: Duration = Duration::from_millis(100);

impl Sqlite {
    /// Copies what is committed now into a new file, which is there when it is whole; its bytes.
    ///
    /// # Errors
    ///
    /// There is no database, or no room for another one.
    pub(crate) fn copy_to(&self, file: &Path) -> Result<u64, DatabaseError> {
        if !self.path.is_file() {
            return Err(DatabaseError::Permanent("there is no such file".to_owned()));
        }
        let unfinished = unfinished(file);
        let copied = self.fill(&unfinished).and_then(|()| finish(&unfinished, file));
        if copied.is_err() {
            // What is left of it is of no use to anybody.
            drop(fs::remove_file(&unfinished));
        }
        copied
    }

    fn fill(&self, file: &Path) -> Result<(), DatabaseError> {
        drop(fs::remove_file(file));
        let source = self.open(Access::Read)?;
        let mut target = Connection::open(file)?;
        // It is all or nothing: what is written is made durable at the end.
        target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
        let backup = Backup::new(&source, &mut target)?;
        for _ in 0..ATTEMPTS {
            // In one step, so that it is of one moment.
            match backup.step(-1)? {
                StepResult::Done => return Ok(()),
                _ => std::thread::sleep(PAUSE),
            }
        }
        Err(DatabaseError::Unavailable("the database is locked".to_owned()))
    }
}

fn finish(unfinished: &Path, file: &Path) -> Result<u64, DatabaseError> {
    let finish = || {
        File::open(unfinished)?.sync_all()?;
        fs::rename(unfinished, file)?;
        Ok(file.metadata()?.len())
    };
    finish().map_err(|error: std::io::Error| DatabaseError::Permanent(format!("{}: {error}", file.display())))
}

fn unfinished(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}
