//! How much memory JSON takes when it is taken apart: a list of `{"":0}` becomes a hundred times what it was as a text.

use std::cell::Cell;

use serde::de::Error;

/// Memory for trees. Who makes one takes of it.
#[derive(Debug)]
pub(crate) struct TreeRoom(Cell<usize>);

impl TreeRoom {
    pub(crate) const fn new(bytes: usize) -> Self {
        Self(Cell::new(bytes))
    }

    /// Whether so many bytes were left, and are taken now.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let left = self.0.get().checked_sub(bytes);
        self.0.set(left.unwrap_or(self.0.get()));
        left.is_some()
    }

    /// Takes bytes while a text is read.
    ///
    /// # Errors
    ///
    /// So many are not left.
    pub(crate) fn take_or_fail<E: Error>(&self, bytes: usize) -> Result<(), E> {
        if self.take(bytes) {
            Ok(())
        } else {
            Err(E::custom("too large a tree"))
        }
    }

    /// What `make` makes. If that is nothing, nothing was taken for it.
    pub(crate) fn unless_in_vain<T>(&self, make: impl FnOnce() -> Option<T>) -> Option<T> {
        let before = self.0.get();
        let made = make();
        if made.is_none() {
            self.0.set(before);
        }
        made
    }
}
