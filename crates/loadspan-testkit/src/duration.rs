//! Durations that read like sentences in a test: `40.ms()`, `every(10.ms())`.

use std::time::Duration;

/// Durations from whole numbers.
pub trait DurationExt {
    /// So many microseconds.
    fn us(self) -> Duration;
    /// So many milliseconds.
    fn ms(self) -> Duration;
    /// So many seconds.
    fn secs(self) -> Duration;
}

impl DurationExt for u64 {
    fn us(self) -> Duration {
        Duration::from_micros(self)
    }

    fn ms(self) -> Duration {
        Duration::from_millis(self)
    }

    fn secs(self) -> Duration {
        Duration::from_secs(self)
    }
}

/// An interval between tokens. Made by [`every`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every(pub(crate) Duration);

/// The interval between two tokens, as [`Script::tokens`](crate::Script::tokens) wants it.
#[must_use]
pub fn every(interval: Duration) -> Every {
    Every(interval)
}
