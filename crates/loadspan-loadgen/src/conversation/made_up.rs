//! Conversations of random words.

use std::num::NonZeroU32;

use serde::Serialize;
use serde_json::{Value, json};

use super::error::ConversationError;
use super::script::TurnLengths;
use super::share::SampledTurns;
use crate::workload::{LengthDistribution, LengthModel, Stream, Wording, scale, sha256_of};

/// The most turns that a session can have on average.
const MOST_TURNS: f64 = 10_000.0;
/// The longest shared texts that are held, in tokens: about 200 MB.
const MOST_SHARED: u64 = 32 << 20;

/// What is said in conversations that are made up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MadeUpConfig {
    /// Turns of a session.
    pub turns: LengthDistribution,
    /// Tokens of what the user says in a turn. The chat template comes on top.
    pub input_tokens: LengthDistribution,
    /// Tokens of an answer. `None`: the server decides.
    pub output_tokens: Option<LengthDistribution>,
    /// Tokens of a system prompt that all sessions have.
    pub system_tokens: u32,
    /// Texts behind it, of which each session has one.
    pub prefixes: Option<PrefixPool>,
}

impl MadeUpConfig {
    /// An error when a value is out of range, or a share of the cache cannot be aimed at, whatever the server counts.
    pub(super) fn check(&self) -> Result<(), ConversationError> {
        let LengthDistribution { mean, stddev } = self.turns;
        if !((1.0..=MOST_TURNS).contains(&mean) && stddev.is_finite() && stddev >= 0.0) {
            return Err(ConversationError::Turns { mean, stddev });
        }
        self.input_tokens.check("input")?;
        if let Some(output_tokens) = &self.output_tokens {
            output_tokens.check("output")?;
        }
        match self.prefixes.map(|pool| pool.length) {
            Some(PrefixLength::ForShare(share)) if !(0.0..1.0).contains(&share) => {
                Err(ConversationError::PrefixShare(share))
            }
            Some(PrefixLength::ForShare(_)) if self.output_tokens.is_none() => {
                Err(ConversationError::AnswersOfUnknownLength)
            }
            _ => Ok(()),
        }
    }
}

/// Texts that several sessions begin with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PrefixPool {
    /// How many there are. Sessions choose at random.
    pub count: NonZeroU32,
    /// How long each is.
    pub length: PrefixLength,
}

/// How long a text is that several sessions begin with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PrefixLength {
    /// So many tokens.
    Tokens(u32),
    /// As many as make this the share, from 0 to below 1, of all input tokens that a cache can have seen.
    ForShare(f64),
}

/// Conversations that are made up when they are asked for.
#[derive(Debug)]
pub(super) struct MadeUp {
    config: MadeUpConfig,
    seed: u64,
    wording: Wording,
    /// The texts that sessions share: all of the system's, and the rest of it, of which each session has one.
    system: String,
    prefixes: Vec<String>,
    prefix_tokens: u32,
    share: Option<f64>,
}

impl MadeUp {
    pub(super) fn build(config: MadeUpConfig, seed: u64, lengths: &LengthModel) -> Result<Self, ConversationError> {
        let mut made_up = Self {
            config,
            seed,
            wording: Wording::of(lengths)?,
            system: String::new(),
            prefixes: Vec::new(),
            prefix_tokens: 0,
            share: None,
        };
        let sampled = SampledTurns::of(&made_up);
        made_up.prefix_tokens = match config.prefixes.map(|pool| pool.length) {
            None => 0,
            Some(PrefixLength::Tokens(tokens)) => tokens,
            Some(PrefixLength::ForShare(share)) => {
                let sampled = sampled.ok_or(ConversationError::AnswersOfUnknownLength)?;
                let shared = sampled.shared_tokens_for(share, config.system_tokens)?;
                shared - config.system_tokens
            }
        };
        made_up.share = sampled.map(|sampled| sampled.share(made_up.opening_tokens()));
        made_up.write_shared()?;
        Ok(made_up)
    }

