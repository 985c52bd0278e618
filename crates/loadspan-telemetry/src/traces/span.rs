//! One span, encoded.

use loadspan_wire::otlp::trace::span::SpanKind;
use loadspan_wire::otlp::trace::status::StatusCode;

use super::attributes::{Attributes, TextLimit, cut_bytes};
use super::protobuf::{put_bytes, put_fixed32, put_fixed64, put_varint};
use crate::config::SpanLimits;

/// What identifies a span, within its process and to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpanContext {
    pub(super) trace_id: u128,
    pub(super) span_id: u64,
    pub(super) sampled: bool,
}

/// What a span is beside its attributes, events and links.
#[derive(Debug, Clone, Copy)]
pub(super) struct SpanHead<'a> {
    pub(super) context: SpanContext,
    pub(super) parent: Option<u64>,
    pub(super) name: &'a str,
    pub(super) kind: SpanKind,
    /// Nanoseconds since 1970, as all times here.
    pub(super) start: u64,
    pub(super) end: u64,
}

/// Writes spans, one after the other, in the same memory.
#[derive(Debug)]
pub(super) struct SpanWriter {
    limits: SpanLimits,
    text_limit: TextLimit,
    pub(super) attributes: Attributes,
    events: Few,
    links: Few,
    status: Vec<u8>,
    /// One event, link or status.
    scratch: Vec<u8>,
    span: Vec<u8>,
}

/// Encoded events or links.
#[derive(Debug)]
struct Few {
    field: u32,
    bytes: Vec<u8>,
    count: usize,
    dropped: u32,
    /// Those of the one that is being written.
    attributes: Attributes,
    /// The field that counts the attributes that it has lost.
    dropped_attributes: u32,
}

// Fields of `Span`.
const TRACE_ID: u32 = 1;
const SPAN_ID: u32 = 2;
const PARENT_SPAN_ID: u32 = 4;
const NAME: u32 = 5;
const KIND: u32 = 6;
const START: u32 = 7;
const END: u32 = 8;
pub(super) const ATTRIBUTES: u32 = 9;
const DROPPED_ATTRIBUTES: u32 = 10;
const EVENTS: u32 = 11;
const DROPPED_EVENTS: u32 = 12;
const LINKS: u32 = 13;
const DROPPED_LINKS: u32 = 14;
const STATUS: u32 = 15;
const FLAGS: u32 = 16;

/// The flag that a span is sampled.
const SAMPLED: u32 = 0x01;
/// The flag that it is known whether the parent is remote. None of ours is.
const HAS_IS_REMOTE: u32 = 0x100;

impl SpanContext {
    fn flags(self) -> u32 {
        HAS_IS_REMOTE | if self.sampled { SAMPLED } else { 0 }
    }
}

impl SpanWriter {
    pub(super) fn new(limits: SpanLimits) -> Self {
        Self {
            limits,
            text_limit: TextLimit::NONE,
            attributes: Attributes::new(ATTRIBUTES, limits.attributes, TextLimit::NONE),
            events: Few::new(EVENTS, 3, 4),
            links: Few::new(LINKS, 4, 5),
            status: Vec::new(),
            scratch: Vec::new(),
            span: Vec::new(),
        }
    }

    /// The user's limit of text, and `bytes`.
    pub(super) fn text_limit(&self, bytes: usize) -> TextLimit {
        TextLimit {
            characters: self.limits.attribute_value_length,
            bytes,
        }
    }

    /// Starts a span.
    pub(super) fn begin(&mut self, text_limit: TextLimit) {
        self.text_limit = text_limit;
        self.attributes.clear(self.limits.attributes, text_limit);
        self.events.clear();
        self.links.clear();
        self.status.clear();
    }

    /// Adds an event at a time since 1970.
    pub(super) fn event(&mut self, name: &str, at: u64, attributes: &[(&str, &str)]) {
        self.event_with((name, at), texts(attributes));
    }

