//! A trace to an OpenTelemetry Collector, or to any other backend of OTLP: "Set Up OTLP Exporter" of MLflow's documentation, in Rust.
//!
//! ```sh
//! export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://localhost:4317/v1/traces"
//! # Optionally, the service name to group traces
//! export OTEL_SERVICE_NAME="your-service-name"
//! cargo run -p loadspan-sdk --example otlp_export
//! ```
//!
//! The protocol is gRPC. For HTTP: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://localhost:4318/v1/traces` and
//! `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf`. Headers: `OTEL_EXPORTER_OTLP_TRACES_HEADERS="api_key=12345"`.
#![expect(clippy::print_stdout, reason = "says what became of the trace")]

use std::time::Duration;

use serde_json::json;

fn main() -> Result<(), loadspan_sdk::InitError> {
    let mlflow = loadspan_sdk::init()?;

    {
        let span = loadspan_sdk::start_span("foo");
        span.set_inputs(json!({"a": 1}));
        span.set_outputs(json!({"b": 2}));
    } // The span ends here.

    println!("{}", loadspan_sdk::last_active_trace_id().unwrap_or_default());
    // Dropping the guard would do. This way there is something to print.
    let (outcome, counts) = mlflow.shutdown(Duration::from_secs(10));
    println!("{outcome:?} {counts:?}");
    Ok(())
}
