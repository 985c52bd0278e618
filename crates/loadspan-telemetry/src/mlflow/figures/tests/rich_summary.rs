//! A summary that has everything a summary can have, for tests.

use crate::testing::request;
use loadspan_record::{
    ChunkGaps, ClientStats, Completeness, ConnectionUse, EnergySource, Failure, FailureKind, GpuDeviceSummary,
    GpuSummary, HistogramFigures, HttpExchange, LoadFacts, LoadModel, Outcome, Preopened, PromptReuse, RequestId,
    RequestRecord, RunFacts, RunId, RunInfo, RunOffset, ServerCounter, ServerGauge, ServerHistogram, ServerSummary,
    SignalLedger, Sink, Spread, Summary, SummaryBuilder, TelemetrySignal, TelemetrySummary, Thresholds, Timings,
    TokenCounts, TokenSource, WorkerStats,
};

/// 60 requests that completed and one that failed, of an open load that was watched in every way.
pub(in crate::mlflow) fn rich_summary() -> Summary {
    let mut builder = SummaryBuilder::new();
    for index in 0..60 {
        builder.push(&record(index, Outcome::Completed));
    }
    let failure = Failure::new(FailureKind::HttpStatus(503));
    builder.push(&record(60, Outcome::Failed(failure)));
    Summary {
        server: vec![server()],
        gpus: Some(gpus()),
        ..builder.finish(facts())
    }
}

/// Facts of a run that came to its end.
pub(in crate::mlflow) fn facts() -> RunFacts {
    RunFacts {
        run: RunInfo {
            id: "7f3a09c2".to_owned(),
            name: "run".to_owned(),
            model: "meta/llama-8b".to_owned(),
            endpoint_type: "chat".to_owned(),
            streaming: true,
            urls: vec!["http://localhost:8000".to_owned()],
            loadspan_version: "0.1.0".to_owned(),
            started_unix_ns: 1_700_000_000_123_456_789,
            seed: Some(42),
            measured_from_s: Some(0.5),
            measured_until_s: Some(6.75),
            completeness: Completeness::Complete,
        },
        load: LoadFacts {
            description: "poisson 10 req/s, at most 32 at once".to_owned(),
            model: LoadModel::Open {
                target_rate: Some(10.0),
                max_concurrency: Some(32),
            },
        },
        stages: Vec::new(),
        replays: Vec::new(),
        prompts: PromptReuse::Unique,
        unsent: 3,
        client: Some(client()),
        preopened: vec![preopened(0), preopened(1)],
        notices: Vec::new(),
        slo: Some("ttft:100 itl:20".parse().unwrap()),
        thresholds: Thresholds::default(),
        telemetry: TelemetrySummary {
            signals: vec![
                ledger(Sink::Otlp, TelemetrySignal::Traces),
                ledger(Sink::Otlp, TelemetrySignal::Metrics),
                ledger(Sink::Mlflow, TelemetrySignal::Metrics),
            ],
        },
    }
}

fn millis(millis: u64) -> RunOffset {
    RunOffset::from_nanos(millis * 1_000_000)
}

/// A stream of 90 to 100 ms, one every 100 ms.
fn record(index: u64, outcome: Outcome) -> RequestRecord {
    let sent = 500 + 100 * index;
    RequestRecord {
        id: RequestId {
            run: RunId::new(7),
            index,
        },
        timings: Timings {
            scheduled_at: millis(sent - 1),
            sent_at: Some(millis(sent)),
            first_chunk_at: Some(millis(sent + 30)),
            first_token_at: Some(millis(sent + 40 + index % 7)),
            first_answer_token_at: Some(millis(sent + 50)),
            last_token_at: Some(millis(sent + 90)),
            finished_at: millis(sent + 95),
        },
        chunk_gaps: ChunkGaps::Each([15_000, 25_000].into()),
        chunks: 3,
        outcome,
        tokens: TokenCounts {
            input: Some(100),
            cached_input: Some(64),
            output: Some(3),
            reasoning: Some(1),
            source: Some(TokenSource::ServerUsage),
            requested_output: Some(3),
            requested_input: Some(100),
            ..TokenCounts::default()
        },
        finish_reason: Some("stop".into()),
        http: HttpExchange {
            connection: ConnectionUse::Opened {
                connect_ns: 100_000,
                tls_ns: 0,
            },
            ..request().http
        },
        ..request()
    }
}

fn client() -> ClientStats {
    let worker = WorkerStats {
        cpu_seconds: 0.5,
        busy_share: 0.25,
        loop_lag_p50_ms: 0.0625,
        loop_lag_p99_ms: 0.5,
        loop_lag_max_ms: 2.0,
    };
    ClientStats {
        cpu_seconds: 1.25,
        wall_seconds: 6.5,
        peak_rss_bytes: 30_871_552,
        records_lost: 0,
        workers: vec![worker, worker],
    }
}

fn preopened(target: u16) -> Preopened {
    Preopened {
        target,
        opened: 4,
        failed: 1,
        connect_p50_ms: 0.25,
        connect_max_ms: 0.75,
    }
}

fn ledger(sink: Sink, signal: TelemetrySignal) -> SignalLedger {
    SignalLedger {
        produced: 61,
        delivered: 50,
        rejected: 1,
        spooled: 6,
        dropped: 4,
        sampled_out: 9,
        retries: 2,
        ..SignalLedger::new(sink, signal, "http://c")
    }
}

const SPREAD: Spread = Spread {
    mean: 0.5,
    max: 0.875,
    last: 0.25,
};

fn server() -> ServerSummary {
    let figures = HistogramFigures {
        count: 61,
        mean: 0.04,
        p50: 0.03,
        p90: 0.06,
        p99: 0.07,
    };
    ServerSummary {
        source: "http://localhost:8000/metrics".to_owned(),
        samples: 6,
        // Rates of hits and of acceptance have their own fields.
        gauges: [
            ServerGauge::RequestsRunning,
            ServerGauge::RequestsWaiting,
            ServerGauge::KvCacheUsage,
        ]
        .map(|gauge| (gauge, SPREAD))
        .into(),
        totals: ServerCounter::ALL.map(|counter| (counter, 610.0)).into(),
        prefix_cache_hit_rate: Some(0.64),
        spec_decode_acceptance_rate: Some(0.75),
        histograms: ServerHistogram::ALL.map(|histogram| (histogram, figures)).into(),
    }
}

fn gpus() -> GpuSummary {
    let gpu = |index| GpuDeviceSummary {
        source: "nvml".to_owned(),
        index: Some(index),
        uuid: format!("GPU-{index}"),
        name: Some("NVIDIA H200".to_owned()),
        utilization: Some(SPREAD),
        memory_used_bytes: Some(SPREAD),
        power_watts: Some(SPREAD),
        temperature_celsius: Some(SPREAD),
        energy_joules: Some(900.5),
        energy_source: Some(EnergySource::Counter),
    };
    GpuSummary {
        gpus: vec![gpu(0), gpu(1)],
        energy_joules: Some(1_801.0),
        mean_power_watts: Some(300.5),
    }
}
