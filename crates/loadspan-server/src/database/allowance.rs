//! What a job that reads may take: so much, so long, and only while somebody waits for the answer.

use std::sync::{Arc, Weak};
use std::time::Instant;

use super::DatabaseError;

/// What a job that reads may take.
#[derive(Debug, Clone)]
pub(crate) struct Allowance {
    /// Of rows, as they are in memory.
    pub(crate) bytes: usize,
    pub(crate) until: Instant,
    pub(crate) asker: Asker,
}

/// Whoever waits for an answer, as those see it who work on it.
#[derive(Debug, Clone)]
pub(crate) struct Asker(Weak<()>);

/// Kept by whoever waits for an answer, for as long as it does.
#[derive(Debug, Default)]
pub(crate) struct Waits(Arc<()>);

impl Waits {
    pub(crate) fn asker(&self) -> Asker {
        Asker(Arc::downgrade(&self.0))
    }
}

impl Asker {
    fn has_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl Allowance {
    /// Whether there is no time left, or nobody who waits.
    pub(crate) fn is_over(&self) -> bool {
        self.asker.has_gone() || Instant::now() >= self.until
    }

    /// # Errors
    ///
    /// It is over.
    pub(super) fn check(&self) -> Result<(), DatabaseError> {
        if self.is_over() { Err(took_too_long()) } else { Ok(()) }
    }

    /// Takes bytes off it.
    ///
    /// # Errors
    ///
    /// These are more than are left.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), DatabaseError> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(|| {
            let message = "this is more than one answer has: ask for less at a time";
            DatabaseError::TooLarge(message.to_owned())
        })?;
        Ok(())
    }
}

pub(super) fn took_too_long() -> DatabaseError {
    DatabaseError::Unavailable("the query took too long: ask for less at a time".to_owned())
}
