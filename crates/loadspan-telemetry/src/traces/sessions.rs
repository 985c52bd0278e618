//! The sessions of a run whose spans are still to be written: little of each, and no more than so many.

use std::collections::HashMap;

use loadspan_record::{FailureKind, RequestRecord, RunOffset};

use super::hierarchy::trace_id_of;
use super::stage::RequestCounts;
use crate::SessionOutcome;

/// More than this are not kept, …
const MOST: usize = 1 << 18;
/// … and then so many of them stay: those that were heard of last. What is let go has ended, as a rule, without anyone saying so.
const KEPT: usize = MOST / 2;

/// A session, as it grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) number: u64,
    pub(super) trace_id: u128,
    pub(super) stage: u32,
    /// When its first call was due.
    pub(super) due_at: RunOffset,
    /// The end of its last call so far.
    pub(super) ended_at: RunOffset,
    pub(super) counts: RequestCounts,
    /// Calls that are not a repetition of one that failed.
    pub(super) turns: u32,
    /// What its last failure was.
    pub(super) failure: Option<FailureKind>,
    /// `None`: nobody has said that it has ended.
    pub(super) outcome: Option<SessionOutcome>,
    /// Whether a span below it was exported.
    has_spans: bool,
}

/// Sessions by their numbers.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: HashMap<u64, Session>,
    /// A bit for each that was let go: its span is not written twice. Numbers go up from 0.
    let_go: Vec<u64>,
}

impl Sessions {
    /// Counts a call, and tells the trace of its session: that of its first call. Of a session that was let go nothing is kept.
    pub(super) fn add(&mut self, number: u64, record: &RequestRecord) -> u128 {
        if self.was_let_go(number) {
            return trace_id_of(record);
        }
        let session = self.open.entry(number);
        let session = session.or_insert_with(|| Session::new(number, record));
        session.add(record);
        session.trace_id
    }

    /// Notes that the span of a call was exported.
    pub(super) fn mark_exported(&mut self, number: u64) {
        if let Some(session) = self.open.get_mut(&number) {
            session.has_spans = true;
        }
    }

    /// Notes that a session has ended.
    pub(super) fn end(&mut self, number: u64, outcome: SessionOutcome) {
        if let Some(session) = self.open.get_mut(&number) {
            session.outcome = Some(outcome);
        }
    }

    /// Takes a session that has ended and of which a span was exported.
    pub(super) fn take_ended(&mut self, number: u64) -> Option<Session> {
        let is_due = |session: &Session| session.has_spans && session.outcome.is_some();
        self.open.get(&number).copied().filter(is_due)?;
        self.open.remove(&number)
    }

    /// Takes those of a stage of which spans were exported, in the order of their numbers, and forgets the others of it.
    pub(super) fn take_stage(&mut self, stage: u32) -> Vec<Session> {
        let of_stage = self.open.extract_if(|_, session| session.stage == stage);
        in_order(of_stage.map(|(_, session)| session).collect())
    }

    /// Takes those that were not heard of for the longest time, when there are too many.
    pub(super) fn take_excess(&mut self) -> Vec<Session> {
        if self.open.len() <= MOST {
            return Vec::new();
        }
        let mut times: Vec<RunOffset> = self.open.values().map(|session| session.ended_at).collect();
        let excess = times.len() - KEPT;
        let (_, last, _) = times.select_nth_unstable(excess - 1);
        let last = *last;
        let silent = self.open.extract_if(|_, session| session.ended_at <= last);
        let silent: Vec<Session> = silent.map(|(_, session)| session).collect();
        silent.iter().for_each(|session| self.let_go(session.number));
        in_order(silent)
    }

    fn let_go(&mut self, number: u64) {
        let (place, bit) = place_of(number);
        if self.let_go.len() <= place {
            self.let_go.resize(place + 1, 0);
        }
        self.let_go[place] |= bit;
    }

    fn was_let_go(&self, number: u64) -> bool {
        let (place, bit) = place_of(number);
        self.let_go.get(place).is_some_and(|bits| bits & bit != 0)
    }
}

impl Session {
    fn new(number: u64, first: &RequestRecord) -> Self {
        Self {
            number,
            trace_id: trace_id_of(first),
            stage: first.stage,
            due_at: first.timings.scheduled_at,
            ended_at: first.timings.finished_at,
            counts: RequestCounts::default(),
            turns: 0,
            failure: None,
            outcome: None,
            has_spans: false,
        }
    }

    fn add(&mut self, record: &RequestRecord) {
        self.due_at = self.due_at.min(record.timings.scheduled_at);
        self.ended_at = self.ended_at.max(record.timings.finished_at);
        self.turns += u32::from(record.attempt == 0);
        self.failure = record.outcome.failure().map(|failure| failure.kind).or(self.failure);
        self.counts.add(record);
    }
}

fn in_order(mut sessions: Vec<Session>) -> Vec<Session> {
    sessions.retain(|session| session.has_spans);
    sessions.sort_unstable_by_key(|session| session.number);
    sessions
}

fn place_of(number: u64) -> (usize, u64) {
    ((number / 64) as usize, 1 << (number % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;

    fn call(at: u64) -> RequestRecord {
        let mut record = request();
        record.timings.finished_at = RunOffset::from_nanos(at);
        record
    }

    #[test]
    fn the_longest_silent_are_let_go_once() {
        let mut sessions = Sessions::default();
        for number in 0..=MOST as u64 {
            sessions.add(number, &call(number));
            sessions.mark_exported(number);
        }
        let silent = sessions.take_excess();
        assert_eq!((silent.len(), sessions.open.len()), (MOST + 1 - KEPT, KEPT));
        assert!(silent.iter().zip(0..).all(|(session, number)| session.number == number));
        sessions.add(0, &call(1 << 40));
        sessions.end(0, SessionOutcome::Completed);
        assert_eq!((sessions.open.len(), sessions.take_ended(0)), (KEPT, None));
        assert!(sessions.take_excess().is_empty());
    }

    #[test]
    fn a_session_without_spans_is_forgotten_with_its_stage() {
        let mut sessions = Sessions::default();
        sessions.add(3, &call(1));
        sessions.end(3, SessionOutcome::Failed);
        assert_eq!(sessions.take_ended(3), None);
        assert!(sessions.take_stage(0).is_empty() && sessions.open.is_empty());
    }
}
