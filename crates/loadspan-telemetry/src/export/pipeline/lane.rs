//! What producer, dispatcher and spooler of a signal share: the queue and the ledger.

mod withdrawal;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use loadspan_record::{SignalLedger, Sink};
use tokio::sync::Notify;

use super::Intake;
use crate::export::notice::{Announcer, Later, Notices, Subject, Trouble};
use crate::export::queue::{Queue, QueueLimits, Waiting};
use crate::export::retry::Health;
use crate::export::spool::{Room, SpoolHandle};
use crate::export::{Contents, Payload};

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
    /// They need not be kept: `records.jsonl` has what they were made from.
    Records,
    /// They are dropped.
    Drop,
}

/// What a lane is made of.
#[derive(Debug)]
pub(in crate::export) struct LaneSpec {
    pub(in crate::export) sink: Sink,
    pub(in crate::export) contents: Contents,
    pub(in crate::export) destination: String,
    pub(in crate::export) limits: QueueLimits,
    pub(in crate::export) leftovers: Leftovers,
}

/// Whether an attempt was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was, to whatever effect.
    Given,
    /// It was not, or only with a plea for patience.
    None,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    ledger: SignalLedger,
    intake: Intake,
    /// Whether the last attempt came to nothing that might go well another time.
    is_failing: bool,
    /// Set when no more payloads come.
    closing: Option<Closing>,
    /// Nobody waits for the end of the run any more.
    is_cut: bool,
    /// Whether there is something to send to.
    destination: Destination,
}

/// Whether there is something to send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Destination {
    /// There is, as far as is known.
    There,
    /// Not yet. Somebody else sees to it, and tells of it.
    Awaited,
}

/// The end of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closing {
    /// When it was closed.
    pub(super) at: Instant,
    /// Until when what is there may be sent.
    pub(super) deadline: Instant,
}

impl LaneSpec {
    /// `spool_dir` and `notices`: as [`Announcer`] wants them.
    pub(in crate::export) fn build(self, spool_dir: &Path, notices: Notices) -> Lane {
        let subject = Subject {
            contents: self.contents,
            destination: self.destination.clone(),
            later: match self.leftovers {
                Leftovers::Spool(_) => Later::Spool,
                Leftovers::Records => Later::Records,
                Leftovers::Drop => Later::Never,
            },
        };
        Lane {
            leftovers: self.leftovers,
            announcer: Announcer::new(subject, spool_dir, notices),
            state: Mutex::new(State {
                queue: Queue::new(self.limits),
                ledger: SignalLedger::new(self.sink, self.contents.signal(), self.destination),
                intake: Intake::default(),
                is_failing: false,
                closing: None,
                is_cut: false,
                destination: Destination::There,
            }),
            changed: Notify::new(),
        }
    }
}

