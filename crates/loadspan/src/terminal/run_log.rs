//! `loadspan.log`: what is printed on stderr while a run has a folder, kept in that folder.
//!
//! One per process, like stderr itself. Each message is on the disk's side of things when the call returns, so that a log ends where
//! a killed process did.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

static LOG: Mutex<Option<RunLog>> = Mutex::new(None);

/// How much a message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Note,
    Warning,
    Error,
}

struct RunLog {
    file: File,
}

/// Keeps messages in this file from now on.
pub(super) fn keep_in(file: File) {
    *LOG.lock().unwrap_or_else(PoisonError::into_inner) = Some(RunLog { file });
}

/// Keeps nothing any more.
pub(super) fn close() {
    *LOG.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Keeps a message, if there is a log.
///
/// # Errors
///
/// It could not be written. Then there is no log from here on: a disk that is full is so for every message.
pub(super) fn keep(level: Level, message: &str) -> io::Result<()> {
    let mut slot = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    let written = match slot.as_mut() {
        Some(log) => log.write(Timestamp::now(), level, message),
        None => Ok(()),
    };
    if written.is_err() {
        *slot = None;
    }
    written
}

impl RunLog {
    /// Writes a message in one piece, each of its lines with time and level.
    fn write(&mut self, at: Timestamp, level: Level, message: &str) -> io::Result<()> {
        let time = at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
        let text: String = lines
            .map(|line| format!("{time} {} {line}\n", level.as_str()))
            .collect();
        self.file.write_all(text.as_bytes())
    }
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "NOTE",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;

    #[test]
    fn each_line_has_its_time_and_level() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loadspan.log");
        let mut log = RunLog {
            file: File::create(&path).unwrap(),
        };
        let at = Timestamp::from_millisecond(1_700_000_000_007).unwrap();
        log.write(at, Level::Warning, "slow\n  hint: wait\n").unwrap();
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            "2023-11-14T22:13:20.007Z WARNING slow\n2023-11-14T22:13:20.007Z WARNING hint: wait\n"
        );
    }

    #[test]
    fn a_full_disk_ends_the_log_and_nothing_else() {
        keep_in(OpenOptions::new().write(true).open("/dev/full").unwrap());
        assert!(keep(Level::Note, "lost").is_err());
        assert!(keep(Level::Note, "not even tried").is_ok());
    }
}
