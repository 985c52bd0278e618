//! What is wrong with a run file, and where.

use std::str::Utf8Error;

use crate::exit::UsageError;

/// Where something stands in a file, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Something that the user has to put right in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    /// `None`: the file as a whole.
    place: Option<Place>,
    message: String,
    hint: Option<String>,
}

impl Mistake {
    pub(super) fn at(place: Place, message: impl Into<String>) -> Self {
        Self {
            place: Some(place),
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn of_file(message: impl Into<String>) -> Self {
        Self {
            place: None,
            message: message.into(),
            hint: None,
        }
    }

    /// Bytes that are no text.
    pub(super) fn of_encoding(bytes: &[u8], error: Utf8Error) -> Self {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let place = Place {
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
        };
        Self::at(place, "the file is no text in UTF-8").with_hint("save it in UTF-8")
    }

    /// The same key once more.
    pub(super) fn twice(key: &str, place: Place, first: Place) -> Self {
        Self::at(place, format!("`{key}` is given twice, first in line {}", first.line))
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// `run.yaml:3:5: what is wrong`
    pub(super) fn told(&self, file: &str) -> String {
        match self.place {
            Some(Place { line, column }) => format!("{file}:{line}:{column}: {}", self.message),
            None => format!("{file}: {}", self.message),
        }
    }

    pub(super) fn into_usage(self, file: &str) -> UsageError {
        let message = self.told(file);
        match self.hint {
            Some(hint) => UsageError::with_hint(message, hint),
            None => UsageError::new(message),
        }
    }
}
