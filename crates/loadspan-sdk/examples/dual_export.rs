//! A trace to the MLflow server and to an OpenTelemetry Collector: "Dual Export" of MLflow's documentation, in Rust.
//!
//! ```sh
//! export MLFLOW_TRACKING_URI="http://localhost:5000"
//! export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://localhost:4317/v1/traces"
//! cargo run -p loadspan-sdk --example dual_export
//! ```
//!
//! Each destination has its own queue: with one of them down, the other gets everything.
#![expect(clippy::print_stdout, reason = "says what became of the trace")]

use std::time::Duration;

use serde_json::json;

fn main() -> Result<(), loadspan_sdk::InitError> {
    // What is said here counts more than `MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT` and `MLFLOW_EXPERIMENT_NAME`.
    let mlflow = loadspan_sdk::builder()
        .dual_export(true)
        .experiment_name("my-experiment")
        .init()?;

    {
        let span = loadspan_sdk::start_span("foo");
        span.set_inputs(json!({"a": 1}));
        span.set_outputs(json!({"b": 2}));
    }

    println!("{}", loadspan_sdk::last_active_trace_id().unwrap_or_default());
    let (_, counts) = mlflow.shutdown(Duration::from_secs(10));
    for count in counts {
        println!("{}: {} of {} spans", count.destination, count.exported, count.produced);
    }
    Ok(())
}
