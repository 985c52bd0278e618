//! From spans to sockets and back.

mod delivery;
mod describe;
mod mistakes;
mod mlflow;
mod requests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use loadspan_testkit::RunningOtlpSink;
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message};
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::*;
use crate::config::Environment;

/// No test waits longer than this for something that should come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A span that takes 85 ms. It is a root where it has no parent.
pub(crate) fn span(id: u64, parent: u64, attributes: &[(&'static str, &str)]) -> SpanData {
    let start_time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    SpanData {
        span_context: SpanContext::new(
            TraceId::from(7),
            SpanId::from(id),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        ),
        parent_span_id: SpanId::from(parent),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "work".into(),
        start_time,
        end_time: start_time + Duration::from_millis(85),
        attributes: attributes
            .iter()
            .map(|(key, value)| KeyValue::new(*key, (*value).to_owned()))
            .collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Ok,
        instrumentation_scope: InstrumentationScope::builder("test").build(),
    }
}

fn exports(variables: &[(&str, &str)]) -> Exports {
    let config = Config::resolve(&Environment::of(variables)).unwrap();
    Exports::start(&config).unwrap()
}

/// Exports to one sink, with spans that wait for nothing but a flush.
fn to(sink: &RunningOtlpSink, further: &[(&str, &str)]) -> Exports {
    let url = format!("{}/v1/traces", sink.url());
    let mut variables = vec![
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
        ("OTEL_BSP_SCHEDULE_DELAY", "600000"),
    ];
    variables.extend(further);
    // A setting that is said twice is that of the test.
    variables.reverse();
    let mut seen = std::collections::HashSet::new();
    variables.retain(|(name, _)| seen.insert(*name));
    exports(&variables)
}

fn submit(exports: &Exports, spans: u64) {
    for id in 1..=spans {
        exports.submit(Arc::new(span(id, 1_000_000, &[])), None);
    }
}

/// Produced, exported, rejected, dropped, pending.
fn numbers(exports: &Exports, destination: &str) -> [u64; 5] {
    let counts = exports
        .counts()
        .into_iter()
        .find(|counts| counts.destination == destination)
        .unwrap();
    assert_eq!(
        counts.produced,
        counts.exported + counts.rejected + counts.dropped + counts.pending
    );
    [
        counts.produced,
        counts.exported,
        counts.rejected,
        counts.dropped,
        counts.pending,
    ]
}

fn decoded(sink: &RunningOtlpSink) -> Vec<ExportTraceServiceRequest> {
    sink.accepted()
        .iter()
        .map(|export| ExportTraceServiceRequest::decode(export.body.clone()).unwrap())
        .collect()
}

fn span_count(request: &ExportTraceServiceRequest) -> usize {
    request
        .resource_spans
        .iter()
        .flat_map(|resource| &resource.scope_spans)
        .map(|scope| scope.spans.len())
        .sum()
}
