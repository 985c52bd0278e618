//! The tracking API of MLflow, as its REST clients and servers speak it: version 2.0, of which all paths below begin with
//! [`API`].
//!
//! Bodies are JSON with names in snake case, 64-bit integers as numbers, enums by name, and defaults left out. The shapes are those
//! of MLflow's `service.proto` and `mlflow_artifacts.proto`; fields that nobody here needs are skipped when reading.

pub mod artifacts;
pub mod attributes;
mod error;
pub mod experiments;
pub mod limits;
pub mod live;
mod number;
pub mod runs;
pub mod tags;
pub mod traces;

pub use error::{ErrorBody, ErrorCode};
pub use number::MetricValue;

/// Where the paths of the API begin, below the tracking URI.
pub const API: &str = "api/2.0/mlflow";
/// Where the artifact proxy begins, below the tracking URI.
pub const ARTIFACTS_API: &str = "api/2.0/mlflow-artifacts";
/// What a server says of itself, below the tracking URI: [`ServerInfo`].
pub const SERVER_INFO: &str = "api/3.0/mlflow/server-info";
/// OTLP over HTTP, below the tracking URI. It takes the two headers below.
pub const OTLP_TRACES: &str = "v1/traces";
/// Header of [`OTLP_TRACES`]: the experiment that traces belong to. Required.
pub const EXPERIMENT_ID_HEADER: &str = "x-mlflow-experiment-id";
/// Header of [`OTLP_TRACES`]: the run that traces are linked with.
pub const RUN_ID_HEADER: &str = "x-mlflow-run-id";

/// What a server says of itself. Old servers do not.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ServerInfo {
    /// `SqlStore` or `FileStore`.
    pub store_type: Option<String>,
    /// Whether the artifact proxy takes files in parts.
    pub multipart_uploads_enabled: bool,
    /// Whether there is an artifact proxy.
    pub artifact_serving_enabled: Option<bool>,
}
