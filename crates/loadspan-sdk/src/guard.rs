//! Ends tracing in good order, and tells what became of the spans.

use std::sync::Arc;
use std::time::Duration;

use crate::export::Exports;
use crate::state::{self, State};

/// Keeps tracing up. When it is dropped, what is left is exported, for some seconds at most.
///
/// Dropping it is safe everywhere, within an event loop, too: the exports have a thread of their own. It blocks for as long as they
/// take. In a process that was forked meanwhile there is no such thread, and nothing to wait for: set tracing up after a fork.
#[derive(Debug)]
#[must_use = "when the guard is dropped, tracing ends"]
pub struct Guard {
    /// `None`: nothing is set up, or no more.
    active: Option<Active>,
}

#[derive(Debug)]
struct Active {
    state: Arc<State>,
    exports: Arc<Exports>,
    flush_timeout: Duration,
}

/// What became of the spans for one destination. `produced = exported + rejected + dropped + pending`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DestinationCounts {
    /// `otlp` or `mlflow`.
    pub destination: &'static str,
    /// Spans that ended and were sampled.
    pub produced: u64,
    /// Those that the backend acknowledged.
    pub exported: u64,
    /// Those that it refused for good.
    pub rejected: u64,
    /// Those that are lost: the queue was full, or the backend could not be reached in time.
    pub dropped: u64,
    /// Those that are on their way.
    pub pending: u64,
}

/// What came of a flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushOutcome {
    /// Nothing that was there is on its way any more.
    Complete,
    /// Time was up.
    TimedOut,
}

/// What became of the spans so far, for each destination: those of the last set-up, also when its guard is gone. Empty if nothing was
/// set up.
#[must_use]
pub fn counts() -> Vec<DestinationCounts> {
    state::last_exports()
        .map(|exports| exports.counts())
        .unwrap_or_default()
}

/// Exports what there is, for so long at most. Blocks, also within an event loop.
pub fn flush(timeout: Duration) -> FlushOutcome {
    let exports = state::current().and_then(|state| state.exports.clone());
    exports.map_or(FlushOutcome::Complete, |exports| exports.flush(timeout))
}

impl Guard {
    pub(crate) fn of(state: Arc<State>, exports: Arc<Exports>, flush_timeout: Duration) -> Self {
        Self {
            active: Some(Active {
                state,
                exports,
                flush_timeout,
            }),
        }
    }

    /// Everything is a no-op.
    pub(crate) fn of_nothing() -> Self {
        Self { active: None }
    }

    /// Makes the provider OpenTelemetry's global one.
    pub(crate) fn publish_provider(&self) {
        if let Some(active) = &self.active {
            opentelemetry::global::set_tracer_provider(active.state.provider.clone());
        }
    }

    /// Whether spans go anywhere.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active.is_some()
    }

    /// What became of the spans so far, for each destination.
    #[must_use]
    pub fn counts(&self) -> Vec<DestinationCounts> {
        self.active
            .as_ref()
            .map(|active| active.exports.counts())
            .unwrap_or_default()
    }

    /// Exports what there is, for so long at most.
    pub fn flush(&self, timeout: Duration) -> FlushOutcome {
        self.active
            .as_ref()
            .map_or(FlushOutcome::Complete, |active| active.exports.flush(timeout))
    }

    /// Ends tracing: new spans are no-ops, what is left is exported, for so long at most, and what is left then is dropped. Returns
    /// the last counts.
    pub fn shutdown(mut self, timeout: Duration) -> (FlushOutcome, Vec<DestinationCounts>) {
        match self.active.take() {
            Some(active) => active.shut_down(timeout),
            None => (FlushOutcome::Complete, Vec::new()),
        }
    }
}

impl Active {
    fn shut_down(self, timeout: Duration) -> (FlushOutcome, Vec<DestinationCounts>) {
        state::uninstall(&self.state);
        let outcome = self.exports.shut_down(timeout);
        (outcome, self.exports.counts())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(active) = self.active.take() {
            let timeout = active.flush_timeout;
            active.shut_down(timeout);
        }
    }
}
