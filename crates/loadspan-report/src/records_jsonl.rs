//! `records.jsonl`: one line per finished request, appended while the run goes on, and read back to make a report again.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use loadspan_record::RequestRecord;
use thiserror::Error;

/// Why `records.jsonl` cannot be read.
#[derive(Debug, Error)]
pub enum RecordsError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A line that is not the last is not a record.
    #[error(
        "{path}:{line}: not a record: {source}; the file was changed or written by another version, \
         delete the line to go on without it",
        path = path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// The records of a file, line by line.
///
/// A last line without its end is what a killed run leaves behind: if it is not a whole record, it is left out, and
/// [`RecordReader::has_torn_line`] tells. After an error there are no more records.
#[derive(Debug)]
pub struct RecordReader<R> {
    reader: R,
    path: PathBuf,
    line: Vec<u8>,
    number: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Ended,
    Torn,
}

/// Appends one line per record to `out`.
pub fn encode(records: &[RequestRecord], out: &mut Vec<u8>) {
    for record in records {
        // A record has no map with keys that are not text, and a `Vec` takes every byte: nothing here can fail.
        serde_json::to_writer(&mut *out, record).expect("a record is always valid JSON");
        out.push(b'\n');
    }
}

/// Reads records. `path` is for errors only.
pub fn decode<R: BufRead>(reader: R, path: &Path) -> RecordReader<R> {
    RecordReader {
        reader,
        path: path.to_owned(),
        line: Vec::new(),
        number: 0,
        state: State::Reading,
    }
}

impl<R> RecordReader<R> {
    /// Whether the last line was torn and left out. Known after the last record.
    #[must_use]
    pub fn has_torn_line(&self) -> bool {
        self.state == State::Torn
    }
}

impl<R: BufRead> RecordReader<R> {
    /// The next line that is not blank. `None` at the end.
    fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            self.line.clear();
            if self.reader.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(&self.line));
            }
        }
    }

    fn next_record(&mut self) -> Result<Option<RequestRecord>, RecordsError> {
        let line = match self.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => {
                self.state = State::Ended;
                return Ok(None);
            }
            Err(source) => {
                return Err(RecordsError::Read {
                    path: self.path.clone(),
                    source,
                });
            }
        };
        match serde_json::from_slice(line) {
            Ok(record) => Ok(Some(record)),
            Err(_) if !line.ends_with(b"\n") => {
                self.state = State::Torn;
                Ok(None)
            }
            Err(source) => Err(RecordsError::Line {
                path: self.path.clone(),
                line: self.number,
                source,
            }),
        }
    }
}

impl<R: BufRead> Iterator for RecordReader<R> {
    type Item = Result<RequestRecord, RecordsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state != State::Reading {
            return None;
        }
        let next = self.next_record();
        if next.is_err() {
            self.state = State::Ended;
        }
        next.transpose()
    }
}
