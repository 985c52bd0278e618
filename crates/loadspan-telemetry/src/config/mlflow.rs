//! MLflow: flags and `MLFLOW_*` variables, resolved.

mod globs;
mod plan;
mod push;
mod resolve;
mod server;
mod share;
mod tags;
mod tracking_uri;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use loadspan_record::{Secret, redact_url};
use serde::{Deserialize, Serialize};
use url::Url;

pub use self::plan::MlflowPlan;
pub use self::push::{PushTracking, RecordedTracking};
pub(super) use self::share::MlflowShare;

/// A run in MLflow, as the user wants it.
#[derive(Debug, Clone)]
pub struct MlflowConfig {
    /// Where.
    pub server: MlflowServer,
    /// In which experiment.
    pub experiment: ExperimentChoice,
    /// Its name. `None`: one is made from model, load and time.
    pub run_name: Option<String>,
    /// The user's tags; they win over ours.
    pub tags: Vec<(String, String)>,
    /// The run that it is nested under.
    pub parent: ParentRun,
    /// Which files of the run's folder become artifacts.
    pub artifact_globs: Vec<String>,
    /// What is logged while the run goes on.
    pub live: LiveMetrics,
    /// What becomes of several stages.
    pub stages: StageRuns,
    /// Whether spans of requests go to MLflow's trace store, too.
    pub traces: TraceStore,
    /// How long the end of a run may wait for MLflow, uploads included.
    pub flush_timeout: Duration,
}

/// A tracking server, and how it is spoken to. Its `Debug` shows no credentials.
#[derive(Clone)]
pub struct MlflowServer {
    /// The tracking URI, without userinfo: that is in `authorization`. It may have a path and ends with `/`.
    pub tracking_uri: Url,
    /// Who says that it is the one.
    pub named_by: NamedBy,
    /// Whether the tracking URI was given with userinfo.
    pub had_credentials: bool,
    /// The header `Authorization`: `Basic …` or `Bearer …`.
    pub authorization: Option<Secret>,
    /// How the server proves who it is. Means something for https only.
    pub verification: ServerVerification,
    /// PEM file with the client's certificate and key.
    pub client_certificate: Option<PathBuf>,
    /// Longest time of one request: `MLFLOW_HTTP_REQUEST_TIMEOUT`.
    pub timeout: Duration,
    /// What is done about failures.
    pub retries: RetryPolicy,
}

/// Who has named a tracking server: how far it is trusted depends on that, since it decides where artifacts go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// The user, by a flag or in the environment.
    User,
    /// The user, as the place of a recording.
    Replay,
    /// Nobody but the folder of the run, which may be somebody else's: credentials of this machine and places on it or near it are
    /// none of that server's business.
    Folder,
}

/// How a server proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerVerification {
    /// By the certificate authorities of the system.
    SystemRoots,
    /// By those in this PEM file: `MLFLOW_TRACKING_SERVER_CERT_PATH`.
    CaFile(PathBuf),
    /// It need not: `MLFLOW_TRACKING_INSECURE_TLS`.
    Off,
}

/// What MLflow's clients do when a request fails in a way that may pass: 408, 429, 500, 502, 503, 504, no connection, no answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Attempts beyond the first: `MLFLOW_HTTP_REQUEST_MAX_RETRIES`.
    pub max_retries: u32,
    /// Before the n-th retry but the first one waits this many seconds times 2ⁿ⁻¹: `MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR`.
    pub backoff_factor: f64,
}

/// An experiment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExperimentChoice {
    /// Nobody chose: that of the parent, where that is named by its id, since MLflow's page nests runs of one experiment; else
    /// [`ExperimentChoice::USUAL`].
    #[default]
    Usual,
    /// By its name; made if there is none.
    Name(String),
    /// By its id: `MLFLOW_EXPERIMENT_ID`.
    Id(String),
}

/// The run that a run is nested under.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParentRun {
    /// None.
    #[default]
    None,
    /// By its id.
    Id(String),
    /// By its name in the experiment; made, once, if there is none.
    Name(String),
}

/// What is logged while a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveMetrics {
    /// Points of each request, and windows from where on the server does not take so many.
    #[default]
    Auto,
    /// Points of each request, whatever the server takes.
    Points,
    /// Windows.
    Windows,
    /// Nothing.
    Off,
}

/// What becomes of the stages of a run that has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageRuns {
    /// The run has the figures of each, under names of its own.
    #[default]
    Tag,
    /// Each is a run nested under that of the benchmark, made when that is over.
    Child,
}

/// Whether spans of requests go to MLflow's trace store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceStore {
    /// They do not.
    Off,
    /// They do.
    On,
}

/// What flags say of MLflow. `None` and empty lists: nothing was said.
#[derive(Debug, Clone, Default)]
pub struct MlflowOptions {
    /// `--mlflow-tracking-uri`. It may hold credentials.
    pub tracking_uri: Option<Secret>,
    /// `--mlflow-experiment`.
    pub experiment: Option<String>,
    /// `--mlflow-run-name`.
    pub run_name: Option<String>,
    /// `--mlflow-tag`: each `key:value` or `key=value`, by whichever separator comes first.
    pub tags: Vec<String>,
    /// `--mlflow-parent-run-id`.
    pub parent_run_id: Option<String>,
    /// `--mlflow-parent-run-name`.
    pub parent_run_name: Option<String>,
    /// `--mlflow-artifact-glob`: in place of the defaults.
    pub artifact_globs: Vec<String>,
    /// `--mlflow-live`.
    pub live: Option<LiveMetrics>,
    /// `--mlflow-stages`.
    pub stages: Option<StageRuns>,
    /// `--mlflow-traces`.
    pub traces: Option<TraceStore>,
    /// `--mlflow-flush-timeout`.
    pub flush_timeout: Option<Duration>,
}

impl fmt::Debug for MlflowServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MlflowServer")
            .field("tracking_uri", &redact_url(self.tracking_uri.as_str()))
            .field("named_by", &self.named_by)
            .field("had_credentials", &self.had_credentials)
            .field("authorization", &self.authorization)
            .field("verification", &self.verification)
            .field("client_certificate", &self.client_certificate)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish()
    }
}
