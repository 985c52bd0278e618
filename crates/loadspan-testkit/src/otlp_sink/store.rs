//! What a sink has seen and accepted.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Keep, Script, SinkAnswer, SinkSignal};

/// An export that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// What it holds.
    pub signal: SinkSignal,
    /// The path that it came to.
    pub path: String,
    /// The media type that it came with.
    pub content_type: String,
    /// Headers or gRPC metadata, names in lower case, in the order of their coming.
    pub headers: Vec<(String, String)>,
    /// The export request, unpacked: protobuf, or JSON by its media type.
    pub body: Bytes,
    /// How many items of it the answer rejected.
    pub rejected: u64,
}

/// What a sink has seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SinkCounts {
    /// Exports that have arrived, whatever became of them.
    pub requests: u64,
    /// Exports that were accepted.
    pub accepted: u64,
    /// Spans in them, less the rejected ones.
    pub spans: u64,
    /// Data points in them, less the rejected ones.
    pub data_points: u64,
    /// Bytes of their messages, unpacked.
    pub bytes: u64,
}

impl Accepted {
    /// The first value of a header, whose name is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What a sink has seen and accepted. It outlives a sink that is stopped.
#[derive(Debug)]
pub(super) struct Store {
    keep: Keep,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    script: Script,
    counts: SinkCounts,
    accepted: Vec<Accepted>,
}

impl Store {
    pub(super) fn new(script: Script, keep: Keep) -> Self {
        Self {
            keep,
            state: Mutex::new(State {
                script,
                counts: SinkCounts::default(),
                accepted: Vec::new(),
            }),
            changed: Condvar::new(),
        }
    }

    pub(super) fn keeps_everything(&self) -> bool {
        self.keep == Keep::Everything
    }

    /// Counts an export that has arrived, and says what to answer.
    pub(super) fn arrive(&self, signal: SinkSignal) -> SinkAnswer {
        let mut state = self.lock();
        let number = state.counts.requests;
        state.counts.requests += 1;
        let answer = state.script.choose(number, signal);
        self.changed.notify_all();
        answer
    }

    pub(super) fn message_limit(&self) -> usize {
        self.lock().script.message_limit
    }

    pub(super) fn set_answer(&self, answer: SinkAnswer) {
        self.lock().script.default = answer;
    }

    /// Counts an accepted export of so many items, and keeps it if the sink keeps anything.
    pub(super) fn accept(&self, export: Accepted, items: u64) {
        let mut state = self.lock();
        state.counts.accepted += 1;
        state.counts.bytes += export.body.len() as u64;
        let taken = items.saturating_sub(export.rejected);
        match export.signal {
            SinkSignal::Traces => state.counts.spans += taken,
            SinkSignal::Metrics => state.counts.data_points += taken,
        }
        if self.keep == Keep::Everything {
            state.accepted.push(export);
        }
        self.changed.notify_all();
    }

    pub(super) fn counts(&self) -> SinkCounts {
        self.lock().counts
    }

    pub(super) fn accepted(&self) -> Vec<Accepted> {
        self.lock().accepted.clone()
    }

    /// Waits until `enough` is true of the counts, but no longer than `patience`; the counts then.
    pub(super) fn wait_until(&self, patience: Duration, enough: impl Fn(&SinkCounts) -> bool) -> SinkCounts {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        while !enough(&state.counts) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = match self.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        state.counts
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
