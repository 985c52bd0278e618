//! What is wrong with a filter or an order, and where.

use crate::error::ApiError;

/// A mistake in a text that a client wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Bytes of the text before it.
    pub(super) offset: usize,
    /// What is wrong, and what to write instead.
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(offset: usize, message: impl Into<String>) -> Self {
        Self {
            offset,
            message: message.into(),
        }
    }

    /// As an answer about a filter.
    pub(super) fn of_filter(&self, filter: &str) -> ApiError {
        self.within(filter, "the filter")
    }

    /// As an answer about a clause of an order.
    pub(super) fn of_order(&self, clause: &str) -> ApiError {
        self.within(clause, "the order_by clause")
    }

    fn within(&self, text: &str, which: &str) -> ApiError {
        let before = text.char_indices().take_while(|(offset, _)| *offset < self.offset);
        let position = before.count() + 1;
        ApiError::invalid(format!("{} (at position {position} of {which})", self.message))
    }
}
