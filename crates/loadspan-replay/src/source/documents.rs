//! Documents of JSON: one a line, or one that takes the whole file.

use std::io::{BufRead, Cursor, Read};

use serde::de::IgnoredAny;

use super::detect::begins_document;
use super::lines::{Line, Lines};
use super::problem::{Problems, SourceError};

/// A document of more bytes is refused rather than held.
const LONGEST: usize = 512 << 20;

/// Hands over each document with the number of its line. What `take` does not like is a bad line.
///
/// A file whose first line is a document, or whose second line begins one, has one a line; any other is one document.
pub(super) fn each<R: BufRead>(
    reader: R,
    problems: &mut Problems,
    mut take: impl FnMut(u64, &[u8], &mut Problems) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let mut lines = Lines::new(reader, LONGEST);
    let Some(first) = start_of(&mut lines, problems)? else {
        return Ok(());
    };
    if serde_json::from_slice::<IgnoredAny>(&first.text).is_ok() {
        take(first.number, &first.text, problems)?;
        return each_line(lines, problems, take);
    }
    match start_of(&mut lines, problems)? {
        Some(second) if begins_document(&second.text) => {
            take(first.number, &first.text, problems)?;
            take(second.number, &second.text, problems)?;
            each_line(lines, problems, take)
        }
        second => {
            let second = second.map(|line| line.text).unwrap_or_default();
            let rest = Cursor::new(first.text)
                .chain(Cursor::new(b"\n"))
                .chain(Cursor::new(second))
                .chain(Cursor::new(b"\n"))
                .chain(lines.into_rest());
            whole(rest, first.number, problems, take)
        }
    }
}

struct Start {
    number: u64,
    text: Vec<u8>,
}

fn start_of<R: BufRead>(lines: &mut Lines<R>, problems: &mut Problems) -> Result<Option<Start>, SourceError> {
    loop {
        match lines.next().map_err(|error| problems.read(error))? {
            Some(Line::Whole(number, text)) => {
                let text = text.to_vec();
                return Ok(Some(Start { number, text }));
            }
            Some(Line::TooLong(number)) => problems.line(number, too_long())?,
            None => return Ok(None),
        }
    }
}

fn each_line<R: BufRead>(
    mut lines: Lines<R>,
    problems: &mut Problems,
    mut take: impl FnMut(u64, &[u8], &mut Problems) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    loop {
        match lines.next().map_err(|error| problems.read(error))? {
            Some(Line::Whole(number, text)) => take(number, text, problems)?,
            Some(Line::TooLong(number)) => problems.line(number, too_long())?,
            None => return Ok(()),
        }
    }
}

fn whole(
    reader: impl Read,
    number: u64,
    problems: &mut Problems,
    mut take: impl FnMut(u64, &[u8], &mut Problems) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let mut text = Vec::new();
    let read = reader.take(LONGEST as u64 + 1).read_to_end(&mut text);
    read.map_err(|error| problems.read(error))?;
    if text.len() > LONGEST {
        return problems.line(number, too_long());
    }
    // Without the line feeds that it was read with: the end of a torn document is that of its last line.
    take(number, text.trim_ascii_end(), problems)
}

fn too_long() -> String {
    format!("it takes more than {} MiB: write one request a line", LONGEST >> 20)
}
