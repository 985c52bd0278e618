//! Looks at the clock while SQLite works for a reader: between the steps of its machine, and in the functions that are ours, of which one
//! step may call a slow one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::database::{Allowance, DatabaseError};

/// What a connection is allowed, shared with its functions. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch(Arc<Mutex<Option<Allowance>>>);

impl Watch {
    /// Says what the job may take. `None`: everything.
    pub(super) fn allow(&self, allowance: Option<Allowance>) {
        *self.allowance() = allowance;
    }

    /// Whether the job must come to its end.
    pub(super) fn is_over(&self) -> bool {
        self.allowance().as_ref().is_some_and(Allowance::is_over)
    }

    /// Takes bytes of rows.
    pub(super) fn take(&self, bytes: usize) -> Result<(), DatabaseError> {
        self.allowance()
            .as_mut()
            .map_or(Ok(()), |allowance| allowance.take(bytes))
    }

    fn allowance(&self) -> MutexGuard<'_, Option<Allowance>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
