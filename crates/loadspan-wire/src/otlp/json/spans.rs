//! Spans.

use super::super::trace::span::{Event, Link};
use super::super::trace::{ResourceSpans, ScopeSpans, Span, Status};
use super::attributes::{attribute, resource, scope};
use super::object::Object;

pub(super) fn resource_spans(spans: &ResourceSpans, json: &mut Object<'_>) {
    json.object("resource", spans.resource.as_ref(), resource);
    json.objects("scopeSpans", &spans.scope_spans, scope_spans);
    json.string("schemaUrl", &spans.schema_url);
}

fn scope_spans(spans: &ScopeSpans, json: &mut Object<'_>) {
    json.object("scope", spans.scope.as_ref(), scope);
    json.objects("spans", &spans.spans, span);
    json.string("schemaUrl", &spans.schema_url);
}

fn span(span: &Span, json: &mut Object<'_>) {
    json.id("traceId", &span.trace_id);
    json.id("spanId", &span.span_id);
    json.string("traceState", &span.trace_state);
    json.id("parentSpanId", &span.parent_span_id);
    json.number("flags", span.flags);
    json.string("name", &span.name);
    json.number("kind", span.kind);
    json.wide("startTimeUnixNano", span.start_time_unix_nano);
    json.wide("endTimeUnixNano", span.end_time_unix_nano);
    json.objects("attributes", &span.attributes, attribute);
    json.number("droppedAttributesCount", span.dropped_attributes_count);
    json.objects("events", &span.events, event);
    json.number("droppedEventsCount", span.dropped_events_count);
    json.objects("links", &span.links, link);
    json.number("droppedLinksCount", span.dropped_links_count);
    json.object("status", span.status.as_ref(), status);
}

fn event(event: &Event, json: &mut Object<'_>) {
    json.wide("timeUnixNano", event.time_unix_nano);
    json.string("name", &event.name);
    json.objects("attributes", &event.attributes, attribute);
    json.number("droppedAttributesCount", event.dropped_attributes_count);
}

fn link(link: &Link, json: &mut Object<'_>) {
    json.id("traceId", &link.trace_id);
    json.id("spanId", &link.span_id);
    json.string("traceState", &link.trace_state);
    json.objects("attributes", &link.attributes, attribute);
    json.number("droppedAttributesCount", link.dropped_attributes_count);
    json.number("flags", link.flags);
}

fn status(status: &Status, json: &mut Object<'_>) {
    json.string("message", &status.message);
    json.number("code", status.code);
}
