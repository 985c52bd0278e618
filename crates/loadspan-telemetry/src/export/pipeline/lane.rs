//! What producer, dispatcher and spooler of a signal share: the queue and the ledger.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use loadspan_record::{SignalLedger, Sink, TelemetrySignal};
use tokio::sync::Notify;

use crate::export::Payload;
use crate::export::notice::{Announcer, Trouble};
use crate::export::queue::{Queue, QueueLimits, Waiting};
use crate::export::retry::Health;
use crate::export::spool::{Room, SpoolHandle};

/// Queue and ledger of a signal.
#[derive(Debug)]
pub(in crate::export) struct Lane {
    leftovers: Leftovers,
    announcer: Announcer,
    state: Mutex<State>,
    changed: Notify,
}

/// What becomes of payloads that cannot be delivered now.
#[derive(Debug)]
pub(in crate::export) enum Leftovers {
    /// They are spooled.
    Spool(SpoolHandle),
    /// They are dropped.
    Drop,
}

/// What a lane is made of.
#[derive(Debug)]
pub(in crate::export) struct LaneSpec {
    pub(in crate::export) sink: Sink,
    pub(in crate::export) signal: TelemetrySignal,
    pub(in crate::export) destination: String,
    pub(in crate::export) limits: QueueLimits,
    pub(in crate::export) leftovers: Leftovers,
    pub(in crate::export) announcer: Announcer,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    ledger: SignalLedger,
    /// Set when no more payloads come: until when those that are there may be sent.
    deadline: Option<Instant>,
    /// Nobody waits for the end of the run any more.
    is_cut: bool,
}

impl LaneSpec {
    pub(in crate::export) fn build(self) -> Lane {
        Lane {
            leftovers: self.leftovers,
            announcer: self.announcer,
            state: Mutex::new(State {
                queue: Queue::new(self.limits),
                ledger: SignalLedger::new(self.sink, self.signal, self.destination),
                deadline: None,
                is_cut: false,
            }),
            changed: Notify::new(),
        }
    }
}

/// The producer's side.
impl Lane {
    pub(super) fn submit(self: &Arc<Self>, payload: Payload) {
        let surplus = {
            let mut state = self.state();
            state.ledger.produced += payload.items;
            if state.ledger.turned_off.is_some() {
                state.ledger.rejected += payload.items;
                return;
            }
            if state.deadline.is_some() {
                state.ledger.dropped += payload.items;
                return;
            }
            state.queue.push(payload)
        };
        self.changed.notify_one();
        if !surplus.is_empty() {
            self.announcer.announce(&Trouble::Behind);
        }
        for payload in surplus {
            self.set_aside(payload, Room::Bounded);
        }
    }

    pub(super) fn is_taken(&self) -> bool {
        self.state().ledger.turned_off.is_none()
    }

    pub(super) fn count_dropped(&self, items: u64) {
        let mut state = self.state();
        state.ledger.produced += items;
        state.ledger.dropped += items;
    }

    pub(super) fn count_sampled_out(&self, items: u64) {
        self.state().ledger.sampled_out += items;
    }

    pub(in crate::export) fn ledger(&self) -> SignalLedger {
        self.state().ledger.clone()
    }

    /// Whether nothing is on its way, or need not be waited for.
    pub(super) fn is_settled(&self) -> bool {
        let state = self.state();
        state.ledger.adds_up() || state.is_cut
    }

    /// No more payloads come. Those that are there may be sent until `deadline`.
    pub(in crate::export) fn close(&self, deadline: Instant) {
        {
            let mut state = self.state();
            state.deadline = Some(if state.is_cut { Instant::now() } else { deadline });
        }
        self.changed.notify_one();
    }

    /// When no more payloads come, those that are there may not be sent any longer.
    pub(in crate::export) fn cut(&self) {
        {
            let mut state = self.state();
            state.is_cut = true;
            state.deadline = state.deadline.map(|deadline| deadline.min(Instant::now()));
        }
        self.changed.notify_one();
    }

