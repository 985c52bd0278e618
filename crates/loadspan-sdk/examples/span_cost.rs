//! What a span costs the thread that makes it, in nanoseconds.
//!
//! `cargo run --release -p loadspan-sdk --example span_cost`
//!
//! The exporter's queue fills up meanwhile: nobody listens where spans go. What it costs to queue a span is part of the figures;
//! what it costs to send it is not, except for the share of the processor that its thread takes. Each figure is the best of ten
//! rounds, so that what else runs on the machine counts for little.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::error::Error;
use std::time::Instant;

use loadspan_sdk::{Guard, SpanType, span, start_span};
use serde::Serialize;

const ROUNDS: u32 = 10;
const SPANS: u32 = 20_000;
const THREADS: u32 = 8;

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

fn main() -> Result<(), Box<dyn Error>> {
    measure("nothing set up", usual);

    let guard = set_up(1.0)?;
    measure("root", usual);
    measure("root, nothing set", || drop(start_span("x")));
    {
        let _root = start_span("root");
        measure("child", usual);
        measure("child, nothing set", || drop(start_span("x")));
        measure("child, not made current, nothing set", || span("x").start().end());
    }
    measure_threads();
    drop(guard);

    let _guard = set_up(0.0)?;
    measure("root, not sampled", usual);
    let _root = start_span("root");
    measure("child, not sampled", usual);
    Ok(())
}

fn set_up(sampling_ratio: f64) -> Result<Guard, Box<dyn Error>> {
    Ok(loadspan_sdk::builder()
        .otlp_endpoint("http://127.0.0.1:9")
        .sampling_ratio(sampling_ratio)
        .init()?)
}

/// Start, type, inputs, outputs, end.
fn usual() {
    let span = start_span("x").with_type(SpanType::Llm);
    span.set_inputs(Text {
        text: "What is MLflow?",
    });
    span.set_outputs(Text {
        text: "An open source platform",
    });
}

fn measure(name: &str, make: impl Fn()) {
    let round = || {
        let start = Instant::now();
        for _ in 0..SPANS {
            make();
        }
        start.elapsed() / SPANS
    };
    let best = (0..ROUNDS).map(|_| round()).min().unwrap_or_default();
    println!("{name:40} {:6} ns", best.as_nanos());
}

fn measure_threads() {
    let start = Instant::now();
    std::thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| (0..SPANS).for_each(|_| usual()));
        }
    });
    let each = start.elapsed() / (THREADS * SPANS);
    println!("{:40} {:6} ns of wall time", "root, 8 threads", each.as_nanos());
}
