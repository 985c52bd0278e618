//! How long prompts and answers should be, and what makes a prompt as long as asked.

use rand_distr::{Distribution, StandardNormal};
use serde::Serialize;

use super::{error::WorkloadError, stream::Stream, tokenizer::PromptTokenizer};

/// The longest prompt or answer that can be asked for, in tokens: far above any context window, far below what exhausts
/// memory.
const MAX_TOKENS: u32 = 10_000_000;

/// Lengths in tokens: normally distributed, rounded to whole tokens, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LengthDistribution {
    /// The mean, from 1 to 10,000,000. Lengths that would be below 1 or above 10,000,000 are moved there, which shifts the
    /// mean where the deviation is large.
    pub mean: f64,
    /// The standard deviation, 0 or more. 0 makes every length the mean.
    pub stddev: f64,
}

/// What is known of the tokens that the server will count.
#[derive(Debug, Clone)]
pub enum LengthModel {
    /// The model's own tokenizer: lengths are exact.
    Tokenizer {
        /// The tokenizer.
        tokenizer: PromptTokenizer,
        /// Tokens that the server counts besides those of the text: its chat template and special tokens.
        template_overhead: u32,
    },
    /// What was seen of the server's own counts: lengths are right on average.
    Calibrated {
        /// Tokens that a word of the built-in list has on average, 0.1 or more.
        tokens_per_word: f64,
        /// Tokens that the server counts besides those of the text. 0 or more.
        overhead: f64,
    },
    /// Nothing. A word is taken for a token.
    Words,
}

/// What turns the length that was asked for into a number of words.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct WordCount {
    tokens_per_word: f64,
    overhead: f64,
    /// The least tokens of a prompt: one more than the template where that is known exactly, else 1.
    least_tokens: u32,
}

impl LengthDistribution {
    /// A fixed length.
    #[must_use]
    pub fn exactly(tokens: u32) -> Self {
        Self {
            mean: f64::from(tokens),
            stddev: 0.0,
        }
    }

    /// An error when the distribution is out of range; `what` is "input" or "output".
    pub(crate) fn check(&self, what: &'static str) -> Result<(), WorkloadError> {
        let mean_in_range = (1.0..=f64::from(MAX_TOKENS)).contains(&self.mean);
        if mean_in_range && self.stddev.is_finite() && self.stddev >= 0.0 {
            Ok(())
        } else {
            Err(WorkloadError::Length {
                what,
                mean: self.mean,
                stddev: self.stddev,
                max: MAX_TOKENS,
            })
        }
    }

    /// The length of an entry.
    pub(crate) fn draw(&self, stream: Stream, seed: u64, entry: u64) -> u32 {
        let deviations: f64 = if self.stddev > 0.0 {
            StandardNormal.sample(&mut stream.random(seed, entry))
        } else {
            0.0
        };
        (self.mean + self.stddev * deviations)
            .round()
            .clamp(1.0, f64::from(MAX_TOKENS)) as u32
    }
}

impl LengthModel {
    /// The name in files.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Tokenizer { .. } => "tokenizer",
            Self::Calibrated { .. } => "calibrated",
            Self::Words => "words",
        }
    }

    /// The tokenizer, if there is one.
    pub(crate) const fn tokenizer(&self) -> Option<&PromptTokenizer> {
        match self {
            Self::Tokenizer { tokenizer, .. } => Some(tokenizer),
            Self::Calibrated { .. } | Self::Words => None,
        }
    }

    /// Tokens that a prompt has besides those of its texts, to the nearest.
    pub(crate) fn overhead(&self) -> u32 {
        match *self {
            Self::Tokenizer { template_overhead, .. } => template_overhead,
            Self::Calibrated { overhead, .. } => overhead.round() as u32,
            Self::Words => 0,
        }
    }

    /// An error when a calibration is out of range.
    pub(super) fn word_count(&self) -> Result<WordCount, WorkloadError> {
        match *self {
            Self::Tokenizer { template_overhead, .. } => Ok(WordCount {
                tokens_per_word: 1.0,
                overhead: f64::from(template_overhead),
                least_tokens: template_overhead.saturating_add(1),
            }),
            Self::Calibrated {
                tokens_per_word,
                overhead,
            } => {
                let usable = tokens_per_word.is_finite() && tokens_per_word >= 0.1;
                if usable && overhead.is_finite() && overhead >= 0.0 {
                    Ok(WordCount {
                        tokens_per_word,
                        overhead,
                        least_tokens: 1,
                    })
                } else {
                    Err(WorkloadError::Calibration {
                        tokens_per_word,
                        overhead,
                    })
                }
            }
            Self::Words => Ok(WordCount {
                tokens_per_word: 1.0,
                overhead: 0.0,
                least_tokens: 1,
            }),
        }
    }
}

