//! The run's clock: the only place where a [`RunOffset`] is made from real time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use loadspan_record::RunOffset;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Turns instants of the monotonic clock into offsets from the start of the run.
#[derive(Debug, Clone, Copy)]
pub struct RunClock {
    origin: Instant,
    anchor: ClockAnchor,
}

/// Where the start of the run lies on the clocks of the host, so that other programs can align their data with ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockAnchor {
    /// Wall clock at the start, nanoseconds since 1970.
    pub wall_start_unix_ns: u64,
    /// `CLOCK_MONOTONIC` at the start, in nanoseconds.
    pub monotonic_start_ns: u64,
}

impl RunClock {
    /// A clock whose offset zero is now.
    #[must_use]
    pub fn start() -> Self {
        // In this order a timer set by the anchor fires after the instant it stands for, never before it.
        let origin = Instant::now();
        let monotonic = clock_gettime(ClockId::Monotonic);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let anchor = ClockAnchor {
            wall_start_unix_ns: wall.as_nanos() as u64,
            monotonic_start_ns: monotonic.tv_sec as u64 * 1_000_000_000 + monotonic.tv_nsec as u64,
        };
        Self { origin, anchor }
    }

    /// Time since the start of the run.
    #[must_use]
    pub fn now(&self) -> RunOffset {
        RunOffset::from_nanos(self.origin.elapsed().as_nanos() as u64)
    }

    /// The instant of an offset. One that the operating system cannot express is as far away as makes no difference: 30 years.
    #[must_use]
    pub fn instant(&self, offset: RunOffset) -> Instant {
        let far = Duration::from_secs(30 * 365 * 86_400);
        self.origin + offset.as_duration().min(far)
    }

    /// Where the start of the run lies on the clocks of the host.
    #[must_use]
    pub fn anchor(&self) -> ClockAnchor {
        self.anchor
    }
}
