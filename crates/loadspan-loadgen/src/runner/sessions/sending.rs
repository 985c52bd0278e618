//! Calls are sent when they are due and there is room for them.

use loadspan_record::{Failure, Outcome, RunOffset};

use super::agenda::{PendingCall, Task};
use super::dispatcher::Dispatcher;
use super::live::{LiveSession, State};
use crate::observer::Said;
use crate::runner::room::Room;
use crate::runner::slot::{Due, Slot, Turn, WrittenCall};
use crate::sessions::Unsendable;

impl Dispatcher<'_> {
    pub(super) async fn do_task(&mut self) {
        match self.agenda.take() {
            Some((at, Task::Begin { misses })) => self.begin_next(at, misses),
            Some((at, Task::Call(call))) => self.send_when_there_is_room(at, call).await,
            None => {}
        }
    }

    pub(super) async fn send_when_there_is_room(&mut self, at: RunOffset, call: PendingCall) {
        let is_wanted = |live: &mut LiveSession| live.state == State::Active;
        if !self.live.get(call.seat).is_some_and(is_wanted) {
            return;
        }
        let Some(room) = Room::take(self.worker, &mut self.held_until).await else {
            return self.agenda.note(at, Task::Call(call));
        };
        // It took a while, perhaps, and its session may have failed meanwhile.
        self.take_replies();
        let Some(phase) = self
            .live
            .get(call.seat)
            .filter(|live| live.state == State::Active)
            .map(|live| live.phase)
        else {
            return;
        };
        let worker = self.worker;
        let Some(index) = worker.admission.take_call(phase, self.now(), &worker.control) else {
            return self.agenda.note(at, Task::Call(call));
        };
        self.send((at, index), call, room);
    }

    fn send(&mut self, (at, index): (RunOffset, u64), call: PendingCall, room: Room) {
        let first = self.first_session;
        let held_back_ns = self.held_until.nanos_since(at);
        let Some(live) = self.live.get(call.seat) else { return };
        if call.attempt == 0 {
            live.waiting -= 1;
        } else {
            live.retries -= 1;
        }
        let due = Due {
            index,
            phase: live.phase,
            scheduled_at: at,
            held_back_ns,
            turn: Some(Turn {
                session: first + call.seat.number,
                number: call.call,
                of: (live.turns > 0).then_some(live.turns),
                attempt: call.attempt,
            }),
        };
        let written = self
            .worker
            .scratch
            .borrow_mut()
            .write_call(self.worker, &mut *live.session, call.call);
        match written {
            Ok(written) => {
                live.in_flight += 1;
                self.launch(due, (call, written), room);
            }
            Err(unsendable) => {
                live.state = State::Failed;
                self.counts.unsendable += 1;
                self.record_unsendable(due, unsendable);
                self.settle(call.seat, self.now());
            }
        }
    }

    /// Hands a call to a slot and a task of its own.
    fn launch(&mut self, due: Due, (call, written): (PendingCall, WrittenCall), room: Room) {
        self.in_flight += 1;
        self.counts.calls += 1;
        self.counts.retries += u64::from(call.attempt > 0);
        let mut slot = self.idle.take().unwrap_or_else(|| Slot::new(self.worker));
        let owed = self.replies.owe(call);
        // In a box of its own: tokio aligns tasks to 128 bytes, and glibc does not find the hole that such a block has left when the
        // next one of its size is asked for. With what sessions keep in between, each would cost 3 kB that nobody uses.
        tokio::task::spawn_local(Box::pin(async move {
            let ended = slot.send(due, Some(written)).await;
            drop(room);
            owed.give(ended, slot);
        }));
    }

    fn record_unsendable(&self, due: Due, unsendable: Unsendable) {
        let target = due.target(self.worker.routes.len());
        let mut record = self.worker.blank_record(due, target);
        record.timings.finished_at = self.now();
        record.outcome = Outcome::Failed(Failure::with_message(unsendable.kind, unsendable.message));
        self.worker.finish(record, Said::default());
    }

    /// Counts what was due before sending stopped, where that does not depend on the server: arrivals, and calls held back.
    pub(super) fn count_unsent(&mut self) {
        if self.replaces || self.worker.admission.is_exhausted() {
            return;
        }
        let control = &self.worker.control;
        let mut held = Vec::new();
        for (at, call) in self.agenda.calls() {
            if self.live.get(call.seat).is_some_and(|live| live.state == State::Active) {
                held.push(at);
            }
        }
        held.sort_unstable();
        control.count_unsent(held.into_iter());
        if self.admits {
            control.count_unsent(self.source.rest());
        }
    }
}
