//! Texts that begin alike where the recording says that inputs did.
//!
//! A recording that has no texts can still have a number for each block of them. Each number is a block of words that depends on it
//! and the seed alone, so that two inputs whose numbers begin alike begin alike, to the word.

use std::num::NonZeroU32;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// 2⁶⁴ divided by the golden ratio: consecutive multiples of it are spread evenly.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Makes the texts of blocks.
#[derive(Debug, Clone)]
pub struct Blocks<'a> {
    words: &'a [&'a str],
    words_per_block: NonZeroU32,
    seed: u64,
}

/// What a text is for: blocks that several inputs have, and ends that only one has.
#[derive(Debug, Clone, Copy)]
enum Stream {
    Block = 1,
    End = 2,
}

impl<'a> Blocks<'a> {
    /// Blocks of so many of the given words; `None` if there are no words. Each should be one token where it stands behind a space.
    #[must_use]
    pub const fn new(words: &'a [&'a str], words_per_block: NonZeroU32, seed: u64) -> Option<Self> {
        if words.is_empty() {
            return None;
        }
        Some(Self {
            words,
            words_per_block,
            seed,
        })
    }

    /// Appends a text of `words` words: those of each block in turn, of the last one as many as are wanted. What the blocks do not
    /// cover is words that depend on `own`, which is different for each input.
    pub fn write(&self, hash_ids: &[u64], words: u64, own: u64, text: &mut String) {
        let mut left = words;
        for id in hash_ids {
            let count = left.min(u64::from(self.words_per_block.get()));
            self.write_words(Stream::Block, *id, count, text);
            left -= count;
        }
        self.write_words(Stream::End, own, left, text);
    }

    fn write_words(&self, stream: Stream, number: u64, count: u64, text: &mut String) {
        let start = mix(self.seed ^ (stream as u64).wrapping_mul(GOLDEN));
        let start = mix(start.wrapping_add(number.wrapping_mul(GOLDEN)));
        let mut random = Xoshiro256PlusPlus::seed_from_u64(start);
        for _ in 0..count {
            if !text.is_empty() {
                text.push(' ');
            }
            let place = (u128::from(random.next_u64()) * self.words.len() as u128) >> 64;
            text.push_str(self.words[usize::try_from(place).unwrap_or(0)]);
        }
    }
}

/// A bijection in which each bit of the result depends on each bit of `x`: the last step of splitmix64.
const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: [&str; 8] = ["ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "oak"];

    fn text(hash_ids: &[u64], words: u64, own: u64) -> String {
        let blocks = Blocks::new(&WORDS, NonZeroU32::new(4).unwrap(), 7).unwrap();
        let mut text = String::new();
        blocks.write(hash_ids, words, own, &mut text);
        text
    }

    #[test]
    fn a_text_is_a_function_of_its_numbers() {
        insta::assert_snapshot!(text(&[1, 2], 8, 0), @"fir cedar ash birch elm fir hazel fir");
        insta::assert_snapshot!(text(&[1, 3], 6, 0), @"fir cedar ash birch elm elm");
        insta::assert_snapshot!(text(&[], 3, 0), @"fir elm elm");
    }

    #[test]
    fn without_words_there_are_no_texts() {
        assert!(Blocks::new(&[], NonZeroU32::MIN, 0).is_none());
    }

    proptest! {
        #[test]
        fn equal_numbers_are_equal_beginnings(
            ids in prop::collection::vec(0_u64..50, 1..8),
            others in prop::collection::vec(50_u64..99, 0..4),
            own in any::<u64>(),
        ) {
            let whole = ids.len() as u64 * 4;
            let longer: Vec<u64> = ids.iter().chain(&others).copied().collect();
            let one = text(&ids, whole, own);
            let other = text(&longer, whole + others.len() as u64 * 4, own.wrapping_add(1));
            prop_assert_eq!(one.split(' ').count() as u64, whole);
            prop_assert!(other.starts_with(&one));
        }

        #[test]
        fn a_text_has_as_many_words_as_asked(ids in prop::collection::vec(any::<u64>(), 0..8), words in 0_u64..64) {
            prop_assert_eq!(text(&ids, words, 1).split_whitespace().count() as u64, words);
        }
    }
}
