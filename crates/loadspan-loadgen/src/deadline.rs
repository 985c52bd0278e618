//! Deadlines of a request, at next to no cost while they hold.
//!
//! A timer armed anew for every read would cost more than the read. A [`Watchdog`] arms one timer for a slot and lets it fire
//! late: only when it fires is it looked up whether the deadline has moved on meanwhile.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use loadspan_record::{FailureKind, RunOffset};
use serde::Serialize;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::RunClock;

/// How long the parts of a request may take.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Deadlines {
    /// Opening a connection: TCP, proxy tunnel and TLS together.
    pub connect: Duration,
    /// From sending to the first byte of the response.
    pub first_byte: Duration,
    /// Between two reads of a response.
    pub idle: Duration,
    /// From sending to the end of the response.
    pub total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(600),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(21_600),
        }
    }
}

/// A point in time and the failure that passing it means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) at: RunOffset,
    pub(crate) kind: FailureKind,
}

impl Deadlines {
    /// The deadline of a request sent at `sent_at` of which nothing has come back.
    pub(crate) fn before_first_byte(&self, sent_at: RunOffset) -> Deadline {
        let first_byte = Deadline {
            at: sent_at.after(self.first_byte),
            kind: FailureKind::TimeoutFirstByte,
        };
        self.bounded_by_total(first_byte, sent_at)
    }

    /// The deadline of a response last read from at `read_at`.
    pub(crate) fn after_read(&self, sent_at: RunOffset, read_at: RunOffset) -> Deadline {
        let idle = Deadline {
            at: read_at.after(self.idle),
            kind: FailureKind::TimeoutIdle,
        };
        self.bounded_by_total(idle, sent_at)
    }

    fn bounded_by_total(&self, deadline: Deadline, sent_at: RunOffset) -> Deadline {
        let total = Deadline {
            at: sent_at.after(self.total),
            kind: FailureKind::TimeoutTotal,
        };
        if total.at < deadline.at { total } else { deadline }
    }
}

/// Why a [`Watchdog`] ended the wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// The deadline passed.
    Deadline(FailureKind),
    /// The run ended and this request with it.
    Cutoff,
}

/// The timer of one slot, used for one request after the other.
pub(crate) struct Watchdog {
    clock: RunClock,
    sleep: Pin<Box<Sleep>>,
    armed_for: RunOffset,
    cutoff: Rc<Cutoff>,
    seat: usize,
}

impl Watchdog {
    pub(crate) fn new(clock: RunClock, cutoff: &Rc<Cutoff>) -> Self {
        let armed_for = clock.now();
        let sleep = Box::pin(sleep_until(Instant::from_std(clock.instant(armed_for))));
        Self {
            clock,
            sleep,
            armed_for,
            cutoff: Rc::clone(cutoff),
            seat: cutoff.take_seat(),
        }
    }

    /// Ready when `deadline` has passed or the run has ended; else arranges to be woken then.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, deadline: Deadline) -> Poll<Expiry> {
        if self.cutoff.poll(cx, self.seat).is_ready() {
            return Poll::Ready(Expiry::Cutoff);
        }
        if deadline.at < self.armed_for {
            self.arm(deadline.at);
        }
        while self.sleep.as_mut().poll(cx).is_ready() {
            if self.clock.now() >= deadline.at {
                return Poll::Ready(Expiry::Deadline(deadline.kind));
            }
            self.arm(deadline.at);
        }
        Poll::Pending
    }

    /// Ready when the run has ended.
    pub(crate) fn poll_cutoff(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.cutoff.poll(cx, self.seat)
    }

    fn arm(&mut self, at: RunOffset) {
        self.armed_for = at;
        // A millisecond on top: the timer wheel must not fire before the deadline and be armed again for the rest.
        let instant = self.clock.instant(at) + Duration::from_millis(1);
        self.sleep.as_mut().reset(Instant::from_std(instant));
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.cutoff.leave(self.seat);
    }
}

/// Ends all requests of a worker at once. A request takes a seat once and pays a comparison per wait.
#[derive(Debug, Default)]
pub(crate) struct Cutoff {
    reached: Cell<bool>,
    seats: RefCell<Vec<Option<Waker>>>,
    free: RefCell<Vec<usize>>,
}

impl Cutoff {
    /// Wakes every request; from now on each ends as cancelled.
    pub(crate) fn reach(&self) {
        if !self.reached.replace(true) {
            self.seats.borrow().iter().flatten().for_each(Waker::wake_by_ref);
        }
    }

    fn take_seat(&self) -> usize {
        self.free.borrow_mut().pop().unwrap_or_else(|| {
            let mut seats = self.seats.borrow_mut();
            seats.push(None);
            seats.len() - 1
        })
    }

    fn poll(&self, cx: &Context<'_>, seat: usize) -> Poll<()> {
        if self.reached.get() {
            return Poll::Ready(());
        }
        let waker = &mut self.seats.borrow_mut()[seat];
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    fn leave(&self, seat: usize) {
        self.seats.borrow_mut()[seat] = None;
        self.free.borrow_mut().push(seat);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    fn watchdog() -> (Rc<Cutoff>, Watchdog, RunClock) {
        let (cutoff, clock) = (Rc::new(Cutoff::default()), RunClock::start());
        let watchdog = Watchdog::new(clock, &cutoff);
        (cutoff, watchdog, clock)
    }

    #[tokio::test]
    async fn the_earliest_of_the_deadlines_names_the_failure() {
        let deadlines = Deadlines {
            total: Duration::from_secs(5),
            ..Deadlines::default()
        };
        let sent = RunOffset::ZERO;
        assert_eq!(deadlines.before_first_byte(sent).kind, FailureKind::TimeoutTotal);
        let deadlines = Deadlines {
            idle: Duration::from_secs(1),
            ..deadlines
        };
        let read_at = RunOffset::from_nanos(1);
        assert_eq!(deadlines.after_read(sent, read_at).kind, FailureKind::TimeoutIdle);
    }

    #[tokio::test]
    async fn a_deadline_that_moves_earlier_is_kept() {
        let (_cutoff, mut watchdog, clock) = watchdog();
        let far = Deadline {
            at: clock.now().after(Duration::from_secs(60)),
            kind: FailureKind::TimeoutFirstByte,
        };
        let waits = poll_fn(|cx| Poll::Ready(watchdog.poll(cx, far).is_pending())).await;
        assert!(waits);
        let near = Deadline {
            at: clock.now().after(Duration::from_millis(5)),
            kind: FailureKind::TimeoutIdle,
        };
        let expiry = poll_fn(|cx| watchdog.poll(cx, near)).await;
        assert_eq!(expiry, Expiry::Deadline(FailureKind::TimeoutIdle));
        assert!(clock.now() >= near.at);
    }

    #[tokio::test]
    async fn the_cutoff_wakes_whoever_waits() {
        let local = tokio::task::LocalSet::new();
        let expiry = local
            .run_until(async {
                let (cutoff, mut watchdog, clock) = watchdog();
                let far = Deadline {
                    at: clock.now().after(Duration::from_secs(60)),
                    kind: FailureKind::TimeoutTotal,
                };
                let waiting = tokio::task::spawn_local(async move { poll_fn(|cx| watchdog.poll(cx, far)).await });
                tokio::task::yield_now().await;
                cutoff.reach();
                waiting.await
            })
            .await;
        assert_eq!(expiry.unwrap(), Expiry::Cutoff);
    }
}
