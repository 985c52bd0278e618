//! The objects of a file of JSON, one after another: those of an array, or of lines. Only one is in memory.

use std::io::{self, BufRead};

/// A longer object is none.
const LONGEST: usize = 1 << 28;

#[derive(Debug)]
pub(super) struct Elements<R> {
    reader: R,
    line: u64,
    text: Vec<u8>,
}

pub(super) struct Element<'a> {
    /// The line that it begins in.
    pub(super) line: u64,
    pub(super) text: &'a [u8],
}

#[derive(Debug)]
pub(super) enum Error {
    Read(io::Error),
    /// Nothing behind this line can be told apart.
    Line(u64, String),
}

/// Where in an object a byte is.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Nesting {
    /// Whether the object ends with this byte.
    const fn ends_with(&mut self, byte: u8) -> bool {
        if self.in_string {
            let was_escaped = self.escaped;
            self.escaped = byte == b'\\' && !was_escaped;
            self.in_string = byte != b'"' || was_escaped;
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.depth == 0
    }
}

impl<R: BufRead> Elements<R> {
    pub(super) const fn new(reader: R) -> Self {
        Self {
            reader,
            line: 1,
            text: Vec::new(),
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Element<'_>>, Error> {
        if !self.find_object()? {
            return Ok(None);
        }
        let line = self.line;
        self.text.clear();
        let mut nesting = Nesting::default();
        loop {
            let bytes = self.reader.fill_buf().map_err(Error::Read)?;
            if bytes.is_empty() {
                return Err(Error::Line(line, "the file ends within it".to_owned()));
            }
            let end = bytes.iter().position(|byte| nesting.ends_with(*byte));
            let taken = end.map_or(bytes.len(), |end| end + 1);
            self.line += bytes[..taken].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.text.extend_from_slice(&bytes[..taken]);
            self.reader.consume(taken);
            if end.is_some() {
                return Ok(Some(Element { line, text: &self.text }));
            }
            if self.text.len() > LONGEST {
                return Err(Error::Line(line, format!("it is longer than {} MiB", LONGEST >> 20)));
            }
        }
    }

    /// Goes to where the next object begins. `false`: there is none.
    fn find_object(&mut self) -> Result<bool, Error> {
        loop {
            let bytes = self.reader.fill_buf().map_err(Error::Read)?;
            let Some(first) = bytes.first().copied() else {
                return Ok(false);
            };
            match first {
                b'{' => return Ok(true),
                b'\n' => self.line += 1,
                // Brackets and commas of the array, and the mark at the start of a file.
                b'[' | b']' | b',' | b' ' | b'\t' | b'\r' | 0xef | 0xbb | 0xbf => {}
                other => {
                    let reason = format!("there is {:?} where a conversation should begin", char::from(other));
                    return Err(Error::Line(self.line, reason));
                }
            }
            self.reader.consume(1);
        }
    }
}
