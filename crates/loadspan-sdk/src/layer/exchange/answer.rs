//! The response: its body becomes the outputs, what it says of itself becomes attributes, and its end is the end of the span.

use std::sync::Arc;

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use loadspan_wire::semconv::attributes;

use super::Failure;
use super::api::{Api, media_type};
use super::bounded::{Bounded, Kept};
use super::call::Call;
use super::findings::{
    Findings, error_message, finish_reason_of_response, finish_reasons_of_choices, write_finish_reasons,
};
use super::object::{Object, raw};
use super::stream::Stream;
use crate::SpanStatus;

/// The response of a call. Dropped before its end, it says on the span that nobody waited for it.
#[derive(Debug)]
pub(in crate::layer) struct Answer {
    call: Arc<Call>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Awaited,
    Whole {
        status: StatusCode,
        body: Bounded,
    },
    Stream(Box<Stream>),
    /// Compressed by the server: it is made readable above this layer, if at all.
    Opaque {
        status: StatusCode,
    },
    Ended,
}

impl Answer {
    pub(super) fn new(call: Arc<Call>) -> Self {
        Self {
            call,
            stage: Stage::Awaited,
        }
    }

    /// The response begins.
    pub(in crate::layer) fn head(&mut self, status: StatusCode, headers: &HeaderMap) {
        self.call
            .span
            .set_otel_attribute(attributes::HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16()));
        self.stage = if is_encoded(headers) {
            Stage::Opaque { status }
        } else if status.is_success()
            && media_type(headers).is_some_and(|media| media.eq_ignore_ascii_case("text/event-stream"))
        {
            Stage::Stream(Box::new(Stream::new(Arc::clone(&self.call))))
        } else {
            let body = Bounded::new(self.call.reading_limit());
            Stage::Whole { status, body }
        };
    }

    /// The next bytes of the body.
    pub(in crate::layer) fn chunk(&mut self, bytes: &[u8]) {
        match &mut self.stage {
            Stage::Whole { body, .. } => body.push(bytes),
            Stage::Stream(stream) => {
                stream.chunk(bytes);
                if stream.is_done() {
                    self.finish();
                }
            }
            Stage::Awaited | Stage::Opaque { .. } | Stage::Ended => {}
        }
    }

    /// The body is over.
    pub(in crate::layer) fn end(mut self) {
        self.finish();
    }

    /// There is no response, or its body breaks off.
    pub(in crate::layer) fn fail(mut self, failure: Failure) {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Ended => return,
            // It is known how it went, whatever became of the connection.
            Stage::Stream(stream) if stream.is_decided() => stream.write(),
            Stage::Stream(stream) => {
                stream.write();
                self.call.fail(failure);
            }
            Stage::Awaited | Stage::Whole { .. } | Stage::Opaque { .. } => self.call.fail(failure),
        }
        self.call.span.end();
    }

    fn finish(&mut self) {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Ended => return,
            Stage::Whole { status, body } => self.call.read(status, &body),
            Stage::Stream(stream) => stream.end(),
            Stage::Opaque { status } => self.call.judge(status, None),
            Stage::Awaited => {}
        }
        self.call.span.end();
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Ended => return,
            Stage::Stream(stream) if stream.is_decided() => stream.write(),
            Stage::Stream(stream) => {
                stream.write();
                self.call.set_dropped();
            }
            Stage::Awaited | Stage::Whole { .. } | Stage::Opaque { .. } => self.call.set_dropped(),
        }
        self.call.span.end();
    }
}

impl Call {
    fn set_dropped(&self) {
        self.span.set_otel_attribute("loadspan.stream.dropped", true);
        self.span.set_status(SpanStatus::Unset);
    }

    /// Reads a response that came as a whole.
    fn read(&self, status: StatusCode, body: &Bounded) {
        self.set_response_size(body.size());
        let mut findings = Findings::default();
        match body.kept() {
            Kept::Whole(text) => self.read_text(status, text, &mut findings),
            Kept::Tail(tail) => {
                self.set_truncated();
                findings.read_tail(tail);
                self.judge(status, None);
            }
        }
        findings.write_on(self);
    }

    fn read_text(&self, status: StatusCode, text: &[u8], findings: &mut Findings) {
        let response = Object::parse(text);
        if !text.is_empty() && self.records_content(text.len()) {
            match raw(text) {
                Some(json) => self.span.set_outputs(json),
                None => self.span.set_outputs(String::from_utf8_lossy(text)),
            }
        }
        match &response {
            Some(response) => {
                findings.read(response);
                self.set_finish_reasons(response);
            }
            None if status.is_success() => {
                self.fail(Failure::new("invalid_response", "the response is no JSON object"))
            }
            None => {}
        }
        self.judge(status, response.as_ref());
    }

    fn set_finish_reasons(&self, response: &Object<'_>) {
        write_finish_reasons(
            self,
            match self.api {
                Api::Chat | Api::Completions => finish_reasons_of_choices(response),
                Api::Responses => finish_reason_of_response(response).into_iter().collect(),
                Api::Embeddings => Vec::new(),
            },
        );
    }

    /// Whether it went well. `response` is what the server says, if that can be read.
    fn judge(&self, status: StatusCode, response: Option<&Object<'_>>) {
        let told = response.and_then(error_message);
        if status.is_client_error() || status.is_server_error() {
            let reason = status.canonical_reason().unwrap_or("the server refused the request");
            self.fail(Failure::new(status.as_str(), told.as_deref().unwrap_or(reason)));
        } else if let Some(told) = told.filter(|_| response.is_some_and(|response| response.raw("error").is_some())) {
            self.fail(Failure::new("server_error", &told));
        }
    }

    fn set_response_size(&self, bytes: u64) {
        self.span
            .set_otel_attribute("http.response.body.size", i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}
