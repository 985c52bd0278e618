//! Finding pieces of text that are one token each, whatever they stand beside.
//!
//! With such pieces a prompt has exactly as many tokens as pieces, without a tokenizer having to see it: prompts of exact
//! lengths cost no more than others. That pieces do not merge with their neighbours is not taken for granted. Most tokenizers split
//! at spaces first, but some have tokens that span words, some have none for a whole word, and some mark the beginning of a
//! text. So every pair of pieces is tried, and what does not add up is left out.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::{
    stream::Stream,
    tokenizer::PromptTokenizer,
    words::{Lexicon, words},
};

/// Units to look for. Trying all pairs takes time in the square of it: about a tenth of a second.
const ENOUGH_UNITS: usize = 256;

/// Units without which prompts would begin too much alike.
const LEAST_UNITS: usize = 16;

/// Openers to look for; more would make prompts no more different.
const ENOUGH_OPENERS: usize = 16;

/// First openers to try before a kind of pieces is given up: units are judged by how they stand beside the first.
const FIRST_OPENERS: usize = 4;

/// Lengths of the texts that are counted as a whole in the end.
const PROOFS: [usize; 6] = [1, 2, 17, 100, 1_000, 1_000];

/// Pieces of one kind, to choose from.
struct Candidates {
    openers: Vec<Box<str>>,
    units: Vec<Box<str>>,
}

/// The pieces that add up so far.
struct Chosen<'a> {
    tokenizer: &'a PromptTokenizer,
    openers: Vec<Box<str>>,
    units: Vec<Box<str>>,
}

/// Pieces of which each text of `n` has exactly `n` tokens. `None` when the tokenizer has no such pieces.
pub(super) fn one_token_lexicon(tokenizer: &PromptTokenizer) -> Option<Lexicon> {
    [Candidates::words(), Candidates::letters()]
        .iter()
        .find_map(|candidates| candidates.lexicon(tokenizer))
}

impl Candidates {
    /// The built-in words, with a space before each but the first: as text is written.
    fn words() -> Self {
        let openers = words().map(Box::from).collect();
        let units = words().map(|word| format!(" {word}").into()).collect();
        Self { openers, units }
    }

    /// Letters without spaces, for tokenizers that know few whole words or none.
    fn letters() -> Self {
        let letters: Vec<Box<str>> = ('a'..='z')
            .chain('0'..='9')
            .map(|letter| letter.to_string().into())
            .collect();
        Self {
            openers: letters.clone(),
            units: letters,
        }
    }

    fn lexicon(&self, tokenizer: &PromptTokenizer) -> Option<Lexicon> {
        let first_openers = self
            .openers
            .iter()
            .filter(|opener| tokenizer.try_count(opener) == Some(1));
        first_openers.take(FIRST_OPENERS).find_map(|opener| {
            let mut chosen = Chosen {
                tokenizer,
                openers: vec![opener.clone()],
                units: Vec::new(),
            };
            chosen.choose_units(&self.units);
            chosen.choose_openers(&self.openers);
            chosen.into_lexicon()
        })
    }
}

impl Chosen<'_> {
    fn choose_units(&mut self, candidates: &[Box<str>]) {
        for unit in candidates {
            if self.units.len() == ENOUGH_UNITS {
                break;
            }
            if self.stands_beside_units(unit) {
                self.units.push(unit.clone());
            }
        }
    }

    /// Whether a unit is one token before and after itself and each chosen unit.
    fn stands_beside_units(&self, unit: &str) -> bool {
        let mut pieces = vec![&*self.openers[0], unit, unit];
        if !self.add_up(&pieces) {
            return false;
        }
        pieces.extend(self.units.iter().flat_map(|other| [&**other, unit]));
        self.add_up(&pieces)
    }

    /// Whether a text of these pieces has as many tokens.
    fn add_up(&self, pieces: &[&str]) -> bool {
        self.tokenizer.try_count(&pieces.concat()) == Some(pieces.len())
    }

    fn choose_openers(&mut self, candidates: &[Box<str>]) {
        for opener in candidates {
            if self.openers.len() == ENOUGH_OPENERS {
                break;
            }
            if !self.openers.contains(opener) && self.stands_before_units(opener) {
                self.openers.push(opener.clone());
            }
        }
    }

    /// Whether an opener is one token alone and before each chosen unit.
    fn stands_before_units(&self, opener: &str) -> bool {
        self.add_up(&[opener]) && self.units.iter().all(|unit| self.add_up(&[opener, unit]))
    }

    fn into_lexicon(self) -> Option<Lexicon> {
        if self.units.len() < LEAST_UNITS {
            return None;
        }
        let lexicon = Lexicon::of_pieces(self.openers, self.units)?;
        let mut random = Stream::Calibration.random(0, 0);
        let adds_up = PROOFS
            .iter()
            .all(|&pieces| is_exact(self.tokenizer, &lexicon, pieces, &mut random));
        adds_up.then_some(lexicon)
    }
}

/// Whether a whole text of `pieces` pieces has as many tokens.
fn is_exact(tokenizer: &PromptTokenizer, lexicon: &Lexicon, pieces: usize, random: &mut Xoshiro256PlusPlus) -> bool {
    let mut text = String::new();
    lexicon.write_text(pieces, random, &mut text);
    tokenizer.try_count(&text) == Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::fake_tokenizer::FakeTokenizer;

    /// A text of 40 pieces, after checking that texts of many lengths are exact.
    fn sample(fake: FakeTokenizer) -> Option<String> {
        let tokenizer = fake.load();
        let lexicon = one_token_lexicon(&tokenizer)?;
        let mut random = Stream::Text.random(7, 0);
        let mut text = String::new();
        for pieces in (1..60).chain([500, 40]) {
            lexicon.write_text(pieces, &mut random, &mut text);
            assert_eq!(tokenizer.try_count(&text), Some(pieces), "{text}");
        }
        Some(text)
    }

    #[test]
    fn whole_words_are_used_where_the_tokenizer_has_them() {
        for fake in [
            FakeTokenizer::byte_level(60),
            FakeTokenizer::word_level(),
            FakeTokenizer::unigram(),
        ] {
            let text = sample(fake).unwrap();
            assert_eq!(text.split(' ').count(), 40, "{text}");
        }
    }

    #[test]
    fn letters_are_used_where_the_tokenizer_has_few_words() {
        for known_words in [0, 3] {
            let text = sample(FakeTokenizer::byte_level(known_words)).unwrap();
            assert_eq!((text.len(), text.contains(' ')), (40, false), "{text}");
        }
    }

    #[test]
    fn words_that_merge_with_their_neighbours_are_left_out() {
        let count = |text| FakeTokenizer::spanning_words().load().count(text);
        assert_eq!((count("to"), count("to of"), count("to of the")), (1, 2, 2));
        let text = sample(FakeTokenizer::spanning_words()).unwrap();
        assert!(text.contains(' '), "{text}");
    }

    #[test]
    fn a_beginning_of_text_that_special_tokens_mark_changes_nothing() {
        assert_eq!(
            sample(FakeTokenizer::byte_level(60).with_special_tokens()),
            sample(FakeTokenizer::byte_level(60))
        );
    }

    #[test]
    fn a_tokenizer_whose_counts_never_add_up_has_no_lexicon() {
        assert_eq!(sample(FakeTokenizer::one_token_for_everything()), None);
    }
}
