//! What is sent: the content and the lengths of each request.
//!
//! A [`Workload`] is a function from the number of a request to a [`RequestSpec`]. It holds no state that changes, so that
//! worker threads share one without a lock, and so that request 17 is the same whoever sends it and whatever was sent
//! before. What differs between runs is the seed.
//!
//! Synthetic workloads write their texts on the fly; datasets are read whole, before the load starts. This module knows
//! nothing of HTTP or of the shape of a request body.

mod calibration;
mod dataset;
mod error;
#[cfg(test)]
mod fake_tokenizer;
mod fingerprint;
mod jsonl;
mod lengths;
mod one_token;
mod sampling;
mod sharegpt;
mod stream;
mod synthetic;
mod tokenizer;
mod wording;
mod words;

use serde::Serialize;

#[cfg(test)]
pub(crate) use self::fake_tokenizer::FakeTokenizer;
pub use self::{
    calibration::{Observation, calibrate, calibration_text},
    dataset::{DatasetConfig, DatasetFormat},
    error::WorkloadError,
    lengths::{LengthDistribution, LengthModel},
    sampling::SamplingStrategy,
    synthetic::SyntheticConfig,
    tokenizer::PromptTokenizer,
};
use self::{dataset::Dataset, synthetic::Synthetic};
pub(crate) use self::{
    dataset::open_dataset,
    fingerprint::sha256_of,
    jsonl::{describe as describe_line, each_line},
    sharegpt::{each_conversation, estimated_tokens},
    stream::{Stream, scale},
    wording::Wording,
};

/// What one request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestSpec<'a> {
    /// The prompt.
    pub content: Content<'a>,
    /// Tokens that the answer should have. `None`: the server decides.
    pub output_tokens: Option<u32>,
    /// Tokens that the prompt should have, chat template included. `None` when the workload does not say.
    pub input_tokens: Option<u32>,
}

/// The prompt of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// Plain text, not yet escaped for JSON. That of synthetic workloads needs no escaping.
    Text(&'a str),
    /// The JSON array of a chat's messages.
    Messages(&'a str),
    /// The JSON object of a whole request body.
    Payload(&'a str),
}

/// What makes a [`Workload`].
#[derive(Debug, Clone, PartialEq)]
pub enum WorkloadConfig {
    /// Texts made up of random words.
    Synthetic(SyntheticConfig),
    /// Texts, chats or bodies from a file.
    Dataset(DatasetConfig),
}

/// The requests of a run, by number.
#[derive(Debug)]
pub struct Workload(Source);

/// What a run must record of its workload for another run to be given the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WorkloadDescription {
    /// Texts made up of random words.
    Synthetic {
        /// The seed of texts, lengths and sampling.
        seed: u64,
        /// The lengths that prompts were asked to have, in tokens.
        input_tokens: LengthDistribution,
        /// The lengths that answers were asked to have, in tokens.
        output_tokens: Option<LengthDistribution>,
        /// How many different requests there are; `None` when each is fresh.
        entries: Option<u64>,
        /// How requests are chosen from the entries; `None` when each is fresh.
        sampling: Option<SamplingStrategy>,
        /// What turned tokens into words.
        lengths: &'static str,
        /// Fingerprint of the words that texts are made of. They depend on the tokenizer.
        words: String,
        /// SHA-256 of everything that defines the requests, lengths as the server counts them included: two runs with the same
        /// one have sent the same.
        hash: String,
    },
    /// A file.
    Dataset {
        /// The seed of default lengths and sampling.
        seed: u64,
        /// The file.
        path: String,
        /// Its format.
        format: DatasetFormat,
        /// SHA-256 of its bytes.
        content: String,
        /// How many requests it has.
        entries: u64,
        /// How many conversations of it were left out because they have no prompt or no answer.
        skipped: u64,
        /// How requests are chosen from it.
        sampling: SamplingStrategy,
        /// The answer lengths of entries that have none, in tokens.
        output_tokens: Option<LengthDistribution>,
    },
}

#[derive(Debug)]
enum Source {
    Synthetic(Synthetic),
    Dataset(Dataset),
}

impl Workload {
    /// Request number `index`. Its text may be written to `scratch`, whose content is lost; nothing is allocated once that
    /// has grown to the longest text.
    pub fn request<'a>(&'a self, index: u64, scratch: &'a mut String) -> RequestSpec<'a> {
        match &self.0 {
            Source::Synthetic(synthetic) => synthetic.request(index, scratch),
            Source::Dataset(dataset) => dataset.request(index),
        }
    }

    /// How many different requests there are. `None` when each is fresh.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a workload is never empty")]
    pub fn len(&self) -> Option<u64> {
        match &self.0 {
            Source::Synthetic(synthetic) => synthetic.entries(),
            Source::Dataset(dataset) => Some(dataset.entries()),
        }
    }

    /// Whether it has chats, which only some APIs take.
    #[must_use]
    pub fn has_messages(&self) -> bool {
        match &self.0 {
            Source::Synthetic(_) => false,
            Source::Dataset(dataset) => dataset.has_messages(),
        }
    }

    /// Whether it has whole request bodies, each of which may name its own model and parameters.
    #[must_use]
    pub fn has_payloads(&self) -> bool {
        match &self.0 {
            Source::Synthetic(_) => false,
            Source::Dataset(dataset) => dataset.has_payloads(),
        }
    }

    /// What the run records of it.
    #[must_use]
    pub fn description(&self) -> WorkloadDescription {
        match &self.0 {
            Source::Synthetic(synthetic) => synthetic.description(),
            Source::Dataset(dataset) => dataset.description(),
        }
    }
}
