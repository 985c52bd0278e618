//! When requests are sent: an endless, seeded sequence of offsets from the start of the load.
//!
//! A schedule is absolute. Each offset is computed from the configuration alone, never from when an earlier request was
//! sent or answered, so that drift cannot accumulate and a slow server cannot slow the load down. It is also the same on
//! every machine that is given the same configuration, which is how a load is split over workers and hosts: each computes
//! the whole and keeps its own [`Partition`].
//!
//! Nothing here sleeps or reads a clock.

mod arrivals;
mod intensity;

use std::{num::NonZeroU64, time::Duration};

use serde::Serialize;

use self::{
    arrivals::{Arrivals, OperationalTime},
    intensity::Intensity,
};

/// How the gaps between requests are distributed. The mean gap is the same for all: one over the rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ArrivalProcess {
    /// Equal gaps; the first request at 0.
    Constant,
    /// Independent exponential gaps: what many users who know nothing of each other make.
    Poisson,
    /// Independent gamma gaps.
    Gamma {
        /// The shape of the distribution, above 0. 1 is Poisson, more is smoother, less is burstier: the variance of a gap is
        /// the mean squared over this.
        smoothness: f64,
    },
}

/// What makes a [`Schedule`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScheduleConfig {
    /// Requests a second, once the ramp is over. Above 0 and finite.
    pub rate: f64,
    /// How the gaps are distributed.
    pub process: ArrivalProcess,
    /// How long the rate takes to grow, linearly, from 0 to `rate`. `None`: the full rate at once.
    pub ramp: Option<Duration>,
    /// The same seed gives the same schedule. Constant schedules do not depend on it.
    pub seed: u64,
}

/// One of `of` equal parts of a load: it takes every `of`-th request, beginning with number `index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Which part, from 0. A part that does not exist (`index >= of`) is empty.
    pub index: u64,
    /// How many parts there are.
    pub of: NonZeroU64,
}

/// An endless iterator over the offsets of the requests from the start of the load, in order.
///
/// It ends only where an offset is no longer a [`Duration`], and at once when the rate or the smoothness is not a positive
/// finite number.
#[derive(Debug, Clone)]
pub struct Schedule {
    arrivals: Option<Arrivals>,
    intensity: Intensity,
}

impl ScheduleConfig {
    /// The schedule of this configuration.
    #[must_use]
    pub fn build(&self) -> Schedule {
        let positive = self.rate.is_finite() && self.rate > 0.0;
        let arrivals = if positive {
            Arrivals::new(self.process, self.seed)
        } else {
            None
        };
        Schedule {
            arrivals,
            intensity: Intensity::new(self.rate, self.ramp.unwrap_or_default()),
        }
    }
}

impl Partition {
    /// The only part of a load that is not split.
    pub const WHOLE: Self = Self {
        index: 0,
        of: NonZeroU64::MIN,
    };
}

impl Schedule {
    /// The requests of one part, each with its number in the whole schedule.
    ///
    /// Taking the parts of a schedule together gives the whole, whatever their number: a part computes the requests that it
    /// skips as well.
    pub fn partition(self, part: Partition) -> impl Iterator<Item = (u64, Duration)> {
        let exists = part.index < part.of.get();
        (0..)
            .zip(self)
            .take_while(move |_| exists)
            .filter(move |(index, _)| *index % part.of == part.index)
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let due: OperationalTime = self.arrivals.as_mut()?.next()?;
        Duration::try_from_secs_f64(self.intensity.time_of(due)).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PROCESSES: [ArrivalProcess; 3] = [
        ArrivalProcess::Constant,
        ArrivalProcess::Poisson,
        ArrivalProcess::Gamma { smoothness: 4.0 },
    ];

    fn schedule(rate: f64, process: ArrivalProcess) -> ScheduleConfig {
        ScheduleConfig {
            rate,
            process,
            ramp: None,
            seed: 7,
        }
    }

    fn gaps(config: ScheduleConfig, count: usize) -> Vec<f64> {
        let offsets: Vec<f64> = config.build().take(count).map(|offset| offset.as_secs_f64()).collect();
        let earlier = std::iter::once(0.0).chain(offsets.iter().copied());
        offsets
            .iter()
            .zip(earlier)
            .map(|(later, earlier)| later - earlier)
            .collect()
    }

    /// The Kolmogorov–Smirnov distance of a sample from the exponential distribution of mean 1, times the root of its size.
    fn ks_against_exponential(mut sample: Vec<f64>) -> f64 {
        sample.sort_by(f64::total_cmp);
        let n = sample.len() as f64;
        let distance = sample.iter().enumerate().fold(0.0_f64, |worst, (rank, x)| {
            let expected = 1.0 - (-x).exp();
            worst
                .max((expected - rank as f64 / n).abs())
                .max(((rank + 1) as f64 / n - expected).abs())
        });
        distance * n.sqrt()
    }

    fn mean_and_variance(sample: &[f64]) -> (f64, f64) {
        let n = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / n;
        (mean, sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0))
    }

