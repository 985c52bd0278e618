//! What a span costs: time and bytes, sampled, sampled out, with a body of its own for each request, and with content.
//!
//! `cargo run --release -p loadspan-telemetry --example span_cost -- 1000000`
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

#[path = "../src/testing.rs"]
mod testing;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::testing::request;
use loadspan_record::{
    ChunkGaps, HttpExchange, OutputText, Propagation, RequestRecord, RunOffset, SampleRatio, Timings, TokenCounts,
    TokenSource,
};
use loadspan_telemetry::config::{
    AttributeStyle, BatchConfig, ContentCapture, ExporterConfig, KeepPolicy, Naming, SemconvChoice, SpanLimits,
    TraceScope, TracesConfig,
};
use loadspan_telemetry::{
    BodySource, BodyVariety, Operation, RequestParameters, RunIdentity, ServerAddress, TraceRecorder,
};
use loadspan_wire::otlp::Resource;

const BODY: &[u8] = br#"{"messages":[{"role":"user","content":"one two three four five six seven eight nine ten"}],
    "max_completion_tokens":128,"model":"meta-llama/Llama-3.1-8B-Instruct","stream":true,"temperature":0.7,"top_p":0.9}"#;

fn main() {
    let spans: u64 = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(200_000);
    let uniform = RequestParameters::from_body(BODY, Operation::Chat).for_every_request();
    let by_style = [
        ("conventions", AttributeStyle::Semconv),
        ("inference-perf", AttributeStyle::InferencePerf),
        ("both", AttributeStyle::Both),
    ];
    for (what, style) in by_style {
        measure(
            what,
            spans,
            &mut recorder(style, SampleRatio::ALL),
            |recorder, record| {
                recorder.record(record, &uniform, None);
            },
        );
    }
    measure(
        "sampled out",
        spans,
        &mut recorder(AttributeStyle::Semconv, SampleRatio::NONE),
        |recorder, record| {
            recorder.record(record, &uniform, None);
        },
    );
    let mut individual = recorder(AttributeStyle::Semconv, SampleRatio::ALL);
    measure("a body each", spans, &mut individual, |recorder, record| {
        let parameters = RequestParameters::from_body(BODY, Operation::Chat);
        recorder.record(record, &parameters, None);
    });
    let output = OutputText {
        answer: "word ".repeat(128),
        reasoning: String::new(),
        ..OutputText::default()
    };
    let mut with_content = recorder(AttributeStyle::Semconv, SampleRatio::ALL);
    measure("content", spans, &mut with_content, |recorder, record| {
        let parameters = RequestParameters::from_body(BODY, Operation::Chat).with_content(BODY, Operation::Chat);
        recorder.record(record, &parameters, Some(&output));
    });
}

fn measure(
    what: &str,
    spans: u64,
    recorder: &mut TraceRecorder,
    mut take: impl FnMut(&mut TraceRecorder, &RequestRecord),
) {
    let (mut record, mut bytes, mut exported) = (example_record(), 0, 0);
    let before = Instant::now();
    for index in 0..spans {
        vary(&mut record, index);
        take(recorder, &record);
        while let Some(payload) = recorder.take_payload(record.timings.finished_at) {
            bytes += payload.body().len() as u64;
            exported += payload.items();
        }
    }
    let nanos = before.elapsed().as_nanos() as f64;
    println!(
        "{what}: {:.0} ns a request, {} bytes a span",
        nanos / spans as f64,
        bytes.checked_div(exported).unwrap_or(0)
    );
}

fn vary(record: &mut RequestRecord, index: u64) {
    let at = |millis: u64| RunOffset::from_duration(Duration::from_micros(index * 100 + millis * 1_000));
    record.id.index = index;
    record.trace_id = u128::from(index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_9e37_79b9_7f4a_7c15);
    record.span_id = index + 1;
    record.timings = Timings {
        scheduled_at: at(0),
        sent_at: Some(at(1)),
        first_chunk_at: Some(at(50)),
        first_token_at: Some(at(50)),
        first_answer_token_at: Some(at(50)),
        last_token_at: Some(at(900)),
        finished_at: at(901),
    };
}

fn recorder(style: AttributeStyle, sampling: SampleRatio) -> TraceRecorder {
    let config = TracesConfig {
        exporter: Some(ExporterConfig::Console),
        scope: TraceScope::Session,
        sampling,
        keep: KeepPolicy::default(),
        propagation: Propagation::Traceparent,
        content: ContentCapture::On,
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
    };
    let naming = Naming {
        semconv: SemconvChoice::V1_41,
        attributes: style,
        provider: None,
    };
    TraceRecorder::new(&config, &naming, &run(), "vllm".to_owned(), &Resource::default())
}

fn run() -> RunIdentity {
    RunIdentity {
        run_id: "7f3a09c2".to_owned(),
        name: "cost".to_owned(),
        start_unix_ns: 1_700_000_000_000_000_000,
        version: env!("CARGO_PKG_VERSION"),
        operation: Operation::Chat,
        model: "meta-llama/Llama-3.1-8B-Instruct".to_owned(),
        streaming: true,
        servers: vec![ServerAddress {
            host: "localhost".to_owned(),
            port: 8000,
            provider: None,
        }],
        server_kind: None,
        load: "64 concurrent".to_owned(),
        stages: Vec::new(),
        slo: None,
        trace_plan: None,
        bodies: BodyVariety::Uniform,
        body: BodySource(Arc::new(|_, _| Some(BODY.to_vec()))),
    }
}

fn example_record() -> RequestRecord {
    RequestRecord {
        chunk_gaps: ChunkGaps::Each(vec![6_700; 127].into()),
        chunks: 128,
        tokens: TokenCounts {
            input: Some(550),
            cached_input: Some(512),
            output: Some(128),
            source: Some(TokenSource::ServerUsage),
            requested_output: Some(128),
            ..TokenCounts::default()
        },
        finish_reason: Some("length".into()),
        response_id: Some("chatcmpl-7f3a09c2-0000-0000-0000-000000000000".into()),
        response_model: Some("meta-llama/Llama-3.1-8B-Instruct".into()),
        http: HttpExchange {
            bytes_sent: 3_000,
            bytes_received: 40_000,
            ..request().http
        },
        ..request()
    }
}
