//! Watches one response after the other and says what it was worth.

mod answer;
mod said;
mod tool_calls;

use std::borrow::Cow;
use std::sync::Arc;

use loadspan_record::{ChunkGaps, Failure, FailureKind, Outcome, RunOffset, TokenCounts, TokenSource};

pub use self::said::TextCapture;
pub(crate) use self::said::{OUTPUT_LIMIT, Said, TextConfig, beginning};
use crate::openai::{Channel, EndpointType, EventReader, Facts, Unreadable, Usage, read_answer, read_error};
use crate::response::{BreakCause, Broken, Exchanged, ResponseHead, ResponseSink};
use crate::sse::SseDecoder;

/// The largest answer that is not a stream.
const BODY_LIMIT: usize = 64 << 20;
/// As much of an error's body as can matter.
const ERROR_BODY_LIMIT: usize = 16 << 10;
/// A buffer larger than this is not kept for the next response.
const KEPT_BUFFER: usize = 1 << 20;

/// How responses are to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ObserverConfig {
    pub(crate) endpoint_type: EndpointType,
    pub(crate) streaming: bool,
    /// Whether the text of answers is kept.
    pub(crate) text: TextConfig,
    /// Streams with more gaps than this keep a histogram of them.
    pub(crate) gap_limit: usize,
}

/// Reads the responses of one slot, one after the other.
#[derive(Debug)]
pub(crate) struct Observer {
    config: ObserverConfig,
    sse: SseDecoder,
    events: EventReader,
    seen: Seen,
}

/// What has been seen of the present response.
#[derive(Debug, Default)]
struct Seen {
    status: Option<u16>,
    /// A stream was asked for and something else is coming.
    wrong_type: Option<String>,
    header_request_id: Option<Box<str>>,
    body: Vec<u8>,
    first_chunk_at: Option<RunOffset>,
    first_token_at: Option<RunOffset>,
    first_answer_token_at: Option<RunOffset>,
    last_token_at: Option<RunOffset>,
    gaps_us: Vec<u32>,
    chunks: u32,
    usage: Option<(Usage, TokenSource)>,
    first_chunk_tokens: Option<u32>,
    finish_reason: Option<Box<str>>,
    response_id: Option<Box<str>>,
    response_model: Option<Arc<str>>,
    /// The model that answered before. As a rule it is the same again, and the records share its name.
    last_model: Option<Arc<str>>,
    error: Option<String>,
    unreadable: Option<String>,
    done: bool,
    said: Said,
}

/// What a response was worth.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<u16>,
    pub(crate) first_chunk_at: Option<RunOffset>,
    pub(crate) first_token_at: Option<RunOffset>,
    pub(crate) first_answer_token_at: Option<RunOffset>,
    pub(crate) last_token_at: Option<RunOffset>,
    pub(crate) finished_at: RunOffset,
    pub(crate) chunk_gaps: ChunkGaps,
    pub(crate) chunks: u32,
    pub(crate) tokens: TokenCounts,
    pub(crate) finish_reason: Option<Box<str>>,
    pub(crate) response_id: Option<Box<str>>,
    pub(crate) response_model: Option<Arc<str>>,
    pub(crate) server_request_id: Option<Box<str>>,
    pub(crate) bytes_received: u64,
    pub(crate) said: Said,
}

impl ResponseSink for Observer {
    fn on_head(&mut self, head: ResponseHead<'_>) {
        self.seen.status = Some(head.status);
        self.seen.header_request_id = head.request_id.map(Into::into);
        let is_json = head
            .content_type
            .is_some_and(|kind| kind.trim_start().starts_with("application/json"));
        let is_html = head
            .content_type
            .is_some_and(|kind| kind.trim_start().starts_with("text/html"));
        if self.config.streaming && (is_json || is_html) {
            self.seen.wrong_type = head.content_type.map(str::to_owned);
        }
    }

    fn on_body(&mut self, bytes: &[u8], at: RunOffset) {
        self.seen.first_chunk_at.get_or_insert(at);
        if !self.reads_events() {
            return self.seen.take_body(bytes);
        }
        let Self {
            config,
            sse,
            events,
            seen,
        } = self;
        if let Err(error) = sse.push(bytes, |event| seen.take(events.read(event), at, config.text)) {
            seen.unreadable.get_or_insert_with(|| error.to_string());
        }
    }

