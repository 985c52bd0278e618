//! A short text that is kept without an allocation of its own.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

/// As long as a `traceparent`, which is longer than most request ids.
const INLINE: usize = 55;

/// A text that was in a header. Reads like a `str`.
///
/// Truths are written by the million into a ring that is larger than the processor's caches: an allocation for each text would
/// be freed long after it has left them, and that would be the most expensive step of recording.
#[derive(Clone, PartialEq, Eq)]
pub struct Label(Kept);

#[derive(Clone, PartialEq, Eq)]
enum Kept {
    /// The bytes after the text are zero.
    Inline {
        length: u8,
        bytes: [u8; INLINE],
    },
    Allocated(Box<str>),
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        let mut bytes = [0; INLINE];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(start), Ok(length)) => {
                start.copy_from_slice(text.as_bytes());
                Self(Kept::Inline { length, bytes })
            }
            _ => Self(Kept::Allocated(text.into())),
        }
    }
}

impl Deref for Label {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            // It was a text when it was copied.
            Kept::Inline { length, bytes } => std::str::from_utf8(&bytes[..usize::from(*length)]).unwrap_or_default(),
            Kept::Allocated(text) => text,
        }
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_length_are_kept() {
        for length in [0, 1, 2 * INLINE / 4, INLINE - 1, INLINE, INLINE + 1, 300] {
            let text = "ü".repeat(length / 2) + &"x".repeat(length % 2);
            let label = Label::from(text.as_str());
            assert_eq!(&*label, text);
            assert_eq!(label.clone(), label);
        }
    }
}
