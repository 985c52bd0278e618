//! Spans as OTLP. They are read in place: each destination makes its request of the same spans.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span, SpanFlags, Status, span, status};
use loadspan_wire::otlp::{
    AnyValue, ArrayValue, ExportTraceServiceRequest, InstrumentationScope, KeyValue, Resource, any_value,
};
use loadspan_wire::semconv::attributes::SCHEMA_URL;
use loadspan_wire::semconv::genai;
use opentelemetry::trace::{Link, SpanId, SpanKind};
use opentelemetry::{Array, Value};
use opentelemetry_sdk::trace::SpanData;
use serde::de::IgnoredAny;

use crate::config::Vocabulary;

/// How spans are written.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    pub(crate) vocabulary: Vocabulary,
    /// Most characters of a string attribute that is not MLflow's: those are JSON, which would break.
    pub(crate) value_length: Option<usize>,
}

/// A request with these spans.
pub(crate) fn request<'a>(
    resource: Resource,
    spans: impl Iterator<Item = &'a SpanData>,
    style: &Style,
) -> ExportTraceServiceRequest {
    let mut places: HashMap<&opentelemetry::InstrumentationScope, usize> = HashMap::new();
    let mut scopes: Vec<ScopeSpans> = Vec::new();
    for span in spans {
        let place = *places.entry(&span.instrumentation_scope).or_insert_with(|| {
            scopes.push(scope_spans(&span.instrumentation_scope, style.vocabulary));
            scopes.len() - 1
        });
        scopes[place].spans.push(encode(span, style));
    }
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: scopes,
            schema_url: String::new(),
        }],
    }
}

/// The resource of a request.
pub(crate) fn resource(attributes: impl IntoIterator<Item = opentelemetry::KeyValue>) -> Resource {
    let attributes = attributes.into_iter().map(|attribute| key_value(&attribute)).collect();
    Resource {
        attributes,
        ..Resource::default()
    }
}

fn scope_spans(scope: &opentelemetry::InstrumentationScope, vocabulary: Vocabulary) -> ScopeSpans {
    let own_schema = match vocabulary {
        Vocabulary::GenAi if scope.name() == env!("CARGO_PKG_NAME") => SCHEMA_URL,
        Vocabulary::GenAi | Vocabulary::Mlflow => "",
    };
    ScopeSpans {
        scope: Some(InstrumentationScope {
            name: scope.name().to_owned(),
            version: scope.version().unwrap_or_default().to_owned(),
            attributes: scope.attributes().map(key_value).collect(),
            dropped_attributes_count: 0,
        }),
        spans: Vec::new(),
        schema_url: scope.schema_url().unwrap_or(own_schema).to_owned(),
    }
}

fn encode(data: &SpanData, style: &Style) -> Span {
    let mut span = plain(data);
    if style.vocabulary == Vocabulary::GenAi {
        genai::translate(&mut span);
    }
    if let Some(limit) = style.value_length {
        let events = span.events.iter_mut().flat_map(|event| &mut event.attributes);
        span.attributes
            .iter_mut()
            .chain(events)
            .for_each(|attribute| shorten(attribute, limit));
    }
    span
}

/// In MLflow's words.
fn plain(data: &SpanData) -> Span {
    let parent = data.parent_span_id;
    Span {
        trace_id: data.span_context.trace_id().to_bytes().to_vec(),
        span_id: data.span_context.span_id().to_bytes().to_vec(),
        trace_state: data.span_context.trace_state().header(),
        parent_span_id: if parent == SpanId::INVALID {
            Vec::new()
        } else {
            parent.to_bytes().to_vec()
        },
        flags: flags(data.span_context.trace_flags().to_u8(), data.parent_span_is_remote),
        name: data.name.clone().into_owned(),
        kind: kind(&data.span_kind) as i32,
        start_time_unix_nano: nanos(data.start_time),
        end_time_unix_nano: nanos(data.end_time),
        attributes: key_values(&data.attributes),
        dropped_attributes_count: data.dropped_attributes_count,
        events: data.events.iter().map(event).collect(),
        dropped_events_count: data.events.dropped_count,
        links: data.links.iter().map(link).collect(),
        dropped_links_count: data.links.dropped_count,
        status: Some(encode_status(&data.status)),
    }
}

