//! Points in time of a run, as offsets from its start.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: nanoseconds since the start of the run on the monotonic clock.
///
/// Only the run's clock makes one from a real instant; here it is plain arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunOffset(u64);

impl RunOffset {
    /// The start of the run.
    pub const ZERO: Self = Self(0);

    /// The point `nanos` nanoseconds after the start of the run.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The point `duration` after the start of the run. Saturates after 584 years.
    #[must_use]
    pub fn from_duration(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Nanoseconds since the start of the run.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start of the run.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Time since the start of the run.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Nanoseconds from `earlier` to here; zero when `earlier` is later.
    #[must_use]
    pub const fn nanos_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Milliseconds from `earlier` to here; zero when `earlier` is later.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> f64 {
        self.nanos_since(earlier) as f64 / 1e6
    }

    /// This point moved by `duration` towards the future.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(Self::from_duration(duration).0))
    }
}
