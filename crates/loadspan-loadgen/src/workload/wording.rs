//! Texts of as many tokens as asked, as far as is known how the server counts them.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::{
    error::WorkloadError,
    lengths::{LengthModel, WordCount},
    one_token::one_token_lexicon,
    words::Lexicon,
};

/// Writes texts.
#[derive(Debug)]
pub(crate) struct Wording {
    lexicon: Lexicon,
    words: WordCount,
    lengths: &'static str,
}

impl Wording {
    /// Takes about a tenth of a second with a tokenizer and no time without.
    ///
    /// # Errors
    ///
    /// A calibration out of range; a tokenizer for which no exact texts can be made.
    pub(crate) fn of(lengths: &LengthModel) -> Result<Self, WorkloadError> {
        let words = lengths.word_count()?;
        let lexicon = match lengths {
            LengthModel::Tokenizer { tokenizer, .. } => {
                one_token_lexicon(tokenizer).ok_or_else(|| WorkloadError::NotAdditive {
                    path: tokenizer.path().to_owned(),
                })?
            }
            LengthModel::Calibrated { .. } | LengthModel::Words => Lexicon::of_words(),
        };
        Ok(Self {
            lexicon,
            words,
            lengths: lengths.name(),
        })
    }

    /// The least tokens that a prompt can have, as far as is known for certain.
    pub(super) const fn least_prompt(&self) -> u32 {
        self.words.least_tokens()
    }

    /// Replaces `text` by a whole prompt, chat template included in its tokens.
    pub(super) fn write_prompt(&self, tokens: u32, random: &mut Xoshiro256PlusPlus, text: &mut String) {
        self.lexicon.write_text(self.words.words_for(tokens), random, text);
    }

    /// Appends a text that is a part of a prompt. It has nothing that JSON escapes.
    pub(crate) fn append_text(&self, tokens: u32, random: &mut Xoshiro256PlusPlus, text: &mut String) {
        self.lexicon.append_text(self.words.words_within(tokens), random, text);
    }

    /// Makes the text before it longer.
    pub(crate) fn append_more(&self, tokens: u32, random: &mut Xoshiro256PlusPlus, text: &mut String) {
        self.lexicon.append_units(self.words.words_within(tokens), random, text);
    }

    /// The pieces of a whole prompt, chat template included in its tokens.
    pub(crate) fn pieces_of_prompt(&self, tokens: u32) -> usize {
        self.words.words_for(tokens)
    }

    /// The pieces of a text that is a part of a prompt.
    pub(crate) fn pieces_within(&self, tokens: u32) -> usize {
        self.words.words_within(tokens)
    }

    /// Makes a text, which may be empty, longer by so many pieces.
    pub(crate) fn append_pieces(&self, pieces: usize, random: &mut Xoshiro256PlusPlus, text: &mut String) {
        if text.is_empty() {
            self.lexicon.append_text(pieces, random, text);
        } else {
            self.lexicon.append_units(pieces, random, text);
        }
    }

    /// About how many tokens somebody else's text has.
    pub(crate) fn estimate(&self, text: &str) -> u32 {
        self.words.tokens_of(text.split_ascii_whitespace().count())
    }

    pub(super) const fn word_count(&self) -> WordCount {
        self.words
    }

    /// What turned tokens into words, as it is named in files.
    pub(crate) const fn lengths(&self) -> &'static str {
        self.lengths
    }

    /// A fingerprint of the pieces that texts are made of.
    pub(crate) fn fingerprint(&self) -> String {
        self.lexicon.fingerprint()
    }
}
