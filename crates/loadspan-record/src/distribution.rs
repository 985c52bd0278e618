//! The statistics of many values of one figure.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::Unit;

/// The statistics of at least one value.
///
/// Percentiles interpolate linearly between the two nearest values (numpy's default). They are exact, except for
/// [`Metric::InterChunkLatency`](crate::Metric::InterChunkLatency), whose percentiles come from a histogram of three significant
/// digits. The standard deviation is that of the population. Everything is rounded to seven significant digits, which is what the
/// stored values have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Unit of everything below but `count`.
    pub unit: Unit,
    /// How many values.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the population; 0 for a single value.
    pub std: f64,
    /// Smallest value.
    pub min: f64,
    /// 1st percentile.
    pub p1: f64,
    /// 5th percentile.
    pub p5: f64,
    /// 10th percentile.
    pub p10: f64,
    /// 25th percentile.
    pub p25: f64,
    /// Median.
    pub p50: f64,
    /// 75th percentile.
    pub p75: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// 99.9th percentile.
    pub p99_9: f64,
    /// Largest value.
    pub max: f64,
}

impl Distribution {
    /// The statistics of `values`; those that are not finite do not count. `None` when none is left.
    #[must_use]
    pub fn of(unit: Unit, mut values: Vec<f32>) -> Option<Self> {
        values.retain(|value| value.is_finite());
        values.sort_unstable_by(f32::total_cmp);
        let (min, max) = (f64::from(*values.first()?), f64::from(*values.last()?));
        let count = values.len() as f64;
        let mean = values.iter().copied().map(f64::from).sum::<f64>() / count;
        let variance = values
            .iter()
            .map(|value| (f64::from(*value) - mean).powi(2))
            .sum::<f64>()
            / count;
        let moments = Moments {
            count: values.len() as u64,
            mean,
            std: variance.sqrt(),
            min,
            max,
        };
        Some(Self::with_percentiles(unit, moments, |q| {
            percentile_of_sorted(&values, q)
        }))
    }

    /// The value of a statistic by its name in files: `mean`, `p99`, `p99_9`, …
    #[must_use]
    pub fn stat(&self, name: &str) -> Option<f64> {
        self.stats()
            .into_iter()
            .find_map(|(stat, value)| (stat == name).then_some(value))
    }

    /// Every statistic but the count, with its name in files.
    #[must_use]
    pub fn stats(&self) -> [(&'static str, f64); 14] {
        [
            ("mean", self.mean),
            ("std", self.std),
            ("min", self.min),
            ("p1", self.p1),
            ("p5", self.p5),
            ("p10", self.p10),
            ("p25", self.p25),
            ("p50", self.p50),
            ("p75", self.p75),
            ("p90", self.p90),
            ("p95", self.p95),
            ("p99", self.p99),
            ("p99_9", self.p99_9),
            ("max", self.max),
        ]
    }

    fn with_percentiles(unit: Unit, moments: Moments, percentile: impl Fn(f64) -> f64) -> Self {
        let at = |q: f64| to_seven_digits(percentile(q));
        Self {
            unit,
            count: moments.count,
            mean: to_seven_digits(moments.mean),
            std: to_seven_digits(moments.std),
            min: to_seven_digits(moments.min),
            p1: at(0.01),
            p5: at(0.05),
            p10: at(0.10),
            p25: at(0.25),
            p50: at(0.50),
            p75: at(0.75),
            p90: at(0.90),
            p95: at(0.95),
            p99: at(0.99),
            p99_9: at(0.999),
            max: to_seven_digits(moments.max),
        }
    }
}

/// What is known exactly of values of which a histogram keeps the rest.
#[derive(Debug, Clone, Copy)]
struct Moments {
    count: u64,
    mean: f64,
    std: f64,
    min: f64,
    max: f64,
}

/// The gaps between chunks of all requests: too many to keep each.
#[derive(Debug, Clone)]
pub(crate) struct GapHistogram {
    histogram: Histogram<u64>,
    sum_us: f64,
    sum_of_squares_us: f64,
    range_us: Option<(u32, u32)>,
}

impl GapHistogram {
    pub(crate) fn new() -> Self {
        let histogram =
            Histogram::new_with_max(u64::from(u32::MAX), 3).expect("these bounds are within what a histogram can hold");
        Self {
            histogram,
            sum_us: 0.0,
            sum_of_squares_us: 0.0,
            range_us: None,
        }
    }

    pub(crate) fn record(&mut self, gap_us: u32, times: u64) {
        self.histogram.saturating_record_n(u64::from(gap_us), times);
        let (gap, weight) = (f64::from(gap_us), times as f64);
        self.sum_us += gap * weight;
        self.sum_of_squares_us += gap * gap * weight;
        let (min, max) = self.range_us.unwrap_or((gap_us, gap_us));
        self.range_us = Some((min.min(gap_us), max.max(gap_us)));
    }

    /// Adds the gaps of another part of the run.
    pub(crate) fn merge(&mut self, other: &Self) {
        let Some((min, max)) = other.range_us else { return };
        // Both have the same bounds, so that there is nothing in one that does not fit the other.
        let _ = self.histogram.add(&other.histogram);
        self.sum_us += other.sum_us;
        self.sum_of_squares_us += other.sum_of_squares_us;
        let (least, most) = self.range_us.unwrap_or((min, max));
        self.range_us = Some((min.min(least), max.max(most)));
    }

