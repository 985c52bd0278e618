//! Learning from the server's own counts how many tokens a word has, where there is no tokenizer to ask.

use super::{lengths::LengthModel, stream::Stream, words::Lexicon};

/// Tokens a word that can be believed: from whole phrases being one token to each letter being some.
const PLAUSIBLE_TOKENS_PER_WORD: std::ops::RangeInclusive<f64> = 0.2..=20.0;

/// What a server said of one prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// Words of the prompt.
    pub words: usize,
    /// Tokens that the server counted, chat template included.
    pub prompt_tokens: u32,
}

/// A text of exactly `words` words of the kind that synthetic prompts are made of. Texts of different seeds share no prefix.
#[must_use]
pub fn calibration_text(words: usize, seed: u64) -> String {
    let mut text = String::new();
    Lexicon::of_words().write_text(words, &mut Stream::Calibration.random(seed, words as u64), &mut text);
    text
}

/// The line through two observations: tokens a word, and the tokens that are there without any word.
///
/// The further apart the two, the better the estimate: an error of one token is spread over the words between them.
/// `None` when they say nothing (as many words in both) or nothing that can be true (under 0.2 or over 20 tokens a word).
#[must_use]
pub fn calibrate(a: Observation, b: Observation) -> Option<LengthModel> {
    let tokens_per_word = (f64::from(b.prompt_tokens) - f64::from(a.prompt_tokens)) / (b.words as f64 - a.words as f64);
    if !PLAUSIBLE_TOKENS_PER_WORD.contains(&tokens_per_word) {
        return None;
    }
    let overhead = f64::from(a.prompt_tokens) - tokens_per_word * a.words as f64;
    // Words differ in length, so the line through two texts may miss a template of few tokens by some.
    Some(LengthModel::Calibrated {
        tokens_per_word,
        overhead: overhead.max(0.0),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(words: usize, prompt_tokens: u32) -> Observation {
        Observation { words, prompt_tokens }
    }

    #[test]
    fn two_observations_make_a_line() {
        let model = calibrate(seen(100, 135), seen(500, 635)).unwrap();
        assert!(
            matches!(
                model,
                LengthModel::Calibrated {
                    tokens_per_word: 1.25,
                    overhead: 10.0
                }
            ),
            "{model:?}"
        );
    }

    #[test]
    fn a_template_has_no_negative_length() {
        let model = calibrate(seen(100, 98), seen(200, 201)).unwrap();
        assert!(
            matches!(model, LengthModel::Calibrated { overhead: 0.0, .. }),
            "{model:?}"
        );
    }

    #[test]
    fn counts_that_make_no_sense_are_not_used() {
        assert!(calibrate(seen(100, 135), seen(100, 135)).is_none());
        assert!(calibrate(seen(100, 135), seen(100, 140)).is_none());
        assert!(calibrate(seen(100, 7), seen(500, 7)).is_none());
        assert!(calibrate(seen(100, 500), seen(500, 100)).is_none());
        assert!(calibrate(seen(1, 0), seen(2, 1_000)).is_none());
    }

    #[test]
    fn calibration_texts_have_the_words_asked_for_and_share_no_beginning() {
        let (short, long) = (calibration_text(64, 7), calibration_text(512, 7));
        assert_eq!((short.split(' ').count(), long.split(' ').count()), (64, 512));
        assert_ne!(short[..20], long[..20]);
        assert_ne!(short, calibration_text(64, 8));
    }

    proptest! {
        #[test]
        fn a_line_is_found_again(slope in 0.5_f64..5.0, overhead in 0_u32..200, a in 10_usize..100, more in 500_usize..2_000) {
            let tokens = |words: usize| overhead + (words as f64 * slope).round() as u32;
            let model = calibrate(seen(a, tokens(a)), seen(a + more, tokens(a + more)));
            let Some(LengthModel::Calibrated { tokens_per_word, overhead: found }) = model else {
                panic!("{model:?}")
            };
            prop_assert!((tokens_per_word - slope).abs() <= 1.0 / more as f64);
            prop_assert!((found - f64::from(overhead)).abs() <= 1.0);
        }
    }
}
