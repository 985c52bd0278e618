//! For how long users think.

use std::time::Duration;

use rand_distr::{Distribution, Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;

use super::error::ConversationError;

/// A delay that is longer is taken for this: a day.
const LONGEST: f64 = 86_400.0;

/// A distribution of delays.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DelayConfig {
    /// The mean, in seconds.
    pub mean_s: f64,
    /// The standard deviation, in seconds. Without effect on exponential delays, of which it is the mean.
    pub stddev_s: f64,
    /// Its shape.
    pub shape: DelayShape,
}

/// The shape of a distribution of delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DelayShape {
    /// Normal; what would be below 0 is 0, which shifts the mean where the deviation is large.
    #[default]
    Normal,
    /// Exponential: most are short, few are long.
    Exponential,
    /// Lognormal, with this mean and this deviation: as people who read and type are found to be.
    Lognormal,
}

impl DelayConfig {
    /// A delay that is always the same.
    #[must_use]
    pub fn exactly(delay: Duration) -> Self {
        Self {
            mean_s: delay.as_secs_f64(),
            stddev_s: 0.0,
            shape: DelayShape::Normal,
        }
    }

    pub(super) fn check(&self) -> Result<(), ConversationError> {
        let in_range = |seconds: f64| (0.0..=LONGEST).contains(&seconds);
        if in_range(self.mean_s) && in_range(self.stddev_s) {
            Ok(())
        } else {
            Err(ConversationError::Delay {
                mean: self.mean_s,
                stddev: self.stddev_s,
            })
        }
    }

    /// A delay, multiplied by `ratio`.
    pub(super) fn draw(&self, ratio: f64, random: &mut Xoshiro256PlusPlus) -> Duration {
        let (mean, stddev) = (self.mean_s, self.stddev_s);
        let mut normal = || -> f64 { StandardNormal.sample(random) };
        let seconds = match self.shape {
            DelayShape::Normal if stddev == 0.0 => mean,
            DelayShape::Normal => mean + stddev * normal(),
            DelayShape::Lognormal if mean == 0.0 => 0.0,
            DelayShape::Lognormal => {
                let variance = (stddev / mean).powi(2).ln_1p();
                mean * (variance.sqrt() * normal() - variance / 2.0).exp()
            }
            DelayShape::Exponential => {
                let unit: f64 = Exp1.sample(random);
                mean * unit
            }
        };
        Duration::from_secs_f64((seconds * ratio).clamp(0.0, LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Stream;

    fn drawn(shape: DelayShape, mean_s: f64, stddev_s: f64) -> Vec<f64> {
        let config = DelayConfig {
            mean_s,
            stddev_s,
            shape,
        };
        let draw = |number| config.draw(1.0, &mut Stream::ThinkTime.random(7, number)).as_secs_f64();
        (0..50_000).map(draw).collect()
    }

    fn moments(values: &[f64]) -> (f64, f64) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn delays_have_the_mean_and_the_deviation_asked_for() {
        for (shape, stddev) in [
            (DelayShape::Normal, 0.5),
            (DelayShape::Lognormal, 1.5),
            (DelayShape::Exponential, 3.0),
        ] {
            let (mean, deviation) = moments(&drawn(shape, 3.0, stddev));
            assert!((mean - 3.0).abs() < 0.05, "{shape:?}: {mean}");
            assert!((deviation - stddev).abs() < 0.05, "{shape:?}: {deviation}");
        }
    }

    #[test]
    fn no_delay_is_negative_or_longer_than_a_day() {
        assert!(drawn(DelayShape::Normal, 0.1, 5.0).iter().all(|delay| *delay >= 0.0));
        let long = drawn(DelayShape::Lognormal, 80_000.0, 80_000.0);
        assert!(long.iter().all(|delay| *delay <= LONGEST));
    }

    #[test]
    fn a_delay_without_deviation_is_the_mean_times_the_ratio() {
        let config = DelayConfig::exactly(Duration::from_millis(800));
        let draw = |ratio| config.draw(ratio, &mut Stream::ThinkTime.random(7, 0));
        assert_eq!(
            (draw(1.0), draw(0.5), draw(0.0)),
            (Duration::from_millis(800), Duration::from_millis(400), Duration::ZERO)
        );
    }

    #[test]
    fn delays_out_of_range_are_refused() {
        for (mean_s, stddev_s) in [(-1.0, 0.0), (f64::NAN, 0.0), (1.0, -1.0), (1e9, 0.0)] {
            let shape = DelayShape::Normal;
            assert!(
                DelayConfig {
                    mean_s,
                    stddev_s,
                    shape
                }
                .check()
                .is_err()
            );
        }
    }
}
