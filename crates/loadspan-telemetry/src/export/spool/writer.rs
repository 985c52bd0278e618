//! Writes the spool of a run. The folder is made when there is something to put into it.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::folder::scan;
use super::{LOCK_FILE, PARTIAL, PayloadName, SpoolRecord};
use crate::export::Payload;

/// Writes payloads into a spool.
#[derive(Debug)]
pub(in crate::export) struct SpoolWriter {
    dir: PathBuf,
    max_bytes: u64,
    record: SpoolRecord,
    open: Option<Open>,
}

/// A spool that is there.
#[derive(Debug)]
struct Open {
    /// Keeps `loadspan push` out while the run goes on.
    _lock: File,
    next: u64,
    bytes: u64,
}

/// What became of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It lies in the spool.
    Spooled,
    /// There is no room for it.
    Full {
        /// What the spool may hold.
        max_bytes: u64,
    },
}

impl SpoolWriter {
    pub(in crate::export) fn new(dir: PathBuf, max_bytes: u64, record: SpoolRecord) -> Self {
        Self {
            dir,
            max_bytes,
            record,
            open: None,
        }
    }

    pub(super) fn write(&mut self, payload: &Payload) -> io::Result<Kept> {
        let open = match self.open.take() {
            Some(open) => open,
            None => self.create()?,
        };
        let open = self.open.insert(open);
        let size = payload.body.len() as u64;
        if open.bytes + size > self.max_bytes {
            let max_bytes = self.max_bytes;
            return Ok(Kept::Full { max_bytes });
        }
        let name = PayloadName::of(payload, open.next);
        write_whole(&self.dir.join(name.to_string()), &payload.body)?;
        open.next += 1;
        open.bytes += size;
        Ok(Kept::Spooled)
    }

    /// Makes the folder, or goes on with one that is there.
    fn create(&self) -> io::Result<Open> {
        match fs::create_dir(&self.dir) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let lock = lock(&self.dir)?;
        let present = scan(&self.dir)?.payloads;
        self.record.save(&self.dir)?;
        Ok(Open {
            _lock: lock,
            next: present.last().map_or(0, |last| last.order) + 1,
            bytes: present.iter().map(|name| name.bytes).sum(),
        })
    }
}

/// Locks a spool, which must be a folder and no link to one.
pub(super) fn lock(dir: &Path) -> io::Result<File> {
    if !fs::symlink_metadata(dir)?.is_dir() {
        return Err(io::Error::from(ErrorKind::NotADirectory));
    }
    let path = dir.join(LOCK_FILE);
    if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other(format!("{} is not a regular file", path.display())));
    }
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::Error::from(ErrorKind::ResourceBusy)),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Writes a file that is there whole or not at all, even if the process is killed.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(PARTIAL);
    let partial = Path::new(&partial);
    // What may lie under this name is a leftover, or a link that must not be followed.
    match fs::remove_file(partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = File::create_new(partial).and_then(|mut file| io::Write::write_all(&mut file, content));
    written
        .and_then(|()| fs::rename(partial, path))
        .inspect_err(|_| drop(fs::remove_file(partial)))
}
