//! Sessions begin: by themselves, or in the place of one that ended.

use std::sync::atomic::Ordering;

use loadspan_record::{Phase, RunOffset};

use super::agenda::{PendingCall, Task};
use super::dispatcher::Dispatcher;
use super::live::{LiveSession, More, Seat, State};
use super::source::Arrival;
use crate::sessions::{DueCall, LogEvent, Session};

impl Dispatcher<'_> {
    pub(super) fn take_arrival(&mut self) {
        let Some(Arrival { at, number, event }) = self.source.take() else {
            return;
        };
        match event {
            None => {
                let made = self.sessions.session(self.first_made + number);
                self.arrives(at, number, made, More::No);
            }
            Some(LogEvent::Whole(session)) => self.arrives(at, number, Some(session), More::No),
            Some(LogEvent::Begins(session)) => self.arrives(at, number, Some(session), More::MayCome),
            Some(LogEvent::GoesOn) => self.resume(at, number),
            Some(LogEvent::Ends) => {
                if let Some(seat) = self.open.remove(&number) {
                    self.close(seat);
                }
            }
        }
    }

    fn arrives(&mut self, at: RunOffset, number: u64, session: Option<Box<dyn Session>>, more: More) {
        let admitted = self.worker.admission.arrives(number, at, &self.worker.control);
        match (admitted.filter(|_| self.admits), session) {
            (Some(admitted), Some(session)) => {
                let seat = self.begin((at, number), session, (admitted.phase, more, 0));
                if more == More::MayCome {
                    self.open.insert(number, seat);
                }
            }
            // Those of a log that have begun go on, and the log is read on for them.
            _ => {
                self.admits = false;
                if self.open.is_empty() {
                    self.source.close();
                }
            }
        }
    }

    /// A session of a closed load begins, if there is one more.
    pub(super) fn begin_next(&mut self, at: RunOffset, misses: u32) {
        let admitted = if self.admits {
            self.worker.admission.next(at, &self.worker.control)
        } else {
            None
        };
        let made = admitted.and_then(|admitted| {
            let session = self.sessions.session(self.first_made + admitted.number)?;
            Some((admitted, session))
        });
        match made {
            Some((admitted, session)) => {
                self.begin((at, admitted.number), session, (admitted.phase, More::No, misses));
            }
            None => self.admits = false,
        }
    }

    fn begin(
        &mut self,
        (at, number): (RunOffset, u64),
        mut session: Box<dyn Session>,
        (phase, more, misses): (Phase, More, u32),
    ) -> Seat {
        self.due.clear();
        session.begin(&mut self.due);
        let turns = match more {
            More::MayCome => 0,
            More::No => self.due.len() as u64 + session.remaining(),
        };
        self.counts.started += 1;
        self.worker.control.sessions.fetch_add(1, Ordering::Relaxed);
        self.next_session = self.next_session.max(self.first_session + number + 1);
        let seat = self.live.seat(
            number,
            LiveSession {
                session,
                in_flight: 0,
                waiting: 0,
                retries: 0,
                turns: u32::try_from(turns).unwrap_or(0),
                misses,
                phase,
                state: State::Active,
                more,
            },
        );
        self.note_due(seat, at);
        self.settle(seat, at);
        seat
    }

    /// A session of a log has one more call.
    fn resume(&mut self, at: RunOffset, number: u64) {
        // One that did not begin is none of this load.
        let Some(seat) = self.open.get(&number).copied() else {
            return;
        };
        match self.live.get(seat) {
            Some(live) if live.state == State::Active => {
                self.due.clear();
                live.session.resumed(&mut self.due);
                self.note_due(seat, at);
            }
            // It has failed: the call is not sent.
            _ => self.counts.never_sent += 1,
        }
    }

    /// Puts on the agenda what a session says is due, counted from `base`.
    pub(super) fn note_due(&mut self, seat: Seat, base: RunOffset) {
        let Some(live) = self.live.get(seat) else { return };
        for DueCall { call, wait, not_before } in self.due.drain(..) {
            let earliest = not_before.map_or(RunOffset::ZERO, |offset| self.start.after(offset));
            let task = Task::Call(PendingCall { seat, call, attempt: 0 });
            live.waiting += 1;
            self.agenda.note(base.after(wait).max(earliest), task);
        }
    }
}
