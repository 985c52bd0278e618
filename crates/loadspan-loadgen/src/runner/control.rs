//! What the threads of a run share: atomics, and no lock.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use loadspan_record::{Phase, RunOffset};
use tokio::sync::Semaphore;

use super::plan::{Limits, Warmup};
use crate::StopReason;

/// "Not yet", for a point in time.
const UNSET: u64 = u64::MAX;

/// The course of a run.
#[derive(Debug)]
pub(crate) struct Control {
    grace: Duration,
    duration: Option<Duration>,
    load_start: AtomicU64,
    measure_start: AtomicU64,
    /// Nothing is sent from here on.
    send_until: AtomicU64,
    /// What is in flight is given up here.
    cutoff_at: AtomicU64,
    reason: AtomicU8,
    waiting_for: AtomicUsize,
    /// Room under the `max_concurrency` of an open load. The one lock that workers share, held for an instant by requests of loads
    /// that have such a limit: parts of it for each worker would hold requests back while others have room.
    pub(crate) room: Option<Arc<Semaphore>>,
    /// Sessions that have begun and not ended.
    pub(crate) sessions: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) finished: AtomicU64,
    pub(crate) unsent: AtomicU64,
    pub(crate) records_lost: AtomicU64,
}

impl Control {
    pub(crate) fn new(limits: &Limits, workers: usize) -> Self {
        Self {
            grace: limits.grace,
            duration: limits.duration,
            load_start: AtomicU64::new(UNSET),
            measure_start: AtomicU64::new(UNSET),
            send_until: AtomicU64::new(UNSET),
            cutoff_at: AtomicU64::new(UNSET),
            reason: AtomicU8::new(StopReason::Finished as u8),
            waiting_for: AtomicUsize::new(workers),
            room: None,
            sessions: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            unsent: AtomicU64::new(0),
            records_lost: AtomicU64::new(0),
        }
    }

    /// Room for so many requests in flight, over all workers.
    pub(crate) fn with_room(mut self, limit: Option<NonZeroU32>) -> Self {
        self.room = limit.map(|limit| Arc::new(Semaphore::new(limit.get() as usize)));
        self
    }

    /// A worker is ready. When the last one is, the load starts `ahead` of now.
    pub(crate) fn worker_is_ready(&self, now: RunOffset, ahead: Duration) {
        if self.waiting_for.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.load_start.store(now.after(ahead).as_nanos(), Ordering::Release);
        }
    }

    /// When the load starts; `None` while a worker is not ready.
    pub(crate) fn load_start(&self) -> Option<RunOffset> {
        offset(self.load_start.load(Ordering::Acquire))
    }

    pub(crate) fn measure_start(&self) -> Option<RunOffset> {
        offset(self.measure_start.load(Ordering::Acquire))
    }

    /// Measuring begins at `at`, unless it began before; the duration runs from there.
    pub(crate) fn begin_measuring(&self, at: RunOffset) {
        let began = self
            .measure_start
            .compare_exchange(UNSET, at.as_nanos(), Ordering::AcqRel, Ordering::Relaxed);
        if let (Ok(_), Some(duration)) = (began, self.duration) {
            let end = at.after(duration);
            self.send_until.fetch_min(end.as_nanos(), Ordering::AcqRel);
            self.cutoff_at
                .fetch_min(end.after(self.grace).as_nanos(), Ordering::AcqRel);
        }
    }

    /// Stops sending now, and gives up what is in flight `drain` later. The first reason stands.
    pub(crate) fn stop(&self, reason: StopReason, now: RunOffset, drain: Duration) {
        let finished = StopReason::Finished as u8;
        let _ = self
            .reason
            .compare_exchange(finished, reason as u8, Ordering::AcqRel, Ordering::Relaxed);
        self.send_until.fetch_min(now.as_nanos(), Ordering::AcqRel);
        self.cutoff_at.fetch_min(now.after(drain).as_nanos(), Ordering::AcqRel);
    }

    /// Stops sending now, because all that was to be sent has been.
    pub(crate) fn end_sending(&self, now: RunOffset) {
        self.send_until.fetch_min(now.as_nanos(), Ordering::AcqRel);
    }

    pub(crate) fn stop_reason(&self) -> StopReason {
        [
            StopReason::Finished,
            StopReason::Interrupted,
            StopReason::FailureThreshold,
        ][usize::from(self.reason.load(Ordering::Acquire))]
    }

    pub(crate) fn may_send(&self, now: RunOffset) -> bool {
        now.as_nanos() < self.send_until.load(Ordering::Acquire)
    }

    pub(crate) fn is_cut_off(&self, now: RunOffset) -> bool {
        now.as_nanos() >= self.cutoff_at.load(Ordering::Acquire)
    }

    /// Gives up the run: a worker broke down, and the others would wait for it.
    pub(crate) fn break_down(&self, now: RunOffset) {
        self.stop(StopReason::Interrupted, now, Duration::ZERO);
    }

    /// Counts those of `due` that were due before sending stopped.
    pub(crate) fn count_unsent(&self, due: impl Iterator<Item = RunOffset>) {
        let until = self.send_until.load(Ordering::Acquire);
        let unsent = due.take_while(|at| at.as_nanos() < until).count();
        self.unsent.fetch_add(unsent as u64, Ordering::Relaxed);
    }

    pub(crate) fn in_flight(&self) -> u64 {
        // Read in this order, a request that ends in between makes the figure too small, never negative.
        let finished = self.finished.load(Ordering::Relaxed);
        self.sent.load(Ordering::Relaxed).saturating_sub(finished)
    }
}

