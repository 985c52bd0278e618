//! Quantiles of what a server observed within an interval, from the buckets of its histogram.

use serde::{Deserialize, Serialize};

use crate::distribution::to_seven_digits;

/// What was observed within an interval. Of no use without buckets, so it has at least one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistogramInterval {
    /// Count, mean and quantiles.
    #[serde(flatten)]
    pub figures: HistogramFigures,
    /// The buckets that hold something, in ascending order: quantiles over longer times come from these.
    pub buckets: Vec<Bucket>,
}

/// The figures of a histogram. Quantiles are interpolated linearly within the bucket they fall in, as Prometheus does it: they
/// are as exact as the buckets are narrow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HistogramFigures {
    /// Values observed.
    pub count: u64,
    /// Their mean, which is exact.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// A bucket and how many values fell into it. In files: `[lower, upper, count]`, where `upper` is `null` for infinity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "(f64, Option<f64>, u64)", into = "(f64, Option<f64>, u64)")]
pub struct Bucket {
    /// Values are greater than this.
    pub lower: f64,
    /// And not greater than this. `None`: infinity.
    pub upper: Option<f64>,
    /// How many.
    pub count: u64,
}

/// A bucket whose count is a share of what was observed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weighted {
    pub(super) lower: f64,
    pub(super) upper: Option<f64>,
    pub(super) count: f64,
}

impl HistogramInterval {
    /// `None` when nothing was observed. Buckets may come in any order and more than once; `sum` is that of the values.
    #[must_use]
    pub fn of(buckets: &[Bucket], sum: f64) -> Option<Self> {
        let filled = buckets.iter().filter(|bucket| bucket.count > 0);
        let merged = merge(filled.map(|bucket| bucket.weighted(1.0)).collect());
        Some(Self {
            figures: HistogramFigures::of(&merged, sum)?,
            buckets: merged.iter().map(Weighted::whole).collect(),
        })
    }

    /// The sum of the values.
    pub(super) fn sum(&self) -> f64 {
        self.figures.mean * self.figures.count as f64
    }
}

impl HistogramFigures {
    /// `None` when there is nothing in the buckets, which are in ascending order, or nothing that a figure could hold.
    pub(super) fn of(buckets: &[Weighted], sum: f64) -> Option<Self> {
        let total: f64 = buckets.iter().map(|bucket| bucket.count).sum();
        if total <= 0.0 || !total.is_finite() || !sum.is_finite() {
            return None;
        }
        let at = |q: f64| to_seven_digits(quantile(buckets, q * total));
        let figures = Self {
            count: total.round() as u64,
            mean: to_seven_digits(sum / total),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
        };
        let values = [figures.mean, figures.p50, figures.p90, figures.p99];
        values.iter().all(|value| value.is_finite()).then_some(figures)
    }
}

/// The value below which `rank` values lie. What is in the last, open bucket counts as its lower bound.
fn quantile(buckets: &[Weighted], rank: f64) -> f64 {
    let mut below = 0.0;
    for bucket in buckets {
        if below + bucket.count >= rank {
            let Some(upper) = bucket.upper else { return bucket.lower };
            return bucket.lower + (upper - bucket.lower) * ((rank - below) / bucket.count).clamp(0.0, 1.0);
        }
        below += bucket.count;
    }
    buckets
        .last()
        .map_or(0.0, |bucket| bucket.upper.unwrap_or(bucket.lower))
}

/// Buckets of the same bounds made one, in ascending order.
pub(super) fn merge(mut buckets: Vec<Weighted>) -> Vec<Weighted> {
    buckets.sort_by(|a, b| a.lower.total_cmp(&b.lower));
    buckets.dedup_by(|next, bucket| {
        let same = next.lower == bucket.lower && next.upper == bucket.upper;
        if same {
            bucket.count += next.count;
        }
        same
    });
    buckets
}

impl Weighted {
    fn whole(&self) -> Bucket {
        Bucket {
            lower: self.lower,
            upper: self.upper,
            count: self.count.round() as u64,
        }
    }
}

impl Bucket {
    pub(super) fn weighted(&self, share: f64) -> Weighted {
        Weighted {
            lower: self.lower,
            upper: self.upper,
            count: self.count as f64 * share,
        }
    }
}

impl From<(f64, Option<f64>, u64)> for Bucket {
    fn from((lower, upper, count): (f64, Option<f64>, u64)) -> Self {
        Self { lower, upper, count }
    }
}

impl From<Bucket> for (f64, Option<f64>, u64) {
    fn from(bucket: Bucket) -> Self {
        (bucket.lower, bucket.upper, bucket.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(lower: f64, upper: f64, count: u64) -> Bucket {
        Bucket {
            lower,
            upper: upper.is_finite().then_some(upper),
            count,
        }
    }

    #[test]
    fn quantiles_are_interpolated_within_their_bucket() {
        let interval = HistogramInterval::of(
            &[bucket(0.0, 1.0, 50), bucket(1.0, 2.0, 40), bucket(2.0, 4.0, 10)],
            120.0,
        );
        let figures = interval.unwrap().figures;
        assert_eq!((figures.count, figures.mean), (100, 1.2));
        assert_eq!((figures.p50, figures.p90, figures.p99), (1.0, 2.0, 3.8));
    }

    #[test]
    fn what_is_beyond_the_last_bound_counts_as_that_bound() {
        let interval = HistogramInterval::of(&[bucket(0.0, 1.0, 1), bucket(1.0, f64::INFINITY, 9)], 500.0).unwrap();
        assert_eq!((interval.figures.p50, interval.figures.p99), (1.0, 1.0));
    }

    #[test]
    fn nothing_observed_has_no_quantiles() {
        assert_eq!(HistogramInterval::of(&[bucket(0.0, 1.0, 0)], 0.0), None);
    }

    #[test]
    fn a_bucket_is_three_numbers_in_files() {
        let interval = HistogramInterval::of(&[bucket(0.5, 1.0, 3), bucket(1.0, f64::INFINITY, 1)], 4.0).unwrap();
        let text = serde_json::to_string(&interval).unwrap();
        assert!(text.ends_with(r#""buckets":[[0.5,1.0,3],[1.0,null,1]]}"#), "{text}");
        assert_eq!(serde_json::from_str::<HistogramInterval>(&text).unwrap(), interval);
    }
}
