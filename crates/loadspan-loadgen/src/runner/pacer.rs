//! Sleeping to a point in time, more finely than tokio's timers.
//!
//! Tokio's timer wheel turns once a millisecond, which alone would use up the lag that an open load may have. On Linux a `timerfd`
//! wakes the same event loop within some 50 µs; elsewhere the wheel has to do.

use loadspan_record::RunOffset;

use crate::RunClock;

/// A timer of one task.
#[derive(Debug)]
pub(crate) struct Pacer {
    clock: RunClock,
    /// Reads like a pipe, and as one it is waited for: tokio's type for arbitrary descriptors takes `unsafe`.
    #[cfg(target_os = "linux")]
    timer: tokio::net::unix::pipe::Receiver,
}

#[cfg(target_os = "linux")]
impl Pacer {
    /// A timer on the current runtime.
    ///
    /// # Errors
    ///
    /// No file descriptor is left.
    pub(crate) fn new(clock: RunClock) -> std::io::Result<Self> {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self {
            clock,
            timer: tokio::net::unix::pipe::Receiver::from_owned_fd_unchecked(timer)?,
        })
    }

    /// Returns at `at`, or at once when that has passed.
    pub(crate) async fn sleep_until(&mut self, at: RunOffset) {
        use std::os::fd::AsFd;

        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        let nanos = self.clock.anchor().monotonic_start_ns.saturating_add(at.as_nanos());
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let value = Timespec {
            tv_sec: (nanos / 1_000_000_000) as i64,
            tv_nsec: (nanos % 1_000_000_000) as i64,
        };
        let spec = Itimerspec {
            it_interval: zero,
            it_value: value,
        };
        // Armed anew each time: a timer that fired too early would never fire again.
        while self.clock.now() < at {
            let armed = timerfd_settime(self.timer.as_fd(), TimerfdTimerFlags::ABSTIME, &spec);
            if armed.is_err() || self.timer.readable().await.is_err() {
                return self.sleep_coarsely(at).await;
            }
            // The number of expirations is of no interest; reading it makes the descriptor wait again.
            let _ = self.timer.try_read(&mut [0; 8]);
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Pacer {
    /// A timer on the current runtime.
    ///
    /// # Errors
    ///
    /// None on this system.
    pub(crate) fn new(clock: RunClock) -> std::io::Result<Self> {
        Ok(Self { clock })
    }

    /// Returns at `at`, or at once when that has passed.
    pub(crate) async fn sleep_until(&mut self, at: RunOffset) {
        self.sleep_coarsely(at).await;
    }
}

impl Pacer {
    async fn sleep_coarsely(&self, at: RunOffset) {
        tokio::time::sleep_until(self.clock.instant(at).into()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn it_never_returns_early() {
        let clock = RunClock::start();
        let mut pacer = Pacer::new(clock).unwrap();
        for step in 1..20 {
            let at = clock.now().after(Duration::from_micros(step * 37));
            pacer.sleep_until(at).await;
            assert!(clock.now() >= at);
        }
    }
}
