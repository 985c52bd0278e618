//! A span of ours as the active span of OpenTelemetry's context: what other instrumentation says to it arrives.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as OtelSpan, SpanContext, Status};

use super::{Recording, SpanStatus};

/// A span of ours that is active in a context. Dropping it ends nothing.
#[derive(Debug)]
pub(crate) struct ActiveSpan(pub(crate) Arc<Recording>);

impl OtelSpan for ActiveSpan {
    fn add_event_with_timestamp<T>(&mut self, name: T, timestamp: SystemTime, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        let name = name.into();
        self.0
            .change(|live| live.span().add_event_with_timestamp(name, timestamp, attributes));
    }

    fn span_context(&self) -> &SpanContext {
        self.0.context()
    }

    fn is_recording(&self) -> bool {
        self.0.is_open()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        self.0.put(attribute.key, attribute.value);
    }

    fn set_status(&mut self, status: Status) {
        let status = match status {
            Status::Unset => return,
            Status::Ok => SpanStatus::Ok,
            Status::Error { description } => SpanStatus::Error(description),
        };
        self.0.change(|live| live.set_status(status));
    }

    fn update_name<T>(&mut self, new_name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        self.0.rename(new_name.into());
    }

    fn add_link(&mut self, span_context: SpanContext, attributes: Vec<KeyValue>) {
        self.0.change(|live| live.span().add_link(span_context, attributes));
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        self.0.end(Some(timestamp));
    }
}
