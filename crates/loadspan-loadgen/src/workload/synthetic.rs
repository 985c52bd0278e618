//! Workloads made up of random words.

use std::num::NonZeroU64;

use super::{
    Content, RequestSpec, Source, Workload, WorkloadDescription,
    error::WorkloadError,
    fingerprint::sha256_of,
    lengths::{LengthDistribution, LengthModel},
    sampling::SamplingStrategy,
    stream::Stream,
    wording::Wording,
};

/// What makes a synthetic [`Workload`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SyntheticConfig {
    /// Tokens of a prompt, chat template included.
    pub input_tokens: LengthDistribution,
    /// Tokens of an answer. `None`: the server decides.
    pub output_tokens: Option<LengthDistribution>,
    /// How many different requests there are. `None`: each is fresh, so that no prefix cache can have seen it.
    pub entries: Option<NonZeroU64>,
    /// Another seed gives other texts, lengths and choices.
    pub seed: u64,
    /// How requests are chosen from the entries. Without effect when each is fresh.
    pub sampling: SamplingStrategy,
}

/// A synthetic workload. Texts are written when they are asked for: a word costs a few nanoseconds.
#[derive(Debug)]
pub(super) struct Synthetic {
    config: SyntheticConfig,
    wording: Wording,
}

impl SyntheticConfig {
    /// The workload of this configuration.
    ///
    /// With a tokenizer every prompt has exactly the tokens asked for. A length drawn at or below the template's own is
    /// raised to one token more than that; a mean there is an error. So is a tokenizer for which no exact texts can be
    /// made. Takes about a tenth of a second with a tokenizer and no time without.
    pub fn build(self, lengths: LengthModel) -> Result<Workload, WorkloadError> {
        self.check()?;
        if let LengthModel::Tokenizer { template_overhead, .. } = &lengths
            && self.input_tokens.mean.round() <= f64::from(*template_overhead)
        {
            let (requested, overhead) = (self.input_tokens.mean, *template_overhead);
            return Err(WorkloadError::BelowTemplate { requested, overhead });
        }
        Ok(Workload(Source::Synthetic(Synthetic {
            config: self,
            wording: Wording::of(&lengths)?,
        })))
    }
}

impl SyntheticConfig {
    /// Sees that the lengths are ones that can be made, as far as that is known without a tokenizer.
    ///
    /// # Errors
    ///
    /// [`WorkloadError::Length`].
    pub fn check(&self) -> Result<(), WorkloadError> {
        self.input_tokens.check("input")?;
        match &self.output_tokens {
            Some(output_tokens) => output_tokens.check("output"),
            None => Ok(()),
        }
    }
}