    #[test]
    fn a_constant_schedule_has_no_drift_after_a_day() {
        let day = 86_400_u64;
        for rate in [1_u64, 3, 1_000] {
            let mut schedule = schedule(rate as f64, ArrivalProcess::Constant).build();
            schedule.arrivals.as_mut().unwrap().skip_units(day * rate);
            let error = schedule.next().unwrap().abs_diff(Duration::from_secs(day));
            assert!(error <= Duration::from_nanos(1), "{rate}/s is off by {error:?}");
        }
    }

    #[test]
    fn poisson_gaps_are_exponential() {
        // 1.95 is exceeded once in a thousand by samples that really are exponential.
        for seed in 0..5 {
            let config = ScheduleConfig {
                seed,
                ..schedule(50.0, ArrivalProcess::Poisson)
            };
            let in_means = gaps(config, 20_000).iter().map(|gap| gap * 50.0).collect();
            let statistic = ks_against_exponential(in_means);
            assert!(statistic < 1.95, "seed {seed}: {statistic}");
        }
    }

    #[test]
    fn the_test_for_exponential_gaps_rejects_others() {
        for process in [ArrivalProcess::Constant, ArrivalProcess::Gamma { smoothness: 1.2 }] {
            let in_means = gaps(schedule(50.0, process), 20_000)
                .iter()
                .map(|gap| gap * 50.0)
                .collect();
            assert!(ks_against_exponential(in_means) > 1.95, "{process:?}");
        }
    }

    #[test]
    fn gamma_gaps_have_the_mean_of_the_rate_and_the_variance_of_the_smoothness() {
        for smoothness in [0.25, 1.0, 4.0, 100.0] {
            let (mean, variance) =
                mean_and_variance(&gaps(schedule(10.0, ArrivalProcess::Gamma { smoothness }), 100_000));
            assert!((mean * 10.0 - 1.0).abs() < 0.03, "smoothness {smoothness}: mean {mean}");
            let expected = 0.01 / smoothness;
            assert!(
                (variance / expected - 1.0).abs() < 0.05,
                "smoothness {smoothness}: variance {variance}"
            );
        }
    }

    #[test]
    fn a_ramped_poisson_schedule_is_the_inhomogeneous_process() {
        let (rate, ramp) = (200.0, 60.0);
        let config = ScheduleConfig {
            ramp: Some(Duration::from_secs(60)),
            ..schedule(rate, ArrivalProcess::Poisson)
        };
        let expected_before = |t: f64| {
            if t < ramp {
                rate * t * t / (2.0 * ramp)
            } else {
                rate * ramp / 2.0 + rate * (t - ramp)
            }
        };
        let mut before = 0.0;
        let rescaled = config.build().take(20_000).map(|offset| {
            let now = expected_before(offset.as_secs_f64());
            now - std::mem::replace(&mut before, now)
        });
        assert!(ks_against_exponential(rescaled.collect()) < 1.95);
    }

