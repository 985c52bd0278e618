//! When to try again. While a backend fails, one payload probes it and the others wait.

use std::time::{Duration, Instant};

use uuid::Uuid;

/// Ceiling of the first wait; it doubles with each failure.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest ceiling.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// A backend that asks for more than this does not get it.
const LONGEST_WISH: Duration = Duration::from_secs(30);

/// How long to wait after so many failures in a row: full jitter, so that many clients do not come back together.
///
/// `random` is uniform over `u64`. A wish of the backend is honoured as it is.
pub(crate) fn wait_after(failures: u32, wish: Option<Duration>, random: u64) -> Duration {
    Waits::default().after(failures, wish, random)
}

/// How long the waits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waits {
    /// Ceiling of the first one; it doubles with each failure.
    pub(super) first: Duration,
}

impl Waits {
    fn after(self, failures: u32, wish: Option<Duration>, random: u64) -> Duration {
        if let Some(wish) = wish {
            return wish.min(LONGEST_WISH);
        }
        let doublings = failures.saturating_sub(1).min(16);
        let ceiling = self.first.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        ceiling.mul_f64(random as f64 / u64::MAX as f64)
    }
}

impl Default for Waits {
    fn default() -> Self {
        Self { first: FIRST_WAIT }
    }
}

/// Random bits for [`wait_after`].
pub(crate) fn random() -> u64 {
    Uuid::new_v4().as_u64_pair().1 << 2
}

/// What is known of a backend.
#[derive(Debug, Default)]
pub(super) struct Health {
    waits: Waits,
    outage: Option<Outage>,
}

#[derive(Debug)]
struct Outage {
    failures: u32,
    last_failed_at: Instant,
    probe_at: Instant,
    /// Whether the backend itself has said when.
    wished: bool,
}

/// An attempt that failed and may go well another time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setback {
    /// When the attempt began.
    pub(super) started_at: Instant,
    /// When it failed.
    pub(super) failed_at: Instant,
    /// When the backend wants to be asked again.
    pub(super) wish: Option<Duration>,
    /// Uniform over `u64`.
    pub(super) random: u64,
}

/// What a setback says about the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// It fails, so many times in a row now.
    Failing(u32),
    /// Nothing that was not known: the attempt was under way when another one failed.
    Old,
}

impl Health {
    pub(super) fn new(waits: Waits) -> Self {
        Self { waits, outage: None }
    }

    /// Takes note of a failed attempt.
    pub(super) fn failed(&mut self, setback: Setback) -> News {
        match &mut self.outage {
            Some(outage) if setback.started_at < outage.last_failed_at => {
                outage.heed(setback);
                News::Old
            }
            outage => {
                let failures = outage.as_ref().map_or(0, |outage| outage.failures) + 1;
                *outage = Some(Outage {
                    failures,
                    last_failed_at: setback.failed_at,
                    probe_at: setback.failed_at + self.waits.after(failures, setback.wish, setback.random),
                    wished: setback.wish.is_some(),
                });
                News::Failing(failures)
            }
        }
    }

    /// Takes note of an answer to an attempt that began at `started_at`. Attempts from before the failure prove nothing.
    pub(super) fn answered(&mut self, started_at: Instant) {
        self.outage = self.outage.take().filter(|outage| started_at < outage.last_failed_at);
    }

    /// Whether a payload may be sent now, beside `in_flight` others.
    pub(super) fn permits(&self, now: Instant, in_flight: usize) -> bool {
        self.outage
            .as_ref()
            .is_none_or(|outage| in_flight == 0 && now >= outage.probe_at)
    }

    /// When to probe. `None`: the backend is well.
    pub(super) fn probe_at(&self) -> Option<Instant> {
        self.outage.as_ref().map(|outage| outage.probe_at)
    }

    /// Probes at once, unless the backend itself has said when.
    pub(super) fn hurry(&mut self, now: Instant) {
        if let Some(outage) = self.outage.as_mut().filter(|outage| !outage.wished) {
            outage.probe_at = outage.probe_at.min(now);
        }
    }
}

impl Outage {
    /// A wish of the backend counts whichever attempt it comes with.
    fn heed(&mut self, setback: Setback) {
        let Some(wish) = setback.wish else { return };
        let wished_for = setback.failed_at + wish.min(LONGEST_WISH);
        if wished_for > self.probe_at {
            (self.probe_at, self.wished) = (wished_for, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_ceiling_and_are_spread_below_it() {
        let ceilings: Vec<_> = (1..=7)
            .map(|failures| wait_after(failures, None, u64::MAX).as_millis())
            .collect();
        assert_eq!(ceilings, [200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(wait_after(u32::MAX, None, u64::MAX), LONGEST_WAIT);
        assert_eq!(wait_after(3, None, 0), Duration::ZERO);
        assert_eq!(wait_after(3, None, u64::MAX / 2).as_millis(), 400);
    }

    #[test]
    fn a_wish_of_the_backend_is_honoured_within_reason() {
        assert_eq!(wait_after(1, Some(Duration::from_secs(7)), 0), Duration::from_secs(7));
        assert_eq!(wait_after(1, Some(Duration::from_secs(3600)), 0), LONGEST_WISH);
    }

    #[test]
    fn random_bits_cover_the_range() {
        let draws: Vec<_> = (0..64).map(|_| random()).collect();
        assert!(draws.iter().any(|&draw| draw > u64::MAX / 2) && draws.iter().any(|&draw| draw < u64::MAX / 2));
    }

    #[test]
    fn one_payload_probes_a_failing_backend_and_the_others_wait() {
        let mut health = Health::default();
        let start = Instant::now();
        assert!(health.permits(start, 3));
        assert_eq!(health.failed(setback(start, 0, 10)), News::Failing(1));
        assert!(!health.permits(at(start, 209), 0), "it is too early");
        assert!(health.permits(at(start, 210), 0));
        assert!(!health.permits(at(start, 210), 1), "somebody else is probing");
        health.answered(at(start, 210));
        assert!(health.permits(at(start, 211), 3));
    }

    #[test]
    fn attempts_from_before_the_failure_change_nothing() {
        let mut health = Health::default();
        let start = Instant::now();
        health.failed(setback(start, 0, 10));
        assert_eq!(health.failed(setback(start, 5, 20)), News::Old);
        assert_eq!(health.probe_at(), Some(at(start, 210)));
        health.answered(at(start, 5));
        assert_eq!(health.probe_at(), Some(at(start, 210)));
        assert_eq!(health.failed(setback(start, 210, 220)), News::Failing(2));
    }

    #[test]
    fn a_wish_counts_even_if_it_comes_with_an_old_attempt() {
        let mut health = Health::default();
        let start = Instant::now();
        health.failed(setback(start, 0, 10));
        let wish = Some(Duration::from_secs(2));
        health.failed(Setback {
            wish,
            ..setback(start, 5, 20)
        });
        assert_eq!(health.probe_at(), Some(at(start, 2020)));
        health.hurry(at(start, 30));
        assert_eq!(
            health.probe_at(),
            Some(at(start, 2020)),
            "the end of the run does not overrule it"
        );
    }

    #[test]
    fn the_end_of_a_run_does_not_wait_for_our_own_patience() {
        let mut health = Health::default();
        let start = Instant::now();
        health.failed(setback(start, 0, 10));
        health.hurry(at(start, 30));
        assert!(health.permits(at(start, 30), 0));
    }

    fn setback(start: Instant, started_ms: u64, failed_ms: u64) -> Setback {
        Setback {
            started_at: at(start, started_ms),
            failed_at: at(start, failed_ms),
            wish: None,
            random: u64::MAX,
        }
    }

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }
}