fn offset(nanos: u64) -> Option<RunOffset> {
    (nanos != UNSET).then(|| RunOffset::from_nanos(nanos))
}

/// Permission to send one request of a closed load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) index: u64,
    pub(crate) phase: Phase,
}

/// Gives out the requests of a closed load, to whichever worker has a free slot.
#[derive(Debug)]
pub(crate) struct Tickets {
    warmup: Warmup,
    limit: u64,
    next_index: AtomicU64,
    warmup_taken: AtomicU64,
    measured_taken: AtomicU64,
}

impl Tickets {
    /// The first request gets the number `first`.
    pub(crate) fn new(warmup: Warmup, limits: &Limits, first: u64) -> Self {
        Self {
            warmup,
            limit: limits.requests.unwrap_or(u64::MAX),
            next_index: AtomicU64::new(first),
            warmup_taken: AtomicU64::new(0),
            measured_taken: AtomicU64::new(0),
        }
    }

    /// The next request, sent `now`; `None` when there is none to be sent any more.
    pub(crate) fn take(&self, now: RunOffset, control: &Control) -> Option<Ticket> {
        if !control.may_send(now) {
            return None;
        }
        let phase = self.phase(now, control);
        if phase == Phase::Measure {
            control.begin_measuring(now);
            if self.measured_taken.fetch_add(1, Ordering::Relaxed) >= self.limit {
                return None;
            }
        }
        Some(Ticket {
            index: self.next_index.fetch_add(1, Ordering::Relaxed),
            phase,
        })
    }

    fn phase(&self, now: RunOffset, control: &Control) -> Phase {
        let warm = match self.warmup {
            Warmup::None => false,
            Warmup::Requests(count) | Warmup::Sessions(count) => {
                self.warmup_taken.load(Ordering::Relaxed) < count
                    && self.warmup_taken.fetch_add(1, Ordering::Relaxed) < count
            }
            Warmup::Duration(duration) => control.load_start().is_some_and(|start| now < start.after(duration)),
        };
        if warm { Phase::Warmup } else { Phase::Measure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(requests: Option<u64>, duration: Option<Duration>) -> Limits {
        Limits {
            sessions: None,
            requests,
            duration,
            grace: Duration::from_secs(5),
            drain: Duration::from_secs(1),
            failures: None,
        }
    }

    fn at(millis: u64) -> RunOffset {
        RunOffset::from_duration(Duration::from_millis(millis))
    }

    #[test]
    fn warm_up_hands_over_to_exactly_as_many_measured_requests() {
        let limits = limits(Some(3), None);
        let (control, tickets) = (Control::new(&limits, 1), Tickets::new(Warmup::Requests(2), &limits, 0));
        let phases: Vec<_> = std::iter::from_fn(|| tickets.take(at(1), &control))
            .map(|ticket| ticket.phase)
            .collect();
        assert_eq!(phases, [[Phase::Warmup; 2].as_slice(), &[Phase::Measure; 3]].concat());
        assert_eq!(control.measure_start(), Some(at(1)));
    }

    #[test]
    fn the_duration_runs_from_the_first_measured_request() {
        let limits = limits(None, Some(Duration::from_secs(1)));
        let (control, tickets) = (
            Control::new(&limits, 1),
            Tickets::new(Warmup::Duration(Duration::from_millis(50)), &limits, 0),
        );
        control.worker_is_ready(at(0), Duration::ZERO);
        assert_eq!(tickets.take(at(49), &control).unwrap().phase, Phase::Warmup);
        assert_eq!(tickets.take(at(60), &control).unwrap().phase, Phase::Measure);
        assert!(tickets.take(at(1059), &control).is_some());
        assert!(tickets.take(at(1060), &control).is_none());
        assert!(!control.is_cut_off(at(6059)) && control.is_cut_off(at(6060)));
    }

    #[test]
    fn an_interruption_never_prolongs_a_run() {
        let control = Control::new(&limits(None, Some(Duration::from_secs(1))), 1);
        control.begin_measuring(at(0));
        control.stop(StopReason::Interrupted, at(500), Duration::from_secs(60));
        control.stop(StopReason::FailureThreshold, at(600), Duration::from_secs(60));
        assert_eq!(control.stop_reason(), StopReason::Interrupted);
        assert!(!control.may_send(at(500)) && control.is_cut_off(at(6000)));
    }
}
