//! What happens within a span: events, chunks of streams, exceptions, links.

use std::borrow::Cow;
use std::error::Error;
use std::time::SystemTime;

use loadspan_wire::mlflow::attributes;
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanContext, TraceContextExt};
use serde::Serialize;

use super::{Handle, Span, SpanStatus, to_json};

impl Span {
    /// Something happens now.
    ///
    /// ```
    /// use loadspan_sdk::opentelemetry::KeyValue;
    ///
    /// let span = loadspan_sdk::start_span("fetch");
    /// span.add_event("retry", [KeyValue::new("attempt", 2)]);
    /// ```
    pub fn add_event(&self, name: impl Into<Cow<'static, str>>, attributes: impl IntoIterator<Item = KeyValue>) {
        if self.is_recorded() {
            self.add_event_at(SystemTime::now(), name, attributes);
        }
    }

    /// Something happened at this time.
    pub fn add_event_at(
        &self,
        time: SystemTime,
        name: impl Into<Cow<'static, str>>,
        attributes: impl IntoIterator<Item = KeyValue>,
    ) {
        match &self.handle {
            Handle::Off | Handle::Unsampled(_) => {}
            Handle::Recording(recording) => {
                let (name, attributes) = (name.into(), attributes.into_iter().collect());
                recording.change(|live| live.span().add_event_with_timestamp(name, time, attributes));
            }
            Handle::Foreign(context) => {
                context
                    .span()
                    .add_event_with_timestamp(name, time, attributes.into_iter().collect());
            }
        }
    }

    /// The next chunk of an output that comes as a stream. MLflow shows chunks as events; set the whole with
    /// [`Span::set_outputs`] at the end.
    pub fn add_chunk(&self, chunk: impl Serialize) {
        let Handle::Recording(recording) = &self.handle else {
            return;
        };
        let value = KeyValue::new(attributes::CHUNK_VALUE, to_json(&chunk));
        recording.change(|live| {
            let name = format!("{}{}", attributes::CHUNK_EVENT_PREFIX, live.next_chunk());
            live.span()
                .add_event_with_timestamp(name, SystemTime::now(), vec![value]);
        });
    }

    /// An error: its status becomes [`SpanStatus::Error`], and an event `exception` says type, message and the errors behind it.
    ///
    /// ```
    /// let span = loadspan_sdk::start_span("parse");
    /// if let Err(error) = "x".parse::<u32>() {
    ///     span.record_exception(&error);
    /// }
    /// ```
    pub fn record_exception<E: Error + ?Sized>(&self, error: &E) {
        if self.is_recorded() {
            self.record(Failure {
                kind: std::any::type_name::<E>(),
                message: error.to_string(),
                trace: sources(error),
            });
        }
    }

    /// A failure that is no [`Error`]: as [`Span::record_exception`], with a type and a message in words.
    pub fn record_failure(&self, kind: &str, message: impl Into<String>) {
        if self.is_recorded() {
            self.record(Failure {
                kind,
                message: message.into(),
                trace: None,
            });
        }
    }

    fn record(&self, failure: Failure<'_>) {
        let mut attributes = vec![
            KeyValue::new("exception.type", failure.kind.to_owned()),
            KeyValue::new("exception.message", failure.message.clone()),
        ];
        attributes.extend(failure.trace.map(|trace| KeyValue::new("exception.stacktrace", trace)));
        self.add_event("exception", attributes);
        self.set_status(SpanStatus::error(format!("{}: {}", failure.kind, failure.message)));
    }

    /// Points to a span of another trace, or to another one of this.
    ///
    /// ```
    /// # let first = loadspan_sdk::start_span("first");
    /// # let second = loadspan_sdk::start_span("second");
    /// second.add_link(first.span_context());
    /// ```
    pub fn add_link(&self, to: SpanContext) {
        match &self.handle {
            Handle::Off | Handle::Unsampled(_) => {}
            Handle::Recording(recording) => {
                recording.change(|live| live.span().add_link(to, Vec::new()));
            }
            Handle::Foreign(context) => context.span().add_link(to, Vec::new()),
        }
    }
}

struct Failure<'a> {
    kind: &'a str,
    message: String,
    /// The errors behind it.
    trace: Option<String>,
}

/// The error and those behind it, a line each. `None`: there is none behind it.
fn sources<E: Error + ?Sized>(error: &E) -> Option<String> {
    let mut source = error.source()?;
    let mut text = error.to_string();
    loop {
        text.push_str("\ncaused by: ");
        text.push_str(&source.to_string());
        match source.source() {
            Some(next) => source = next,
            None => return Some(text),
        }
    }
}
