//! How fast a backend takes what it is sent.

use std::time::{Duration, Instant};

/// How much a backend has taken, and how long it took over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Intake {
    items: u64,
    busy: Duration,
    /// When it took the last of them.
    last_at: Option<Instant>,
}

impl Intake {
    pub(super) fn add(&mut self, items: u64, took: Duration) {
        self.items += items;
        self.busy += took;
        self.last_at = Some(Instant::now());
    }

    /// Items a second, while it was sent some one payload after the other. `None`: it has taken none.
    pub(crate) fn per_second(&self) -> Option<f64> {
        let seconds = self.busy.as_secs_f64();
        (self.items > 0 && seconds > 0.0).then(|| self.items as f64 / seconds)
    }

    /// Whether it has taken something within so long.
    pub(crate) fn is_alive(&self, within: Duration) -> bool {
        self.last_at.is_some_and(|at| at.elapsed() < within)
    }
}