impl WordCount {
    /// The least tokens that a prompt can have, as far as is known for certain.
    pub(super) const fn least_tokens(&self) -> u32 {
        self.least_tokens
    }

    /// Words of a text of `tokens` tokens within a prompt; at least 1, but none of 0.
    pub(super) fn words_within(&self, tokens: u32) -> usize {
        let words = (f64::from(tokens) / self.tokens_per_word).round() as usize;
        words.max(usize::from(tokens > 0))
    }

    /// Tokens of so many words.
    pub(super) fn tokens_of(&self, words: usize) -> u32 {
        (words as f64 * self.tokens_per_word).round() as u32
    }

    /// Words of a prompt of `tokens` tokens; at least 1.
    pub(super) fn words_for(&self, tokens: u32) -> usize {
        ((f64::from(tokens) - self.overhead) / self.tokens_per_word)
            .round()
            .max(1.0) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_deviation_every_length_is_the_mean() {
        let lengths = LengthDistribution::exactly(550);
        assert!((0..100).all(|entry| lengths.draw(Stream::InputLength, 7, entry) == 550));
    }

    #[test]
    fn lengths_are_spread_around_the_mean() {
        let lengths = LengthDistribution {
            mean: 500.0,
            stddev: 100.0,
        };
        let n = 50_000;
        let drawn: Vec<f64> = (0..n)
            .map(|entry| f64::from(lengths.draw(Stream::InputLength, 7, entry)))
            .collect();
        let mean = drawn.iter().sum::<f64>() / n as f64;
        let deviation = (drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
        assert!((mean - 500.0).abs() < 2.0, "{mean}");
        assert!((deviation - 100.0).abs() < 1.5, "{deviation}");
    }

    #[test]
    fn lengths_are_at_least_one() {
        let lengths = LengthDistribution {
            mean: 1.0,
            stddev: 1_000.0,
        };
        let drawn: Vec<u32> = (0..1_000)
            .map(|entry| lengths.draw(Stream::OutputLength, 7, entry))
            .collect();
        assert_eq!(drawn.iter().min(), Some(&1));
        assert!(drawn.iter().any(|&length| length > 1_000));
    }

    #[test]
    fn lengths_out_of_range_are_named() {
        for (mean, stddev) in [
            (0.0, 0.0),
            (-5.0, 0.0),
            (f64::NAN, 0.0),
            (1e9, 0.0),
            (5.0, -1.0),
            (5.0, f64::NAN),
        ] {
            assert!(
                LengthDistribution { mean, stddev }.check("input").is_err(),
                "{mean} {stddev}"
            );
        }
        let error = LengthDistribution { mean: 0.0, stddev: 2.0 }
            .check("input")
            .unwrap_err();
        insta::assert_snapshot!(error, @"a mean of 0 input tokens with a deviation of 2 is out of range; the mean must be between 1 and 10000000, the deviation 0 or more");
    }

    #[test]
    fn a_calibration_gives_words_for_tokens() {
        let count = LengthModel::Calibrated {
            tokens_per_word: 1.25,
            overhead: 10.0,
        }
        .word_count()
        .unwrap();
        assert_eq!(count.words_for(510), 400);
        assert_eq!(count.words_for(10), 1);
        assert_eq!(count.words_for(1), 1);
        assert!(
            LengthModel::Calibrated {
                tokens_per_word: 0.0,
                overhead: 0.0
            }
            .word_count()
            .is_err()
        );
        assert!(
            LengthModel::Calibrated {
                tokens_per_word: 1.0,
                overhead: f64::NAN
            }
            .word_count()
            .is_err()
        );
    }
}
