//! The clock of the server: CLOCK_MONOTONIC in nanoseconds, and the time during which it works.
//!
//! Everything is due in *work time*, which is the monotonic clock with the scripted stall cut out: while the server stalls, work
//! time stands still, and all that was due comes later by the length of the stall. Without a stall both are the same.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The whole server stands still for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stall {
    /// When it begins, counted from the arrival of the first generation request.
    pub(crate) at: Duration,
    pub(crate) length: Duration,
}

/// The monotonic clock, and the stall.
#[derive(Debug)]
pub(crate) struct Clock {
    anchor: Instant,
    anchor_ns: u64,
    stall: Option<Stall>,
    first_arrival_ns: OnceLock<u64>,
}

impl Clock {
    pub(crate) fn new(stall: Option<Stall>) -> Self {
        Self {
            anchor: Instant::now(),
            anchor_ns: monotonic_ns(),
            stall,
            first_arrival_ns: OnceLock::new(),
        }
    }

    /// CLOCK_MONOTONIC now, in nanoseconds.
    pub(crate) fn now_ns(&self) -> u64 {
        monotonic_ns()
    }

    /// Tells the clock that a generation request arrived: the first one starts the wait for the stall.
    pub(crate) fn arrival(&self, arrived_ns: u64) {
        if self.stall.is_some() {
            self.first_arrival_ns.get_or_init(|| arrived_ns);
        }
    }

    /// The work time at a moment of the monotonic clock.
    pub(crate) fn work_at(&self, wall_ns: u64) -> u64 {
        match self.stall_ns() {
            Some((start, length)) if wall_ns >= start.saturating_add(length) => wall_ns - length,
            Some((start, _)) => wall_ns.min(start),
            None => wall_ns,
        }
    }

    /// The moment of the monotonic clock at which a work time is reached.
    pub(crate) fn wall_at(&self, work_ns: u64) -> u64 {
        match self.stall_ns() {
            Some((start, length)) if work_ns >= start => work_ns.saturating_add(length),
            _ => work_ns,
        }
    }

    /// The runtime's name for a moment of the monotonic clock.
    pub(crate) fn instant(&self, wall_ns: u64) -> tokio::time::Instant {
        (self.anchor + Duration::from_nanos(wall_ns.saturating_sub(self.anchor_ns))).into()
    }

    fn stall_ns(&self) -> Option<(u64, u64)> {
        let stall = self.stall?;
        let first = *self.first_arrival_ns.get()?;
        Some((first.saturating_add(nanos(stall.at)), nanos(stall.length)))
    }
}

/// A duration in nanoseconds; 584 years at most.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stalled_from_10_to_15() -> Clock {
        let clock = Clock::new(Some(Stall {
            at: Duration::from_nanos(10),
            length: Duration::from_nanos(5),
        }));
        clock.arrival(0);
        clock
    }

    #[test]
    fn work_stands_still_while_the_server_stalls() {
        let clock = stalled_from_10_to_15();
        let work: Vec<u64> = [9, 10, 12, 15, 16].map(|wall| clock.work_at(wall)).into();
        assert_eq!(work, [9, 10, 10, 10, 11]);
    }

    #[test]
    fn what_is_due_after_the_start_of_the_stall_comes_later_by_its_length() {
        let clock = stalled_from_10_to_15();
        assert_eq!([9, 10, 11].map(|work| clock.wall_at(work)), [9, 15, 16]);
    }

    #[test]
    fn the_stall_waits_for_the_first_request() {
        let clock = Clock::new(Some(Stall {
            at: Duration::ZERO,
            length: Duration::from_secs(1),
        }));
        assert_eq!(clock.wall_at(7), 7);
        clock.arrival(7);
        clock.arrival(9);
        assert_eq!(clock.wall_at(7), 1_000_000_007);
    }
}