    fn has_enough(&self) -> bool {
        self.seen.done || self.seen.unreadable.is_some()
    }
}

impl Observer {
    pub(crate) fn new(config: ObserverConfig) -> Self {
        Self {
            config,
            sse: SseDecoder::default(),
            events: EventReader::new(config.endpoint_type),
            seen: Seen::default(),
        }
    }

    fn reads_events(&self) -> bool {
        let success = self.seen.status.is_some_and(|status| (200..300).contains(&status));
        self.config.streaming && success && self.seen.wrong_type.is_none()
    }

    /// Judges the response that has ended and makes ready for the next one.
    pub(crate) fn conclude(&mut self, exchanged: Exchanged) -> Observed {
        let (finished_at, bytes_received) = match &exchanged {
            Ok(received) => (received.finished_at, received.bytes),
            Err(broken) => (broken.finished_at, broken.bytes),
        };
        if self.reads_events() {
            let Self {
                config,
                sse,
                events,
                seen,
            } = self;
            sse.finish(|event| seen.take(events.read(event), finished_at, config.text));
        } else if exchanged.is_ok() {
            self.read_body();
        }
        let outcome = self.judge(exchanged.err());
        let observed = self.seen.observed(self.config, outcome);
        let observed = Observed {
            finished_at,
            bytes_received,
            ..observed
        };
        self.reset();
        observed
    }

    /// Reads an answer that came whole.
    fn read_body(&mut self) {
        let seen = &mut self.seen;
        if !seen.status.is_some_and(|status| (200..300).contains(&status)) || seen.wrong_type.is_some() {
            return;
        }
        let body = std::mem::take(&mut seen.body);
        match read_answer(self.config.endpoint_type, &body) {
            Ok(facts) => {
                let has_output = facts.output.is_some();
                seen.keep(facts, self.config.text);
                seen.done = true;
                seen.chunks = u32::from(has_output);
            }
            Err(error) => {
                seen.unreadable.get_or_insert(error.0);
            }
        }
        seen.body = body;
    }

    fn judge(&self, broken: Option<Broken>) -> Outcome {
        let seen = &self.seen;
        let failed = |kind, message: Option<String>| {
            Outcome::Failed(Failure {
                kind,
                message: message.map(String::into_boxed_str),
            })
        };
        // What the server said about its failure says more than how the connection ended after it.
        if let Some(status) = seen.status.filter(|status| !(200..300).contains(status)) {
            return failed(FailureKind::HttpStatus(status), read_error(&seen.body));
        }
        if let Some(error) = &seen.error {
            return failed(FailureKind::SseErrorEvent, Some(error.clone()));
        }
        match broken.map(|broken| broken.cause) {
            Some(BreakCause::Cutoff) => return Outcome::Cancelled,
            Some(BreakCause::Failure(kind, message)) => return failed(kind, message),
            None => {}
        }
        if let Some(content_type) = &seen.wrong_type {
            let said = read_error(&seen.body).unwrap_or_default();
            return failed(
                FailureKind::Parse,
                Some(format!("asked for a stream, got {content_type}: {said}")),
            );
        }
        if let Some(error) = &seen.unreadable {
            return failed(FailureKind::Parse, Some(error.clone()));
        }
        let ended = seen.done || seen.finish_reason.is_some() || seen.usage_at_end();
        match (seen.chunks > 0, ended) {
            (true, true) => Outcome::Completed,
            (true, false) => failed(
                FailureKind::TruncatedStream,
                Some("no finish reason and no [DONE]".to_owned()),
            ),
            (false, _) => failed(FailureKind::EmptyOutput, None),
        }
    }

    /// Forgets the response but keeps its buffers.
    fn reset(&mut self) {
        let Seen {
            mut body,
            mut gaps_us,
            response_model,
            last_model,
            ..
        } = std::mem::take(&mut self.seen);
        if body.capacity() > KEPT_BUFFER {
            body = Vec::new();
        }
        body.clear();
        gaps_us.clear();
        self.seen = Seen {
            body,
            gaps_us,
            last_model: response_model.or(last_model),
            ..Seen::default()
        };
        self.sse = SseDecoder::default();
        self.events.reset();
    }
}

