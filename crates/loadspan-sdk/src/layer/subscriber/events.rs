//! Events of `tracing` on spans.

use opentelemetry::KeyValue;
use serde_json::Value;
use tracing::{Event, Level};

use super::value::{Visitor, to_otel, to_text};
use crate::SpanStatus;
use crate::span::Span;

/// The field in which `#[instrument(ret)]` says what a function returns.
const RETURN: &str = "return";

/// Writes an event on a span.
pub(super) fn write(event: &Event<'_>, span: &Span) {
    let mut fields = Vec::new();
    event.record(&mut Visitor(|field: &tracing::field::Field, value| {
        fields.push((field.name(), value))
    }));
    let metadata = event.metadata();
    if let [(RETURN, value)] = &fields[..] {
        span.set_outputs(value);
    } else if *metadata.level() == Level::ERROR {
        write_error(metadata.target(), fields, span);
    } else {
        let name = take(&mut fields, "message").unwrap_or_else(|| metadata.name().to_owned());
        let about = [
            KeyValue::new("level", metadata.level().as_str()),
            KeyValue::new("target", metadata.target()),
        ];
        span.add_event(name, about.into_iter().chain(attributes(fields)));
    }
}

fn write_error(target: &'static str, mut fields: Vec<(&'static str, Value)>, span: &Span) {
    // What `#[instrument(err)]` and custom call the error; a message beside it says what failed.
    let error = take(&mut fields, "error");
    let message = match (take(&mut fields, "message"), error) {
        (Some(message), Some(error)) => format!("{message}: {error}"),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => "an error event".to_owned(),
    };
    let about = [
        KeyValue::new("exception.type", target),
        KeyValue::new("exception.message", message.clone()),
    ];
    span.add_event("exception", about.into_iter().chain(attributes(fields)));
    span.set_status(SpanStatus::error(message));
}

fn take(fields: &mut Vec<(&'static str, Value)>, name: &str) -> Option<String> {
    let position = fields.iter().position(|(known, _)| *known == name)?;
    Some(to_text(&fields.remove(position).1))
}

fn attributes(fields: Vec<(&'static str, Value)>) -> impl Iterator<Item = KeyValue> {
    fields
        .into_iter()
        .map(|(name, value)| KeyValue::new(name, to_otel(&value)))
}
