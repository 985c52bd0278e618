//! Texts made up of random words.

use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::Rng};

use super::fingerprint::Fingerprint;

/// Common short English words: ASCII, lower case, one a line, each once.
const WORDS: &str = include_str!("words.txt");

/// The pieces that texts are put together from. A text is an opener and then any number of units, in any order.
///
/// No piece has a character that JSON escapes.
#[derive(Debug)]
pub(super) struct Lexicon {
    openers: Box<[Box<str>]>,
    units: Box<[Box<str>]>,
}

/// The built-in words.
pub(super) fn words() -> impl Iterator<Item = &'static str> + Clone {
    WORDS.lines()
}

impl Lexicon {
    /// All of the built-in words.
    pub(super) fn of_words() -> Self {
        let openers = words().map(Box::from).collect();
        let units = words().map(|word| format!(" {word}").into()).collect();
        Self { openers, units }
    }

    /// The given pieces. `None` when there are no openers or no units.
    pub(super) fn of_pieces(openers: Vec<Box<str>>, units: Vec<Box<str>>) -> Option<Self> {
        let usable = !openers.is_empty() && !units.is_empty();
        usable.then(|| Self {
            openers: openers.into(),
            units: units.into(),
        })
    }

    /// Replaces `text` by one of `pieces` pieces; by nothing for 0. [`Self::append_text`] says more.
    pub(super) fn write_text(&self, pieces: usize, random: &mut Xoshiro256PlusPlus, text: &mut String) {
        text.clear();
        self.append_text(pieces, random, text);
    }

    /// Appends a text of `pieces` pieces.
    ///
    /// Two texts have their first `n` pieces in common with a chance of about one in the number of units to the power of
    /// `n`: under 2⁻⁴⁰ after twelve pieces of any lexicon that is used here, so that prefix caches, which hold blocks of 16
    /// tokens or more, find nothing.
    pub(super) fn append_text(&self, pieces: usize, random: &mut Xoshiro256PlusPlus, text: &mut String) {
        if pieces == 0 {
            return;
        }
        text.push_str(pick(&self.openers, random.next_u32()));
        self.append_units(pieces - 1, random, text);
    }

    /// Makes a text longer by `pieces` pieces.
    pub(super) fn append_units(&self, pieces: usize, random: &mut Xoshiro256PlusPlus, text: &mut String) {
        for _ in 0..pieces / 2 {
            let number = random.next_u64();
            text.push_str(pick(&self.units, number as u32));
            text.push_str(pick(&self.units, (number >> 32) as u32));
        }
        if !pieces.is_multiple_of(2) {
            text.push_str(pick(&self.units, random.next_u32()));
        }
    }

    /// A fingerprint of the pieces, in their order.
    pub(super) fn fingerprint(&self) -> String {
        let mut fingerprint = Fingerprint::default();
        for piece in self.openers.iter().chain(&self.units) {
            fingerprint.add(piece.as_bytes());
            fingerprint.add(b"\n");
        }
        fingerprint.to_string()
    }
}

/// The piece at the place that `number`, evenly distributed over all of `u32`, has among the pieces.
fn pick(pieces: &[Box<str>], number: u32) -> &str {
    let place = (u64::from(number) * pieces.len() as u64) >> 32;
    &pieces[place as usize]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::workload::stream::Stream;

    fn text(seed: u64, index: u64, pieces: usize) -> String {
        let mut text = String::from("what was there before");
        Lexicon::of_words().write_text(pieces, &mut Stream::Text.random(seed, index), &mut text);
        text
    }

    #[test]
    fn the_words_are_short_plain_and_different() {
        let different: HashSet<&str> = words().collect();
        assert_eq!(different.len(), words().count());
        assert!(different.len() > 1_500);
        for word in words() {
            assert!(
                (2..=10).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase()),
                "{word:?}"
            );
        }
    }

    #[test]
    fn a_text_has_as_many_words_as_asked() {
        for count in [0, 1, 2, 3, 100, 1_001] {
            let text = text(7, 0, count);
            assert_eq!(text.split_whitespace().count(), count, "{text}");
            assert_eq!(
                text.split(' ').filter(|word| word.is_empty()).count(),
                usize::from(count == 0)
            );
        }
    }

    #[test]
    fn no_two_texts_begin_alike() {
        let lexicon = Lexicon::of_words();
        let mut text = String::new();
        let mut beginnings = HashSet::new();
        for (seed, index) in (0..4).flat_map(|seed| (0..5_000).map(move |index| (seed, index))) {
            lexicon.write_text(6, &mut Stream::Text.random(seed, index), &mut text);
            assert!(beginnings.insert(text.clone()), "seed {seed}, index {index}: {text}");
        }
    }

    #[test]
    fn a_text_is_a_function_of_its_seed_and_number() {
        insta::assert_snapshot!(text(7, 17, 8), @"mineral match separate blind tennis whip young rhythm");
        insta::assert_snapshot!(text(7, 18, 8), @"eight poem laptop couple entry demand round separate");
        insta::assert_snapshot!(text(8, 17, 8), @"pocket fabric weave chicken ribbon supper eagle ride");
    }
}
