//! What was typed, resolved once. Nothing below sees flags.

mod effect;
mod endpoint;
mod inputs;
mod length;
mod load;
mod observation;
mod outline;
mod replay;
mod sessions;
mod stages;
mod telemetry;
mod workload;

use std::path::PathBuf;
use std::time::Duration;

use loadspan_loadgen::TargetConfig;
use loadspan_loadgen::openai::{MaxTokensField, ServerKind, StreamUsage};
use loadspan_record::{Slo, SloError};
use loadspan_scrape::ScrapeConfig;
use loadspan_telemetry::config::{Environment, MlflowConfig, MlflowPlan, TelemetryConfig};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::{ExportFormat, ExportLevel, OutputArgs, OutputFormat, ProfileArgs, Seconds};
use crate::exit::UsageError;
use crate::pictures::AutoPlot;
use crate::run_config_file::FileIdentity;

pub(crate) use self::length::{is_said, usual_count};
pub(crate) use self::outline::outline;
pub(crate) use self::replay::{
    ReplayConfig, ReplaySource, TraceSearch, resolve_format, resolve_reading, resolve_source,
};
pub(crate) use self::stages::{AskedStage, StageConfig, TrafficConfig, load_label};
pub(crate) use self::telemetry::{otlp_options, telemetry_usage};

/// Shorter slices of time hold nothing.
const SHORTEST_SLICE: Duration = Duration::from_millis(1);

/// A benchmark, as it shall be run. Serialised into `run.json`, without secrets.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunConfig {
    pub(crate) target: TargetConfig,
    pub(crate) request: RequestConfig,
    /// What is sent, one stage after the other. At least one.
    #[serde(flatten, serialize_with = "stages::serialize")]
    pub(crate) stages: Vec<StageConfig>,
    pub(crate) tokenizer: Option<PathBuf>,
    /// Fixes prompts and arrivals.
    pub(crate) seed: u64,
    pub(crate) slo: Option<Slo>,
    /// `None`: nothing is exported.
    #[serde(skip)]
    pub(crate) telemetry: Option<TelemetryConfig>,
    /// What of it `loadspan push` has to know. `None`: no run in MLflow.
    pub(crate) mlflow: Option<MlflowPlan>,
    #[serde(skip)]
    pub(crate) scrape: ScrapeConfig,
    #[serde(skip)]
    pub(crate) output: OutputConfig,
    /// The file that it was made from, if there is one.
    #[serde(skip)]
    pub(crate) file: Option<FileIdentity>,
}

/// What all requests have in common, as far as the user decides it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RequestConfig {
    /// `None`: the server says.
    pub(crate) model: Option<String>,
    /// `None`: the server says.
    pub(crate) server: Option<ServerKind>,
    pub(crate) streaming: bool,
    pub(crate) stream_usage: StreamUsage,
    pub(crate) max_tokens_field: Option<MaxTokensField>,
    pub(crate) extra: Map<String, Value>,
    pub(crate) wait_for_model: Duration,
}

/// What is written and printed.
#[derive(Debug, Clone)]
pub(crate) struct OutputConfig {
    /// `None`: a new folder with a telling name.
    pub(crate) dir: Option<PathBuf>,
    pub(crate) level: ExportLevel,
    pub(crate) formats: Vec<ExportFormat>,
    /// Whether bodies are kept. They hold prompts.
    pub(crate) inputs: ExportInputs,
    pub(crate) slice: Option<Duration>,
    pub(crate) print: OutputFormat,
    pub(crate) voice: Voice,
    pub(crate) auto_plot: AutoPlot,
}

/// How much of a run is told on the terminal. What goes wrong is told in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// What is about to happen, how far it is, and what came of it.
    Full,
    /// How far it is: whoever runs it tells the rest.
    Progress,
}

/// Whether the bodies that were sent are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExportInputs {
    No,
    Yes,
}

impl RunConfig {
    /// Resolves the flags of `loadspan profile`, and the `OTEL_*` and `MLFLOW_*` variables of this process.
    ///
    /// # Errors
    ///
    /// Values that make no sense, and flags that would have no effect.
    pub(crate) fn resolve(args: ProfileArgs) -> Result<Self, UsageError> {
        Self::resolve_in(args, &Environment::from_process())
    }

