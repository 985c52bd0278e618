//! Spans as a backend sees them: decoded.

mod any;
mod bounds;
mod golden;
mod hierarchy;
mod sampling;

use std::sync::Arc;
use std::time::Duration;

use loadspan_record::{
    ChunkGaps, ConnectionUse, Failure, FailureKind, HttpExchange, HttpVersion, Outcome, Phase, Propagation, RequestId,
    RequestRecord, RunId, RunOffset, SampleRatio, Timings, TokenCounts, TokenSource, TraceIds, TracePlan, Verdict,
    VerdictStatus,
};
use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::{AnyValue, ExportTraceServiceRequest, KeyValue, Message, Resource, any_value, attribute};

use super::{LastSpans, RequestParameters, TraceRecorder};
use crate::config::{
    AttributeStyle, BatchConfig, ContentCapture, ExporterConfig, KeepPolicy, Naming, SemconvChoice, SpanLimits,
    TraceScope, TracesConfig,
};
use crate::export::Payload;
use crate::testing::request;
use crate::{BodySource, BodyVariety, Operation, RunConclusion, RunIdentity, ServerAddress};

/// Nanoseconds since 1970 at the start of the test's run.
const RUN_START: u64 = 1_700_000_000_000_000_000;
/// The trace that requests share where they share one.
const SHARED: u128 = 0x5a5a;

/// A recorder in the making, and what is put into it.
#[derive(Debug)]
struct Case {
    config: TracesConfig,
    naming: Naming,
    run: RunIdentity,
    parameters: RequestParameters,
}

