//! Lines that cannot be read, and files.

use std::io;

use thiserror::Error;

use crate::held::Full;

/// What becomes of lines that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// They are counted, and the first few named.
    #[default]
    Count,
    /// The first is the end of it.
    Fail,
}

/// Lines that could not be read, of one file or of several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BadLines {
    /// How many there were.
    pub total: u64,
    /// The first few.
    pub first: Vec<BadLine>,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The file.
    pub file: String,
    /// The line from 1; in binary files, the message.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("{file}: cannot be read")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A line of it is wrong.
    #[error("{file}:{line}: {reason}")]
    Line {
        /// The file.
        file: String,
        /// The line from 1; in binary files, the message.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// It is nothing that is known.
    #[error("{file}: {problem}")]
    Format {
        /// The file.
        file: String,
        /// What is wrong with it, and what to try.
        problem: String,
    },
    /// It would have to be held as a whole, and there is no room for that.
    #[error("{file}: {full}; {advice}")]
    TooMuch {
        /// The file.
        file: String,
        /// How much room there was.
        full: Full,
        /// What to try.
        advice: &'static str,
    },
}

/// As many lines are named.
const NAMED: usize = 8;
/// Messages of parsers can quote what they do not like, as a whole.
const LONGEST_REASON: usize = 240;

impl BadLines {
    /// Adds those of another file.
    pub(crate) fn extend(&mut self, others: Self) {
        self.total += others.total;
        let room = NAMED.saturating_sub(self.first.len());
        self.first.extend(others.first.into_iter().take(room));
    }
}

/// The problems of one file, while it is read.
#[derive(Debug)]
pub(crate) struct Problems {
    file: String,
    strictness: Strictness,
    bad: BadLines,
}

impl Problems {
    pub(crate) fn new(file: &str, strictness: Strictness) -> Self {
        Self {
            file: file.to_owned(),
            strictness,
            bad: BadLines::default(),
        }
    }

    /// What follows is about another file.
    pub(crate) fn go_on_with(&mut self, file: &str) {
        file.clone_into(&mut self.file);
    }

    /// Counts a line, or fails.
    pub(crate) fn line(&mut self, line: u64, reason: impl Into<String>) -> Result<(), SourceError> {
        if self.strictness == Strictness::Fail {
            return Err(self.fatal(line, reason));
        }
        self.bad.total += 1;
        if self.bad.first.len() < NAMED {
            let (file, reason) = (self.file.clone(), shortened(reason.into()));
            self.bad.first.push(BadLine { file, line, reason });
        }
        Ok(())
    }

    /// What ends it, however strict it is.
    pub(crate) fn fatal(&self, line: u64, reason: impl Into<String>) -> SourceError {
        SourceError::Line {
            file: self.file.clone(),
            line,
            reason: shortened(reason.into()),
        }
    }

    pub(crate) fn read(&self, source: io::Error) -> SourceError {
        let file = self.file.clone();
        SourceError::Read { file, source }
    }

    pub(crate) fn format(&self, problem: impl Into<String>) -> SourceError {
        SourceError::Format {
            file: self.file.clone(),
            problem: problem.into(),
        }
    }

    pub(crate) const fn bad(&self) -> &BadLines {
        &self.bad
    }

    pub(crate) fn into_bad(self) -> BadLines {
        self.bad
    }
}

/// What a parser says, without the place: that is the line's.
pub(crate) fn json_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(reason) => format!("{reason}, at column {}", error.column()),
        None => text,
    }
}

fn shortened(reason: String) -> String {
    match reason.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{} …", &reason[..end]),
        None => reason,
    }
}
