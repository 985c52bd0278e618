//! What all connections of a server share.

use crate::FakeServer;
use crate::capture::Captures;
use crate::clock::Clock;
use crate::meters::{Meters, Present};
use crate::slots::Slots;
use crate::truth::{Ledger, Stats};

/// The settings, the clock, and what was seen so far.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: FakeServer,
    pub(crate) clock: Clock,
    pub(crate) ledger: Ledger,
    pub(crate) meters: Meters,
    pub(crate) captures: Captures,
    /// `None`: any number of responses at once.
    pub(crate) slots: Option<Slots>,
}

impl Shared {
    pub(crate) fn new(settings: FakeServer) -> Self {
        Self {
            clock: Clock::new(settings.stall),
            ledger: Ledger::new(settings.keep_truths, settings.threads.get()),
            meters: Meters::new(settings.threads.get()),
            captures: Captures::new(settings.keep_requests),
            slots: settings.max_concurrency.map(Slots::new),
            settings,
        }
    }

    pub(crate) fn stats(&self, limit: usize) -> Stats {
        self.ledger.snapshot(self.clock.now_ns(), limit)
    }

    /// The page at `/metrics`.
    pub(crate) fn metrics(&self) -> String {
        let waiting = self.slots.as_ref().map_or(0, Slots::waiting);
        self.meters.render(Present {
            model: self.settings.models.first().map_or("", String::as_str),
            running: self.ledger.open_streams().saturating_sub(waiting),
            waiting,
            places: self.settings.max_concurrency.map(std::num::NonZeroUsize::get),
        })
    }
}
