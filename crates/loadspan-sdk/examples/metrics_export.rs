//! How long spans take, as a histogram: "Metrics Export" of MLflow's documentation, in Rust.
//!
//! ```sh
//! # An OpenTelemetry Collector, by gRPC …
//! export OTEL_EXPORTER_OTLP_METRICS_ENDPOINT="http://localhost:4317"
//! export OTEL_EXPORTER_OTLP_METRICS_PROTOCOL="grpc"
//! # … or Prometheus, started with --web.enable-otlp-receiver
//! export OTEL_EXPORTER_OTLP_METRICS_ENDPOINT="http://localhost:9090/api/v1/otlp/v1/metrics"
//! export OTEL_EXPORTER_OTLP_METRICS_PROTOCOL="http/protobuf"
//! cargo run -p loadspan-sdk --example metrics_export
//! ```
//!
//! In Prometheus: `histogram_quantile(0.9, sum by (le, span_type) (rate(mlflow_trace_span_duration_milliseconds_bucket[5m])))`.

use loadspan_sdk::SpanType;
use serde_json::json;

fn main() -> Result<(), loadspan_sdk::InitError> {
    // The metric is exported every minute (`OTEL_METRIC_EXPORT_INTERVAL`), and once more when this is dropped.
    let _mlflow = loadspan_sdk::init()?;

    let span = loadspan_sdk::start_span("process_request").with_type(SpanType::Chain);
    span.set_inputs(json!({"query": "What is MLflow?"}));
    // Your application logic here
    span.set_outputs(json!({"response": "MLflow is an open source platform..."}));
    Ok(())
}
