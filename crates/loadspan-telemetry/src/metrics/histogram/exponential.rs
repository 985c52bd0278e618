//! Base-2 exponential buckets, by OpenTelemetry's specification.
//!
//! At scale `s`, bucket `i` holds the values greater than `2^(i / 2^s)` and up to `2^((i + 1) / 2^s)`. As many buckets as are
//! allowed are as fine as the range of the values lets them be: when a value lies too far off, pairs of buckets become one, which
//! is one scale less, and no count changes.

use loadspan_wire::otlp::metrics::exponential_histogram_data_point::Buckets;

use super::BucketCounts;

/// Most buckets of a histogram.
const MAX_BUCKETS: i64 = 160;

/// The scale of a histogram with one value.
const MAX_SCALE: i32 = 20;

const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;

/// The buckets from the lowest to the highest that holds anything.
#[derive(Debug)]
pub(super) struct ExponentialBuckets {
    scale: i32,
    zeros: u64,
    /// Index of the first of `counts`.
    offset: i32,
    counts: Vec<u64>,
}

impl ExponentialBuckets {
    pub(super) const fn new() -> Self {
        Self {
            scale: MAX_SCALE,
            zeros: 0,
            offset: 0,
            counts: Vec::new(),
        }
    }

    /// Counts a value that is finite and not negative.
    pub(super) fn add(&mut self, value: f64, times: u64) {
        if value == 0.0 {
            self.zeros += times;
            return;
        }
        let index = index_of(value, self.scale);
        let coarser = self.scales_to_lose(index);
        self.lose_scales(coarser);
        self.count(index >> coarser, times);
    }

    pub(super) fn counts(&self) -> BucketCounts {
        BucketCounts::Exponential {
            scale: self.scale,
            zeros: self.zeros,
            positive: Buckets {
                offset: self.offset,
                bucket_counts: self.counts.clone(),
            },
        }
    }

    pub(super) fn clear(&mut self) {
        self.counts.clear();
        (self.scale, self.zeros, self.offset) = (MAX_SCALE, 0, 0);
    }

    /// How much coarser the buckets must be for the one at `index` to be among them.
    fn scales_to_lose(&self, index: i32) -> u32 {
        let index = i64::from(index);
        let (mut low, mut high) = if self.counts.is_empty() {
            (index, index)
        } else {
            let first = i64::from(self.offset);
            (index.min(first), index.max(first + self.counts.len() as i64 - 1))
        };
        let mut scales = 0;
        while high - low >= MAX_BUCKETS {
            (low, high) = (low >> 1, high >> 1);
            scales += 1;
        }
        scales
    }

    fn lose_scales(&mut self, scales: u32) {
        if scales == 0 {
            return;
        }
        let offset = self.offset >> scales;
        let mut counts = Vec::new();
        for (index, count) in (self.offset..).zip(&self.counts) {
            let place = ((index >> scales) - offset) as usize;
            counts.resize(place + 1, 0);
            counts[place] += count;
        }
        (self.offset, self.counts) = (offset, counts);
        self.scale -= scales as i32;
    }

    fn count(&mut self, index: i32, times: u64) {
        if self.counts.is_empty() {
            self.offset = index;
        }
        if index < self.offset {
            let missing = (self.offset - index) as usize;
            self.counts.splice(..0, std::iter::repeat_n(0, missing));
            self.offset = index;
        }
        let place = (index - self.offset) as usize;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += times;
    }
}

