//! 50,000 spans a second from four threads to a collector that answers in 10 ms, with default settings: is one lost?
//!
//! `cargo run --release --example throughput [seconds]`
#![expect(clippy::print_stdout, reason = "its figures are its purpose")]

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use loadspan_testkit::OtlpSink;
use serde_json::json;

const THREADS: u32 = 4;
const SPANS_PER_SECOND: u32 = 50_000;
/// Spans that a thread makes before it looks at the clock.
const BURST: u32 = 25;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(30), |seconds| seconds.parse())?;
    for protocol in ["grpc", "http/protobuf"] {
        measure(protocol, seconds)?;
    }
    Ok(())
}

fn measure(protocol: &str, seconds: u32) -> Result<(), Box<dyn Error>> {
    let sink = OtlpSink::new().delay(Duration::from_millis(10)).count_only().start()?;
    let guard = loadspan_sdk::builder()
        .environment([("OTEL_SERVICE_NAME", "throughput")])
        .otlp_endpoint(&format!("{}/v1/traces", sink.url()))
        .otlp_protocol(protocol)
        .init()?;
    let start = Instant::now();
    let threads: Vec<_> = (0..THREADS).map(|_| thread::spawn(move || produce(seconds))).collect();
    for thread in threads {
        thread.join().map_err(|_| "a thread panicked")?;
    }
    let produced_in = start.elapsed();
    let (outcome, counts) = guard.shutdown(Duration::from_secs(30));
    println!(
        "{protocol}: {produced_in:.1?}, then {:.1?} to flush ({outcome:?})",
        start.elapsed() - produced_in
    );
    println!("  {:?}", counts.first());
    println!(
        "  the sink has {} spans in {} requests",
        sink.counts().spans,
        sink.counts().requests
    );
    Ok(())
}

/// The share of one thread, evenly spread.
fn produce(seconds: u32) {
    let start = Instant::now();
    let bursts = seconds * SPANS_PER_SECOND / THREADS / BURST;
    let pause = Duration::from_secs(u64::from(seconds)) / bursts;
    for burst in 0..bursts {
        let due = start + pause * burst;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        for number in 0..BURST {
            let span = loadspan_sdk::start_span("request");
            span.set_inputs(json!({"query": "What is MLflow?", "number": number}));
            span.set_outputs(json!({"response": "MLflow is an open source platform"}));
        }
    }
}
