//! What is exported, where to, and how: resolved once from flags and environment. Nothing below sees either.

mod address;
mod byte_size;
mod effect;
mod environment;
mod error;
mod headers;
mod keep;
mod metrics;
mod mlflow;
mod options;
mod otlp;
mod push;
mod resolve;
mod resource;
mod signals;
mod stream;
mod traces;
pub mod variables;
mod words;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use loadspan_record::{Propagation, SampleRatio, Secret, TraceIds, TracePlan, redact_url};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

pub use self::byte_size::parse as parse_byte_size;
pub use self::environment::Environment;
pub use self::error::ConfigError;
pub use self::mlflow::{
    ExperimentChoice, LiveMetrics, MlflowConfig, MlflowOptions, MlflowPlan, MlflowServer, NamedBy, ParentRun,
    PushTracking, RecordedTracking, RetryPolicy, ServerVerification, StageRuns, TraceStore,
};
pub use self::options::{OtlpOptions, TelemetryOptions};
pub use self::push::{PushEndpoint, RecordedEndpoint};
pub use self::resolve::Resolved;

/// Telemetry of a run, as it shall be exported.
#[derive(Debug, Clone)]
pub struct TelemetryConfig {
    /// Who speaks.
    pub resource: ResourceConfig,
    /// Under which names.
    pub naming: Naming,
    /// `None`: no traces.
    pub traces: Option<TracesConfig>,
    /// `None`: no metrics.
    pub metrics: Option<MetricsConfig>,
    /// `None`: no run in MLflow.
    pub mlflow: Option<MlflowConfig>,
    /// How long the end of a run may wait for telemetry.
    pub flush_timeout: Duration,
    /// The most that `telemetry.spool/` may hold.
    pub spool_max_bytes: u64,
    /// What undelivered telemetry does to the exit code.
    pub requirement: Requirement,
}

impl TelemetryConfig {
    /// Whether a signal goes to stdout.
    #[must_use]
    pub fn writes_to_console(&self) -> bool {
        let traces = self.traces.as_ref().and_then(|traces| traces.exporter.as_ref());
        let metrics = self.metrics.as_ref().map(|metrics| &metrics.exporter);
        let mut exporters = traces.into_iter().chain(metrics);
        exporters.any(|exporter| matches!(exporter, ExporterConfig::Console))
    }

    /// Whether the text of answers is exported.
    #[must_use]
    pub fn captures_content(&self) -> bool {
        self.traces
            .as_ref()
            .is_some_and(|traces| traces.content == ContentCapture::On)
    }
}

impl TracesConfig {
    /// How requests get their trace context. Traces that they share are new ones at each call.
    #[must_use]
    pub fn plan(&self) -> TracePlan {
        let seed = Uuid::new_v4().as_u128();
        TracePlan {
            trace_ids: match self.scope {
                TraceScope::Session => TraceIds::PerSession(seed),
                TraceScope::Stage => TraceIds::PerStage(seed),
                TraceScope::Run => TraceIds::Shared(seed),
            },
            sampling: self.sampling,
            propagation: self.propagation,
        }
    }
}

/// What undelivered telemetry does to the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing.
    BestEffort,
    /// The benchmark has failed.
    Required,
}

/// The resource that telemetry is of, beside what the run adds itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceConfig {
    /// `service.name`.
    pub service_name: String,
    /// The user's attributes; they win over those of the run.
    pub attributes: Vec<(String, String)>,
}

/// The names under which things are exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// Vocabulary of the GenAI metrics.
    pub semconv: SemconvChoice,
    /// Vocabulary of the attributes of spans.
    pub attributes: AttributeStyle,
    /// `gen_ai.provider.name`, in place of what the host of the target suggests.
    pub provider: Option<String>,
}

/// Vocabulary of the GenAI metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SemconvChoice {
    /// Semantic conventions 1.41, the last release that has them: `gen_ai.client.operation.duration` and so on.
    V1_41,
    /// The unreleased successor: `gen_ai.client.inference.duration` and so on.
    Latest,
    /// Each metric under both names.
    Both,
}

/// Vocabulary of the attributes of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeStyle {
    /// The semantic conventions.
    Semconv,
    /// The names of inference-perf's documentation.
    InferencePerf,
    /// Both side by side.
    Both,
}

/// Where a signal goes.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a run has two of them")]
pub enum ExporterConfig {
    /// To an OTLP endpoint.
    Otlp(OtlpConfig),
    /// To stdout, as OTLP/JSON lines.
    Console,
}

/// An OTLP endpoint, for one signal. Its `Debug` redacts the URL, whose query may hold credentials.
#[derive(Clone)]
pub struct OtlpConfig {
    /// The URL that requests are posted to, without userinfo: that is among the headers. For gRPC, scheme and authority.
    pub endpoint: Url,
    /// Whether the URL was given with userinfo.
    pub had_credentials: bool,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Further headers, or gRPC metadata. Names are in lower case.
    pub headers: Vec<(String, Secret)>,
    /// Longest time of one attempt until there is an answer. `None`: no limit.
    pub timeout: Option<Duration>,
    /// Compression of bodies.
    pub compression: Compression,
    /// Certificates.
    pub tls: TlsFiles,
}

