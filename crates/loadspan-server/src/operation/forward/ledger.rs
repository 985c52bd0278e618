//! What became of requests that were to be passed on: offered = delivered + in part + not taken + no room + returned + waiting.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::operation::{Exposition, Signal};

/// Counts of requests.
#[derive(Debug, Default)]
pub(crate) struct ForwardLedger {
    counts: [[AtomicU64; 6]; 3],
    /// The last message, so that it is not said for each request.
    said: Mutex<String>,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It came.
    Offered,
    /// The other backend has it.
    Delivered,
    /// The other backend has it, but for something that it would not have.
    InPart,
    /// The other backend would not have it, or was not there for long.
    NotTaken,
    /// Too much waited already.
    NoRoom,
    /// It was passed on by this server before, or by too many others.
    Returned,
}

const OUTCOMES: [(Outcome, &str); 5] = [
    (Outcome::Delivered, "delivered"),
    (Outcome::InPart, "in_part"),
    (Outcome::NotTaken, "not_taken"),
    (Outcome::NoRoom, "no_room"),
    (Outcome::Returned, "returned"),
];

impl ForwardLedger {
    pub(super) fn count(&self, signal: Signal, outcome: Outcome) {
        self.counts[signal as usize][outcome as usize].fetch_add(1, Ordering::Relaxed);
        if outcome == Outcome::Delivered {
            self.said.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// So many requests.
    pub(crate) fn of(&self, signal: Signal, outcome: Outcome) -> u64 {
        self.counts[signal as usize][outcome as usize].load(Ordering::Relaxed)
    }

    /// Requests that are neither delivered nor dropped.
    pub(crate) fn waiting(&self) -> u64 {
        let of_one = |signal| {
            let done = OUTCOMES.iter().map(|(outcome, _)| self.of(signal, *outcome)).sum();
            self.of(signal, Outcome::Offered).saturating_sub(done)
        };
        Signal::ALL.into_iter().map(of_one).sum()
    }

    /// Whether a message is another one than the last, since something was delivered.
    pub(super) fn is_news(&self, message: &str) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *said != message;
        message.clone_into(&mut said);
        is_news
    }

    pub(crate) fn render(&self, exposition: &mut Exposition) {
        let name = "loadspan_server_forward_offered_requests_total";
        exposition.family(name, "counter", "Requests that were to be passed on.");
        for signal in Signal::ALL {
            let labels = [("signal", signal.as_str())];
            exposition.sample(name, &labels, self.of(signal, Outcome::Offered));
        }
        let name = "loadspan_server_forward_requests_total";
        exposition.family(
            name,
            "counter",
            "Requests that were to be passed on, by what became of them.",
        );
        for signal in Signal::ALL {
            for (outcome, label) in OUTCOMES {
                let labels = [("signal", signal.as_str()), ("outcome", label)];
                exposition.sample(name, &labels, self.of(signal, outcome));
            }
        }
        let name = ("loadspan_server_forward_waiting_requests", "gauge");
        exposition.one(name, "Requests that wait to be passed on.", self.waiting());
    }
}
