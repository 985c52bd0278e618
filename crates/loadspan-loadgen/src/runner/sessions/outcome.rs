//! What becomes of sessions when their calls end.

use std::sync::atomic::Ordering;

use loadspan_record::RunOffset;

use super::agenda::{PendingCall, Task};
use super::dispatcher::Dispatcher;
use super::live::{LiveSession, More, Seat, State};
use super::replies::Reply;
use crate::event::{SessionEnd, SessionFate};
use crate::runner::closed::{FIRST_BACKOFF, LONGEST_BACKOFF};
use crate::runner::plan::OnFailedTurn;
use crate::runner::slot::{Ended, Fate, Sending};

impl Dispatcher<'_> {
    /// Takes what has come back from calls in flight.
    pub(super) fn take_replies(&mut self) {
        while let Some(Reply { call, outcome }) = self.replies.take() {
            self.in_flight -= 1;
            let at = match outcome {
                Some((ended, slot)) => {
                    self.idle.put(slot);
                    let at = ended.finished_at;
                    self.take_end(call, ended);
                    at
                }
                None => {
                    self.lose(call.seat);
                    self.now()
                }
            };
            self.settle(call.seat, at);
        }
    }

    fn take_end(&mut self, call: PendingCall, ended: Ended) {
        let retry_at = self.retry_at(&call, &ended);
        let Some(live) = self.live.get(call.seat) else { return };
        live.in_flight -= 1;
        live.misses = match ended.sending {
            Sending::Sent => 0,
            Sending::NoConnection => live.misses.saturating_add(1),
        };
        if live.state != State::Active {
            return;
        }
        match (ended.fate, retry_at) {
            (Fate::Completed, _) => {
                self.due.clear();
                live.session.answered(call.call, ended.answer, &mut self.due);
                self.note_due(call.seat, ended.finished_at);
            }
            (Fate::Failed, Some(at)) => {
                live.retries += 1;
                let attempt = call.attempt + 1;
                self.agenda.note(at, Task::Call(PendingCall { attempt, ..call }));
            }
            (Fate::Failed, None) => live.state = State::Failed,
            (Fate::Cancelled, _) => live.state = State::Cut,
        }
    }

    /// When a call that failed is sent again, if it is.
    fn retry_at(&self, call: &PendingCall, ended: &Ended) -> Option<RunOffset> {
        match self.on_failed_turn {
            OnFailedTurn::Retry { times, backoff } if self.sends && call.attempt < times.get() => {
                let factor = 1_u32.checked_shl(call.attempt).unwrap_or(u32::MAX);
                Some(ended.finished_at.after(backoff.saturating_mul(factor)))
            }
            OnFailedTurn::Retry { .. } | OnFailedTurn::EndSession => None,
        }
    }

    /// A task ended without a word: its request is counted as one whose record was lost.
    fn lose(&mut self, seat: Seat) {
        let control = &self.worker.control;
        control.finished.fetch_add(1, Ordering::Relaxed);
        control.records_lost.fetch_add(1, Ordering::Relaxed);
        if let Some(live) = self.live.get(seat) {
            live.in_flight -= 1;
            live.state = State::Failed;
        }
    }

    /// A session of a log gets no more calls than it has.
    pub(super) fn close(&mut self, seat: Seat) {
        if let Some(live) = self.live.get(seat) {
            live.more = More::No;
            self.settle(seat, self.now());
        }
    }

    /// Ends a session of which nothing can happen any more. In a closed load another one begins in its place.
    pub(super) fn settle(&mut self, seat: Seat, at: RunOffset) {
        if !self.live.get(seat).is_some_and(|live| live.is_over()) {
            return;
        }
        let Some(ended) = self.live.remove(seat) else { return };
        self.count(seat, &ended);
        if self.replaces && self.sends {
            let misses = ended.misses;
            self.agenda.note(backed_off(at, misses), Task::Begin { misses });
        }
    }

    /// Ends the sessions that are left when nothing is sent any more.
    pub(super) fn cut_all(&mut self) {
        for seat in self.live.seats() {
            if let Some(mut cut) = self.live.remove(seat) {
                // One whose last attempt failed is not saved by the end of the run.
                cut.state = match (cut.state, cut.retries) {
                    (State::Active, 0) => State::Cut,
                    (State::Active, _) => State::Failed,
                    (state, _) => state,
                };
                self.count(seat, &cut);
            }
        }
    }

    fn count(&mut self, seat: Seat, ended: &LiveSession) {
        let missing = u64::from(ended.waiting) + ended.session.remaining();
        self.counts.never_sent += missing;
        let (fate, count) = match ended.state {
            State::Failed => (SessionFate::Failed, &mut self.counts.failed),
            // One that waits for something that never comes is not complete.
            State::Active if missing == 0 => (SessionFate::Completed, &mut self.counts.completed),
            State::Active | State::Cut => (SessionFate::Cut, &mut self.counts.cut),
        };
        *count += 1;
        self.worker.control.sessions.fetch_sub(1, Ordering::Relaxed);
        self.worker.session_ended(SessionEnd {
            session: self.first_session + seat.number,
            phase: ended.phase,
            fate,
        });
    }
}

/// A session without a connection makes the next one in its place wait: a server that is gone must not turn the client into a
/// machine that fails as fast as it can.
fn backed_off(at: RunOffset, misses: u32) -> RunOffset {
    match misses.checked_sub(1) {
        None => at,
        Some(more) => at.after(LONGEST_BACKOFF.min(FIRST_BACKOFF.saturating_mul(1 << more.min(16)))),
    }
}