impl fmt::Debug for OtlpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpConfig")
            .field("endpoint", &redact_url(self.endpoint.as_str()))
            .field("had_credentials", &self.had_credentials)
            .field("protocol", &self.protocol)
            .field("headers", &self.headers)
            .field("timeout", &self.timeout)
            .field("compression", &self.compression)
            .field("tls", &self.tls)
            .finish()
    }
}

/// The protocols of OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// gRPC.
    #[serde(rename = "grpc")]
    Grpc,
    /// HTTP with protobuf bodies.
    #[serde(rename = "http/protobuf")]
    HttpProtobuf,
    /// HTTP with JSON bodies.
    #[serde(rename = "http/json")]
    HttpJson,
}

/// Compression of request bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// None.
    None,
    /// gzip.
    Gzip,
}

/// PEM files for TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificates of authorities, in place of the system's.
    pub ca: Option<PathBuf>,
    /// The client's certificate chain.
    pub client_certificate: Option<PathBuf>,
    /// Its key.
    pub client_key: Option<PathBuf>,
}

/// Traces.
#[derive(Debug, Clone)]
pub struct TracesConfig {
    /// Where to. `None`: to MLflow's trace store alone.
    pub exporter: Option<ExporterConfig>,
    /// Which spans share a trace.
    pub scope: TraceScope,
    /// The share of requests whose spans are exported, and which are marked as sampled towards the server.
    pub sampling: SampleRatio,
    /// Requests whose spans are exported although they were not sampled.
    pub keep: KeepPolicy,
    /// Whether requests carry `traceparent`.
    pub propagation: Propagation,
    /// Whether prompts and answers are exported.
    pub content: ContentCapture,
    /// Limits of a span.
    pub limits: SpanLimits,
    /// How spans are gathered into payloads.
    pub batch: BatchConfig,
}

/// Which spans share a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceScope {
    /// All of the run.
    Run,
    /// Those of a stage.
    Stage,
    /// Those of a session; a request that belongs to none has a trace of its own. They link to the span of the stage.
    Session,
}

/// Requests whose spans are exported although they were not sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeepPolicy {
    /// Those that failed.
    pub errors: bool,
    /// The slowest so many of each stage.
    pub slowest: usize,
}

/// Whether prompts and answers are exported, on spans. Off unless asked for: they may hold personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentCapture {
    /// They are not.
    Off,
    /// They are.
    On,
}

/// Limits of a span, as OpenTelemetry's specification has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanLimits {
    /// Longest string value of an attribute, in characters. `None`: no limit.
    pub attribute_value_length: Option<usize>,
    /// Most attributes of a span.
    pub attributes: usize,
    /// Most events of a span.
    pub events: usize,
    /// Most links of a span.
    pub links: usize,
    /// Most attributes of an event.
    pub attributes_per_event: usize,
    /// Most attributes of a link.
    pub attributes_per_link: usize,
}

/// How spans are gathered into payloads: `OTEL_BSP_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchConfig {
    /// A span waits no longer than this for others.
    pub delay: Duration,
    /// Most spans of a payload.
    pub spans: usize,
    /// Most spans that wait for an endpoint in memory. Older ones go to the spool.
    pub queue: usize,
    /// Longest time that a payload is tried for, retries included. Then it goes to the spool.
    pub export_timeout: Duration,
}

/// Metrics.
#[derive(Debug, Clone)]
pub struct MetricsConfig {
    /// Where to.
    pub exporter: ExporterConfig,
    /// How often.
    pub interval: Duration,
    /// Longest time that a payload is tried for, retries included. Then it goes to the spool.
    pub export_timeout: Duration,
    /// What is exported.
    pub groups: MetricGroups,
    /// What points of counters and histograms say.
    pub temporality: Temporality,
    /// The shape of histograms.
    pub histograms: HistogramShape,
    /// Which requests may be exemplars.
    pub exemplars: ExemplarFilter,
}

/// What is exported: the words of `--stream`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricGroups {
    /// `metrics`: what requests were like.
    pub requests: bool,
    /// `timing`: how the load is going.
    pub timing: bool,
    /// `all`: what the server and its GPUs say of themselves.
    pub scraped: bool,
}

/// What points of counters and histograms say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temporality {
    /// Everything since the start of the run. Prometheus wants it so.
    Cumulative,
    /// What is new since the last export; up-down counters stay cumulative.
    Delta,
    /// As [`Temporality::Delta`]: all our counters and histograms are synchronous instruments.
    LowMemory,
}

/// The shape of histograms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistogramShape {
    /// Buckets of the conventions.
    ExplicitBuckets,
    /// Base-2 exponential buckets.
    Exponential,
}

/// Which requests may be exemplars: `OTEL_METRICS_EXEMPLAR_FILTER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExemplarFilter {
    /// Those whose span is sampled.
    TraceBased,
    /// All.
    AlwaysOn,
    /// None.
    AlwaysOff,
}