    /// The same with other variables.
    ///
    /// # Errors
    ///
    /// As [`Self::resolve`].
    pub(crate) fn resolve_in(args: ProfileArgs, environment: &Environment) -> Result<Self, UsageError> {
        Self::resolve_stages(args, &[], environment)
    }

    /// The same with stages from a file. Without any, the flags say what the only stage does.
    ///
    /// # Errors
    ///
    /// As [`Self::resolve`].
    pub(crate) fn resolve_stages(
        args: ProfileArgs,
        stages: &[AskedStage],
        environment: &Environment,
    ) -> Result<Self, UsageError> {
        effect::check(&args, stages)?;
        let seed = args.load.random_seed.unwrap_or_else(fresh_seed);
        let stages = stages::resolve(&args, stages, seed)?;
        let ProfileArgs {
            endpoint,
            workload,
            sessions,
            telemetry,
            mlflow,
            observation,
            output,
            ..
        } = args;
        let slo = resolve_slo(output.goodput.as_deref(), endpoint.streaming)?;
        let telemetry = telemetry::resolve((telemetry, mlflow), output.output_format, environment)?;
        let request = endpoint::resolve_request(&endpoint)?;
        let mut target = endpoint::resolve_target(endpoint)?;
        target.session_header = sessions.session_header;
        check_propagation(&target, telemetry.as_ref())?;
        Ok(Self {
            scrape: observation::resolve(&observation, &target)?,
            mlflow: telemetry.as_ref().and_then(mlflow_plan),
            telemetry,
            request,
            target,
            stages,
            tokenizer: workload.tokenizer,
            seed,
            slo,
            output: resolve_output(output)?,
            file: None,
        })
    }
}

impl RunConfig {
    /// The load in the words of a person.
    pub(crate) fn describe_load(&self) -> String {
        stages::describe_load(&self.stages)
    }
}

fn resolve_output(args: OutputArgs) -> Result<OutputConfig, UsageError> {
    Ok(OutputConfig {
        dir: args.artifact_dir,
        level: args.export_level,
        formats: args.export_format,
        inputs: if args.export_inputs {
            ExportInputs::Yes
        } else {
            ExportInputs::No
        },
        slice: args.slice_duration.map(resolve_slice).transpose()?,
        print: args.output_format,
        voice: Voice::Full,
        auto_plot: match (args.auto_plot, args.plot_required) {
            (_, true) => AutoPlot::Required,
            (true, false) => AutoPlot::On,
            (false, false) => AutoPlot::Off,
        },
    })
}

/// A header of the user's may be the one that tells the server of spans.
fn check_propagation(target: &TargetConfig, telemetry: Option<&TelemetryConfig>) -> Result<(), UsageError> {
    match telemetry.and_then(|telemetry| telemetry.traces.as_ref()) {
        Some(traces) => target
            .check_propagation(traces.propagation)
            .map_err(|error| UsageError::new(error.to_string())),
        None => Ok(()),
    }
}

fn mlflow_plan(telemetry: &TelemetryConfig) -> Option<MlflowPlan> {
    telemetry.mlflow.as_ref().map(MlflowConfig::plan)
}

fn resolve_slo(text: Option<&str>, streaming: bool) -> Result<Option<Slo>, UsageError> {
    let Some(text) = text else { return Ok(None) };
    let slo: Slo = text
        .parse()
        .map_err(|error: SloError| UsageError::new(error.to_string()))?;
    match slo.stream_target() {
        Some(metric) if !streaming => Err(UsageError::with_hint(
            format!("--goodput: no request can keep to {} without --streaming", metric.tag()),
            "add --streaming",
        )),
        _ => Ok(Some(slo)),
    }
}

fn resolve_slice(slice: Seconds) -> Result<Duration, UsageError> {
    if slice.0 < SHORTEST_SLICE {
        return Err(UsageError::new("--slice-duration: a slice is at least 1 ms long"));
    }
    Ok(slice.0)
}

/// A seed that no other run has had. 48 bits, so that every JSON reader can hold it.
pub(crate) fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id()) >> 16
}
