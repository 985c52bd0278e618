//! The files of a recording.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use loadspan_replay::{Detected, Format, Peeked, SourceError, detect};

use super::RecordedError;

/// A file that is read.
pub struct Input(Box<dyn BufRead + Send>);

/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

impl Input {
    pub(super) fn of(reader: impl BufRead + Send + 'static) -> Self {
        Self(Box::new(reader))
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.0.consume(bytes);
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Input")
    }
}

/// All files that are named, those of a folder in the order of their names. Hidden ones and folders within are passed over.
pub(super) fn list(paths: &[PathBuf]) -> Result<Vec<PathBuf>, RecordedError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut found = in_folder(path).map_err(|source| unreadable(path, source))?;
        if found.is_empty() {
            return Err(RecordedError::EmptyFolder(name_of(path)));
        }
        found.sort();
        files.append(&mut found);
    }
    Ok(files)
}

/// What messages call a file.
pub(super) fn name_of(path: &Path) -> String {
    path.display().to_string()
}

/// Opens a file, and sees what it is, unless that is said.
pub(super) fn open(path: &Path, said: Option<Format>) -> Result<Detected<Input>, SourceError> {
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    let reader = Input::of(BufReader::with_capacity(BUFFER, file));
    detect(&name_of(path), reader, said)
}

/// Opens a file that has to be of the format of those before it.
pub(super) fn open_as(
    path: &Path,
    (said, wanted): (Option<Format>, Format),
) -> Result<(String, Peeked<Input>), SourceError> {
    let file = name_of(path);
    let Detected { format, reader } = open(path, said)?;
    if format == wanted {
        return Ok((file, reader));
    }
    let (is, was) = (format.as_str(), wanted.as_str());
    let problem = format!("it is {is}, and the file before it {was}: replay it by itself");
    Err(SourceError::Format { file, problem })
}

fn in_folder(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // A link counts as what it leads to.
        if !is_hidden && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}

fn unreadable(path: &Path, source: io::Error) -> SourceError {
    let file = name_of(path);
    SourceError::Read { file, source }
}
