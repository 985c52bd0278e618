//! A call that has begun, and what both of its halves write on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

#[cfg(feature = "tower")]
use http::uri::Authority;
use http::{HeaderMap, Method};
use loadspan_wire::semconv::attributes;
use loadspan_wire::semconv::provider::provider_name;
use opentelemetry::propagation::Injector;
use opentelemetry::trace::SpanKind;

use super::api::Api;
use super::{Answer, Failure, Question};
use crate::layer::settings::{Content, Propagation, Settings};
use crate::span::{Span, span};

/// OpenAI's shape of messages.
const OPENAI: &str = "openai";

/// What is short enough to be read, even if nothing is recorded.
const SHORT: usize = 64 * 1024;

/// A request that goes out.
pub(in crate::layer) trait Outgoing {
    fn method(&self) -> &Method;
    fn path(&self) -> &str;
    fn headers(&self) -> &HeaderMap;
    fn headers_mut(&mut self) -> &mut HeaderMap;
    fn server(&self) -> Server;
}

/// A call of a model that is recorded.
#[derive(Debug)]
pub(in crate::layer) struct Call {
    pub(super) span: Span,
    pub(super) api: Api,
    pub(super) content: Content,
    content_limit: usize,
    pub(super) begun: Instant,
    is_model_known: AtomicBool,
}

/// The halves of a call.
#[derive(Debug)]
pub(in crate::layer) struct Halves {
    pub(in crate::layer) span: Span,
    pub(in crate::layer) question: Question,
    pub(in crate::layer) answer: Answer,
}

/// Begins the span of a call, and tells the server of it. `None`: it is no call of a model, or nobody records it.
pub(in crate::layer) fn begin(request: &mut impl Outgoing, settings: &Settings) -> Option<Halves> {
    let api = Api::of(request.method(), request.path(), request.headers())?;
    let span = span(api.operation())
        .with_type(api.span_type())
        .with_kind(SpanKind::Client)
        .start();
    if settings.propagation == Propagation::On && !request.headers().contains_key("traceparent") {
        span.write_trace_context(&mut TraceHeaders(request.headers_mut()));
    }
    if !span.is_recording() {
        return None;
    }
    let call = Arc::new(Call {
        span: span.clone(),
        api,
        content: settings.content,
        content_limit: settings.content_limit,
        begun: Instant::now(),
        is_model_known: AtomicBool::new(false),
    });
    call.describe(&request.server(), settings);
    Some(Halves {
        span,
        question: Question::new(Arc::clone(&call)),
        answer: Answer::new(call),
    })
}

impl Call {
    fn describe(&self, server: &Server, settings: &Settings) {
        let provider = provider_name(settings.provider.as_deref(), &server.host, None);
        self.span.set_message_format(OPENAI);
        self.span.set_provider(&provider);
        let set = |name, value: &str| self.span.set_otel_attribute(name, value.to_owned());
        set(attributes::GEN_AI_OPERATION_NAME, self.api.operation());
        set(attributes::GEN_AI_PROVIDER_NAME, &provider);
        if let Some(api_type) = self.api.api_type() {
            set(attributes::OPENAI_API_TYPE, api_type);
        }
        if !server.host.is_empty() {
            set(attributes::SERVER_ADDRESS, &server.host);
        }
        if let Some(port) = server.port {
            self.span.set_otel_attribute(attributes::SERVER_PORT, i64::from(port));
        }
    }

    /// The model that is asked for.
    pub(super) fn set_requested_model(&self, model: &str) {
        self.is_model_known.store(true, Ordering::Relaxed);
        self.span.set_model(model);
        self.span
            .set_otel_attribute(attributes::GEN_AI_REQUEST_MODEL, model.to_owned());
        self.span.set_name(format!("{} {model}", self.api.operation()));
    }

    /// The model that answers. It is the span's where the request named none, as with deployments.
    pub(super) fn set_answering_model(&self, model: &str) {
        self.span
            .set_otel_attribute(attributes::GEN_AI_RESPONSE_MODEL, model.to_owned());
        if !self.is_model_known.load(Ordering::Relaxed) {
            self.span.set_model(model);
        }
    }

    /// Whether content of so many bytes is recorded. Says on the span that it is too long, where it is.
    pub(super) fn records_content(&self, bytes: usize) -> bool {
        if self.content == Content::Recorded && bytes > self.content_limit {
            self.set_truncated();
        }
        self.content == Content::Recorded && bytes <= self.content_limit
    }

    /// Bytes that are read for parameters and counts, though less may be recorded.
    pub(super) fn reading_limit(&self) -> usize {
        self.content_limit.max(SHORT)
    }

    pub(super) fn content_limit(&self) -> usize {
        self.content_limit
    }

    pub(super) fn set_truncated(&self) {
        self.span.set_otel_attribute("loadspan.content.truncated", true);
    }

    pub(super) fn fail(&self, failure: Failure) {
        self.span
            .set_otel_attribute(attributes::ERROR_TYPE, failure.kind.clone());
        self.span.record_failure(&failure.kind, failure.message);
    }
}

/// Where a request goes.
#[derive(Debug)]
pub(in crate::layer) struct Server {
    host: String,
    port: Option<u16>,
}

impl Server {
    /// Of a URL.
    pub(in crate::layer) fn new(scheme: &str, host: &str, port: Option<u16>) -> Self {
        Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: port.or_else(|| usual_port(scheme)),
        }
    }

    /// Of the header `host`: services below a client often have the path alone.
    #[cfg(feature = "tower")]
    pub(in crate::layer) fn of_header(headers: &HeaderMap) -> Self {
        let named = authority(headers);
        Self::new(
            "",
            named.as_ref().map_or("", Authority::host),
            named.as_ref().and_then(Authority::port_u16),
        )
    }
}

#[cfg(feature = "tower")]
fn authority(headers: &HeaderMap) -> Option<Authority> {
    headers.get(http::header::HOST)?.to_str().ok()?.parse().ok()
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    }
}

/// The ids of the trace and no more.
struct TraceHeaders<'a>(&'a mut HeaderMap);

impl Injector for TraceHeaders<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = match key {
            "traceparent" => http::HeaderName::from_static("traceparent"),
            "tracestate" => http::HeaderName::from_static("tracestate"),
            _ => return,
        };
        if let Ok(value) = http::HeaderValue::try_from(value) {
            self.0.insert(name, value);
        }
    }
}
