//! The flags of MLflow.

use clap::{Args, ValueEnum};
use loadspan_telemetry::config::{LiveMetrics, StageRuns};

use super::Seconds;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "MLflow")]
pub(crate) struct MlflowArgs {
    /// Tracking server: each benchmark becomes a run there [default: MLFLOW_TRACKING_URI]
    #[arg(long, value_name = "URI")]
    pub(crate) mlflow_tracking_uri: Option<String>,
    /// The experiment; made if there is none [default: loadspan; with --mlflow-parent-run-id, that of the parent]
    #[arg(long, value_name = "NAME")]
    pub(crate) mlflow_experiment: Option<String>,
    /// Name of the run [default: from model, load and time]
    #[arg(long, value_name = "NAME")]
    pub(crate) mlflow_run_name: Option<String>,
    /// Tag of the run, `key:value` or `key=value`; several, or repeated. No place for secrets: MLflow stores and shows it.
    #[arg(long, value_name = "KEY:VALUE", num_args = 1..)]
    pub(crate) mlflow_tag: Vec<String>,
    /// Nest the run under this one.
    #[arg(long, value_name = "ID", conflicts_with = "mlflow_parent_run_name")]
    pub(crate) mlflow_parent_run_id: Option<String>,
    /// Nest the run under the run of this name in the experiment; made if there is none.
    #[arg(long, value_name = "NAME")]
    pub(crate) mlflow_parent_run_name: Option<String>,
    /// Files of the run's folder that become artifacts; several, or repeated [default: results, pictures and the report]
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub(crate) mlflow_artifact_glob: Vec<String>,
    /// What is logged while the run goes on [default: auto]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) mlflow_live: Option<LiveArg>,
    /// What becomes of the stages of a run that has several [default: tag]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) mlflow_stages: Option<StagesArg>,
    /// Also send sampled requests as traces.
    #[arg(long)]
    pub(crate) mlflow_traces: bool,
    /// Longest wait for MLflow at the end of the run, uploads included [default: 30]
    #[arg(long, value_name = "TIME")]
    pub(crate) mlflow_flush_timeout: Option<Seconds>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LiveArg {
    /// Points of each request, and windows from where on the server does not take so many.
    Auto,
    /// Points of each request.
    Points,
    /// Count, rate and percentiles of each second.
    Windows,
    /// Nothing.
    Off,
}

impl From<LiveArg> for LiveMetrics {
    fn from(live: LiveArg) -> Self {
        match live {
            LiveArg::Auto => Self::Auto,
            LiveArg::Points => Self::Points,
            LiveArg::Windows => Self::Windows,
            LiveArg::Off => Self::Off,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StagesArg {
    /// One run has the figures of each, as `stage.0.request_latency.p99`.
    Tag,
    /// Each is a run nested under that of the benchmark.
    Child,
}

impl From<StagesArg> for StageRuns {
    fn from(stages: StagesArg) -> Self {
        match stages {
            StagesArg::Tag => Self::Tag,
            StagesArg::Child => Self::Child,
        }
    }
}