    /// Writes the texts that sessions share.
    fn write_shared(&mut self) -> Result<(), ConversationError> {
        let (tokens, count) = (
            self.prefix_tokens,
            self.config.prefixes.map_or(0, |pool| pool.count.get()),
        );
        let all = u64::from(tokens) * u64::from(count) + u64::from(self.config.system_tokens);
        if all > MOST_SHARED {
            return Err(ConversationError::TooMuchShared {
                system: self.config.system_tokens,
                count,
                tokens,
                most: MOST_SHARED,
            });
        }
        let random = |number: u64| Stream::SharedText.random(self.seed, number);
        let mut system = String::new();
        self.wording
            .append_text(self.config.system_tokens, &mut random(0), &mut system);
        let prefix = |number: u32| {
            let (mut random, mut text) = (random(1 + u64::from(number)), String::new());
            if system.is_empty() {
                self.wording.append_text(tokens, &mut random, &mut text);
            } else {
                self.wording.append_more(tokens, &mut random, &mut text);
            }
            text
        };
        self.prefixes = (0..count).map(prefix).collect();
        self.system = system;
        Ok(())
    }

    pub(super) fn turns(&self, session: u64) -> u32 {
        self.config.turns.draw(Stream::Turns, self.seed, session)
    }

    /// The lengths of a turn.
    pub(super) fn lengths(&self, session: u64, turn: u32) -> TurnLengths {
        let seed = self.session_seed(session);
        let draw = |lengths: LengthDistribution, stream| lengths.draw(stream, seed, u64::from(turn));
        TurnLengths {
            input: draw(self.config.input_tokens, Stream::InputLength),
            output: self
                .config
                .output_tokens
                .map(|lengths| draw(lengths, Stream::OutputLength)),
        }
    }

    /// Appends what is said in a turn as a JSON string.
    pub(super) fn write_input(&self, session: u64, turn: u32, json: &mut String) {
        let mut random = Stream::Text.random(self.session_seed(session), u64::from(turn));
        json.push('"');
        self.wording
            .append_text(self.lengths(session, turn).input, &mut random, json);
        json.push('"');
    }

    /// Appends what a session shares with others as a JSON string.
    pub(super) fn write_opening(&self, session: u64, json: &mut String) {
        json.push('"');
        json.push_str(&self.system);
        let choice = scale(
            Stream::SharedChoice.number(self.seed, session),
            self.prefixes.len() as u64,
        );
        if let Some(prefix) = self.prefixes.get(choice as usize) {
            json.push_str(prefix);
        }
        json.push('"');
    }

    /// Tokens of what a session shares with others.
    pub(super) fn opening_tokens(&self) -> u32 {
        self.config.system_tokens.saturating_add(self.prefix_tokens)
    }

    pub(super) fn estimate(&self, text: &str) -> u32 {
        self.wording.estimate(text)
    }

    pub(super) fn prefix_share(&self) -> Option<f64> {
        self.share
    }

    pub(super) fn description(&self) -> Value {
        let mut description = json!({
            "kind": "made_up_conversations",
            "seed": self.seed,
            "turns": self.config.turns,
            "input_tokens": self.config.input_tokens,
            "output_tokens": self.config.output_tokens,
            "system_prompt_tokens": self.config.system_tokens,
            "prefix_prompts": self.prefixes.len(),
            "prefix_prompt_tokens": self.prefix_tokens,
            "prefix_share": self.share,
            "lengths": self.wording.lengths(),
            "words": self.wording.fingerprint(),
        });
        if let Some(PrefixLength::ForShare(share)) = self.config.prefixes.map(|pool| pool.length) {
            description["prefix_share_asked"] = json!(share);
        }
        description["hash"] = sha256_of(description.to_string().as_bytes()).into();
        description
    }

    fn session_seed(&self, session: u64) -> u64 {
        Stream::Session.number(self.seed, session)
    }
}