/// The bucket of a positive, finite value. Values that are too small to have all their digits count as the smallest that has.
fn index_of(value: f64, scale: i32) -> i32 {
    let value = value.max(f64::MIN_POSITIVE);
    let bits = value.to_bits();
    let exponent = (bits >> MANTISSA_BITS) as i32 - (f64::MAX_EXP - 1);
    // Powers of two are bounds at every scale, and logarithms might put them on either side.
    let is_power_of_two = bits.trailing_zeros() >= MANTISSA_BITS;
    match (u32::try_from(scale), is_power_of_two) {
        (Ok(scale), true) => (exponent << scale) - 1,
        (Ok(0), false) => exponent,
        (Ok(scale), false) => (value.log2() * f64::from(1_u32 << scale)).ceil() as i32 - 1,
        (Err(_), true) => (exponent - 1) >> -scale,
        (Err(_), false) => exponent >> -scale,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> ExponentialBuckets {
        let mut buckets = ExponentialBuckets::new();
        for value in values {
            buckets.add(*value, 1);
        }
        buckets
    }

    /// Whether a value lies in a bucket, but for the rounding of logarithms.
    fn lies_in(value: f64, index: i32, scale: i32) -> bool {
        let place = value.max(f64::MIN_POSITIVE).log2() * f64::from(scale).exp2();
        let slack = 1e-9 * place.abs().max(1.0);
        f64::from(index) - slack < place && place <= f64::from(index) + 1.0 + slack
    }

    #[test]
    fn powers_of_two_are_the_upper_bounds_of_their_buckets() {
        for scale in -10..=MAX_SCALE {
            assert_eq!(index_of(1.0, scale), -1, "scale {scale}");
        }
        assert_eq!([index_of(2.0, 0), index_of(2.1, 0), index_of(4.0, 0)], [0, 1, 1]);
        assert_eq!([index_of(4.0, -1), index_of(4.1, -1), index_of(0.25, -1)], [0, 1, -2]);
        assert_eq!([index_of(2.0, 3), index_of(0.5, 3)], [7, -9]);
    }

    #[test]
    fn one_value_keeps_the_finest_scale_and_a_far_one_costs_scales() {
        assert_eq!(of(&[0.040, 0.040]).scale, MAX_SCALE);
        let latencies = of(&[0.001, 100.0]);
        assert_eq!(latencies.scale, 3, "4.3 % between a millisecond and 100 seconds");
        assert!(latencies.counts.len() as i64 <= MAX_BUCKETS);
    }

    #[test]
    fn zeros_are_counted_apart() {
        let buckets = of(&[0.0, 0.0, 1.0]);
        assert_eq!((buckets.zeros, &*buckets.counts), (2, &[1][..]));
    }

    proptest! {
        #[test]
        fn every_value_lies_in_its_bucket(exponent in -300.0_f64..300.0, scale in -10_i32..=20) {
            let value = 10_f64.powf(exponent);
            let index = index_of(value, scale);
            prop_assert!(lies_in(value, index, scale), "{value} at scale {scale} is not in {index}");
        }

        #[test]
        fn the_counts_are_those_of_the_final_scale(exponents in prop::collection::vec(-6.0_f64..6.0, 1..300)) {
            let values: Vec<f64> = exponents.iter().map(|exponent| 10_f64.powf(*exponent)).collect();
            let buckets = of(&values);
            prop_assert!(buckets.counts.len() as i64 <= MAX_BUCKETS);
            prop_assert!(buckets.counts.first() != Some(&0) && buckets.counts.last() != Some(&0));
            prop_assert_eq!(buckets.counts.iter().sum::<u64>(), values.len() as u64);
            // Rounding can move a value by a bucket at scale 20, whose bounds lie a millionth apart, and by none after merging.
            let mut naive = std::collections::BTreeMap::new();
            for value in &values {
                *naive.entry(index_of(*value, MAX_SCALE) >> (MAX_SCALE - buckets.scale)).or_insert(0_u64) += 1;
            }
            let found: Vec<(i32, u64)> =
                (buckets.offset..).zip(buckets.counts.iter().copied()).filter(|(_, count)| *count > 0).collect();
            prop_assert_eq!(found, naive.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn any_value_a_duration_can_have_fits(values in prop::collection::vec(prop::num::f64::POSITIVE, 1..50)) {
            let values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
            let buckets = of(&values);
            prop_assert!(buckets.counts.len() as i64 <= MAX_BUCKETS);
            prop_assert_eq!(buckets.counts.iter().sum::<u64>() + buckets.zeros, values.len() as u64);
        }
    }
}
