//! What is sent, and when: the part of a recording that is wanted, at the speed that is wanted.
//!
//! Sessions are taken or left as a whole: a later turn without the earlier ones is another load. Which ones are sampled follows from
//! the seed and their ids alone, so that it does not matter in what order they come, and that a log can be read as it is sent.

mod events;
mod options;
mod sequence;

use std::num::NonZeroU32;
use std::time::Duration;

pub use self::events::PlannedEvent;
pub use self::options::{FailedCalls, Options, Share, Speed, Window};
use self::sequence::Sequence;
use crate::graph::Graph;
use crate::log::TimedCall;
use crate::recording::{Recording, Session};

/// All of a recording that is sent.
#[derive(Debug, Clone)]
pub struct Plan {
    /// In the order of the recording.
    pub sessions: Vec<PlannedSession>,
    /// What is not sent, and why.
    pub left: Left,
    /// The SHA-256 of all of it, as [`Planner::sha256`].
    pub sha256: String,
}

/// A session that is sent.
#[derive(Debug, Clone)]
pub struct PlannedSession {
    /// Its calls, without those that are left out.
    pub session: Session,
    /// What depends on what, in the time of the recording.
    pub graph: Graph,
    /// When it begins, from the start of the load. `None` where the recording has no times.
    pub arrival: Option<Duration>,
    /// One for each of its calls, in their order, in the time of the load.
    pub events: Vec<PlannedEvent>,
}

/// A call of a log that is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedCall {
    /// The call.
    pub call: TimedCall,
    /// When it is sent, from the start of the load; not before the turn before it has ended. `None`: as soon as it may.
    pub at: Option<Duration>,
    /// How long after the end of the turn before it, at the least.
    pub delay: Option<Duration>,
}

/// What is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// Sessions outside the window, or without a time where there is one; in logs, calls.
    pub by_window: u64,
    /// Sessions that were not sampled; in logs, calls.
    pub by_sample: u64,
    /// Calls that failed.
    pub failed: u64,
}

/// Plans one session or call after another.
#[derive(Debug)]
pub struct Planner {
    options: Options,
    /// The start of the first session.
    origin_ns: Option<u64>,
    left: Left,
    sequence: Sequence,
}

impl Plan {
    /// Plans all sessions of a recording.
    #[must_use]
    pub fn of(recording: Recording, options: &Options) -> Self {
        let mut planner = Planner::new(options.clone());
        let sessions = recording.sessions.into_iter();
        Self {
            sessions: sessions.filter_map(|session| planner.session(session)).collect(),
            left: planner.left(),
            sha256: planner.sha256(),
        }
    }
}

impl Planner {
    /// A planner of sessions that has seen nothing.
    fn new(options: Options) -> Self {
        let sequence = Sequence::new(options.seed);
        Self {
            options,
            origin_ns: None,
            left: Left::default(),
            sequence,
        }
    }

    /// A planner of the calls of a log that has seen nothing. One of their `hash_ids` stands for so many tokens.
    #[must_use]
    pub fn of_log(options: Options, block_tokens: NonZeroU32) -> Self {
        Self {
            sequence: Sequence::of_log(options.seed, block_tokens),
            ..Self::new(options)
        }
    }

    /// Plans a session. `None`: it is not sent. Times count from the first session that is seen.
    pub fn session(&mut self, session: Session) -> Option<PlannedSession> {
        let since = session.start_ns().map(|start| {
            let origin = *self.origin_ns.get_or_insert(start);
            Duration::from_nanos(start.saturating_sub(origin))
        });
        if !self.is_wanted(since, session.id()) {
            return None;
        }
        let session = self.without_failed(session);
        if session.calls().is_empty() {
            return None;
        }
        let graph = Graph::of(&session);
        let planned = PlannedSession {
            arrival: since.map(|since| self.options.arrival(since)),
            events: events::of(&session, &graph, &self.options),
            graph,
            session,
        };
        self.sequence.session(&planned);
        Some(planned)
    }

    /// Plans a call of a log. `None`: it is not sent.
    pub fn call(&mut self, call: TimedCall) -> Option<PlannedCall> {
        let wanted = match &call.turn {
            Some(turn) => self.is_wanted(turn.session_at, &turn.session),
            None => self.is_wanted(call.at, &format!("line {}", call.line)),
        };
        if !wanted {
            return None;
        }
        if call.failed && self.options.failed == FailedCalls::Leave {
            self.left.failed += 1;
            return None;
        }
        let planned = PlannedCall {
            at: call.at.map(|at| self.options.arrival(at)),
            delay: call.delay.map(|delay| self.options.wait(delay)),
            call,
        };
        self.sequence.call(&planned);
        Some(planned)
    }

    /// What was not sent so far.
    #[must_use]
    pub const fn left(&self) -> Left {
        self.left
    }

    /// The SHA-256, in hexadecimal, of everything that was planned so far: what is sent, after what, and when. It is the same for the
    /// same input, options and seed; of texts that are made up, another seed makes others.
    #[must_use]
    pub fn sha256(&self) -> String {
        self.sequence.sha256()
    }

    fn is_wanted(&mut self, since: Option<Duration>, id: &str) -> bool {
        if let Some(window) = &self.options.window
            && !since.is_some_and(|since| window.contains(since))
        {
            self.left.by_window += 1;
            return false;
        }
        let sampled = self.options.samples(id);
        self.left.by_sample += u64::from(!sampled);
        sampled
    }

    fn without_failed(&mut self, session: Session) -> Session {
        let failed = session.calls().iter().filter(|call| call.failed).count();
        if failed == 0 || self.options.failed == FailedCalls::Send {
            return session;
        }
        self.left.failed += failed as u64;
        session.without_failed()
    }
}
