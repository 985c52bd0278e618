//! Copies of a database, made while others go on writing.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::{Sqlite, file};
use crate::database::{Access, DatabaseError};

/// How often a copy is tried that finds the database locked, and how long it waits between.
const ATTEMPTS: usize = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Why there is no copy.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CopyError {
    /// It cannot be where it was to be.
    #[error("{0}")]
    Target(String),
    /// What was to be copied cannot be read.
    #[error(transparent)]
    Source(#[from] DatabaseError),
}

impl Sqlite {
    /// Copies what is committed now into a new file, which is there when it is whole, and which only its owner may read; its bytes.
    ///
    /// # Errors
    ///
    /// There is no database, or no room for another one, or something has the name already, or that of the unfinished copy.
    pub(crate) fn copy_to(&self, file: &Path) -> Result<u64, CopyError> {
        if !self.path.is_file() {
            return Err(DatabaseError::Permanent("there is no such file".to_owned()).into());
        }
        if fs::symlink_metadata(file).is_ok() {
            return Err(in_the_way(file));
        }
        let unfinished = Unfinished::make(file)?;
        self.fill(&unfinished.path)?;
        unfinished.finish(file)
    }

    fn fill(&self, file: &Path) -> Result<(), DatabaseError> {
        let source = self.open(Access::Read)?;
        // Made just now, and by nobody else.
        let flags =
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let mut target = Connection::open_with_flags(file, flags)?;
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

/// A copy that is not whole. It goes with this.
struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    /// An empty file beside the one that is to be.
    fn make(file: &Path) -> Result<Self, CopyError> {
        let mut name = file.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        match file::make_private(&path) {
            Ok(()) => Ok(Self { path }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(in_the_way(&path)),
            Err(error) => Err(failed(file, &error)),
        }
    }

    /// Gives it its name, unless something else has it by now.
    fn finish(self, file: &Path) -> Result<u64, CopyError> {
        let finish = || -> io::Result<u64> {
            File::open(&self.path)?.sync_all()?;
            give_name(&self.path, file)?;
            // The name is to last as the content does.
            File::open(file::folder(file))?.sync_all()?;
            Ok(file.metadata()?.len())
        };
        finish().map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => in_the_way(file),
            _ => failed(file, &error),
        })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

/// A second name for a file, where there is nothing. Where file systems have no second names, there is a moment between the look and
/// the move.
fn give_name(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists && fs::symlink_metadata(to).is_err() => {
            fs::rename(from, to)
        }
        named => named,
    }
}

fn in_the_way(path: &Path) -> CopyError {
    CopyError::Target(format!(
        "{} is there already: name a new file, or move it away",
        path.display()
    ))
}

fn failed(path: &Path, error: &io::Error) -> CopyError {
    CopyError::Target(format!("{} cannot be written: {error}", path.display()))
}
