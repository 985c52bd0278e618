//! Spans.

use serde::de::MapAccess;

use super::super::super::ExportTraceServiceRequest;
use super::super::super::trace::span::{Event, Link, SpanKind};
use super::super::super::trace::status::StatusCode;
use super::super::super::trace::{ResourceSpans, ScopeSpans, Span, Status};
use super::scalar::{id, number, text, variant};
use super::{Fields, object, objects, skip};

impl Fields for ExportTraceServiceRequest {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "resourceSpans" => self.resource_spans = objects(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for ResourceSpans {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "resource" => self.resource = object(json)?,
            "scopeSpans" => self.scope_spans = objects(json)?,
            "schemaUrl" => self.schema_url = text(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for ScopeSpans {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "scope" => self.scope = object(json)?,
            "spans" => self.spans = objects(json)?,
            "schemaUrl" => self.schema_url = text(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for Span {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "traceId" => self.trace_id = id(json)?,
            "spanId" => self.span_id = id(json)?,
            "traceState" => self.trace_state = text(json)?,
            "parentSpanId" => self.parent_span_id = id(json)?,
            "flags" => self.flags = number(json)?,
            "name" => self.name = text(json)?,
            "kind" => self.kind = variant(json, |name| SpanKind::from_str_name(name).map(i32::from))?,
            "startTimeUnixNano" => self.start_time_unix_nano = number(json)?,
            "endTimeUnixNano" => self.end_time_unix_nano = number(json)?,
            "attributes" => self.attributes = objects(json)?,
            "droppedAttributesCount" => self.dropped_attributes_count = number(json)?,
            "events" => self.events = objects(json)?,
            "droppedEventsCount" => self.dropped_events_count = number(json)?,
            "links" => self.links = objects(json)?,
            "droppedLinksCount" => self.dropped_links_count = number(json)?,
            "status" => self.status = object(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for Event {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "timeUnixNano" => self.time_unix_nano = number(json)?,
            "name" => self.name = text(json)?,
            "attributes" => self.attributes = objects(json)?,
            "droppedAttributesCount" => self.dropped_attributes_count = number(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for Link {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "traceId" => self.trace_id = id(json)?,
            "spanId" => self.span_id = id(json)?,
            "traceState" => self.trace_state = text(json)?,
            "attributes" => self.attributes = objects(json)?,
            "droppedAttributesCount" => self.dropped_attributes_count = number(json)?,
            "flags" => self.flags = number(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for Status {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "message" => self.message = text(json)?,
            "code" => self.code = variant(json, |name| StatusCode::from_str_name(name).map(i32::from))?,
            _ => skip(json)?,
        }
        Ok(())
    }
}