    /// The same with attributes of any kind.
    pub(super) fn event_with(&mut self, (name, at): (&str, u64), write: impl FnOnce(&mut Attributes)) {
        self.scratch.clear();
        put_fixed64(&mut self.scratch, 1, at);
        put_bytes(&mut self.scratch, 2, name.as_bytes());
        self.events
            .attributes
            .clear(self.limits.attributes_per_event, self.text_limit);
        self.events.add(write, &mut self.scratch, self.limits.events);
    }

    /// Adds a link to another span.
    pub(super) fn link(&mut self, to: SpanContext, attributes: &[(&str, &str)]) {
        self.scratch.clear();
        put_bytes(&mut self.scratch, 1, &to.trace_id.to_be_bytes());
        put_bytes(&mut self.scratch, 2, &to.span_id.to_be_bytes());
        put_fixed32(&mut self.scratch, 6, to.flags());
        self.links
            .attributes
            .clear(self.limits.attributes_per_link, self.text_limit);
        self.links.add(texts(attributes), &mut self.scratch, self.limits.links);
    }

    /// Sets the status to an error. Success has no status: that is the convention.
    pub(super) fn fail(&mut self, description: &str) {
        let description = cut_bytes(description, self.text_limit.bytes);
        self.status.clear();
        if !description.is_empty() {
            put_bytes(&mut self.status, 2, description.as_bytes());
        }
        put_varint(&mut self.status, 3, StatusCode::Error as u64);
    }

    /// Encodes the span and tells its length.
    pub(super) fn finish(&mut self, head: &SpanHead<'_>) -> usize {
        let span = &mut self.span;
        span.clear();
        put_bytes(span, TRACE_ID, &head.context.trace_id.to_be_bytes());
        put_bytes(span, SPAN_ID, &head.context.span_id.to_be_bytes());
        if let Some(parent) = head.parent {
            put_bytes(span, PARENT_SPAN_ID, &parent.to_be_bytes());
        }
        put_bytes(span, NAME, cut_bytes(head.name, self.text_limit.bytes).as_bytes());
        put_varint(span, KIND, head.kind as u64);
        put_fixed64(span, START, head.start);
        put_fixed64(span, END, head.end);
        span.extend_from_slice(self.attributes.bytes());
        put_count(span, DROPPED_ATTRIBUTES, self.attributes.dropped());
        span.extend_from_slice(&self.events.bytes);
        put_count(span, DROPPED_EVENTS, self.events.dropped);
        span.extend_from_slice(&self.links.bytes);
        put_count(span, DROPPED_LINKS, self.links.dropped);
        if !self.status.is_empty() {
            put_bytes(span, STATUS, &self.status);
        }
        put_fixed32(span, FLAGS, head.context.flags());
        span.len()
    }

    /// The span that was finished last, encoded.
    pub(super) fn span(&self) -> &[u8] {
        &self.span
    }
}

impl Few {
    fn new(field: u32, attributes: u32, dropped_attributes: u32) -> Self {
        Self {
            field,
            bytes: Vec::new(),
            count: 0,
            dropped: 0,
            attributes: Attributes::new(attributes, 0, TextLimit::NONE),
            dropped_attributes,
        }
    }

    fn clear(&mut self) {
        (self.count, self.dropped) = (0, 0);
        self.bytes.clear();
    }

    /// Adds one of which `start` is written already.
    fn add(&mut self, write: impl FnOnce(&mut Attributes), start: &mut Vec<u8>, limit: usize) {
        if self.count >= limit {
            self.dropped += 1;
            return;
        }
        write(&mut self.attributes);
        start.extend_from_slice(self.attributes.bytes());
        put_count(start, self.dropped_attributes, self.attributes.dropped());
        put_bytes(&mut self.bytes, self.field, start);
        self.count += 1;
    }
}

/// Writes these.
fn texts(attributes: &[(&str, &str)]) -> impl FnOnce(&mut Attributes) {
    |written| attributes.iter().for_each(|(key, text)| written.text(key, text))
}

/// A count, unless it is zero.
fn put_count(buffer: &mut Vec<u8>, field: u32, count: u32) {
    if count > 0 {
        put_varint(buffer, field, u64::from(count));
    }
}