    /// The statistics in milliseconds: mean, deviation and extremes exact, percentiles to three digits.
    pub(crate) fn distribution(&self) -> Option<Distribution> {
        let (min, max) = self.range_us?;
        let count = self.histogram.len();
        let mean = self.sum_us / count as f64;
        let variance = (self.sum_of_squares_us / count as f64 - mean * mean).max(0.0);
        let moments = Moments {
            count,
            mean: mean / 1e3,
            std: variance.sqrt() / 1e3,
            min: f64::from(min) / 1e3,
            max: f64::from(max) / 1e3,
        };
        Some(Distribution::with_percentiles(Unit::Milliseconds, moments, |q| {
            let bucket = self.histogram.median_equivalent(self.histogram.value_at_quantile(q));
            (bucket as f64 / 1e3).clamp(moments.min, moments.max)
        }))
    }
}

impl Default for GapHistogram {
    fn default() -> Self {
        Self::new()
    }
}

/// The `q`-quantile of sorted values, linear between the two nearest. 0 for none, which the callers rule out.
pub(crate) fn percentile_of_sorted(sorted: &[f32], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let place = last as f64 * q;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let (low, high) = (f64::from(sorted[below]), f64::from(sorted[above]));
    low + (high - low) * (place - below as f64)
}

/// 20.000000949949026 is a stored 20.000001: digits beyond the seventh are noise of the format, not of the measurement.
pub(crate) fn to_seven_digits(value: f64) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f32]) -> Option<Distribution> {
        Distribution::of(Unit::Milliseconds, values.to_vec())
    }

    /// The definition, written as slowly as possible: weights of the two neighbours of the place.
    fn naive_percentile(values: &[f32], percent: f64) -> f64 {
        let mut sorted: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
        sorted.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let place = (sorted.len() - 1) as f64 * percent / 100.0;
        let fraction = place.fract();
        let neighbour = sorted.get(place as usize + 1).unwrap_or(&sorted[place as usize]);
        sorted[place as usize] * (1.0 - fraction) + neighbour * fraction
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1e-9)
    }

    #[test]
    fn no_value_has_no_distribution() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[f32::NAN, f32::INFINITY]), None);
    }

    #[test]
    fn one_value_is_every_statistic() {
        let one = of(&[20.1]).unwrap();
        assert_eq!((one.count, one.std), (1, 0.0));
        for (name, value) in one.stats().into_iter().filter(|(name, _)| *name != "std") {
            assert_eq!(value, 20.1, "{name}");
        }
    }

    #[test]
    fn percentiles_interpolate_as_numpy_does() {
        let four = of(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!((four.p25, four.p50, four.p75, four.p99), (1.75, 2.5, 3.25, 3.97));
        assert_eq!((four.mean, four.std), (2.5, 1.118034));
    }

    #[test]
    fn statistics_go_by_their_names_in_files() {
        let four = of(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(four.stat("p99"), Some(four.p99));
        assert_eq!(four.stat("p98"), None);
    }

    #[test]
    fn gaps_keep_three_digits_and_exact_extremes() {
        let mut gaps = GapHistogram::new();
        gaps.record(40_012, 998);
        gaps.record(1, 1);
        gaps.record(7_654_321, 1);
        let gaps = gaps.distribution().unwrap();
        assert_eq!((gaps.count, gaps.min, gaps.max), (1_000, 0.001, 7_654.321));
        assert!((gaps.p50 - 40.012).abs() < 0.04, "{}", gaps.p50);
        assert!(close(gaps.mean, (40.012 * 998.0 + 0.001 + 7_654.321) / 1_000.0));
    }

    proptest! {
        #[test]
        fn percentiles_equal_the_naive_reference(values in prop::collection::vec(0.0_f32..1e6, 1..200)) {
            let distribution = of(&values).unwrap();
            let percents =
                [("p1", 1.0), ("p5", 5.0), ("p10", 10.0), ("p25", 25.0), ("p50", 50.0), ("p75", 75.0), ("p90", 90.0),
                 ("p95", 95.0), ("p99", 99.0), ("p99_9", 99.9)];
            for (name, percent) in percents {
                let (ours, reference) = (distribution.stat(name).unwrap(), naive_percentile(&values, percent));
                prop_assert!(close(ours, reference), "{name}: {ours} is not {reference}");
            }
        }

        #[test]
        fn statistics_are_in_order(values in prop::collection::vec(prop::sample::select(vec![0.0_f32, 0.5, 3.0, 1e9]), 1..50)) {
            let stats = of(&values).unwrap();
            let in_order = [stats.min, stats.p1, stats.p5, stats.p10, stats.p25, stats.p50, stats.p75, stats.p90, stats.p95,
                stats.p99, stats.p99_9, stats.max];
            prop_assert!(in_order.is_sorted(), "{in_order:?}");
            prop_assert!(stats.min <= stats.mean && stats.mean <= stats.max);
        }
    }
}
