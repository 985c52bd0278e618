//! The file of a database: what keeps it from being opened, said before SQLite says "unable to open database file"; and the claim to it.
//!
//! A file that is there is not opened here: when a process closes any handle to it, it loses the locks that SQLite has on it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::super::{Access, Claim, DatabaseError, Holder};

/// Whether a file can be a database.
pub(super) fn check(path: &Path, access: Access) -> Result<(), DatabaseError> {
    let folder = folder(path);
    if !folder.is_dir() {
        return Err(refuse(format!(
            "the folder {} does not exist: make it, or name another",
            folder.display()
        )));
    }
    if path.is_dir() {
        return Err(refuse("it is a folder: name a file".to_owned()));
    }
    if access == Access::Write {
        check_writable(path, folder)?;
    }
    Ok(())
}

/// Makes an empty file that only its owner may read: what is in a database concerns nobody else. SQLite gives what it puts beside a
/// database the same rights.
///
/// # Errors
///
/// There is something already, be it a link to nothing; or the folder takes none.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    private().create_new(true).open(path).map(drop)
}

/// The same, unless there is a file.
pub(super) fn make_private_if_absent(path: &Path) -> Result<(), DatabaseError> {
    match make_private(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(refuse(format!("{} cannot be made: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes the lock on the file's sibling, for one server.
pub(super) fn claim(path: &Path) -> Result<Option<Claim>, DatabaseError> {
    check(path, Access::Write)?;
    let sibling = sibling(path);
    let mut options = private();
    let file = options.read(true).create(true).truncate(false).open(&sibling);
    let mut file = file.map_err(|error| refuse(format!("{} cannot be written: {error}", sibling.display())))?;
    match file.try_lock() {
        Ok(()) => {
            // For people who look: nothing reads it but the message below.
            let noted = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            drop(noted);
            Ok(Some(Claim { _locked: file }))
        }
        Err(TryLockError::WouldBlock) => Err(refuse(noted(path, file).to_string())),
        // A file system without locks: SQLite's own then keep the file whole.
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Who has claimed a file. `None`: nobody, as far as can be told.
pub(super) fn holder(path: &Path) -> Option<Holder> {
    let file = File::open(sibling(path)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(noted(path, file)),
        _ => None,
    }
}

/// Who has noted itself in a file that is claimed.
fn noted(path: &Path, mut file: File) -> Holder {
    let mut process = String::new();
    let read = file.read_to_string(&mut process);
    Holder {
        database: path.display().to_string(),
        process: read.ok().and_then(|_| process.trim().parse().ok()),
    }
}

/// The write-ahead log stands beside the file: both have to be writable.
fn check_writable(path: &Path, folder: &Path) -> Result<(), DatabaseError> {
    let read_only = |path: &Path| path.metadata().is_ok_and(|metadata| metadata.permissions().readonly());
    if read_only(path) {
        return Err(refuse(
            "it is read-only: make it writable, or name another file".to_owned(),
        ));
    }
    if read_only(folder) {
        return Err(refuse(format!(
            "the folder {} is read-only: make it writable, or name another",
            folder.display()
        )));
    }
    Ok(())
}

/// The folder of a file.
pub(super) fn folder(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// The file that is locked: not the database itself, whose own locks SQLite would lose when another handle to it is closed.
fn sibling(path: &Path) -> PathBuf {
    // Through links, so that two names of one file have one lock.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut name = OsString::from(path);
    name.push("-lock");
    name.into()
}

fn refuse(message: String) -> DatabaseError {
    DatabaseError::Permanent(message)
}