    /// The final ledger: what has no fate by now is lost.
    pub(in crate::export) fn close_books(&self) -> SignalLedger {
        let mut state = self.state();
        let ledger = &mut state.ledger;
        let settled = ledger.delivered + ledger.rejected + ledger.spooled + ledger.dropped;
        ledger.dropped += ledger.produced.saturating_sub(settled);
        ledger.clone()
    }
}

/// The dispatcher's side.
impl Lane {
    /// Resolves after a payload has come or the lane was closed.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.state().deadline
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state().queue.is_empty()
    }

    /// The oldest payload.
    pub(super) fn take(&self) -> Option<Waiting> {
        self.state().queue.pop()
    }

    pub(super) fn count_retry(&self) {
        self.state().ledger.retries += 1;
    }

    /// A payload shall be tried again.
    pub(super) fn put_back(&self, waiting: Waiting) {
        let mut state = self.state();
        if state.ledger.turned_off.is_some() {
            state.ledger.rejected += waiting.payload.items;
        } else {
            state.queue.put_back(waiting);
        }
    }

    /// The backend has taken `items`, less `rejected` of them.
    pub(super) fn delivered(&self, items: u64, rejected: u64) {
        let rejected = rejected.min(items);
        {
            let mut state = self.state();
            state.ledger.delivered += items - rejected;
            state.ledger.rejected += rejected;
        }
        self.announcer.announce(&Trouble::Recovered);
    }

    pub(super) fn has_delivered(&self) -> bool {
        self.state().ledger.delivered > 0
    }

    /// The backend refuses `items` for good.
    pub(super) fn rejected(&self, items: u64) {
        self.state().ledger.rejected += items;
    }

    /// The backend does not take this signal: neither `items` nor what waits nor what will come.
    pub(super) fn turn_off(&self, items: u64, reason: String) {
        {
            let mut state = self.state();
            state.ledger.rejected += items;
            while let Some(waiting) = state.queue.pop() {
                state.ledger.rejected += waiting.payload.items;
            }
            state.ledger.turned_off = Some(reason.clone());
        }
        self.trouble(&Trouble::NotTaken { reason });
    }

    /// A payload that will not be tried again.
    pub(super) fn set_aside(self: &Arc<Self>, payload: Payload, room: Room) {
        if !self.is_taken() {
            self.rejected(payload.items);
            return;
        }
        match &self.leftovers {
            Leftovers::Spool(spool) => spool.keep(self, payload, room),
            Leftovers::Drop => self.state().ledger.dropped += payload.items,
        }
    }

    /// What it is called when the backend refuses a payload that another time might be taken.
    pub(super) fn refusal(&self, reason: String) -> Trouble {
        match self.leftovers {
            Leftovers::Spool(_) => Trouble::Refused { reason },
            Leftovers::Drop => Trouble::ConsoleFailed { reason },
        }
    }

    /// What it is called when payloads are left over at the end. A backend that fails has said why.
    pub(super) fn left_over(&self, health: &Health) -> Trouble {
        let last_error = self.state().ledger.last_error.clone();
        match (&self.leftovers, last_error) {
            (Leftovers::Drop, _) => Trouble::ConsoleFailed {
                reason: "its reader had not taken them when the run was over".to_owned(),
            },
            (Leftovers::Spool(_), Some(reason)) if health.probe_at().is_some() => Trouble::Failing { reason },
            (Leftovers::Spool(_), _) => Trouble::Unfinished,
        }
    }

    /// Notes what went wrong, and tells of it if it is news.
    pub(super) fn trouble(&self, trouble: &Trouble) {
        self.note_error(trouble);
        self.announcer.announce(trouble);
    }

    /// Notes what went wrong, without a word.
    pub(super) fn note_error(&self, trouble: &Trouble) {
        if let Some(error) = trouble.error() {
            self.state().ledger.last_error = Some(error);
        }
    }
}

/// The spooler's side.
impl Lane {
    pub(in crate::export) fn spooled(&self, items: u64) {
        self.state().ledger.spooled += items;
    }

    pub(in crate::export) fn dropped(&self, items: u64, why: &Trouble) {
        self.state().ledger.dropped += items;
        self.trouble(why);
    }
}

impl Lane {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
