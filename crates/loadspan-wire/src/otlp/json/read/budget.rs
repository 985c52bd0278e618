//! What a document may take in memory while it is read: `{},` is three bytes, and a span hundreds.
//!
//! The budget is that of the thread, because serde hands nothing down to what it reads.

use std::cell::Cell;

use serde::de::Error;

use super::super::DecodeError;

/// What an allocator takes for a text that an element has.
const ALLOCATION: usize = 32;

thread_local! {
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Reads within a budget of bytes.
pub(in super::super) fn within<T>(
    bytes: usize,
    read: impl FnOnce() -> Result<T, serde_json::Error>,
) -> Result<T, DecodeError> {
    let budget = Budget::begin(bytes);
    read().map_err(|error| {
        if budget.is_spent() {
            DecodeError::TooHeavy(bytes)
        } else {
            DecodeError::Json(error)
        }
    })
}

/// Takes an element of a list from the budget: a list that grows has room for twice as many.
pub(super) fn take<T, E: Error>() -> Result<(), E> {
    LEFT.with(|left| {
        let rest = left.get().checked_sub(2 * size_of::<T>() + ALLOCATION);
        left.set(rest.unwrap_or(0));
        rest.map(drop).ok_or_else(|| E::custom("it takes too much memory"))
    })
}

/// A budget that ends when this does, however that comes.
struct Budget;

impl Budget {
    fn begin(bytes: usize) -> Self {
        LEFT.set(bytes);
        Self
    }

    fn is_spent(&self) -> bool {
        LEFT.get() == 0
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        LEFT.set(usize::MAX);
    }
}
