//! A response that comes as a stream of events.

use std::sync::Arc;

use loadspan_wire::semconv::attributes;

use super::Failure;
use super::assembly::Assembly;
use super::call::Call;
use super::findings::{Findings, error_message, write_finish_reasons};
use super::object::{Object, raw};
use super::sse::Events;
use crate::layer::settings::Content;

/// Events that are recorded as chunks at most.
const MOST_CHUNKS: u64 = 1_000;

/// A response that comes as a stream of events.
#[derive(Debug)]
pub(super) struct Stream {
    events: Events,
    content: StreamContent,
    /// Not a byte has come.
    is_awaited: bool,
}

/// What comes of the events.
#[derive(Debug)]
struct StreamContent {
    call: Arc<Call>,
    assembly: Assembly,
    findings: Findings,
    failure: Option<Failure>,
    chunks: u64,
    /// Bytes of content that may still be kept.
    left: usize,
    is_truncated: bool,
    /// The event that says so was there.
    is_done: bool,
}

/// Whether what an event brings is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Content,
    Nothing,
}

impl Stream {
    pub(super) fn new(call: Arc<Call>) -> Self {
        Self {
            events: Events::new(call.reading_limit()),
            is_awaited: true,
            content: StreamContent {
                assembly: Assembly::new(call.api),
                left: call.content_limit(),
                call,
                findings: Findings::default(),
                failure: None,
                chunks: 0,
                is_truncated: false,
                is_done: false,
            },
        }
    }

    pub(super) fn chunk(&mut self, bytes: &[u8]) {
        if self.is_awaited && !bytes.is_empty() {
            self.is_awaited = false;
            let call = &self.content.call;
            let waited = call.begun.elapsed().as_secs_f64();
            call.span
                .set_otel_attribute(attributes::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, waited);
        }
        let content = &mut self.content;
        self.events.feed(bytes, |data| content.event(data));
    }

    /// Nothing more can come.
    pub(super) fn is_done(&self) -> bool {
        self.content.is_done
    }

    /// Everything is there that the caller can want, though more may come.
    fn is_complete(&self) -> bool {
        self.content.is_done || self.content.assembly.is_finished()
    }

    /// Nobody has to wait for the rest to know how it went.
    pub(super) fn is_decided(&self) -> bool {
        self.is_complete() || self.content.failure.is_some()
    }

    /// The bytes are over.
    pub(super) fn end(mut self: Box<Self>) {
        let content = &mut self.content;
        self.events.end(|data| content.event(data));
        if !self.is_decided() {
            let failure = Failure::new("response_broken", "the stream ended before the answer did");
            self.content.failure = Some(failure);
        }
        self.write();
    }

    /// Writes what there is on the span.
    pub(super) fn write(self: Box<Self>) {
        let content = self.content;
        let call = content.call;
        call.span.set_otel_attribute(
            attributes::LOADSPAN_CHUNKS,
            i64::try_from(content.chunks).unwrap_or(i64::MAX),
        );
        if content.is_truncated {
            call.set_truncated();
        }
        write_finish_reasons(&call, content.assembly.finish_reasons());
        if let Some(output) = content
            .assembly
            .output(&content.findings)
            .filter(|_| call.content == Content::Recorded)
        {
            call.span.set_outputs(output);
        }
        content.findings.write_on(&call);
        if let Some(failure) = content.failure {
            call.fail(failure);
        }
    }
}

impl StreamContent {
    fn event(&mut self, data: &[u8]) {
        if self.is_done {
            return;
        }
        if data == b"[DONE]" {
            self.is_done = true;
            return;
        }
        let Some(event) = Object::parse(data) else {
            return;
        };
        let keep = self.keep(data.len());
        if keep == Keep::Content && self.chunks < MOST_CHUNKS {
            self.call.span.add_chunk(raw(data));
        }
        self.chunks += 1;
        // The events of the API of responses have the response within them.
        let response = event.object("response");
        let told = response.as_ref().unwrap_or(&event);
        self.findings.read(told);
        if is_error(told) {
            let message = error_message(told).unwrap_or_else(|| "the server reports an error".to_owned());
            self.failure = Some(Failure::new("server_error", &message));
        }
        self.is_done = self.assembly.add(&event, keep);
    }

    fn keep(&mut self, bytes: usize) -> Keep {
        if self.call.content == Content::Omitted {
            return Keep::Nothing;
        }
        // Once something is missing, what comes later would not fit to what was kept.
        if self.is_truncated || bytes > self.left {
            self.is_truncated = true;
            return Keep::Nothing;
        }
        self.left -= bytes;
        Keep::Content
    }
}

fn is_error(event: &Object<'_>) -> bool {
    event.raw("error").is_some() || event.text("type").as_deref() == Some("error")
}
