//! The tables that threads record to, each thread to one of a few. The reporter exchanges them for others, so that nobody waits while it
//! reads.

use std::array;
use std::fmt;
use std::mem;
use std::sync::{Mutex, PoisonError};

use super::series::{Labels, SeriesTable};
use crate::part::{self, PARTS};

/// As many tables as there are parts.
pub(super) type Tables = [SeriesTable; PARTS];

/// The tables that threads record to.
pub(super) struct Shards([Mutex<SeriesTable>; PARTS]);

/// Tables with this limit each.
pub(super) fn tables(limit: usize) -> Tables {
    array::from_fn(|_| SeriesTable::new(limit))
}

impl Shards {
    pub(super) fn new(limit: usize) -> Self {
        Self(tables(limit).map(Mutex::new))
    }

    /// `false`: there are too many series, and it went to the one for all others.
    pub(super) fn record(&self, labels: &Labels<'_>, milliseconds: f64) -> bool {
        let key = labels.key();
        let mut table = self.0[part::own()].lock().unwrap_or_else(PoisonError::into_inner);
        table.record(key, labels, milliseconds)
    }

    /// Gives threads these tables, and takes theirs.
    pub(super) fn exchange(&self, tables: &mut Tables) {
        for (shard, table) in self.0.iter().zip(tables) {
            mem::swap(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner), table);
        }
    }
}

impl fmt::Debug for Shards {
    /// Attributes are the application's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shards").finish_non_exhaustive()
    }
}
