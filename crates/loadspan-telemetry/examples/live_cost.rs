//! What live metrics cost the thread that makes them: time a request, as points and as windows.
//!
//! `cargo run --release -p loadspan-telemetry --example live_cost -- 1000000`
//!
//! Nobody listens where they go. With the URL of an MLflow server as a second argument they go there, and what became of them is
//! told, too.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

#[path = "../src/testing.rs"]
mod testing;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::testing::request;
use loadspan_record::{
    ChunkGaps, HttpExchange, RequestRecord, RunOffset, Timings, TokenCounts, TokenSource, Verdict, VerdictStatus,
};
use loadspan_telemetry::config::{
    AttributeStyle, ExperimentChoice, LiveMetrics, MlflowConfig, MlflowServer, NamedBy, Naming, ParentRun, Requirement,
    ResourceConfig, RetryPolicy, SemconvChoice, ServerVerification, StageRuns, TelemetryConfig, TraceStore,
};
use loadspan_telemetry::mlflow::RunDescription;
use loadspan_telemetry::{
    BodySource, BodyVariety, MlflowOutlet, Operation, Outlets, RecordsOnDisk, RunConclusion, RunIdentity, Telemetry,
};
use loadspan_wire::mlflow::tags::BENCHMARK_ID;

/// Requests that arrive at once.
const BATCH: u64 = 256;
/// From the end of one to the end of the next.
const APART: Duration = Duration::from_micros(100);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let requests: u64 = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(200_000);
    let url = arguments.next();
    for (what, live) in [("points", LiveMetrics::Points), ("windows", LiveMetrics::Windows)] {
        let folder = tempfile::tempdir()?;
        let config = config(url.as_deref().unwrap_or("http://127.0.0.1:1/"), live)?;
        let mut telemetry = Telemetry::start(&config, run(), outlets(folder.path(), what))?;
        let mut record = example_record();
        let before = Instant::now();
        for index in 0..requests {
            vary(&mut record, index);
            telemetry.record(&record, None);
            if index % BATCH == BATCH - 1 {
                telemetry.export_due(record.timings.finished_at);
            }
        }
        let nanos = before.elapsed().as_nanos() as f64;
        println!("{what}: {:.0} ns a request", nanos / requests as f64);
        let flushed = telemetry.finish(&conclusion(record.timings.finished_at));
        if url.is_some() {
            println!("after {:?}: {:?}", before.elapsed(), flushed.telemetry.signals);
        }
    }
    Ok(())
}

fn outlets(folder: &std::path::Path, what: &str) -> Outlets {
    let id = format!("live-cost-{what}-{}", std::process::id());
    Outlets {
        spool_dir: folder.join("telemetry.spool"),
        notices: Arc::new(|_| ()),
        console: Box::new(std::io::sink()),
        mlflow: Some(MlflowOutlet {
            description: RunDescription {
                benchmark_id: id.clone(),
                name: id.clone(),
                start_unix_ms: 1_700_000_000_000,
                tags: vec![loadspan_wire::mlflow::runs::Tag::new(BENCHMARK_ID, id)],
                ..RunDescription::default()
            },
            run_dir: folder.to_path_buf(),
            records: RecordsOnDisk::Written,
        }),
    }
}

fn config(url: &str, live: LiveMetrics) -> Result<TelemetryConfig, url::ParseError> {
    Ok(TelemetryConfig {
        resource: ResourceConfig {
            service_name: "loadspan".to_owned(),
            attributes: Vec::new(),
        },
        naming: Naming {
            semconv: SemconvChoice::V1_41,
            attributes: AttributeStyle::Semconv,
            provider: None,
        },
        traces: None,
        metrics: None,
        mlflow: Some(MlflowConfig {
            server: MlflowServer {
                tracking_uri: url.parse()?,
                named_by: NamedBy::User,
                had_credentials: false,
                authorization: None,
                verification: ServerVerification::SystemRoots,
                client_certificate: None,
                timeout: Duration::from_secs(120),
                retries: RetryPolicy {
                    max_retries: 7,
                    backoff_factor: 2.0,
                },
            },
            experiment: ExperimentChoice::Name("live-cost".to_owned()),
            run_name: None,
            tags: Vec::new(),
            parent: ParentRun::None,
            artifact_globs: Vec::new(),
            live,
            stages: StageRuns::Tag,
            traces: TraceStore::Off,
            flush_timeout: Duration::from_secs(300),
        }),
        flush_timeout: Duration::from_secs(1),
        spool_max_bytes: 1 << 28,
        requirement: Requirement::BestEffort,
    })
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
        servers: Vec::new(),
        server_kind: None,
        load: "64 concurrent".to_owned(),
        stages: Vec::new(),
        slo: None,
        trace_plan: None,
        bodies: BodyVariety::Uniform,
        body: BodySource(Arc::new(|_, _| Some(b"{}".to_vec()))),
    }
}

fn conclusion(ended_at: RunOffset) -> RunConclusion {
    RunConclusion {
        load_started_at: RunOffset::ZERO,
        measure_started_at: Some(RunOffset::ZERO),
        ended_at,
        verdict: Verdict {
            status: VerdictStatus::Valid,
            reasons: Vec::new(),
        },
        incomplete: None,
        requests: [0; 3],
        stages: Vec::new(),
    }
}

fn vary(record: &mut RequestRecord, index: u64) {
    let start = RunOffset::from_duration(APART * u32::try_from(index).unwrap_or(u32::MAX));
    let at = |micros: u64| Some(start.after(Duration::from_micros(micros)));
    record.id.index = index;
    record.timings = Timings {
        scheduled_at: start,
        sent_at: at(1_013),
        first_chunk_at: at(50_027 + index % 977),
        first_token_at: at(50_027 + index % 977),
        first_answer_token_at: at(50_027 + index % 977),
        last_token_at: at(900_041 + index % 9_973),
        finished_at: start.after(Duration::from_micros(901_003 + index % 9_973)),
    };
}

fn example_record() -> RequestRecord {
    RequestRecord {
        chunk_gaps: ChunkGaps::Each((0..127).map(|gap| 6_700 + gap).collect()),
        chunks: 128,
        tokens: TokenCounts {
            input: Some(550),
            output: Some(128),
            source: Some(TokenSource::ServerUsage),
            ..TokenCounts::default()
        },
        http: HttpExchange {
            bytes_sent: 3_000,
            bytes_received: 40_000,
            ..request().http
        },
        ..request()
    }
}
