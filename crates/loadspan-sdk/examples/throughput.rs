//! How many spans a second go through, to a collector that answers in 10 ms, with default settings: is one lost?
//!
//! `cargo run --release -p loadspan-sdk --example throughput [steady SECONDS | burst SPANS]`
//!
//! `steady`, 30 s unless said otherwise, makes 50,000 spans a second on four threads; `burst` makes spans on one thread as fast as it
//! can. Both begin a collector of their own, once for each protocol, unless `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` names one.
#![expect(clippy::print_stdout, reason = "its figures are its purpose")]

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use loadspan_sdk::{Builder, SpanType};
use loadspan_testkit::OtlpSink;
use serde_json::json;

const THREADS: u32 = 4;
const SPANS_PER_SECOND: u32 = 50_000;
/// Spans that a thread makes before it looks at the clock.
const BURST: u32 = 25;
const USAGE: &str = "throughput [steady SECONDS | burst SPANS]";

#[derive(Clone, Copy)]
enum Load {
    Steady { seconds: u32 },
    Burst { spans: u32 },
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let load = match words[..] {
        [] => Load::Steady { seconds: 30 },
        ["steady", seconds] => Load::Steady {
            seconds: seconds.parse()?,
        },
        ["burst", spans] => Load::Burst { spans: spans.parse()? },
        _ => return Err(USAGE.into()),
    };
    if std::env::var_os("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").is_some() {
        return measure(load, loadspan_sdk::builder());
    }
    for protocol in ["grpc", "http/protobuf"] {
        let sink = OtlpSink::new().delay(Duration::from_millis(10)).count_only().start()?;
        let builder = loadspan_sdk::builder().otlp_endpoint(&format!("{}/v1/traces", sink.url()));
        println!("{protocol}");
        measure(load, builder.otlp_protocol(protocol))?;
        println!("the collector has {} spans", sink.counts().spans);
    }
    Ok(())
}

/// Prints one line of JSON.
fn measure(load: Load, builder: Builder) -> Result<(), Box<dyn Error>> {
    let mlflow = builder.init()?;
    let start = Instant::now();
    match load {
        Load::Steady { seconds } => make_steadily(seconds)?,
        Load::Burst { spans } => (0..spans).for_each(make_span),
    }
    let made_in = start.elapsed();
    let (_, counts) = mlflow.shutdown(Duration::from_secs(60));
    let counts = counts.first().ok_or("nothing is set up")?;
    let result = json!({
        "spans": counts.produced,
        "exported": counts.exported,
        "made_in_s": made_in.as_secs_f64(),
        "all_in_s": start.elapsed().as_secs_f64(),
    });
    println!("{result}");
    Ok(())
}

fn make_steadily(seconds: u32) -> Result<(), &'static str> {
    let threads: Vec<_> = (0..THREADS).map(|_| thread::spawn(move || share(seconds))).collect();
    threads
        .into_iter()
        .try_for_each(|thread| thread.join().map_err(|_| "a thread panicked"))
}

/// The share of one thread, evenly spread.
fn share(seconds: u32) {
    let start = Instant::now();
    let bursts = seconds * SPANS_PER_SECOND / THREADS / BURST;
    let pause = Duration::from_secs(u64::from(seconds)) / bursts;
    for burst in 0..bursts {
        let due = start + pause * burst;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        (0..BURST).for_each(make_span);
    }
}

fn make_span(number: u32) {
    let span = loadspan_sdk::start_span("process_request").with_type(SpanType::Chain);
    span.set_inputs(json!({"query": "What is MLflow?", "number": number}));
    span.set_outputs(json!({"response": "MLflow is an open source platform"}));
}
