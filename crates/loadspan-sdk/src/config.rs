//! Settings, resolved once from the builder and the environment: builder before environment before default. Nothing below sees either.

mod environment;
mod exporters;
mod foreign;
mod headers;
mod mlflow;
mod otlp;
mod percent;
mod process;
mod resolve;
mod resource;
mod sampling;
#[cfg(test)]
mod tests;
mod variables;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use opentelemetry_sdk::trace::SpanLimits;
use url::Url;

pub(crate) use self::environment::Environment;
pub(crate) use self::foreign::without_effect;
pub(crate) use self::otlp::Signal;
#[cfg(test)]
pub(crate) use self::variables::TABLE as VARIABLES;
use crate::sampling::Sampling;

/// How tracing shall work.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// `None`: not there.
    pub(crate) otlp: Option<OtlpDestination>,
    /// `None`: not there.
    pub(crate) mlflow: Option<MlflowDestination>,
    /// `None`: no metrics.
    pub(crate) metrics: Option<MetricsConfig>,
    /// Which traces are recorded.
    pub(crate) sampling: Sampling,
    /// What crosses the border of the process.
    pub(crate) propagators: Propagators,
    /// Whether this crate says what goes wrong.
    pub(crate) warnings: Warnings,
    /// Attributes of the resource, `service.name` among them.
    pub(crate) resource: Vec<(String, String)>,
    /// Whether the OTLP destination gets the names of the GenAI conventions in place of MLflow's.
    pub(crate) vocabulary: Vocabulary,
    /// How spans are gathered and queued: `OTEL_BSP_*`.
    pub(crate) batch: BatchConfig,
    /// Most attributes, events and links.
    pub(crate) limits: SpanLimits,
    /// Most characters of a string attribute that is not MLflow's.
    pub(crate) value_length: Option<usize>,
    /// The experiment, where its id is said; MLflow's own where nothing is said.
    pub(crate) experiment: Experiment,
}

/// A secret: a header, a password. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// An OTLP endpoint for one signal.
#[derive(Clone, PartialEq)]
pub(crate) struct OtlpDestination {
    /// Where requests go: for HTTP the whole URL, for gRPC scheme and authority. No userinfo: that is among the headers.
    pub(crate) endpoint: Url,
    pub(crate) protocol: Protocol,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, Secret)>,
    /// Longest time of one attempt.
    pub(crate) timeout: Duration,
    pub(crate) gzip: bool,
    pub(crate) tls: TlsFiles,
}

/// The protocols of OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    HttpProtobuf,
    HttpJson,
}

/// PEM files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) client_certificate: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
    /// The server need not prove who it is.
    pub(crate) insecure: bool,
}

/// An MLflow server.
#[derive(Clone, PartialEq)]
pub(crate) struct MlflowDestination {
    /// Without userinfo; its path ends with `/`.
    pub(crate) tracking_uri: Url,
    pub(crate) experiment: Experiment,
    /// The header `Authorization`.
    pub(crate) authorization: Option<Secret>,
    pub(crate) timeout: Duration,
    pub(crate) tls: TlsFiles,
    /// The run that traces belong to: `MLFLOW_RUN_ID`, or the builder.
    pub(crate) run_id: Option<String>,
}

/// Which experiment traces go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Experiment {
    /// Made if there is none.
    Name(String),
    Id(String),
}

/// The histogram of span durations.
#[derive(Debug, Clone)]
pub(crate) struct MetricsConfig {
    pub(crate) destination: OtlpDestination,
    pub(crate) interval: Duration,
    /// Longest time that a report is tried for.
    pub(crate) export_timeout: Duration,
    /// Keys of trace tags and metadata that become attributes, beside those that are always there.
    pub(crate) attribute_keys: Vec<String>,
    pub(crate) temporality: Temporality,
    /// Most series; what comes on top goes to one for all others.
    pub(crate) series_limit: usize,
}

/// What a data point covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temporality {
    /// Everything since the start.
    Cumulative,
    /// Everything since the last one.
    Delta,
}

/// The names under which spans leave for the OTLP destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vocabulary {
    /// MLflow's.
    Mlflow,
    /// Those of the GenAI conventions: `MLFLOW_ENABLE_OTEL_GENAI_SEMCONV`.
    GenAi,
}

/// What of the context is written into requests and read from them: `OTEL_PROPAGATORS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Propagators {
    /// `traceparent` and `tracestate`.
    pub(crate) trace_context: bool,
    pub(crate) baggage: bool,
}

impl Propagators {
    pub(crate) const ALL: Self = Self {
        trace_context: true,
        baggage: true,
    };
    const NONE: Self = Self {
        trace_context: false,
        baggage: false,
    };
}

impl Default for Propagators {
    fn default() -> Self {
        Self::ALL
    }
}

/// Whether this crate says what goes wrong: `OTEL_LOG_LEVEL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Warnings {
    Told,
    Silenced,
}

/// The longest queue, in spans: they are counted in a number that has room for so many.
pub(crate) const LARGEST_QUEUE: usize = 1 << 22;

/// How spans are gathered and queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchConfig {
    pub(crate) delay: Duration,
    pub(crate) spans: usize,
    pub(crate) bytes: usize,
    /// Most spans on their way to a destination.
    pub(crate) queue: usize,
    /// Most bytes on their way, estimated.
    pub(crate) queue_bytes: usize,
    pub(crate) in_flight: usize,
    /// Longest time that a batch is tried for, retries included.
    pub(crate) export_timeout: Duration,
}

impl fmt::Debug for OtlpDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpDestination")
            .field("host", &self.endpoint.host_str())
            .field("protocol", &self.protocol)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MlflowDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MlflowDestination")
            .field("host", &self.tracking_uri.host_str())
            .field("experiment", &self.experiment)
            .finish_non_exhaustive()
    }
}
