//! What became of each session.

use super::super::rows::{Fate, Selection};

/// The measured requests of one session.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    pub(super) requests: u64,
    /// Different ones.
    pub(super) turns: u64,
    completed: u64,
    /// Turns that there were to be, if that was known.
    planned: Option<u32>,
    has_failed: bool,
    was_given_up: bool,
    first_sent: Option<u64>,
    last_end: u64,
    /// Nanoseconds with a request in flight.
    busy: u64,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Completed,
    Failed,
    Cut,
}

/// One request of a session, as it is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    stage: u32,
    session: u32,
    sent: u64,
    row: usize,
}

/// Visits each session of which a request is measured.
pub(super) fn each_session(rows: Selection<'_>, mut visit: impl FnMut(Course)) {
    let mut calls = Vec::new();
    calls.extend(rows.turns().filter_map(|row| {
        let place = rows.place(row)?;
        Some(Call {
            stage: place.stage,
            session: place.session,
            sent: rows.sent_ns(row),
            row,
        })
    }));
    calls.sort_unstable();
    let mut turns = Vec::new();
    for session in calls.chunk_by(|one, other| (one.stage, one.session) == (other.stage, other.session)) {
        let mut course = Course::default();
        course.add_times(rows, session);
        turns.clear();
        turns.extend(session.iter().filter_map(|call| {
            let place = rows.place(call.row)?;
            course.planned = course.planned.max(place.of);
            Some((place.turn, rows.fate(call.row)))
        }));
        course.add_turns(&mut turns);
        visit(course);
    }
}

impl Course {
    pub(super) fn end(&self) -> End {
        let is_short = self.planned.is_some_and(|planned| self.completed < u64::from(planned));
        if self.has_failed {
            End::Failed
        } else if self.was_given_up || is_short {
            End::Cut
        } else {
            End::Completed
        }
    }

    /// Turns of which there is no request.
    pub(super) fn missing(&self) -> u64 {
        let planned = self.planned.map_or(0, u64::from);
        planned.saturating_sub(self.turns)
    }

    /// From the first request sent to the end of the last.
    pub(super) fn secs(&self) -> f64 {
        self.first_sent
            .map_or(0.0, |first| self.last_end.saturating_sub(first) as f64 / 1e9)
    }

    /// The part of it with a request in flight.
    pub(super) fn busy_secs(&self) -> f64 {
        self.busy as f64 / 1e9
    }

    /// `calls` are in the order in which they were sent.
    fn add_times(&mut self, rows: Selection<'_>, calls: &[Call]) {
        for Call { sent, row, .. } in calls.iter().filter(|call| rows.was_sent(call.row)) {
            let end = rows.ended_ns(*row);
            self.first_sent.get_or_insert(*sent);
            self.busy += end.saturating_sub(self.last_end.max(*sent));
            self.last_end = self.last_end.max(end);
        }
    }

    /// A turn that was tried again is what became of it at last.
    fn add_turns(&mut self, turns: &mut [(u32, Fate)]) {
        turns.sort_unstable_by_key(|(turn, _)| *turn);
        self.requests = turns.len() as u64;
        for attempts in turns.chunk_by(|(one, _), (other, _)| one == other) {
            let has = |wanted: Fate| attempts.iter().any(|(_, fate)| *fate == wanted);
            self.turns += 1;
            if has(Fate::Completed) {
                self.completed += 1;
            } else if has(Fate::Cancelled) {
                self.was_given_up = true;
            } else {
                self.has_failed = true;
            }
        }
    }
}