impl Case {
    fn new() -> Self {
        Self {
            config: TracesConfig {
                exporter: Some(ExporterConfig::Console),
                scope: TraceScope::Session,
                sampling: SampleRatio::ALL,
                keep: KeepPolicy::default(),
                propagation: Propagation::Traceparent,
                content: ContentCapture::Off,
                limits: SpanLimits {
                    attribute_value_length: None,
                    attributes: 128,
                    events: 128,
                    links: 128,
                    attributes_per_event: 128,
                    attributes_per_link: 128,
                },
                batch: BatchConfig {
                    delay: Duration::from_secs(1),
                    spans: 2048,
                    queue: 131_072,
                    export_timeout: Duration::from_secs(30),
                },
            },
            naming: Naming {
                semconv: SemconvChoice::V1_41,
                attributes: AttributeStyle::Semconv,
                provider: None,
            },
            run: run(),
            parameters: RequestParameters::default(),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// A scope, with the trace ids that the load generator makes for it.
    fn scope(self, scope: TraceScope) -> Self {
        self.with(|case| {
            case.config.scope = scope;
            let trace_ids = match scope {
                TraceScope::Session => TraceIds::PerSession(SHARED),
                TraceScope::Stage => TraceIds::PerStage(SHARED),
                TraceScope::Run => TraceIds::Shared(SHARED),
            };
            case.run.trace_plan = Some(TracePlan {
                trace_ids,
                sampling: case.config.sampling,
                propagation: Propagation::Traceparent,
            });
        })
    }

    fn sampling(self, ratio: f64) -> Self {
        self.with(|case| case.config.sampling = SampleRatio::new(ratio).unwrap())
    }

    fn keep(self, errors: bool, slowest: usize) -> Self {
        self.with(|case| case.config.keep = KeepPolicy { errors, slowest })
    }

    fn parameters(self, body: &serde_json::Value) -> Self {
        self.with(|case| {
            let body = body.to_string();
            let parameters = RequestParameters::from_body(body.as_bytes(), case.run.operation);
            case.parameters = parameters.with_content(body.as_bytes(), case.run.operation);
        })
    }

    fn recorder(&self) -> TraceRecorder {
        let resource = Resource {
            attributes: vec![attribute("service.name", "loadspan")],
            ..Resource::default()
        };
        TraceRecorder::new(&self.config, &self.naming, &self.run, "vllm".to_owned(), &resource)
    }

    /// All spans of a run with these requests.
    fn spans(&self, records: &[RequestRecord]) -> Vec<Span> {
        let mut recorder = self.recorder();
        for record in records {
            recorder.record(record, &self.parameters, None);
        }
        spans_of(&all(recorder.finish(&conclusion())))
    }

    /// The span of a single request.
    fn span(&self, record: &RequestRecord) -> Span {
        let mut spans = self.spans(std::slice::from_ref(record));
        spans.swap_remove(0)
    }
}

fn run() -> RunIdentity {
    RunIdentity {
        run_id: "0000002a".to_owned(),
        name: "a run".to_owned(),
        start_unix_ns: RUN_START,
        version: "0.1.0",
        operation: Operation::Chat,
        model: "m".to_owned(),
        streaming: true,
        servers: vec![ServerAddress {
            host: "localhost".to_owned(),
            port: 8000,
            provider: None,
        }],
        server_kind: Some("vllm".to_owned()),
        load: "4 concurrent".to_owned(),
        stages: Vec::new(),
        slo: None,
        trace_plan: None,
        bodies: BodyVariety::Uniform,
        body: BodySource(Arc::new(|_, _| Some(Vec::new()))),
    }
}

fn conclusion() -> RunConclusion {
    RunConclusion {
        load_started_at: at_ms(1),
        measure_started_at: Some(at_ms(2)),
        ended_at: at_ms(10_000),
        verdict: Verdict {
            status: VerdictStatus::Valid,
            reasons: Vec::new(),
        },
        incomplete: None,
        requests: [1, 0, 0],
        stages: Vec::new(),
    }
}

/// A completed stream: sent after 5 ms, first token 100 ms later, 4 tokens 10 ms apart.
fn stream(index: u64) -> RequestRecord {
    RequestRecord {
        id: RequestId {
            run: RunId::new(0x2a),
            index,
        },
        timings: Timings {
            scheduled_at: at_ms(3),
            sent_at: Some(at_ms(5)),
            first_chunk_at: Some(at_ms(104)),
            first_token_at: Some(at_ms(105)),
            first_answer_token_at: Some(at_ms(105)),
            last_token_at: Some(at_ms(135)),
            finished_at: at_ms(136),
        },
        chunk_gaps: ChunkGaps::Each([10_000; 3].into()),
        chunks: 4,
        tokens: TokenCounts {
            input: Some(7),
            cached_input: Some(3),
            output: Some(4),
            reasoning: Some(0),
            source: Some(TokenSource::ServerUsage),
            requested_output: Some(4),
            ..TokenCounts::default()
        },
        finish_reason: Some("stop".into()),
        response_id: Some("chatcmpl-1".into()),
        response_model: Some("org/m".into()),
        http: HttpExchange {
            bytes_sent: 100,
            bytes_received: 1_000,
            server_request_id: Some("req-1".into()),
            ..request().http
        },
        // Ids of requests that sampling would take last come first.
        trace_id: u128::from(u64::MAX - index) << 64 | u128::from(u64::MAX - index),
        span_id: index + 1,
        ..request()
    }
}

fn failed(index: u64, kind: FailureKind, message: &str) -> RequestRecord {
    let mut record = stream(index);
    record.outcome = Outcome::Failed(Failure::with_message(kind, message));
    record
}

fn at_ms(ms: u64) -> RunOffset {
    RunOffset::from_duration(Duration::from_millis(ms))
}

/// What is left at the end, in one list.
fn all(last: LastSpans) -> Vec<Payload> {
    [last.requests, last.above].concat()
}

fn spans_of(payloads: &[Payload]) -> Vec<Span> {
    let mut spans = Vec::new();
    for payload in payloads {
        let request = ExportTraceServiceRequest::decode(payload.body()).unwrap();
        let before = spans.len();
        for resource in request.resource_spans {
            assert_eq!(resource.resource.unwrap().attributes[0].key, "service.name");
            spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
        assert_eq!((spans.len() - before) as u64, payload.items(), "items of a payload");
    }
    spans
}

fn value<'s>(attributes: &'s [KeyValue], key: &str) -> Option<&'s any_value::Value> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    attribute.value.as_ref()?.value.as_ref()
}

fn text<'s>(attributes: &'s [KeyValue], key: &str) -> Option<&'s str> {
    match value(attributes, key)? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// An attribute in a line: `name = value`.
fn line(attribute: &KeyValue) -> String {
    fn show(value: &AnyValue) -> String {
        match value.value.as_ref().unwrap() {
            any_value::Value::StringValue(text) => format!("{text:?}"),
            any_value::Value::BoolValue(value) => value.to_string(),
            any_value::Value::IntValue(value) => value.to_string(),
            any_value::Value::DoubleValue(value) => format!("{value:?}"),
            any_value::Value::ArrayValue(array) => {
                format!("[{}]", array.values.iter().map(show).collect::<Vec<_>>().join(", "))
            }
            other => format!("{other:?}"),
        }
    }
    format!("{} = {}", attribute.key, show(attribute.value.as_ref().unwrap()))
}
