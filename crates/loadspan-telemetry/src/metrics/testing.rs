//! Runs and requests for the tests of metrics.

use std::sync::Arc;
use std::time::Duration;

use loadspan_record::{
    ChunkGaps, Failure, FailureKind, Outcome, RequestId, RequestRecord, RunId, RunOffset, Timings, TokenCounts,
    TokenSource,
};

use crate::config::{
    AttributeStyle, ExemplarFilter, ExporterConfig, HistogramShape, MetricGroups, MetricsConfig, Naming, SemconvChoice,
    Temporality,
};
use crate::identity::{BodySource, BodyVariety, Operation, RunIdentity, ServerAddress};
use crate::testing::request;

/// Wall clock at the start of every test's run.
pub(super) const START: u64 = 1_700_000_000_000_000_000;

pub(super) const fn millis(millis: u64) -> RunOffset {
    RunOffset::from_nanos(millis * 1_000_000)
}

/// A run of chat completions against one server.
pub(crate) fn run() -> RunIdentity {
    RunIdentity {
        run_id: "7f3a09c2".to_owned(),
        name: "a run".to_owned(),
        start_unix_ns: START,
        version: "0.1.0",
        operation: Operation::Chat,
        model: "llama".to_owned(),
        streaming: true,
        servers: vec![ServerAddress {
            host: "localhost".to_owned(),
            port: 8000,
            provider: None,
        }],
        server_kind: None,
        load: "2 concurrent".to_owned(),
        stages: Vec::new(),
        slo: None,
        trace_plan: None,
        bodies: BodyVariety::Uniform,
        body: BodySource(Arc::new(|_, _| Some(Vec::new()))),
    }
}

pub(super) fn config() -> MetricsConfig {
    MetricsConfig {
        exporter: ExporterConfig::Console,
        interval: Duration::from_secs(2),
        export_timeout: Duration::from_secs(10),
        groups: MetricGroups {
            requests: true,
            timing: true,
            scraped: true,
        },
        temporality: Temporality::Cumulative,
        histograms: HistogramShape::ExplicitBuckets,
        exemplars: ExemplarFilter::TraceBased,
    }
}

pub(super) fn naming(semconv: SemconvChoice) -> Naming {
    Naming {
        semconv,
        attributes: AttributeStyle::Semconv,
        provider: None,
    }
}

/// A completed stream: sent at `sent_ms`, a millisecond late; first byte after 30 ms, first token after 50 ms, two more tokens
/// 15 and 25 ms apart, and the end after 100 ms.
pub(super) fn stream(sent_ms: u64) -> RequestRecord {
    RequestRecord {
        id: RequestId {
            run: RunId::new(7),
            index: 0,
        },
        timings: Timings {
            scheduled_at: millis(sent_ms - 1),
            sent_at: Some(millis(sent_ms)),
            first_chunk_at: Some(millis(sent_ms + 30)),
            first_token_at: Some(millis(sent_ms + 50)),
            first_answer_token_at: Some(millis(sent_ms + 50)),
            last_token_at: Some(millis(sent_ms + 90)),
            finished_at: millis(sent_ms + 100),
        },
        chunk_gaps: ChunkGaps::Each([15_000, 25_000].into()),
        chunks: 3,
        tokens: TokenCounts {
            input: Some(100),
            cached_input: Some(64),
            output: Some(3),
            reasoning: Some(1),
            source: Some(TokenSource::ServerUsage),
            ..TokenCounts::default()
        },
        finish_reason: Some("stop".into()),
        response_model: Some("llama-8b".into()),
        trace_id: 0xabc,
        span_id: 0x1,
        ..request()
    }
}

/// The stream, had it failed before its first byte.
pub(super) fn failed(sent_ms: u64, kind: FailureKind) -> RequestRecord {
    let whole = stream(sent_ms);
    RequestRecord {
        timings: Timings {
            first_chunk_at: None,
            first_token_at: None,
            first_answer_token_at: None,
            last_token_at: None,
            ..whole.timings
        },
        chunk_gaps: ChunkGaps::None,
        chunks: 0,
        outcome: Outcome::Failed(Failure::new(kind)),
        tokens: TokenCounts::default(),
        finish_reason: None,
        response_model: None,
        ..whole
    }
}