    #[test]
    fn seeds_make_schedules() {
        let poisson = schedule(5.0, ArrivalProcess::Poisson);
        let first = |config: ScheduleConfig| config.build().take(100).collect::<Vec<_>>();
        assert_eq!(first(poisson), first(poisson));
        assert_ne!(first(poisson), first(ScheduleConfig { seed: 8, ..poisson }));
    }

    #[test]
    fn a_rate_or_a_smoothness_that_is_none_makes_an_empty_schedule() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            for process in PROCESSES {
                assert_eq!(schedule(rate, process).build().next(), None, "{rate} {process:?}");
            }
        }
        for smoothness in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(
                schedule(1.0, ArrivalProcess::Gamma { smoothness }).build().next(),
                None,
                "{smoothness}"
            );
        }
    }

    #[test]
    fn a_schedule_ends_where_time_does() {
        assert_eq!(
            schedule(1e-300, ArrivalProcess::Constant)
                .build()
                .take(5)
                .collect::<Vec<_>>(),
            [Duration::ZERO]
        );
        let ramp = Some(Duration::MAX);
        for process in PROCESSES {
            assert!(
                ScheduleConfig {
                    ramp,
                    ..schedule(f64::MAX, process)
                }
                .build()
                .take(100)
                .count()
                    <= 100
            );
        }
    }

    proptest! {
        #[test]
        fn constant_gaps_are_equal(rate in 0.01_f64..200_000.0) {
            let expected = 1.0 / rate;
            for gap in &gaps(schedule(rate, ArrivalProcess::Constant), 1_000)[1..] {
                prop_assert!((gap - expected).abs() <= 1.1e-9, "{gap} instead of {expected}");
            }
        }

        #[test]
        fn the_parts_together_are_the_whole(of in 1_u64..20, process in 0..3_usize, ramp in proptest::option::of(1_u64..100)) {
            let config = ScheduleConfig { ramp: ramp.map(Duration::from_secs), ..schedule(30.0, PROCESSES[process]) };
            let of = NonZeroU64::new(of).unwrap();
            let mut parts: Vec<_> = (0..of.get())
                .flat_map(|index| config.build().partition(Partition { index, of }).take_while(|(index, _)| *index < 500))
                .collect();
            parts.sort_unstable();
            let whole: Vec<_> = (0..).zip(config.build()).take(500).collect();
            prop_assert_eq!(parts, whole);
        }

        #[test]
        fn offsets_never_decrease(rate in 0.1_f64..1e6, process in 0..3_usize, ramp in 0_u64..1_000, seed: u64) {
            let config = ScheduleConfig { rate, process: PROCESSES[process], ramp: Some(Duration::from_millis(ramp)), seed };
            let offsets: Vec<_> = config.build().take(2_000).collect();
            prop_assert!(offsets.is_sorted());
        }

        #[test]
        fn a_ramp_sends_the_integral_of_its_rate(rate in 1.0_f64..500.0, ramp in 1_u64..60, share in 0.1_f64..3.0) {
            let config = ScheduleConfig { ramp: Some(Duration::from_secs(ramp)), ..schedule(rate, ArrivalProcess::Constant) };
            let (ramp, until) = (ramp as f64, ramp as f64 * share);
            let integral = rate * until.min(ramp).powi(2) / (2.0 * ramp) + rate * (until - ramp).max(0.0);
            let sent = config.build().take_while(|offset| offset.as_secs_f64() < until).count();
            prop_assert!((sent as f64 - integral).abs() <= 1.0, "{sent} requests where {integral} were due");
        }
    }

    #[test]
    fn a_part_that_does_not_exist_is_empty() {
        let of = NonZeroU64::new(2).unwrap();
        let config = schedule(1.0, ArrivalProcess::Constant);
        assert_eq!(config.build().partition(Partition { index: 2, of }).next(), None);
        assert_eq!(
            config.build().partition(Partition::WHOLE).next(),
            Some((0, Duration::ZERO))
        );
    }
}
