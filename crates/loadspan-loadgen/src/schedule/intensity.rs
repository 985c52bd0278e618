//! The rate of the load over time, as a map from units of expected requests to seconds.
//!
//! A process of rate 1 becomes one of rate λ(t) when each arrival `s` is moved to the time at which `s` requests are
//! expected to have come, the inverse of Λ(t) = ∫λ. This holds for every process alike, which is why ramps know nothing of
//! how gaps are distributed.

use std::time::Duration;

use super::arrivals::OperationalTime;

/// A rate that grows linearly from 0 over the ramp and stays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intensity {
    rate: f64,
    ramp_secs: f64,
}

impl Intensity {
    pub(super) fn new(rate: f64, ramp: Duration) -> Self {
        Self {
            rate,
            ramp_secs: ramp.as_secs_f64(),
        }
    }

    /// Seconds from the start until `due` requests are expected. Exact to a few units in the last place, and never less for
    /// a later `due`: each step rounds monotonically.
    pub(super) fn time_of(&self, due: OperationalTime) -> f64 {
        let requests = due.whole as f64 + due.fraction;
        let at_full_rate = requests / self.rate;
        if requests < self.rate * self.ramp_secs / 2.0 {
            // From Λ(t) = rate·t² / (2·ramp).
            (2.0 * self.ramp_secs * at_full_rate).sqrt().min(self.ramp_secs)
        } else {
            // From Λ(t) = rate·ramp/2 + rate·(t − ramp): half of the ramp is lost for good.
            (self.ramp_secs / 2.0 + at_full_rate).max(self.ramp_secs)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time_of(intensity: Intensity, requests: u64) -> f64 {
        intensity.time_of(OperationalTime {
            whole: requests,
            fraction: 0.0,
        })
    }

    #[test]
    fn half_of_what_the_full_rate_sends_is_sent_in_the_ramp() {
        let intensity = Intensity::new(10.0, Duration::from_secs(8));
        assert_eq!(time_of(intensity, 0), 0.0);
        assert_eq!(time_of(intensity, 10), 4.0);
        assert_eq!(time_of(intensity, 40), 8.0);
        assert_eq!(time_of(intensity, 50), 9.0);
    }

    #[test]
    fn without_a_ramp_the_rate_is_full_at_once() {
        let intensity = Intensity::new(4.0, Duration::ZERO);
        assert_eq!(time_of(intensity, 6), 1.5);
    }
}
