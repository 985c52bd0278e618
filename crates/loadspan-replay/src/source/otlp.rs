//! Spans of OTLP, as JSON and as protobuf.

use std::io::BufRead;

use loadspan_wire::mlflow::traces::described_attributes;
use loadspan_wire::otlp::json::{DecodeError, decode_traces, decode_within};
use loadspan_wire::otlp::trace::status::StatusCode;
use loadspan_wire::otlp::trace::{ResourceSpans, Span};
use serde_json::{Map, Value};

use super::budget::BUDGET;
use super::problem::{Problems, SourceError, json_reason};
use super::spans::SpanRecord;
use super::{documents, protobuf};

/// Attributes that some instrumentations put on events rather than on the span.
const ON_EVENTS: [&str; 6] = [
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.prompt",
    "gen_ai.completion",
];

/// Reads requests of OTLP/JSON.
pub(super) fn read_json<R: BufRead>(
    reader: R,
    problems: &mut Problems,
    mut take: impl FnMut(SpanRecord) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    documents::each(reader, problems, |line, text, problems| {
        match decode_within(BUDGET, || decode_traces(text)) {
            Ok(request) => {
                for spans in request.resource_spans {
                    spans_of(spans, &mut take)?;
                }
                Ok(())
            }
            // Of a document of several lines, the error knows better where it is.
            Err(DecodeError::Json(error)) => {
                let within = error.line().saturating_sub(1) as u64;
                problems.line(line + within, json_reason(&error))
            }
            Err(error) => problems.line(line, error.to_string()),
        }
    })
}

/// Reads requests of OTLP as protobuf.
pub(super) fn read_protobuf<R: BufRead>(
    reader: R,
    problems: &mut Problems,
    mut take: impl FnMut(SpanRecord) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    protobuf::each(reader, problems, |spans| spans_of(spans, &mut take))
}

fn spans_of(
    spans: ResourceSpans,
    take: &mut impl FnMut(SpanRecord) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let mut spans = spans.scope_spans.into_iter().flat_map(|scope| scope.spans);
    spans.try_for_each(|span| take(record(&span)))
}

fn record(span: &Span) -> SpanRecord {
    let links = span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id)));
    let status = span.status.as_ref().map(|status| status.code());
    let mut attributes = described_attributes(&span.attributes);
    for event in &span.events {
        adopt(&mut attributes, described_attributes(&event.attributes));
    }
    SpanRecord {
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: Some(hex(&span.parent_span_id)).filter(|id| !id.is_empty()),
        links: links.collect(),
        name: span.name.clone(),
        start_ns: span.start_time_unix_nano,
        end_ns: span.end_time_unix_nano,
        failed: status == Some(StatusCode::Error),
        attributes,
    }
}

fn adopt(attributes: &mut Map<String, Value>, event: Map<String, Value>) {
    for (name, value) in event {
        if ON_EVENTS.contains(&name.as_str()) {
            attributes.entry(name).or_insert(value);
        }
    }
}

fn hex(id: &[u8]) -> String {
    if id.iter().all(|byte| *byte == 0) {
        return String::new();
    }
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
