//! A log that is held as a whole, because the load has arrivals of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use loadspan_replay::PlannedCall;

use super::tally::Tally;
use super::texts::to_u32;
use super::timed::{Timed, TimedSession};

/// Its sessions, by number.
#[derive(Debug)]
pub(super) struct HeldLog {
    sessions: Vec<Vec<PlannedCall>>,
    timed: Arc<Timed>,
}

impl HeldLog {
    pub(super) fn new(sessions: Vec<Vec<PlannedCall>>, timed: Arc<Timed>, tally: &Tally) -> Self {
        for calls in &sessions {
            tally.count_session(calls.len() as u64);
            if calls.iter().all(|planned| planned.call.turn.is_none()) {
                tally.count_single_call();
            }
        }
        tally.mark_complete();
        Self { sessions, timed }
    }

    pub(super) fn len(&self) -> u64 {
        self.sessions.len() as u64
    }

    pub(super) fn session(&self, number: u64) -> Option<TimedSession> {
        let calls = self.sessions.get(usize::try_from(number).ok()?)?;
        let known = to_u32(calls.len() as u64);
        let inbox = Arc::new(Mutex::new(VecDeque::from(calls.clone())));
        Some(TimedSession::new(&self.timed, number, (inbox, known)))
    }
}
