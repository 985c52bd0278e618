//! Spans, in the two forms that MLflow has for them.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::any_value::{Attributes, base64};
use super::described::described_attributes;
use crate::otlp::trace::span::{Event, Link, SpanKind};
use crate::otlp::trace::status::StatusCode;
use crate::otlp::trace::{Span, Status};

/// A span in protobuf's own JSON: names in snake case, ids in base64, numbers as numbers, enums by name; defaults are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct ProtoSpan(pub Span);

impl Serialize for ProtoSpan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let span = &self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("trace_id", &base64(&span.trace_id))?;
        map.serialize_entry("span_id", &base64(&span.span_id))?;
        text(&mut map, "trace_state", &span.trace_state)?;
        if !span.parent_span_id.is_empty() {
            map.serialize_entry("parent_span_id", &base64(&span.parent_span_id))?;
        }
        number(&mut map, "flags", span.flags.into())?;
        text(&mut map, "name", &span.name)?;
        if span.kind() != SpanKind::Unspecified {
            map.serialize_entry("kind", span.kind().as_str_name())?;
        }
        number(&mut map, "start_time_unix_nano", span.start_time_unix_nano)?;
        number(&mut map, "end_time_unix_nano", span.end_time_unix_nano)?;
        if !span.attributes.is_empty() {
            map.serialize_entry("attributes", &Attributes(&span.attributes))?;
        }
        number(
            &mut map,
            "dropped_attributes_count",
            span.dropped_attributes_count.into(),
        )?;
        let events: Vec<_> = span.events.iter().map(ProtoEvent).collect();
        list(&mut map, "events", &events)?;
        number(&mut map, "dropped_events_count", span.dropped_events_count.into())?;
        let links: Vec<_> = span.links.iter().map(ProtoLink).collect();
        list(&mut map, "links", &links)?;
        number(&mut map, "dropped_links_count", span.dropped_links_count.into())?;
        if let Some(status) = &span.status {
            map.serialize_entry("status", &ProtoStatus(status))?;
        }
        map.end()
    }
}

struct ProtoEvent<'a>(&'a Event);

impl Serialize for ProtoEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        number(&mut map, "time_unix_nano", self.0.time_unix_nano)?;
        text(&mut map, "name", &self.0.name)?;
        if !self.0.attributes.is_empty() {
            map.serialize_entry("attributes", &Attributes(&self.0.attributes))?;
        }
        number(
            &mut map,
            "dropped_attributes_count",
            self.0.dropped_attributes_count.into(),
        )?;
        map.end()
    }
}

struct ProtoLink<'a>(&'a Link);

impl Serialize for ProtoLink<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("trace_id", &base64(&self.0.trace_id))?;
        map.serialize_entry("span_id", &base64(&self.0.span_id))?;
        text(&mut map, "trace_state", &self.0.trace_state)?;
        if !self.0.attributes.is_empty() {
            map.serialize_entry("attributes", &Attributes(&self.0.attributes))?;
        }
        number(&mut map, "flags", self.0.flags.into())?;
        map.end()
    }
}

struct ProtoStatus<'a>(&'a Status);

impl Serialize for ProtoStatus<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        text(&mut map, "message", &self.0.message)?;
        if self.0.code() != StatusCode::Unset {
            map.serialize_entry("code", self.0.code().as_str_name())?;
        }
        map.end()
    }
}

fn text<M: SerializeMap>(map: &mut M, name: &str, text: &str) -> Result<(), M::Error> {
    if text.is_empty() {
        return Ok(());
    }
    map.serialize_entry(name, text)
}

fn number<M: SerializeMap>(map: &mut M, name: &str, number: u64) -> Result<(), M::Error> {
    if number == 0 {
        return Ok(());
    }
    map.serialize_entry(name, &number)
}

fn list<M: SerializeMap, T: Serialize>(map: &mut M, name: &str, items: &[T]) -> Result<(), M::Error> {
    if items.is_empty() {
        return Ok(());
    }
    map.serialize_entry(name, items)
}

/// A span as it is in a file of traces: attributes by name, each value a text of JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribedSpan(pub Span);

impl Serialize for DescribedSpan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let span = &self.0;
        let parent = (!span.parent_span_id.is_empty()).then(|| base64(&span.parent_span_id));
        let events: Vec<_> = span.events.iter().map(described_event).collect();
        let links: Vec<_> = span.links.iter().map(described_link).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("trace_id", &base64(&span.trace_id))?;
        map.serialize_entry("span_id", &base64(&span.span_id))?;
        map.serialize_entry("parent_span_id", &parent)?;
        map.serialize_entry("name", &span.name)?;
        map.serialize_entry("kind", span.kind().as_str_name())?;
        map.serialize_entry("start_time_unix_nano", &span.start_time_unix_nano)?;
        map.serialize_entry("end_time_unix_nano", &span.end_time_unix_nano)?;
        map.serialize_entry("events", &events)?;
        map.serialize_entry("status", &status(span.status.as_ref()))?;
        map.serialize_entry("attributes", &texts(span))?;
        map.serialize_entry("links", &links)?;
        map.end()
    }
}

fn status(status: Option<&Status>) -> Value {
    let code = status.map_or(StatusCode::Unset, Status::code);
    json!({"code": code.as_str_name(), "message": status.map(|status| status.message.as_str()).unwrap_or_default()})
}

/// An event as plain JSON.
#[must_use]
pub fn described_event(event: &Event) -> Value {
    json!({
        "name": event.name,
        "time_unix_nano": event.time_unix_nano,
        "attributes": described_attributes(&event.attributes),
    })
}

/// A link as plain JSON.
#[must_use]
pub fn described_link(link: &Link) -> Value {
    json!({
        "trace_id": format!("tr-{}", hex(&link.trace_id)),
        "span_id": hex(&link.span_id),
        "attributes": described_attributes(&link.attributes),
    })
}

fn texts(span: &Span) -> Map<String, Value> {
    let attributes = described_attributes(&span.attributes);
    let texts = attributes
        .into_iter()
        .map(|(key, value)| (key, Value::from(value.to_string())));
    texts.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