/// The producer's side.
impl Lane {
    pub(super) fn submit(self: &Arc<Self>, payload: Payload) {
        let (surplus, destination) = {
            let mut state = self.state();
            state.ledger.produced += payload.items;
            if state.ledger.turned_off.is_some() {
                state.ledger.rejected += payload.items;
                return;
            }
            if state.closing.is_some() {
                state.ledger.dropped += payload.items;
                return;
            }
            (state.queue.push(payload), state.destination)
        };
        self.changed.notify_one();
        if !surplus.is_empty() && destination == Destination::There {
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

    /// Items that were lost before they became a payload, and that are made again where there are records to make them from.
    pub(super) fn count_missed(&self, items: u64) {
        let mut state = self.state();
        let ledger = &mut state.ledger;
        ledger.produced += items;
        match &self.leftovers {
            _ if ledger.turned_off.is_some() => ledger.rejected += items,
            Leftovers::Records => ledger.spooled += items,
            Leftovers::Spool(_) | Leftovers::Drop => ledger.dropped += items,
        }
    }

    pub(super) fn count_sampled_out(&self, items: u64) {
        self.state().ledger.sampled_out += items;
    }

    pub(in crate::export) fn ledger(&self) -> SignalLedger {
        self.state().ledger.clone()
    }

    /// Items that have no fate yet.
    pub(super) fn backlog(&self) -> u64 {
        self.state().backlog()
    }

    /// Whether the last attempt at a payload was answered, as far as there were any.
    pub(in crate::export) fn is_answered(&self) -> bool {
        !self.state().is_failing
    }

    pub(super) fn intake(&self) -> Intake {
        self.state().intake
    }

    /// Whether nothing is on its way, or need not be waited for.
    pub(super) fn is_settled(&self) -> bool {
        let state = self.state();
        state.ledger.adds_up() || state.is_cut
    }

    /// No more payloads come. Those that are there may be sent until `deadline`. To say it again can only make that earlier.
    pub(in crate::export) fn close(&self, deadline: Instant) {
        {
            let mut state = self.state();
            let now = Instant::now();
            let deadline = if state.is_cut { now } else { deadline };
            let closing = state.closing.get_or_insert(Closing { at: now, deadline });
            closing.deadline = closing.deadline.min(deadline);
        }
        self.changed.notify_one();
    }

    /// When no more payloads come, those that are there may not be sent any longer.
    pub(in crate::export) fn cut(&self) {
        {
            let mut state = self.state();
            state.is_cut = true;
            if let Some(closing) = &mut state.closing {
                closing.deadline = closing.deadline.min(Instant::now());
            }
        }
        self.changed.notify_one();
    }

    /// The final ledger: what has no fate by now is lost.
    pub(in crate::export) fn close_books(&self) -> SignalLedger {
        let mut state = self.state();
        let lost = state.backlog();
        state.ledger.dropped += lost;
        state.ledger.clone()
    }
}

/// The dispatcher's side.
impl Lane {
    /// Resolves after a payload has come or the lane was closed.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn closing(&self) -> Option<Closing> {
        self.state().closing
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
        } else if state.queue.is_withdrawn(&waiting) {
            state.leave_out(waiting.payload.items);
        } else {
            state.queue.put_back(waiting);
        }
    }

    /// Notes whether there is something to send to.
    pub(super) fn note_destination(&self, destination: Destination) {
        self.state().destination = destination;
    }

    /// Notes whether the backend gives answers.
    pub(super) fn note_answer(&self, answer: Answer) {
        self.state().is_failing = answer == Answer::None;
    }

    /// Notes how long the backend took over `items`.
    pub(super) fn count_intake(&self, items: u64, took: Duration) {
        self.state().intake.add(items, took);
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
    pub(super) fn turn_off(&self, items: u64, trouble: &Trouble) {
        {
            let mut state = self.state();
            state.ledger.rejected += items;
            while let Some(waiting) = state.queue.pop() {
                state.ledger.rejected += waiting.payload.items;
            }
            state.ledger.turned_off = trouble.error();
        }
        self.trouble(trouble);
    }

    /// A payload that there is no room for, or no use in trying.
    fn set_aside(self: &Arc<Self>, payload: Payload, room: Room) {
        if !self.is_taken() {
            self.rejected(payload.items);
            return;
        }
        match &self.leftovers {
            Leftovers::Spool(spool) => spool.keep(self, payload, room),
            Leftovers::Records => self.spooled(payload.items),
            Leftovers::Drop => self.state().ledger.dropped += payload.items,
        }
    }

    /// What it is called when the backend refuses a payload that another time might be taken.
    pub(super) fn refusal(&self, reason: String) -> Trouble {
        match self.state().ledger.sink {
            Sink::Otlp | Sink::Mlflow => Trouble::Refused { reason },
            Sink::Console => Trouble::ConsoleFailed { reason },
        }
    }

    /// What it is called when payloads are left over at the end. A backend that fails has said why.
    pub(super) fn left_over(&self, health: &Health) -> Trouble {
        let state = self.state();
        match (state.ledger.sink, &state.ledger.last_error) {
            (Sink::Console, _) => Trouble::ConsoleFailed {
                reason: "its reader had not taken them when the run was over".to_owned(),
            },
            (_, Some(reason)) if health.probe_at().is_some() => Trouble::Failing { reason: reason.clone() },
            _ => Trouble::Unfinished,
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

impl State {
    fn backlog(&self) -> u64 {
        let ledger = &self.ledger;
        let settled = ledger.delivered + ledger.rejected + ledger.spooled + ledger.dropped;
        ledger.produced.saturating_sub(settled)
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
