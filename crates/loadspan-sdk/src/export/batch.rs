//! Spans on their way in one request. Whatever happens to it, they are settled.

use std::sync::Arc;

use super::ledger::Fate;
use super::queue::{Item, Queue};

/// Spans of one request. Those that nobody settled when it is dropped are dropped.
pub(super) struct Batch {
    pub(super) items: Vec<Item>,
    queue: Arc<Queue>,
    is_settled: bool,
}

impl Batch {
    pub(super) fn new(items: Vec<Item>, queue: Arc<Queue>) -> Self {
        Self {
            items,
            queue,
            is_settled: false,
        }
    }

    /// All share this fate, but `rejected` of them.
    pub(super) fn settle(mut self, fate: Fate, rejected: u64) {
        let spans = self.items.len() as u64;
        let rejected = rejected.min(spans);
        self.settle_with(fate, rejected);
    }

    /// Two of half the size. `None`: there is one span in it.
    pub(super) fn halves(&mut self) -> Option<Self> {
        if self.items.len() < 2 {
            return None;
        }
        let rest = self.items.split_off(self.items.len() / 2);
        Some(Self::new(rest, Arc::clone(&self.queue)))
    }

    fn settle_with(&mut self, fate: Fate, rejected: u64) {
        self.is_settled = true;
        let bytes = self.items.iter().map(|item| u64::from(item.bytes)).sum();
        let ledger = &self.queue.ledger;
        if rejected > 0 {
            ledger.settle(Fate::Rejected, rejected, 0);
        }
        ledger.settle(fate, self.items.len() as u64 - rejected, bytes);
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if !self.is_settled {
            self.settle_with(Fate::Dropped, 0);
        }
    }
}
