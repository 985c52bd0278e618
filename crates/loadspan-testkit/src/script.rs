//! What one response looks like: when its tokens come, in what shape, and what goes wrong.

mod fault;
mod shape;

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::time::Duration;

pub use fault::Fault;
pub use shape::{
    Answer, DataSpace, Ending, Filler, LineEnding, Opening, ReasoningField, RoleChunk, TokenText, Usage, Writes,
};

use crate::Every;

/// What one response looks like. Built up by its methods, each of which changes one thing.
///
/// The default is one token at once, shaped as vLLM shapes it. Endpoints that lack a feature (tool calls in `/v1/completions`,
/// anything streamed from `/v1/embeddings`) send what comes closest: plain text, and after `ttft` the vectors.
#[derive(Debug, Clone)]
#[must_use]
pub struct Script {
    pub(crate) head_delay: Duration,
    pub(crate) ttft: Duration,
    pub(crate) itl: Duration,
    pub(crate) jitter: f64,
    pub(crate) tokens: u32,
    pub(crate) tokens_per_chunk: NonZeroU32,
    pub(crate) eos_after: Option<u32>,
    pub(crate) opening: Opening,
    pub(crate) role: RoleChunk,
    pub(crate) fillers: Vec<Filler>,
    pub(crate) reasoning: u32,
    pub(crate) reasoning_field: ReasoningField,
    pub(crate) answer: Answer,
    pub(crate) text: TokenText,
    pub(crate) usage: Usage,
    pub(crate) usage_error: i32,
    pub(crate) cached_tokens: Option<u32>,
    pub(crate) finish_reason: Option<Cow<'static, str>>,
    pub(crate) ending: Ending,
    pub(crate) line_ending: LineEnding,
    pub(crate) data_space: DataSpace,
    pub(crate) writes: Writes,
    pub(crate) fault: Fault,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            head_delay: Duration::ZERO,
            ttft: Duration::ZERO,
            itl: Duration::ZERO,
            jitter: 0.0,
            tokens: 1,
            tokens_per_chunk: NonZeroU32::MIN,
            eos_after: None,
            opening: Opening::default(),
            role: RoleChunk::default(),
            fillers: Vec::new(),
            reasoning: 0,
            reasoning_field: ReasoningField::default(),
            answer: Answer::default(),
            text: TokenText::default(),
            usage: Usage::default(),
            usage_error: 0,
            cached_tokens: None,
            finish_reason: None,
            ending: Ending::default(),
            line_ending: LineEnding::default(),
            data_space: DataSpace::default(),
            writes: Writes::default(),
            fault: Fault::default(),
        }
    }
}

/// When the tokens come.
impl Script {
    /// One token at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// Time from the start of the service to the first token.
    pub fn ttft(mut self, ttft: Duration) -> Self {
        self.ttft = ttft;
        self
    }

    /// How many tokens come when the request does not say, reasoning included, and the interval between them: token `k` is due
    /// at `ttft + k × interval`, however late the one before it was.
    pub fn tokens(mut self, tokens: u32, interval: Every) -> Self {
        self.tokens = tokens;
        self.itl = interval.0;
        self
    }

    /// Changes the time to the first token and each interval by up to this share of it, up or down, evenly distributed, from the
    /// server's seed and the number of the request. Clamped to 0–1.
    pub fn jitter(mut self, ratio: f64) -> Self {
        self.jitter = if ratio.is_nan() { 0.0 } else { ratio.clamp(0.0, 1.0) };
        self
    }

    /// Nothing at all is sent for this long; then the response begins, and `ttft` counts from here.
    pub fn head_delay(mut self, delay: Duration) -> Self {
        self.head_delay = delay;
        self
    }

    /// Stops after so many tokens even if more were asked for, unless the request says `ignore_eos` or a larger `min_tokens`.
    pub fn eos_after(mut self, tokens: u32) -> Self {
        self.eos_after = Some(tokens);
        self
    }
}

/// What is in the events.
impl Script {
    /// Tokens in one chunk. The chunk is due when its first token is.
    pub fn tokens_per_chunk(mut self, tokens: NonZeroU32) -> Self {
        self.tokens_per_chunk = tokens;
        self
    }

    /// What a stream shows before its first token.
    pub fn opening(mut self, opening: Opening) -> Self {
        self.opening = opening;
        self
    }

    /// Where a chat stream says who speaks.
    pub fn role(mut self, role: RoleChunk) -> Self {
        self.role = role;
        self
    }

    /// Sends this in the middle of each interval, the time to the first token included. May be called more than once.
    pub fn filler(mut self, filler: Filler) -> Self {
        self.fillers.push(filler);
        self
    }

    /// Sends the first `tokens` tokens as reasoning.
    pub fn reasoning(mut self, tokens: u32, field: ReasoningField) -> Self {
        self.reasoning = tokens;
        self.reasoning_field = field;
        self
    }

    /// What the tokens after the reasoning are.
    pub fn answer(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    /// What tokens look like.
    pub fn text(mut self, text: TokenText) -> Self {
        self.text = text;
        self
    }

    /// When the server counts its tokens for the client.
    pub fn usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// Adds so many tokens to the true count of output tokens in `usage`.
    pub fn wrong_usage(mut self, error: i32) -> Self {
        self.usage_error = error;
        self
    }

    /// Says in `usage` that so many prompt tokens were cached.
    pub fn cached_tokens(mut self, tokens: u32) -> Self {
        self.cached_tokens = Some(tokens);
        self
    }

    /// The `finish_reason`, instead of the one that follows from the request.
    pub fn finish_reason(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.finish_reason = Some(reason.into());
        self
    }
}

/// How the bytes are cut, and what goes wrong.
impl Script {
    /// Whether `[DONE]` ends the stream.
    pub fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// What ends a line of the event stream.
    pub fn line_ending(mut self, line_ending: LineEnding) -> Self {
        self.line_ending = line_ending;
        self
    }

    /// Whether a space follows `data:`.
    pub fn data_space(mut self, space: DataSpace) -> Self {
        self.data_space = space;
        self
    }

    /// How events are cut into writes.
    pub fn writes(mut self, writes: Writes) -> Self {
        self.writes = writes;
        self
    }

    /// What goes wrong.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = fault;
        self
    }
}
