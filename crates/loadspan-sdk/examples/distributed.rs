//! One trace over two processes: the second one goes on with the trace of the first.
//!
//! ```sh
//! MLFLOW_TRACKING_URI=http://localhost:5000 MLFLOW_EXPERIMENT_NAME=distributed cargo run -p loadspan-sdk --example distributed
//! ```
//!
//! Here the context travels in the environment of a child process, by the names that OpenTelemetry gives it there (`TRACEPARENT`).
//! In requests it travels in headers: `inject(&mut headers)` by the caller, `extract(&headers)` by the service.
#![expect(clippy::print_stdout, reason = "is how its processes talk")]

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::process::{self, Command};

use loadspan_sdk::{RemoteParent, SpanType, TokenUsage, extract_from, inject_into, span, start_span};
use serde_json::json;

const CONTEXT: [&str; 3] = ["traceparent", "tracestate", "baggage"];

fn main() -> Result<(), Box<dyn Error>> {
    // Both processes send their own spans.
    let _mlflow = loadspan_sdk::init()?;
    match env::args().nth(1).as_deref() {
        Some("worker") => {
            println!("{}", work());
            Ok(())
        }
        _ => delegate(),
    }
}

fn delegate() -> Result<(), Box<dyn Error>> {
    let span = start_span("delegate").with_type(SpanType::Agent);
    span.set_inputs(json!({"task": "count to three", "process": process::id()}));
    plan();
    let worker = Command::new(env::current_exe()?)
        .arg("worker")
        .envs(context())
        .output()?;
    let answer = String::from_utf8(worker.stdout)?;
    span.set_outputs(answer.trim());
    print!("{answer}");
    Ok(())
}

fn plan() {
    let span = start_span("plan").with_type(SpanType::Llm);
    span.set_token_usage(TokenUsage::new(5, 2));
}

/// The current span, as variables.
fn context() -> impl Iterator<Item = (String, String)> {
    let mut carrier = HashMap::new();
    inject_into(&mut carrier);
    carrier
        .into_iter()
        .map(|(name, value)| (name.to_ascii_uppercase(), value))
}

fn work() -> String {
    span("work")
        .with_type(SpanType::Tool)
        .with_parent(caller())
        .in_scope(|span| {
            span.set_inputs(json!({"process": process::id()}));
            // MLflow adds up the tokens of both processes.
            span.set_token_usage(TokenUsage::new(7, 3));
            let answer = "one two three";
            span.set_outputs(answer);
            answer.to_owned()
        })
}

/// The span of the process that started this one. Without one, a trace begins here.
fn caller() -> RemoteParent {
    let variables = CONTEXT.iter().filter_map(|name| {
        let value = env::var(name.to_ascii_uppercase()).ok()?;
        Some(((*name).to_owned(), value))
    });
    extract_from(&variables.collect::<HashMap<_, _>>())
}