impl Seen {
    /// Takes bytes of a body that is no stream of events.
    fn take_body(&mut self, bytes: &[u8]) {
        let success = self.status.is_some_and(|status| (200..300).contains(&status));
        let limit = if success { BODY_LIMIT } else { ERROR_BODY_LIMIT };
        let room = limit.saturating_sub(self.body.len());
        self.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if success && bytes.len() > room {
            self.unreadable
                .get_or_insert_with(|| "the answer is longer than 64 MiB".to_owned());
        }
    }

    /// Takes one event of a stream.
    fn take(&mut self, facts: Result<Facts<'_>, Unreadable>, at: RunOffset, text: TextConfig) {
        let facts = match facts {
            Ok(facts) => facts,
            Err(error) => {
                self.unreadable.get_or_insert(error.0);
                return;
            }
        };
        if let Some(channel) = facts.output {
            if self.chunks == 0 {
                self.first_chunk_tokens = facts.usage.and_then(|usage| usage.completion_tokens);
            }
            self.output_arrived(channel, at);
        }
        self.keep(facts, text);
    }

    fn output_arrived(&mut self, channel: Channel, at: RunOffset) {
        if let Some(last) = self.last_token_at {
            let gap = at.as_nanos() / 1_000 - last.as_nanos() / 1_000;
            self.gaps_us.push(u32::try_from(gap).unwrap_or(u32::MAX));
        }
        self.chunks += 1;
        self.last_token_at = Some(at);
        self.first_token_at.get_or_insert(at);
        if channel == Channel::Answer {
            self.first_answer_token_at.get_or_insert(at);
        }
    }

    fn keep(&mut self, facts: Facts<'_>, text: TextConfig) {
        self.said.add(&facts, text);
        if let Some(usage) = facts.usage {
            let source = if facts.usage_is_final {
                TokenSource::ServerUsage
            } else {
                TokenSource::ChunkUsage
            };
            self.usage = Some((usage, source));
        }
        let owned = |text: Cow<'_, str>| text.into_owned().into_boxed_str();
        if self.finish_reason.is_none() {
            self.finish_reason = facts.finish_reason.map(owned);
        }
        if self.response_id.is_none() {
            self.response_id = facts.id.map(owned);
        }
        if let (None, Some(model)) = (&self.response_model, facts.model) {
            let last = self.last_model.as_ref().filter(|last| ***last == *model);
            self.response_model = Some(last.map_or_else(|| Arc::from(&*model), Arc::clone));
        }
        if self.error.is_none() {
            self.error = facts.error;
        }
        self.done |= facts.done;
    }

    fn usage_at_end(&self) -> bool {
        matches!(self.usage, Some((_, TokenSource::ServerUsage)))
    }

    fn observed(&mut self, config: ObserverConfig, outcome: Outcome) -> Observed {
        Observed {
            outcome,
            status: self.status,
            first_chunk_at: self.first_chunk_at,
            first_token_at: self.first_token_at,
            first_answer_token_at: self.first_answer_token_at,
            last_token_at: self.last_token_at,
            finished_at: RunOffset::ZERO,
            chunk_gaps: ChunkGaps::from_gaps(&self.gaps_us, config.gap_limit),
            chunks: self.chunks,
            tokens: self.token_counts(config),
            finish_reason: self.finish_reason.take(),
            response_id: self.response_id.take(),
            response_model: self.response_model.clone(),
            server_request_id: self.header_request_id.take(),
            bytes_received: 0,
            said: std::mem::take(&mut self.said).finish(),
        }
    }

    fn token_counts(&self, config: ObserverConfig) -> TokenCounts {
        let (usage, source) = self.usage.unwrap_or((Usage::default(), TokenSource::ServerUsage));
        let mut tokens = TokenCounts {
            input: usage.prompt_tokens,
            cached_input: usage.cached(),
            output: usage.completion_tokens,
            reasoning: usage.reasoning(),
            first_chunk: self.first_chunk_tokens,
            source: usage.completion_tokens.map(|_| source),
            ..TokenCounts::default()
        };
        if config.endpoint_type == EndpointType::Embeddings {
            (tokens.output, tokens.source) = (None, usage.prompt_tokens.map(|_| source));
        } else if tokens.output.is_none() && self.chunks > 0 && config.streaming {
            (tokens.output, tokens.source) = (Some(self.chunks), Some(TokenSource::ChunkCount));
        }
        tokens
    }
}
