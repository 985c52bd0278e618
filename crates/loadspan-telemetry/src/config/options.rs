//! What flags and file say of telemetry, before the environment has its say.

use std::time::Duration;

use loadspan_record::{Propagation, Secret};

use super::{AttributeStyle, ContentCapture, MlflowOptions, Protocol, Requirement, SemconvChoice, TraceScope};

/// What was asked for. `None` and empty lists: nothing was said.
#[derive(Debug, Clone, Default)]
pub struct TelemetryOptions {
    /// Where telemetry goes: `--otel-url` and what belongs to it.
    pub otlp: OtlpOptions,
    /// `--stream`: words or comma lists of them.
    pub stream: Vec<String>,
    /// `--otel-resource-attributes`: each in the form of `OTEL_RESOURCE_ATTRIBUTES`.
    pub otel_resource_attributes: Vec<String>,
    /// `--gen-ai-provider`.
    pub gen_ai_provider: Option<String>,
    /// `--otel-semconv`.
    pub otel_semconv: Option<SemconvChoice>,
    /// `--otel-attributes`.
    pub otel_attributes: Option<AttributeStyle>,
    /// `--otel-export-interval`.
    pub otel_export_interval: Option<Duration>,
    /// `--trace-sample-ratio`.
    pub trace_sample_ratio: Option<f64>,
    /// `--trace-scope`.
    pub trace_scope: Option<TraceScope>,
    /// `--trace-keep`: `errors`, `slowest:N`, or comma lists of them.
    pub trace_keep: Vec<String>,
    /// `--no-propagate`.
    pub propagation: Option<Propagation>,
    /// `--capture-content`.
    pub capture_content: Option<ContentCapture>,
    /// `--telemetry-required`.
    pub requirement: Option<Requirement>,
    /// `--otel-flush-timeout`.
    pub otel_flush_timeout: Option<Duration>,
    /// `--spool-max-bytes`, such as `64MiB`.
    pub spool_max_bytes: Option<String>,
    /// `--mlflow-tracking-uri` and what belongs to it.
    pub mlflow: MlflowOptions,
}

/// What flags say of an OTLP endpoint.
#[derive(Debug, Clone, Default)]
pub struct OtlpOptions {
    /// `--otel-url`: host, host:port or URL. It may hold credentials.
    pub url: Option<Secret>,
    /// `--otel-protocol`.
    pub protocol: Option<Protocol>,
    /// `--otel-header`: each `name=value`.
    pub headers: Vec<Secret>,
}