impl Synthetic {
    pub(super) fn request<'a>(&self, index: u64, text: &'a mut String) -> RequestSpec<'a> {
        let SyntheticConfig { seed, sampling, .. } = self.config;
        let entry = self
            .config
            .entries
            .map_or(index, |entries| sampling.pick(index, entries, seed));
        let drawn = self.config.input_tokens.draw(Stream::InputLength, seed, entry);
        let input_tokens = drawn.max(self.wording.least_prompt());
        self.wording
            .write_prompt(input_tokens, &mut Stream::Text.random(seed, entry), text);
        let output_tokens = self
            .config
            .output_tokens
            .map(|lengths| lengths.draw(Stream::OutputLength, seed, entry));
        RequestSpec {
            content: Content::Text(text),
            output_tokens,
            input_tokens: Some(input_tokens),
        }
    }

    pub(super) fn entries(&self) -> Option<u64> {
        self.config.entries.map(NonZeroU64::get)
    }

    pub(super) fn description(&self) -> WorkloadDescription {
        let SyntheticConfig {
            seed,
            input_tokens,
            output_tokens,
            ..
        } = self.config;
        let sampling = self.config.entries.map(|_| self.config.sampling);
        let (entries, words) = (self.entries(), self.wording.fingerprint());
        let counted = self.wording.word_count();
        let defining = (seed, input_tokens, output_tokens, entries, sampling, counted, &words);
        let hash = sha256_of(&serde_json::to_vec(&defining).unwrap_or_default());
        WorkloadDescription::Synthetic {
            seed,
            input_tokens,
            output_tokens,
            entries,
            sampling,
            lengths: self.wording.lengths(),
            words,
            hash,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::workload::{fake_tokenizer::FakeTokenizer, tokenizer::PromptTokenizer};

    fn config(mean: f64, stddev: f64) -> SyntheticConfig {
        SyntheticConfig {
            input_tokens: LengthDistribution { mean, stddev },
            output_tokens: None,
            entries: None,
            seed: 7,
            sampling: SamplingStrategy::Sequential,
        }
    }

    fn with_tokenizer(tokenizer: &PromptTokenizer, template_overhead: u32) -> LengthModel {
        LengthModel::Tokenizer {
            tokenizer: tokenizer.clone(),
            template_overhead,
        }
    }

    fn text(workload: &Workload, index: u64) -> String {
        let mut scratch = String::new();
        match workload.request(index, &mut scratch).content {
            Content::Text(text) => text.to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn prompts_have_exactly_the_tokens_asked_for_template_included() {
        let tokenizer = FakeTokenizer::byte_level(60).load();
        let workload = config(50.0, 30.0).build(with_tokenizer(&tokenizer, 11)).unwrap();
        let mut scratch = String::new();
        for index in 0..200 {
            let asked = workload.request(index, &mut scratch).input_tokens.unwrap();
            assert_eq!(tokenizer.count(&text(&workload, index)) + 11, asked, "request {index}");
            assert!(asked >= 12, "request {index} is shorter than its template");
        }
    }

    #[test]
    fn a_prompt_no_longer_than_its_template_is_refused() {
        let lengths = with_tokenizer(&FakeTokenizer::word_level().load(), 20);
        insta::assert_snapshot!(config(20.0, 0.0).build(lengths.clone()).unwrap_err(), @"a prompt of 20 input tokens is impossible: the server's chat template alone takes 20; ask for at least 21");
        assert_eq!(
            text(&config(21.0, 0.0).build(lengths).unwrap(), 0).split(' ').count(),
            1
        );
    }

    #[test]
    fn a_tokenizer_without_exact_texts_is_refused() {
        let lengths = with_tokenizer(&FakeTokenizer::one_token_for_everything().load(), 0);
        assert!(matches!(
            config(20.0, 0.0).build(lengths),
            Err(WorkloadError::NotAdditive { .. })
        ));
    }

    #[test]
    fn without_a_tokenizer_words_stand_for_tokens() {
        let words = |lengths| text(&config(130.0, 0.0).build(lengths).unwrap(), 0).split(' ').count();
        assert_eq!(words(LengthModel::Words), 130);
        assert_eq!(
            words(LengthModel::Calibrated {
                tokens_per_word: 1.2,
                overhead: 10.0
            }),
            100
        );
    }

    #[test]
    fn every_request_is_fresh_unless_entries_are_asked_for() {
        let different = |workload: &Workload| {
            (0..1_000)
                .map(|index| text(workload, index))
                .collect::<HashSet<_>>()
                .len()
        };
        let fresh = config(20.0, 0.0).build(LengthModel::Words).unwrap();
        assert_eq!((different(&fresh), fresh.len()), (1_000, None));
        let entries = SyntheticConfig {
            entries: NonZeroU64::new(100),
            ..config(20.0, 0.0)
        };
        let repeated = entries.build(LengthModel::Words).unwrap();
        assert_eq!((different(&repeated), repeated.len()), (100, Some(100)));
        assert_eq!(text(&repeated, 3), text(&repeated, 103));
    }

    #[test]
    fn a_request_is_a_function_of_seed_and_number() {
        let build = |seed| {
            SyntheticConfig {
                seed,
                ..config(20.0, 5.0)
            }
            .build(LengthModel::Words)
            .unwrap()
        };
        assert_eq!(text(&build(7), 17), text(&build(7), 17));
        assert_ne!(text(&build(7), 17), text(&build(8), 17));
    }

    #[test]
    fn lengths_do_not_depend_on_what_the_text_is_made_of() {
        let output_tokens = Some(LengthDistribution {
            mean: 100.0,
            stddev: 20.0,
        });
        let config = SyntheticConfig {
            output_tokens,
            ..config(60.0, 20.0)
        };
        let lengths = |model| {
            let workload = config.build(model).unwrap();
            let mut scratch = String::new();
            let mut of = |index| {
                let request = workload.request(index, &mut scratch);
                (request.input_tokens, request.output_tokens)
            };
            (0..50).map(&mut of).collect::<Vec<_>>()
        };
        assert_eq!(
            lengths(LengthModel::Words),
            lengths(with_tokenizer(&FakeTokenizer::byte_level(0).load(), 0))
        );
    }

    #[test]
    fn texts_need_no_escaping_in_json() {
        for model in [
            LengthModel::Words,
            with_tokenizer(&FakeTokenizer::byte_level(0).load(), 0),
        ] {
            let text = text(&config(500.0, 0.0).build(model).unwrap(), 0);
            assert_eq!(serde_json::to_string(&text).unwrap(), format!("\"{text}\""));
        }
    }

    #[test]
    fn lengths_out_of_range_are_refused() {
        assert!(config(0.0, 0.0).build(LengthModel::Words).is_err());
        let output_tokens = Some(LengthDistribution {
            mean: 10.0,
            stddev: -1.0,
        });
        assert!(
            SyntheticConfig {
                output_tokens,
                ..config(10.0, 0.0)
            }
            .build(LengthModel::Words)
            .is_err()
        );
    }

    #[test]
    fn the_description_has_what_another_run_needs() {
        let entries = SyntheticConfig {
            entries: NonZeroU64::new(100),
            ..config(20.0, 0.0)
        };
        let description = entries.build(LengthModel::Words).unwrap().description();
        insta::assert_json_snapshot!(description, @r#"
        {
          "kind": "synthetic",
          "seed": 7,
          "input_tokens": {
            "mean": 20.0,
            "stddev": 0.0
          },
          "output_tokens": null,
          "entries": 100,
          "sampling": "sequential",
          "lengths": "words",
          "words": "fnv1a64:5369f4099244b86f",
          "hash": "sha256:c4164f9504bf30d75bc31d9631c49c887fe5a76fd6beec11a34ca63c98a3af3c"
        }
        "#);
    }
}
