//! The bytes of a response: bodies, and the events of a stream. Knows no time and no transport.

mod chat;
mod completions;
mod embeddings;
mod json;
mod responses;
mod sse;
mod text;
mod usage;

use std::ops::Range;

pub(crate) use embeddings::{Embeddings, write_embeddings};
pub(crate) use json::{write_number, write_string};
pub(crate) use sse::Events;
pub(crate) use usage::Counts;

use crate::route::Endpoint;
use crate::script::{Answer, ReasoningField, RoleChunk, TokenText};
use crate::{Ending, Filler, Script};

/// The `created` of every response: the same bytes each time.
pub(crate) const CREATED: &str = "1735689600";

/// What one response consists of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// Tokens of one choice, reasoning included.
    pub(crate) tokens: u32,
    pub(crate) choices: u32,
    reasoning: u32,
    reasoning_field: ReasoningField,
    answer: Answer,
    text: TokenText,
}

/// The channel of a response that a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Reasoning,
    Text,
    ToolCall,
    Refusal,
}

/// Successive tokens of one channel, which go into one chunk.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) channel: Channel,
    /// The tokens, counted from the start of the response.
    pub(crate) tokens: Range<u32>,
    /// Where the channel begins and ends.
    bounds: Range<u32>,
}

/// Whom a response is from and what it answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) number: u64,
    pub(crate) model: &'a str,
}

impl Output {
    pub(crate) fn new(script: &Script, tokens: u32, choices: u32) -> Self {
        Self {
            tokens,
            choices,
            reasoning: script.reasoning.min(tokens),
            reasoning_field: script.reasoning_field,
            answer: script.answer,
            text: script.text,
        }
    }

    /// Tokens of reasoning over all choices, if the model reasons.
    pub(crate) fn reasoning_tokens(&self) -> Option<u32> {
        (self.reasoning > 0).then(|| self.reasoning.saturating_mul(self.choices))
    }

    /// The tokens from `first` on that fit into one chunk and are of one channel.
    pub(crate) fn span(&self, first: u32, at_most: u32) -> Span {
        let (channel, bounds) = if first < self.reasoning {
            (Channel::Reasoning, 0..self.reasoning)
        } else {
            (self.answer_channel(), self.reasoning..self.tokens)
        };
        Span {
            channel,
            tokens: first..first.saturating_add(at_most).min(bounds.end),
            bounds,
        }
    }

    /// All tokens of reasoning, or of the answer.
    fn whole(&self, part: Part) -> Span {
        match part {
            Part::Reasoning => self.span(0, self.reasoning),
            Part::Answer => self.span(self.reasoning, u32::MAX),
        }
    }

    fn answer_channel(&self) -> Channel {
        match self.answer {
            Answer::Text => Channel::Text,
            Answer::ToolCall => Channel::ToolCall,
            Answer::Refusal => Channel::Refusal,
        }
    }
}

/// The two parts of a response.
#[derive(Debug, Clone, Copy)]
enum Part {
    Reasoning,
    Answer,
}

/// Writes the events of one stream.
#[derive(Debug)]
pub(crate) struct StreamEncoder<'s> {
    script: &'s Script,
    output: Output,
    endpoint: Endpoint,
    /// What all chunks begin with.
    prefix: Vec<u8>,
    /// Events so far; `/v1/responses` numbers them.
    sequence: u32,
    pub(crate) events: Events,
}

impl<'s> StreamEncoder<'s> {
    pub(crate) fn new(script: &'s Script, output: Output, identity: Identity<'_>) -> Self {
        let mut prefix = Vec::with_capacity(192);
        match identity.endpoint {
            Endpoint::Completions => completions::write_chunk_prefix(&mut prefix, identity),
            Endpoint::Responses => responses::write_identity(&mut prefix, identity),
            Endpoint::Chat | Endpoint::Embeddings => chat::write_chunk_prefix(&mut prefix, identity),
        }
        let events = Events::new(script);
        Self {
            script,
            output,
            endpoint: identity.endpoint,
            prefix,
            sequence: 0,
            events,
        }
    }

    /// What comes before the first token and is none.
    pub(crate) fn opening(&mut self) {
        match self.endpoint {
            Endpoint::Chat if self.script.role == RoleChunk::Alone => self.for_each_choice(Self::chat_role),
            Endpoint::Responses => self.responses_opening(),
            _ => {}
        }
    }

    /// A chunk of tokens for one choice, with the counts so far if they are to be in it.
    pub(crate) fn tokens(&mut self, choice: u32, span: &Span, usage: Option<Counts>) {
        match self.endpoint {
            Endpoint::Completions => self.completions_tokens(choice, span, usage),
            Endpoint::Responses => self.responses_tokens(span),
            Endpoint::Chat | Endpoint::Embeddings => self.chat_tokens(choice, span, usage),
        }
    }

    /// Something that is no token.
    pub(crate) fn filler(&mut self, filler: Filler) {
        match (filler, self.endpoint) {
            (Filler::Comment, _) => self.events.comment("keep-alive"),
            (Filler::EmptyChunk, Endpoint::Completions) => self.completions_empty(),
            (Filler::EmptyChunk, Endpoint::Responses) => self.responses_empty(),
            (Filler::EmptyChunk, _) => self.for_each_choice(Self::chat_empty),
        }
    }

    /// The end of all choices; then the counts if they come at the end; then `[DONE]`.
    pub(crate) fn closing(&mut self, finish_reason: &str, usage: Option<Counts>) {
        match self.endpoint {
            Endpoint::Completions => self.completions_closing(finish_reason, usage),
            Endpoint::Responses => self.responses_closing(usage),
            Endpoint::Chat | Endpoint::Embeddings => self.chat_closing(finish_reason, usage),
        }
        self.done();
    }

    /// An error within the stream, which ends it.
    pub(crate) fn error(&mut self) {
        let name = (self.endpoint == Endpoint::Responses).then_some("error");
        self.events.begin(name);
        self.events
            .write(br#"{"error":{"object":"error","message":"the engine stopped: scripted error","#);
        self.events
            .write(br#""type":"InternalServerError","param":null,"code":500}}"#);
        self.events.end();
        self.done();
    }

    fn done(&mut self) {
        if self.script.ending == Ending::Done && self.endpoint != Endpoint::Responses {
            self.events.begin(None);
            self.events.write(b"[DONE]");
            self.events.end();
        }
    }

    fn for_each_choice(&mut self, write: fn(&mut Self, u32)) {
        (0..self.output.choices).for_each(|choice| write(self, choice));
    }
}

/// Writes the body of a response that is not streamed.
pub(crate) fn write_whole(out: &mut Vec<u8>, whole: &Whole<'_>) {
    match whole.identity.endpoint {
        Endpoint::Completions => completions::write_whole(out, whole),
        Endpoint::Responses => responses::write_whole(out, whole),
        Endpoint::Chat | Endpoint::Embeddings => chat::write_whole(out, whole),
    }
}

/// A response that is not streamed.
#[derive(Debug)]
pub(crate) struct Whole<'a> {
    pub(crate) identity: Identity<'a>,
    pub(crate) output: Output,
    pub(crate) finish_reason: &'a str,
    pub(crate) usage: Option<Counts>,
}
