//! Spans on their way into payloads.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use loadspan_record::RunOffset;
use loadspan_wire::otlp::{InstrumentationScope, Message, Resource};

use super::protobuf::{bytes_len, put_bytes, put_length};
use crate::config::BatchConfig;
use crate::export::{Contents, Payload};

/// The longest body of a payload. gRPC servers take 4 MiB as a rule; the rest is room for what others may add.
const MAX_BODY: usize = 7 * 512 * 1024;
/// The longest resource. What a user says of a run is far shorter.
const MAX_RESOURCE: usize = 1024 * 1024;
/// What a body has beside its resource, scope and spans: tags and lengths.
const OVERHEAD: usize = 64;

/// Gathers encoded spans until they are worth a payload.
#[derive(Debug)]
pub(super) struct Batch {
    /// The fields of `ResourceSpans` before its scopes.
    resource: Vec<u8>,
    /// The fields of `ScopeSpans` beside its spans.
    scope: Vec<u8>,
    delay: Duration,
    most_spans: usize,
    spans: Vec<u8>,
    count: u64,
    /// When the oldest span began to wait.
    waits_since: Option<RunOffset>,
    full: VecDeque<Payload>,
}

/// The one field of requests, and the only ones of `ResourceSpans` and `ScopeSpans` that have numbers of their own here.
const RESOURCE_SPANS: u32 = 1;
const SCOPE_SPANS: u32 = 2;
const SPANS: u32 = 2;

impl Batch {
    pub(super) fn new(
        config: &BatchConfig,
        resource: Resource,
        scope: &InstrumentationScope,
        schema_url: &str,
    ) -> Self {
        let mut encoded = Vec::new();
        put_bytes(&mut encoded, 1, &within_bounds(resource).encode_to_vec());
        let mut scope_fields = Vec::new();
        put_bytes(&mut scope_fields, 1, &scope.encode_to_vec());
        if !schema_url.is_empty() {
            put_bytes(&mut scope_fields, 3, schema_url.as_bytes());
        }
        Self {
            resource: encoded,
            scope: scope_fields,
            delay: config.delay,
            most_spans: config.spans.max(1),
            spans: Vec::new(),
            count: 0,
            waits_since: None,
            full: VecDeque::new(),
        }
    }

    /// The longest span that a payload has room for.
    pub(super) fn longest_span(&self) -> usize {
        MAX_BODY - OVERHEAD - self.resource.len() - self.scope.len()
    }

    /// Adds a span that began to wait at `since`.
    pub(super) fn push(&mut self, span: &[u8], since: RunOffset) {
        if self.spans.len() + bytes_len(span.len()) > self.longest_span() {
            self.seal();
        }
        put_bytes(&mut self.spans, SPANS, span);
        self.count += 1;
        self.waits_since.get_or_insert(since);
        if self.count >= self.most_spans as u64 {
            self.seal();
        }
    }

    /// The next payload: one that is full, or one whose oldest span has waited long enough.
    pub(super) fn take(&mut self, now: RunOffset) -> Option<Payload> {
        let is_due = |since: RunOffset| now.nanos_since(since) >= RunOffset::from_duration(self.delay).as_nanos();
        if self.full.is_empty() && self.waits_since.is_some_and(is_due) {
            self.seal();
        }
        self.full.pop_front()
    }

    /// Everything there is.
    pub(super) fn drain(&mut self) -> Vec<Payload> {
        self.seal();
        self.full.drain(..).collect()
    }

    fn seal(&mut self) {
        if self.count == 0 {
            return;
        }
        let scope_spans = self.scope.len() + self.spans.len();
        let resource_spans = self.resource.len() + bytes_len(scope_spans);
        let mut body = Vec::with_capacity(bytes_len(resource_spans));
        put_length(&mut body, RESOURCE_SPANS, resource_spans);
        body.extend_from_slice(&self.resource);
        put_length(&mut body, SCOPE_SPANS, scope_spans);
        body.extend_from_slice(&self.scope);
        body.extend_from_slice(&self.spans);
        self.full.push_back(Payload {
            contents: Contents::Traces,
            items: self.count,
            body: Bytes::from(body),
        });
        self.spans.clear();
        (self.count, self.waits_since) = (0, None);
    }
}

/// A resource of bearable length: its last attributes go first.
fn within_bounds(mut resource: Resource) -> Resource {
    while resource.encoded_len() > MAX_RESOURCE && resource.attributes.pop().is_some() {
        resource.dropped_attributes_count += 1;
    }
    resource
}