fn event(event: &opentelemetry::trace::Event) -> span::Event {
    span::Event {
        time_unix_nano: nanos(event.timestamp),
        name: event.name.clone().into_owned(),
        attributes: key_values(&event.attributes),
        dropped_attributes_count: event.dropped_attributes_count,
    }
}

fn link(link: &Link) -> span::Link {
    span::Link {
        trace_id: link.span_context.trace_id().to_bytes().to_vec(),
        span_id: link.span_context.span_id().to_bytes().to_vec(),
        trace_state: link.span_context.trace_state().header(),
        attributes: key_values(&link.attributes),
        dropped_attributes_count: link.dropped_attributes_count,
        flags: flags(link.span_context.trace_flags().to_u8(), link.span_context.is_remote()),
    }
}

fn encode_status(status: &opentelemetry::trace::Status) -> Status {
    use opentelemetry::trace::Status as From;
    let (code, message) = match status {
        From::Unset => (status::StatusCode::Unset, String::new()),
        From::Ok => (status::StatusCode::Ok, String::new()),
        From::Error { description } => (status::StatusCode::Error, description.to_string()),
    };
    Status {
        code: code as i32,
        message,
    }
}

fn kind(kind: &SpanKind) -> span::SpanKind {
    match kind {
        SpanKind::Client => span::SpanKind::Client,
        SpanKind::Server => span::SpanKind::Server,
        SpanKind::Producer => span::SpanKind::Producer,
        SpanKind::Consumer => span::SpanKind::Consumer,
        SpanKind::Internal => span::SpanKind::Internal,
    }
}

fn flags(trace_flags: u8, is_remote: bool) -> u32 {
    let known = u32::from(trace_flags) | SpanFlags::ContextHasIsRemoteMask as u32;
    if is_remote {
        known | SpanFlags::ContextIsRemoteMask as u32
    } else {
        known
    }
}

pub(crate) fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn key_values(attributes: &[opentelemetry::KeyValue]) -> Vec<KeyValue> {
    attributes.iter().map(key_value).collect()
}

fn key_value(attribute: &opentelemetry::KeyValue) -> KeyValue {
    KeyValue {
        key: attribute.key.as_str().to_owned(),
        value: Some(AnyValue {
            value: any_value(&attribute.value),
        }),
        ..KeyValue::default()
    }
}

/// `None` for kinds of values that are not known here.
pub(super) fn any_value(value: &Value) -> Option<any_value::Value> {
    match value {
        Value::Bool(value) => Some(any_value::Value::BoolValue(*value)),
        Value::I64(value) => Some(any_value::Value::IntValue(*value)),
        Value::F64(value) => Some(any_value::Value::DoubleValue(*value)),
        Value::String(value) => Some(any_value::Value::StringValue(value.as_str().to_owned())),
        Value::Array(Array::Bool(values)) => Some(array(values, |value| any_value::Value::BoolValue(*value))),
        Value::Array(Array::I64(values)) => Some(array(values, |value| any_value::Value::IntValue(*value))),
        Value::Array(Array::F64(values)) => Some(array(values, |value| any_value::Value::DoubleValue(*value))),
        Value::Array(Array::String(values)) => Some(array(values, |value| {
            any_value::Value::StringValue(value.as_str().to_owned())
        })),
        _ => None,
    }
}

fn array<T>(values: &[T], one: impl Fn(&T) -> any_value::Value) -> any_value::Value {
    let values = values
        .iter()
        .map(|value| AnyValue {
            value: Some(one(value)),
        })
        .collect();
    any_value::Value::ArrayValue(ArrayValue { values })
}

fn shorten(attribute: &mut KeyValue, limit: usize) {
    let value = attribute.value.as_mut().and_then(|value| value.value.as_mut());
    if let Some(any_value::Value::StringValue(text)) = value
        && !attribute.key.starts_with("mlflow.")
        && let Some((end, _)) = text.char_indices().nth(limit)
    {
        shorten_text(text, end);
    }
}

/// JSON stays JSON: of a string what is in it is cut, and objects and lists are kept whole.
fn shorten_text(text: &mut String, end: usize) {
    if text.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        return;
    }
    if text.starts_with('"')
        && let Ok(inner) = serde_json::from_str::<String>(text)
    {
        let kept: String = inner.chars().take(text[..end].chars().count()).collect();
        *text = serde_json::Value::String(kept).to_string();
        return;
    }
    text.truncate(end);
}
