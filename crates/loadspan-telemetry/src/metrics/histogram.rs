//! Histograms: what was measured since the start of the run or since the last export, in one of two shapes.

mod explicit;
mod exponential;

use loadspan_wire::otlp::metrics::exponential_histogram_data_point::Buckets;

use self::explicit::ExplicitBuckets;
use self::exponential::ExponentialBuckets;
use super::exemplar::{Exemplar, Exemplars, Origin};
use crate::config::HistogramShape;

/// A histogram of values that are not negative.
#[derive(Debug)]
pub(super) struct Histogram {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    buckets: Shape,
    exemplars: Exemplars,
}

#[derive(Debug)]
enum Shape {
    Explicit(ExplicitBuckets),
    Exponential(ExponentialBuckets),
}

/// What a histogram holds, as it is exported.
#[derive(Debug, PartialEq)]
pub(super) struct HistogramState {
    pub(super) count: u64,
    pub(super) sum: f64,
    /// Smallest and greatest value; `None` when there is none.
    pub(super) range: Option<(f64, f64)>,
    pub(super) buckets: BucketCounts,
}

/// The counts of the buckets, as they are exported.
#[derive(Debug, PartialEq)]
pub(super) enum BucketCounts {
    Explicit { bounds: &'static [f64], counts: Vec<u64> },
    Exponential { scale: i32, zeros: u64, positive: Buckets },
}

impl Histogram {
    /// An empty histogram; `bounds` are those of explicit buckets.
    pub(super) fn new(shape: HistogramShape, bounds: &'static [f64]) -> Self {
        let (buckets, exemplars) = match shape {
            HistogramShape::ExplicitBuckets => (
                Shape::Explicit(ExplicitBuckets::new(bounds)),
                Exemplars::one_per_bucket(),
            ),
            HistogramShape::Exponential => (Shape::Exponential(ExponentialBuckets::new()), Exemplars::some()),
        };
        Self {
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            buckets,
            exemplars,
        }
    }

    /// Records `value` so many `times`. What is no number, infinite or negative is ignored: it would spoil the sum for good.
    pub(super) fn record(&mut self, value: f64, times: u64, origin: Option<&Origin>) {
        if !(0.0..f64::INFINITY).contains(&value) || times == 0 {
            return;
        }
        self.count += times;
        self.sum += value * times as f64;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        let bucket = match &mut self.buckets {
            Shape::Explicit(buckets) => buckets.add(value, times),
            Shape::Exponential(buckets) => {
                buckets.add(value, times);
                0
            }
        };
        if let Some(origin) = origin {
            self.exemplars.offer(bucket, Exemplar { value, origin: *origin });
        }
    }

    /// Values recorded.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// What it holds.
    pub(super) fn state(&self) -> HistogramState {
        HistogramState {
            count: self.count,
            sum: self.sum,
            range: (self.count > 0).then_some((self.min, self.max)),
            buckets: match &self.buckets {
                Shape::Explicit(buckets) => buckets.counts(),
                Shape::Exponential(buckets) => buckets.counts(),
            },
        }
    }

    /// The exemplars since they were last taken.
    pub(super) fn take_exemplars(&mut self) -> Vec<Exemplar> {
        self.exemplars.take()
    }

    /// Forgets all values.
    pub(super) fn clear(&mut self) {
        (self.count, self.sum) = (0, 0.0);
        (self.min, self.max) = (f64::INFINITY, f64::NEG_INFINITY);
        match &mut self.buckets {
            Shape::Explicit(buckets) => buckets.clear(),
            Shape::Exponential(buckets) => buckets.clear(),
        }
    }
}

impl HistogramState {
    /// The same histogram before anything was recorded.
    pub(super) fn emptied(&self) -> Self {
        Self {
            count: 0,
            sum: 0.0,
            range: None,
            buckets: match &self.buckets {
                BucketCounts::Explicit { bounds, counts } => BucketCounts::Explicit {
                    bounds,
                    counts: vec![0; counts.len()],
                },
                BucketCounts::Exponential { scale, .. } => BucketCounts::Exponential {
                    scale: *scale,
                    zeros: 0,
                    positive: Buckets::default(),
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: &[f64] = &[0.5, 1.0, 2.0];

    fn both() -> [Histogram; 2] {
        [HistogramShape::ExplicitBuckets, HistogramShape::Exponential].map(|shape| Histogram::new(shape, BOUNDS))
    }

    fn bucket_total(state: &HistogramState) -> u64 {
        match &state.buckets {
            BucketCounts::Explicit { counts, .. } => counts.iter().sum(),
            BucketCounts::Exponential { zeros, positive, .. } => zeros + positive.bucket_counts.iter().sum::<u64>(),
        }
    }

    #[test]
    fn what_is_no_duration_is_not_recorded() {
        for mut histogram in both() {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
                histogram.record(value, 1, None);
            }
            histogram.record(1.0, 0, None);
            assert_eq!((histogram.count(), histogram.state().range), (0, None));
        }
    }

    #[test]
    fn a_cleared_histogram_is_as_good_as_new() {
        for mut histogram in both() {
            let new = histogram.state();
            for value in [0.0, 0.001, 1.0, 1e6] {
                histogram.record(value, 3, None);
            }
            assert_eq!(histogram.state().emptied().count, 0);
            histogram.clear();
            assert_eq!(histogram.state(), new);
        }
    }

    proptest! {
        #[test]
        fn count_sum_and_range_are_those_of_the_values(values in prop::collection::vec((0.0_f64..1e4, 1_u64..5), 1..200)) {
            for mut histogram in both() {
                for (value, times) in &values {
                    histogram.record(*value, *times, None);
                }
                let state = histogram.state();
                let naive_sum: f64 = values.iter().map(|(value, times)| value * *times as f64).sum();
                let naive_count: u64 = values.iter().map(|(_, times)| times).sum();
                let of = |pick: fn(f64, f64) -> f64| values.iter().map(|(value, _)| *value).reduce(pick).unwrap();
                prop_assert_eq!(state.count, naive_count);
                prop_assert_eq!(bucket_total(&state), naive_count);
                prop_assert!((state.sum - naive_sum).abs() <= 1e-9 * naive_sum.max(1.0));
                prop_assert_eq!(state.range, Some((of(f64::min), of(f64::max))));
            }
        }
    }
}
