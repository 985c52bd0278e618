//! Files with a JSON object in each line, appended while a run goes on. A torn last line is expected: it is what a killed run leaves.

use std::io::{self, BufRead};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use thiserror::Error;

/// Why a file of lines cannot be read.
#[derive(Debug, Error)]
pub enum LinesError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A line that is not the last is not what the file is of.
    #[error(
        "{path}:{line}: not {expected}: {source}; the file was changed or written by another version, \
         delete the line to go on without it",
        path = path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// What it should be: `a record`, `a sample`.
        expected: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// What a file is, for its errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) path: &'a Path,
    /// What each line is: `a record`, `a sample`.
    pub(crate) line: &'static str,
}

/// The lines of a file, one by one. Blank ones are skipped.
///
/// A last line without its end is left out if it is not whole, and [`LineReader::has_torn_line`] tells. After an error there
/// are no more lines.
#[derive(Debug)]
pub struct LineReader<R, T> {
    reader: R,
    path: PathBuf,
    expected: &'static str,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
    state: State,
    of: PhantomData<T>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Ended,
    Torn,
}

impl<R, T> LineReader<R, T> {
    pub(crate) fn new(reader: R, origin: Origin<'_>) -> Self {
        Self {
            reader,
            path: origin.path.to_owned(),
            expected: origin.line,
            line: Vec::new(),
            number: 0,
            bytes: 0,
            state: State::Reading,
            of: PhantomData,
        }
    }

    /// Bytes of the lines so far, their ends included.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes
    }

    /// Whether the last line was torn and left out. Known after the last line.
    #[must_use]
    pub fn has_torn_line(&self) -> bool {
        self.state == State::Torn
    }
}

impl<R: BufRead, T: DeserializeOwned> LineReader<R, T> {
    /// The next line that is not blank. `None` at the end.
    fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            self.line.clear();
            let length = self.reader.read_until(b'\n', &mut self.line)?;
            if length == 0 {
                return Ok(None);
            }
            self.bytes += length as u64;
            self.number += 1;
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(&self.line));
            }
        }
    }

    fn next_value(&mut self) -> Result<Option<T>, LinesError> {
        let line = match self.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => {
                self.state = State::Ended;
                return Ok(None);
            }
            Err(source) => {
                return Err(LinesError::Read {
                    path: self.path.clone(),
                    source,
                });
            }
        };
        match serde_json::from_slice(line) {
            Ok(value) => Ok(Some(value)),
            Err(_) if !line.ends_with(b"\n") => {
                self.state = State::Torn;
                Ok(None)
            }
            Err(source) => Err(LinesError::Line {
                path: self.path.clone(),
                line: self.number,
                expected: self.expected,
                source,
            }),
        }
    }
}

impl<R: BufRead, T: DeserializeOwned> Iterator for LineReader<R, T> {
    type Item = Result<T, LinesError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state != State::Reading {
            return None;
        }
        let next = self.next_value();
        if next.is_err() {
            self.state = State::Ended;
        }
        next.transpose()
    }
}
