//! Lines of a file, with their numbers, and with a bound on what one of them may take.

use std::io::{self, BufRead, Read};

#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: R,
    number: u64,
    longest: usize,
    buffer: Vec<u8>,
}

/// A line that is not blank, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// The line of a number, from 1.
    Whole(u64, &'a [u8]),
    /// It is longer than lines may be. It was passed over.
    TooLong(u64),
}

impl<R: BufRead> Lines<R> {
    /// Lines of at most `longest` bytes.
    pub(crate) fn new(reader: R, longest: usize) -> Self {
        Self {
            reader,
            number: 0,
            longest,
            buffer: Vec::new(),
        }
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            self.buffer.clear();
            let limit = self.longest as u64 + 1;
            let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.buffer)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if read as u64 == limit && self.buffer.last() != Some(&b'\n') {
                self.reader.skip_until(b'\n')?;
                // What a huge line took is not kept for the others.
                self.buffer = Vec::new();
                return Ok(Some(Line::TooLong(self.number)));
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let mark: &[u8] = if self.number == 1 { b"\xef\xbb\xbf" } else { b"" };
        let line = self.buffer.strip_prefix(mark).unwrap_or(&self.buffer);
        Ok(Some(Line::Whole(self.number, line.trim_ascii())))
    }

    /// What is left, unread.
    pub(crate) fn into_rest(self) -> R {
        self.reader
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, longest: usize) -> Vec<String> {
        let mut lines = Lines::new(text.as_bytes(), longest);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push(match line {
                Line::Whole(number, line) => format!("{number}:{}", String::from_utf8_lossy(line)),
                Line::TooLong(number) => format!("{number}: too long"),
            });
        }
        found
    }

    #[test]
    fn blank_lines_count_and_are_passed_over() {
        assert_eq!(read("\u{feff}a\r\n\n  \nb", 100), ["1:a", "4:b"]);
        assert_eq!(read("", 100), [""; 0]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        assert_eq!(
            read("1234\n12345\n1\n123456", 4),
            ["1:1234", "2: too long", "3:1", "4: too long"]
        );
    }
}
