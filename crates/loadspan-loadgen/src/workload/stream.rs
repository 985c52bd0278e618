//! Independent streams of random numbers.
//!
//! Each purpose has its own stream for each entry, found directly from seed and number. So nothing has to be drawn in order,
//! and one purpose drawing more numbers, or none, changes nothing for the others.

use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};

/// 2⁶⁴ divided by the golden ratio: consecutive multiples of it are spread evenly.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// What random numbers are for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Text = 1,
    InputLength = 2,
    OutputLength = 3,
    Sampling = 4,
    Calibration = 5,
    /// One session's own seed.
    Session = 6,
    Turns = 7,
    ThinkTime = 8,
    ToolTurn = 9,
    /// Which of several shared texts a session has.
    SharedChoice = 10,
    SharedText = 11,
}

impl Stream {
    /// The number of this stream for `index`. Different for different indexes of the same seed.
    pub(crate) fn number(self, seed: u64, index: u64) -> u64 {
        let start = mix(seed ^ (self as u64).wrapping_mul(GOLDEN));
        mix(start.wrapping_add(index.wrapping_mul(GOLDEN)))
    }

    /// The generator of this stream for `index`.
    pub(crate) fn random(self, seed: u64, index: u64) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(self.number(seed, index))
    }
}

/// A bijection that makes each bit of the result depend on each bit of `x` (the finalizer of splitmix64).
pub(super) fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// `number`, evenly distributed over all of `u64`, scaled to `0..below`.
pub(crate) fn scale(number: u64, below: u64) -> u64 {
    ((u128::from(number) * u128::from(below)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn streams_have_nothing_in_common() {
        let streams = [
            Stream::Text,
            Stream::InputLength,
            Stream::OutputLength,
            Stream::Sampling,
            Stream::Calibration,
            Stream::Session,
            Stream::Turns,
            Stream::ThinkTime,
            Stream::ToolTurn,
            Stream::SharedChoice,
            Stream::SharedText,
        ];
        let numbers: HashSet<u64> = streams
            .into_iter()
            .flat_map(|stream| (0..10).flat_map(move |seed| (0..100).map(move |index| stream.number(seed, index))))
            .collect();
        assert_eq!(numbers.len(), streams.len() * 10 * 100);
    }

    #[test]
    fn scaling_keeps_the_order_and_the_bounds() {
        assert_eq!(scale(0, 10), 0);
        assert_eq!(scale(u64::MAX, 10), 9);
        assert_eq!(scale(u64::MAX / 2, 10), 4);
        assert_eq!(scale(u64::MAX, 1), 0);
    }
}
