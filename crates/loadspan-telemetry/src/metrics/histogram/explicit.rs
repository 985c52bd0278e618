//! Explicit buckets: bounds that are given, as the conventions give them.

use super::BucketCounts;

/// One count for each bound, which is the greatest value of its bucket, and one for what lies above all.
#[derive(Debug)]
pub(super) struct ExplicitBuckets {
    bounds: &'static [f64],
    counts: Box<[u64]>,
}

impl ExplicitBuckets {
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: vec![0; bounds.len() + 1].into(),
        }
    }

    /// Counts `value` and says in which bucket.
    pub(super) fn add(&mut self, value: f64, times: u64) -> usize {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket] += times;
        bucket
    }

    pub(super) fn counts(&self) -> BucketCounts {
        BucketCounts::Explicit {
            bounds: self.bounds,
            counts: self.counts.to_vec(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use loadspan_wire::semconv::metrics::DURATION_BOUNDS;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bound_belongs_to_the_bucket_below_it() {
        let mut buckets = ExplicitBuckets::new(DURATION_BOUNDS);
        let found = [0.0, 0.01, 0.010_1, 81.92, 81.93].map(|value| buckets.add(value, 1));
        assert_eq!(found, [0, 0, 1, 13, 14]);
    }

    proptest! {
        #[test]
        fn counts_equal_those_of_looking_at_every_bucket(values in prop::collection::vec(0.0_f64..100.0, 0..200)) {
            let mut buckets = ExplicitBuckets::new(DURATION_BOUNDS);
            for value in &values {
                buckets.add(*value, 1);
            }
            let edges = [&[f64::NEG_INFINITY], DURATION_BOUNDS, &[f64::INFINITY]].concat();
            let naive: Vec<u64> = edges
                .windows(2)
                .map(|edge| values.iter().filter(|value| edge[0] < **value && **value <= edge[1]).count() as u64)
                .collect();
            prop_assert_eq!(buckets.counts.to_vec(), naive);
        }
    }
}
