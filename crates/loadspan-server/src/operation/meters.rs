//! What the server counts about itself, for `GET /metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::durations::Durations;
use super::{Arrivals, Said};

/// What OTLP is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Metrics,
    Logs,
}

/// How many items came, and what became of them: received = stored + rejected, once all requests are answered.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    received: AtomicU64,
    stored: AtomicU64,
    rejected: AtomicU64,
}

/// All counts.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    traces: Ledger,
    metrics: Ledger,
    logs: Ledger,
    requests: Durations,
    in_flight: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    lines_lost: AtomicU64,
    doomed_folders: AtomicU64,
    arrivals: Arrivals,
}

/// Something that is there for as long as this lives, and counted.
#[derive(Debug)]
pub(crate) struct Gauge(Arc<AtomicUsize>);

/// A request that was answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestSeen<'a> {
    pub(crate) method: &'static str,
    /// The route as the server has it, without what clients put into it.
    pub(crate) route: &'a str,
    pub(crate) status: u16,
    pub(crate) took: Duration,
}

impl Signal {
    pub(crate) const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// Its name in paths and labels.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }
}

impl Meters {
    /// The ledger of a signal.
    pub(crate) fn ledger(&self, signal: Signal) -> &Ledger {
        match signal {
            Signal::Traces => &self.traces,
            Signal::Metrics => &self.metrics,
            Signal::Logs => &self.logs,
        }
    }

    /// What comes in, and what does not.
    pub(crate) fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// A request was answered.
    pub(crate) fn request(&self, seen: &RequestSeen<'_>) {
        self.requests.add(seen);
    }

    /// How long requests took.
    pub(crate) fn requests(&self) -> &Durations {
        &self.requests
    }

    /// A request came.
    pub(crate) fn in_flight(&self) -> Gauge {
        Gauge::new(&self.in_flight)
    }

    /// A connection was taken.
    pub(crate) fn connection(&self) -> Gauge {
        Gauge::new(&self.connections)
    }

    /// A line of the access log was said, or not.
    pub(crate) fn said(&self, said: Said) {
        self.lines_lost
            .fetch_add(u64::from(said == Said::Lost), Ordering::Relaxed);
    }

    /// Lines of the access log that were not said.
    pub(crate) fn lines_lost(&self) -> u64 {
        self.lines_lost.load(Ordering::Relaxed)
    }

    /// So many folders of artifacts are to be deleted, as the last round of upkeep has left it.
    pub(crate) fn folders_wait(&self, folders: u64) {
        self.doomed_folders.store(folders, Ordering::Relaxed);
    }

    pub(crate) fn doomed_folders(&self) -> u64 {
        self.doomed_folders.load(Ordering::Relaxed)
    }

    /// Requests that are not yet answered, and open connections.
    pub(crate) fn now(&self) -> (usize, usize) {
        let read = |gauge: &AtomicUsize| gauge.load(Ordering::Relaxed);
        (read(&self.in_flight), read(&self.connections))
    }
}

impl Gauge {
    pub(super) fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Ledger {
    /// Items came.
    pub(crate) fn receive(&self, items: u64) {
        self.received.fetch_add(items, Ordering::Relaxed);
    }

    /// Items are stored: committed.
    pub(crate) fn store(&self, items: u64) {
        self.stored.fetch_add(items, Ordering::Relaxed);
    }

    /// Items were refused.
    pub(crate) fn reject(&self, items: u64) {
        self.rejected.fetch_add(items, Ordering::Relaxed);
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(crate) fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    pub(crate) fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }
}
