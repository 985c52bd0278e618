//! The flags of telemetry, and of what is watched beside the load.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use loadspan_telemetry::config::{AttributeStyle, Protocol, SemconvChoice, TraceScope};

use super::Seconds;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Telemetry")]
pub(crate) struct TelemetryArgs {
    #[command(flatten)]
    pub(crate) otlp: OtlpArgs,
    /// What OpenTelemetry gets: default (metrics and timing), metrics, timing, traces, all or none; a list, or repeated.
    #[arg(long, num_args = 1.., value_name = "WHAT")]
    pub(crate) stream: Vec<String>,
    /// Attribute of everything exported, `name=value`; repeatable.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) otel_resource_attributes: Vec<String>,
    /// gen_ai.provider.name [default: by the server's host or kind]
    #[arg(long, value_name = "NAME")]
    pub(crate) gen_ai_provider: Option<String>,
    /// Names of the GenAI metrics: those of semantic conventions 1.41, of their successor, or both [default: 1.41]
    #[arg(long, value_enum, value_name = "VERSION")]
    pub(crate) otel_semconv: Option<SemconvArg>,
    /// Names of the attributes of spans: those of the conventions, those that inference-perf documents, or both [default: semconv]
    #[arg(long, value_enum, value_name = "STYLE")]
    pub(crate) otel_attributes: Option<AttributesArg>,
    /// How often metrics are exported [default: 2]
    #[arg(long, value_name = "TIME")]
    pub(crate) otel_export_interval: Option<Seconds>,
    /// Share of requests whose spans are exported, 0 to 1 [default: 1]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    pub(crate) trace_sample_ratio: Option<f64>,
    /// Which spans share a trace: those of the run, of a stage, or of a session (a request, where there are none) [default: session]
    #[arg(long, value_enum, value_name = "SCOPE")]
    pub(crate) trace_scope: Option<ScopeArg>,
    /// Requests whose spans are exported although they are not sampled: errors, slowest:N; a list, or repeated.
    #[arg(long, value_name = "WHICH")]
    pub(crate) trace_keep: Vec<String>,
    /// Do not send traceparent to the server under test.
    #[arg(long)]
    pub(crate) no_propagate: bool,
    /// Export prompts and answers on spans. They may hold personal data.
    #[arg(long)]
    pub(crate) capture_content: bool,
    /// Fail (exit 3) when telemetry is not delivered.
    #[arg(long)]
    pub(crate) telemetry_required: bool,
    /// Longest wait for telemetry at the end of the run [default: 5]
    #[arg(long, value_name = "TIME")]
    pub(crate) otel_flush_timeout: Option<Seconds>,
    /// The most that telemetry.spool may hold, such as 64MiB [default: 256MiB]
    #[arg(long, value_name = "SIZE")]
    pub(crate) spool_max_bytes: Option<String>,
}

/// Where telemetry goes: what `profile` and `push` have in common.
#[derive(Debug, Clone, Args)]
pub(crate) struct OtlpArgs {
    /// OpenTelemetry endpoint: host, host:port or URL; http, https or grpc.
    #[arg(long, value_name = "URL")]
    pub(crate) otel_url: Option<String>,
    /// Protocol of the endpoint [default: grpc for port 4317 and grpc://, else http/protobuf]
    #[arg(long, value_enum, value_name = "PROTOCOL")]
    pub(crate) otel_protocol: Option<ProtocolArg>,
    /// Header for the endpoint, `name=value`; repeatable. Better in OTEL_EXPORTER_OTLP_HEADERS: others see command lines.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) otel_header: Vec<String>,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server and GPUs")]
pub(crate) struct ObservationArgs {
    /// Prometheus endpoint of the server, scraped each second; several [default: /metrics of the target, if it answers]
    #[arg(long, value_name = "URL", num_args = 1.., conflicts_with = "no_server_metrics")]
    pub(crate) server_metrics: Vec<String>,
    /// Do not scrape the server.
    #[arg(long)]
    pub(crate) no_server_metrics: bool,
    /// GPUs to watch: the URL of a DCGM exporter, or nvml for those of this machine; several.
    #[arg(long, value_name = "URL|nvml", num_args = 1..)]
    pub(crate) gpu_telemetry: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct PushArgs {
    /// The folder of a run.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) otlp: OtlpArgs,
    /// Tracking server [default: the one that the run was logged to, else MLFLOW_TRACKING_URI]
    #[arg(long, value_name = "URI", help_heading = "MLflow")]
    pub(crate) mlflow_tracking_uri: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProtocolArg {
    Grpc,
    #[value(name = "http/protobuf")]
    HttpProtobuf,
    #[value(name = "http/json")]
    HttpJson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SemconvArg {
    #[value(name = "1.41")]
    V1_41,
    Latest,
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AttributesArg {
    Semconv,
    InferencePerf,
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeArg {
    Run,
    Stage,
    Session,
}

impl From<ProtocolArg> for Protocol {
    fn from(protocol: ProtocolArg) -> Self {
        match protocol {
            ProtocolArg::Grpc => Self::Grpc,
            ProtocolArg::HttpProtobuf => Self::HttpProtobuf,
            ProtocolArg::HttpJson => Self::HttpJson,
        }
    }
}

impl From<SemconvArg> for SemconvChoice {
    fn from(version: SemconvArg) -> Self {
        match version {
            SemconvArg::V1_41 => Self::V1_41,
            SemconvArg::Latest => Self::Latest,
            SemconvArg::Both => Self::Both,
        }
    }
}

impl From<AttributesArg> for AttributeStyle {
    fn from(style: AttributesArg) -> Self {
        match style {
            AttributesArg::Semconv => Self::Semconv,
            AttributesArg::InferencePerf => Self::InferencePerf,
            AttributesArg::Both => Self::Both,
        }
    }
}

impl From<ScopeArg> for TraceScope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Run => Self::Run,
            ScopeArg::Stage => Self::Stage,
            ScopeArg::Session => Self::Session,
        }
    }
}
