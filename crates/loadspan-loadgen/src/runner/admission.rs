//! Which sessions of a load begin, and which of their calls are sent. Shared by the workers: atomics, and no lock.

use std::sync::atomic::{AtomicU64, Ordering};

use loadspan_record::{Phase, RunOffset};

use super::control::Control;
use super::plan::{LoadConfig, Warmup};

/// Gives out numbers to sessions and to their calls, while there are to be more.
#[derive(Debug)]
pub(crate) struct Admission {
    warmup: Warmup,
    /// Measured sessions that may begin, and measured calls that may be sent.
    session_limit: u64,
    call_limit: u64,
    next_session: AtomicU64,
    next_index: AtomicU64,
    measured_sessions: AtomicU64,
    warmup_calls: AtomicU64,
    measured_calls: AtomicU64,
}

/// A session that may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// Its number in its stage, from 0.
    pub(crate) number: u64,
    /// That of all of its calls.
    pub(crate) phase: Phase,
}

impl Admission {
    /// The first call gets the number `first_index`.
    pub(crate) fn new(load: &LoadConfig, first_index: u64) -> Self {
        Self {
            warmup: load.warmup,
            session_limit: load.limits.sessions.unwrap_or(u64::MAX),
            call_limit: load.limits.requests.unwrap_or(u64::MAX),
            next_session: AtomicU64::new(0),
            next_index: AtomicU64::new(first_index),
            measured_sessions: AtomicU64::new(0),
            warmup_calls: AtomicU64::new(0),
            measured_calls: AtomicU64::new(0),
        }
    }

    /// The next session of a closed load, which begins at `at`; `None` when none is to begin any more.
    pub(crate) fn next(&self, at: RunOffset, control: &Control) -> Option<Admitted> {
        let number = self.next_session.fetch_add(1, Ordering::Relaxed);
        self.arrives(number, at, control)
    }

    /// Session number `number`, which arrives at `at`; `None` when none is to begin any more. Where the number decides, it does so
    /// whatever other workers have begun meanwhile.
    pub(crate) fn arrives(&self, number: u64, at: RunOffset, control: &Control) -> Option<Admitted> {
        let phase = self.phase(number, at, control);
        if phase == Phase::Measure {
            let place = match self.warmup {
                Warmup::None => number,
                Warmup::Sessions(count) => number - count,
                Warmup::Requests(_) | Warmup::Duration(_) => self.measured_sessions.fetch_add(1, Ordering::Relaxed),
            };
            if place >= self.session_limit {
                return None;
            }
            control.begin_measuring(at);
        }
        Some(Admitted { number, phase })
    }

    fn phase(&self, number: u64, at: RunOffset, control: &Control) -> Phase {
        let warm = match self.warmup {
            Warmup::None => false,
            Warmup::Sessions(count) => number < count,
            Warmup::Requests(count) => self.warmup_calls.load(Ordering::Relaxed) < count,
            Warmup::Duration(duration) => control.load_start().is_some_and(|start| at < start.after(duration)),
        };
        if warm { Phase::Warmup } else { Phase::Measure }
    }

    /// The number of a call that is sent `now`, as a request of the run; `None` when none is to be sent any more. Whoever takes the
    /// last one ends the sending, so that no worker waits for calls that are due later.
    pub(crate) fn take_call(&self, phase: Phase, now: RunOffset, control: &Control) -> Option<u64> {
        if phase == Phase::Measure {
            let place = self.measured_calls.fetch_add(1, Ordering::Relaxed);
            if place.saturating_add(1) >= self.call_limit {
                control.end_sending(now);
            }
            if place >= self.call_limit {
                return None;
            }
        } else {
            self.warmup_calls.fetch_add(1, Ordering::Relaxed);
        }
        Some(self.next_index.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether as many calls have been sent as were to be.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.measured_calls.load(Ordering::Relaxed) >= self.call_limit
    }
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU32, NonZeroUsize};
    use std::time::Duration;

    use super::*;
    use crate::runner::plan::{Limits, LoadModel, OnFailedTurn};

    fn admission(warmup: Warmup, sessions: Option<u64>, requests: Option<u64>) -> (Admission, Control) {
        let load = LoadConfig {
            model: LoadModel::Closed {
                concurrency: NonZeroU32::MIN,
                ramp: None,
            },
            warmup,
            limits: Limits {
                requests,
                sessions,
                duration: None,
                grace: Duration::ZERO,
                drain: Duration::ZERO,
                failures: None,
            },
            workers: NonZeroUsize::MIN,
            on_failed_turn: OnFailedTurn::EndSession,
        };
        (Admission::new(&load, 10), Control::new(&load.limits, 1))
    }

    fn at(millis: u64) -> RunOffset {
        RunOffset::from_duration(Duration::from_millis(millis))
    }

    fn phases(admission: &Admission, control: &Control) -> Vec<Phase> {
        std::iter::from_fn(|| admission.next(at(5), control))
            .map(|admitted| admitted.phase)
            .collect()
    }

    #[test]
    fn so_many_sessions_are_warm_up_and_so_many_are_measured() {
        let (admission, control) = admission(Warmup::Sessions(2), Some(1), None);
        assert_eq!(
            phases(&admission, &control),
            [Phase::Warmup, Phase::Warmup, Phase::Measure]
        );
        assert_eq!(control.measure_start(), Some(at(5)));
    }

    #[test]
    fn a_session_is_warm_up_until_so_many_calls_have_been_sent() {
        let (admission, control) = admission(Warmup::Requests(1), Some(1), None);
        assert_eq!(admission.next(at(1), &control).unwrap().phase, Phase::Warmup);
        assert_eq!(admission.take_call(Phase::Warmup, at(2), &control), Some(10));
        assert_eq!(phases(&admission, &control), [Phase::Measure]);
        assert_eq!(admission.take_call(Phase::Warmup, at(6), &control), Some(11));
    }

    #[test]
    fn the_last_call_ends_the_sending() {
        let (admission, control) = admission(Warmup::None, None, Some(2));
        assert_eq!(admission.take_call(Phase::Measure, at(1), &control), Some(10));
        assert!(control.may_send(at(2)) && !admission.is_exhausted());
        assert_eq!(admission.take_call(Phase::Measure, at(2), &control), Some(11));
        assert!(!control.may_send(at(2)) && admission.is_exhausted());
        assert_eq!(admission.take_call(Phase::Measure, at(2), &control), None);
        assert_eq!(control.stop_reason(), crate::StopReason::Finished);
    }
}
