//! Which entry of a dataset a request is.

use std::num::NonZeroU64;

use serde::Serialize;

use super::stream::{Stream, mix, scale};

/// Rounds of the permutation. Three make it look random, the fourth is for small lists.
const ROUNDS: u64 = 4;

/// How requests are chosen from the entries of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SamplingStrategy {
    /// In order, and from the beginning again after the last.
    #[default]
    Sequential,
    /// Any entry, independently of the requests before.
    Random,
    /// Each entry once, in random order, then all of them again in another order.
    Shuffle,
}

impl SamplingStrategy {
    /// The entry of request number `index`, in `0..entries`. A function of its arguments: nothing is remembered between
    /// requests, so that any number of workers agree on it.
    pub(crate) fn pick(self, index: u64, entries: NonZeroU64, seed: u64) -> u64 {
        match self {
            Self::Sequential => index % entries,
            Self::Random => scale(Stream::Sampling.number(seed, index), entries.get()),
            Self::Shuffle => permute(index % entries, entries, Stream::Sampling.number(seed, index / entries)),
        }
    }
}

/// Where a random permutation of `0..entries`, one for each key, takes `position`.
///
/// A Feistel network permutes the next power of four; a result outside the list is permuted again until it is inside. That
/// stays a permutation of the list and takes under four turns on average.
fn permute(position: u64, entries: NonZeroU64, key: u64) -> u64 {
    let bits = u64::BITS - (entries.get() - 1).leading_zeros();
    let half = bits.div_ceil(2).max(1);
    let mut at = position;
    loop {
        at = feistel(at, half, key);
        if at < entries.get() {
            return at;
        }
    }
}

/// A permutation of the numbers of `2 * half` bits.
fn feistel(number: u64, half: u32, key: u64) -> u64 {
    let mask = (1_u64 << half) - 1;
    let (mut left, mut right) = (number >> half, number & mask);
    for round in 0..ROUNDS {
        let scrambled = mix(mix(key.wrapping_add(round)) ^ right) & mask;
        (left, right) = (right, left ^ scrambled);
    }
    left << half | right
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries(count: u64) -> NonZeroU64 {
        NonZeroU64::new(count).unwrap()
    }

    fn pass(strategy: SamplingStrategy, pass: u64, count: u64) -> Vec<u64> {
        (pass * count..(pass + 1) * count)
            .map(|index| strategy.pick(index, entries(count), 7))
            .collect()
    }

    #[test]
    fn sequential_wraps_around() {
        let picks: Vec<u64> = (0..5)
            .map(|index| SamplingStrategy::Sequential.pick(index, entries(3), 7))
            .collect();
        assert_eq!(picks, [0, 1, 2, 0, 1]);
    }

    #[test]
    fn random_takes_each_entry_about_equally_often() {
        let mut taken = [0_i32; 10];
        for index in 0..100_000 {
            taken[SamplingStrategy::Random.pick(index, entries(10), 7) as usize] += 1;
        }
        // Five standard deviations of a binomial with n = 100,000 and p = 0.1 are 474.
        assert!(taken.iter().all(|count| count.abs_diff(10_000) < 474), "{taken:?}");
    }

    #[test]
    fn each_pass_and_each_seed_has_its_own_order() {
        let first = pass(SamplingStrategy::Shuffle, 0, 1_000);
        assert_ne!(first, pass(SamplingStrategy::Shuffle, 1, 1_000));
        assert!(!first.is_sorted());
        let other_seed: Vec<u64> = (0..1_000)
            .map(|i| SamplingStrategy::Shuffle.pick(i, entries(1_000), 8))
            .collect();
        assert_ne!(first, other_seed);
    }

    #[test]
    fn every_place_in_the_order_is_as_likely_for_an_entry() {
        let (count, passes) = (5_u64, 10_000_u64);
        let mut first_place = [0_i32; 5];
        for pass in 0..passes {
            first_place[SamplingStrategy::Shuffle.pick(pass * count, entries(count), 7) as usize] += 1;
        }
        // Five standard deviations of a binomial with n = 10,000 and p = 0.2 are 200.
        assert!(
            first_place.iter().all(|count| count.abs_diff(2_000) < 200),
            "{first_place:?}"
        );
    }

    proptest! {
        #[test]
        fn a_shuffled_pass_has_each_entry_once(count in 1_u64..3_000, number in 0_u64..1_000) {
            let mut picks = pass(SamplingStrategy::Shuffle, number, count);
            picks.sort_unstable();
            prop_assert!(picks.into_iter().eq(0..count));
        }

        #[test]
        fn picks_exist_however_large_the_list(index: u64, count in 1_u64.., seed: u64) {
            for strategy in [SamplingStrategy::Sequential, SamplingStrategy::Random, SamplingStrategy::Shuffle] {
                prop_assert!(strategy.pick(index, entries(count), seed) < count);
            }
        }
    }
}
