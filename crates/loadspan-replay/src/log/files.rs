//! The files of a log that has several.

use crate::source::SourceError;

/// A file that was opened, and its name.
type Opened<R> = Result<(String, R), SourceError>;

/// Files that are opened one after the other.
pub(super) struct Files<R>(Option<Box<dyn Iterator<Item = Opened<R>> + Send>>);

impl<R> Files<R> {
    pub(super) fn of(files: impl Iterator<Item = Opened<R>> + Send + 'static) -> Self {
        Self(Some(Box::new(files)))
    }

    pub(super) fn next(&mut self) -> Option<Opened<R>> {
        self.0.as_mut()?.next()
    }
}

impl<R> Default for Files<R> {
    fn default() -> Self {
        Self(None)
    }
}

impl<R> std::fmt::Debug for Files<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Files")
    }
}
