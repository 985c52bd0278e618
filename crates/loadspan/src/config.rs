//! What was typed, resolved once. Nothing below sees flags.

mod effect;
mod inputs;
mod observation;
mod telemetry;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use loadspan_loadgen::openai::{EndpointType, MaxTokensField, ServerKind, StreamUsage};
use loadspan_loadgen::schedule::{ArrivalProcess, ScheduleConfig};
use loadspan_loadgen::workload::{
    DatasetConfig, LengthDistribution, SamplingStrategy, SyntheticConfig, WorkloadConfig,
};
use loadspan_loadgen::{
    BaseUrl, Deadlines, FailureThreshold, HttpPreference, Limits, LoadConfig, LoadModel, TargetConfig, TlsConfig,
    Warmup,
};
use loadspan_record::{Slo, SloError};
use loadspan_scrape::ScrapeConfig;
use loadspan_telemetry::config::{Environment, MlflowConfig, MlflowPlan, TelemetryConfig};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::{
    ArrivalArg, EndpointArg, EndpointArgs, ExportFormat, ExportLevel, LoadArgs, OutputFormat, ProfileArgs, SamplingArg,
    Seconds, ServerArg, Threshold, WorkloadArgs,
};
use crate::exit::UsageError;
use crate::pictures::AutoPlot;

pub(crate) use self::telemetry::{otlp_options, telemetry_usage};

/// Tokens of a prompt when nobody says, as in AIPerf.
const DEFAULT_INPUT_TOKENS: u32 = 550;
/// Shorter slices of time hold nothing.
const SHORTEST_SLICE: Duration = Duration::from_millis(1);

/// A benchmark, as it shall be run. Serialised into `run.json`, without secrets.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunConfig {
    pub(crate) target: TargetConfig,
    pub(crate) request: RequestConfig,
    pub(crate) load: LoadConfig,
    #[serde(skip)]
    pub(crate) workload: WorkloadConfig,
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
        effect::check(&args)?;
        let ProfileArgs {
            endpoint,
            load,
            workload,
            telemetry,
            mlflow,
            observation,
            output,
        } = args;
        let seed = load.random_seed.unwrap_or_else(fresh_seed);
        let slo = output
            .goodput
            .as_deref()
            .map(|slo| resolve_slo(slo, endpoint.streaming))
            .transpose()?;
        let telemetry = telemetry::resolve((telemetry, mlflow), output.output_format, environment)?;
        let request = resolve_request(&endpoint)?;
        let target = resolve_target(endpoint)?;
        let traces = telemetry.as_ref().and_then(|telemetry| telemetry.traces.as_ref());
        if let Some(traces) = traces {
            let checked = target.check_propagation(traces.propagation);
            checked.map_err(|error| UsageError::new(error.to_string()))?;
        }
        Ok(Self {
            scrape: observation::resolve(&observation, &target)?,
            mlflow: telemetry
                .as_ref()
                .and_then(|telemetry| telemetry.mlflow.as_ref())
                .map(MlflowConfig::plan),
            telemetry,
            request,
            target,
            load: resolve_load(&load, seed)?,
            tokenizer: workload.tokenizer.clone(),
            workload: resolve_workload(workload, seed)?,
            seed,
            slo,
            output: OutputConfig {
                dir: output.artifact_dir,
                level: output.export_level,
                formats: output.export_format,
                inputs: if output.export_inputs {
                    ExportInputs::Yes
                } else {
                    ExportInputs::No
                },
                slice: output.slice_duration.map(resolve_slice).transpose()?,
                print: output.output_format,
                voice: Voice::Full,
                auto_plot: match (output.auto_plot, output.plot_required) {
                    (_, true) => AutoPlot::Required,
                    (true, false) => AutoPlot::On,
                    (false, false) => AutoPlot::Off,
                },
            },
        })
    }

    /// The load in the words of a person.
    pub(crate) fn describe_load(&self) -> String {
        match &self.load.model {
            LoadModel::Closed { concurrency, .. } => format!("{concurrency} concurrent"),
            LoadModel::Open {
                schedule,
                max_concurrency,
            } => {
                let limit = max_concurrency.map_or(String::new(), |limit| format!(", at most {limit} at once"));
                let process = match schedule.process {
                    ArrivalProcess::Constant => "constant",
                    ArrivalProcess::Poisson => "poisson",
                    ArrivalProcess::Gamma { .. } => "gamma",
                };
                format!("{process} {} req/s{limit}", schedule.rate)
            }
        }
    }
}

fn resolve_slo(text: &str, streaming: bool) -> Result<Slo, UsageError> {
    let slo: Slo = text
        .parse()
        .map_err(|error: SloError| UsageError::new(error.to_string()))?;
    match slo.stream_target() {
        Some(metric) if !streaming => Err(UsageError::with_hint(
            format!("--goodput: no request can keep to {} without --streaming", metric.tag()),
            "add --streaming",
        )),
        _ => Ok(slo),
    }
}

fn resolve_slice(slice: Seconds) -> Result<Duration, UsageError> {
    if slice.0 < SHORTEST_SLICE {
        return Err(UsageError::new("--slice-duration: a slice is at least 1 ms long"));
    }
    Ok(slice.0)
}

fn resolve_request(args: &EndpointArgs) -> Result<RequestConfig, UsageError> {
    Ok(RequestConfig {
        model: args.model.clone(),
        server: match args.server {
            ServerArg::Auto => None,
            ServerArg::Vllm => Some(ServerKind::Vllm),
            ServerArg::Sglang => Some(ServerKind::Sglang),
            ServerArg::Tgi => Some(ServerKind::Tgi),
            ServerArg::Openai => Some(ServerKind::OpenAi),
        },
        streaming: args.streaming,
        stream_usage: if args.per_chunk_usage {
            StreamUsage::PerChunk
        } else {
            StreamUsage::AtEnd
        },
        max_tokens_field: args.use_legacy_max_tokens.then_some(MaxTokensField::MaxTokens),
        extra: inputs::parse_extra(&args.extra_inputs)?,
        wait_for_model: args.wait_for_model_timeout.0,
    })
}

fn resolve_target(args: EndpointArgs) -> Result<TargetConfig, UsageError> {
    let urls = args.url.iter().map(|url| BaseUrl::parse(url));
    let urls = urls
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| UsageError::new(format!("--url: {error}")))?;
    let tls = match (args.ca_cert, args.insecure) {
        (Some(path), _) => TlsConfig::CaFile(path),
        (None, true) => TlsConfig::Insecure,
        (None, false) => TlsConfig::SystemRoots,
    };
    Ok(TargetConfig {
        urls,
        endpoint_type: match args.endpoint_type {
            EndpointArg::Chat => EndpointType::Chat,
            EndpointArg::Completions => EndpointType::Completions,
            EndpointArg::Responses => EndpointType::Responses,
            EndpointArg::Embeddings => EndpointType::Embeddings,
        },
        endpoint_path: args.endpoint,
        api_key: inputs::api_key(args.api_key, args.api_key_file.as_deref())?,
        headers: args
            .header
            .iter()
            .map(|header| inputs::parse_header(header))
            .collect::<Result<_, _>>()?,
        tls,
        http: if args.http2 {
            HttpPreference::Http2
        } else {
            HttpPreference::Http11
        },
        deadlines: Deadlines {
            connect: args.connect_timeout_seconds.0,
            first_byte: args.first_byte_timeout_seconds.0,
            idle: args.idle_timeout_seconds.0,
            total: args.request_timeout_seconds.0,
        },
    })
}

fn resolve_load(args: &LoadArgs, seed: u64) -> Result<LoadConfig, UsageError> {
    let model = match args.request_rate {
        None => LoadModel::Closed {
            concurrency: args.concurrency.unwrap_or(NonZeroU32::MIN),
            ramp: args.concurrency_ramp_duration.map(|seconds| seconds.0),
        },
        Some(rate) => LoadModel::Open {
            schedule: resolve_schedule(args, rate, seed)?,
            max_concurrency: args.max_concurrency.or(args.concurrency),
        },
    };
    let warmup = match (args.warmup_request_count, args.warmup_duration) {
        (Some(count), _) => Warmup::Requests(count.get()),
        (None, Some(duration)) => Warmup::Duration(duration.0),
        (None, None) => Warmup::None,
    };
    Ok(LoadConfig {
        model,
        warmup,
        limits: Limits {
            requests: args.request_count.map(std::num::NonZero::get),
            duration: args.benchmark_duration.map(|seconds| seconds.0),
            grace: args
                .benchmark_grace_period
                .map_or(Duration::from_secs(30), |seconds| seconds.0),
            drain: args.drain_timeout_seconds.0,
            failures: args.failed_request_threshold.map(|threshold| match threshold {
                Threshold::Count(count) => FailureThreshold::Count(count),
                Threshold::Share(share) => FailureThreshold::Share(share),
            }),
        },
        workers: args.workers_max.unwrap_or_else(default_workers),
    })
}

fn resolve_schedule(args: &LoadArgs, rate: f64, seed: u64) -> Result<ScheduleConfig, UsageError> {
    if !(rate > 0.0 && rate <= 1e7) {
        return Err(UsageError::new(format!(
            "--request-rate {rate}: a rate is above 0 and at most 10 million a second"
        )));
    }
    let smoothness = args.arrival_smoothness.unwrap_or(1.0);
    if !(smoothness > 0.0 && smoothness.is_finite()) {
        return Err(UsageError::new(format!(
            "--arrival-smoothness {smoothness}: a shape is above 0"
        )));
    }
    Ok(ScheduleConfig {
        rate,
        process: match args.arrival_pattern {
            Some(ArrivalArg::Constant) => ArrivalProcess::Constant,
            None | Some(ArrivalArg::Poisson) => ArrivalProcess::Poisson,
            Some(ArrivalArg::Gamma) => ArrivalProcess::Gamma { smoothness },
        },
        ramp: args.request_rate_ramp_duration.map(|seconds| seconds.0),
        seed,
    })
}

fn resolve_workload(args: WorkloadArgs, seed: u64) -> Result<WorkloadConfig, UsageError> {
    let sampling = match args.dataset_sampling_strategy {
        None | Some(SamplingArg::Sequential) => SamplingStrategy::Sequential,
        Some(SamplingArg::Random) => SamplingStrategy::Random,
        Some(SamplingArg::Shuffle) => SamplingStrategy::Shuffle,
    };
    let stddev = |flag: &str, value: Option<f64>| match value.unwrap_or(0.0) {
        stddev if stddev >= 0.0 && stddev.is_finite() => Ok(stddev),
        stddev => Err(UsageError::new(format!("{flag} {stddev}: a deviation is 0 or more"))),
    };
    let output_stddev = stddev("--osl-stddev", args.osl_stddev)?;
    let output_tokens = args.osl.map(|mean| LengthDistribution {
        mean: f64::from(mean),
        stddev: output_stddev,
    });
    if let Some(path) = args.input_file {
        return Ok(WorkloadConfig::Dataset(DatasetConfig {
            path,
            sampling,
            output_tokens,
            seed,
        }));
    }
    Ok(WorkloadConfig::Synthetic(SyntheticConfig {
        input_tokens: LengthDistribution {
            mean: f64::from(args.isl.unwrap_or(DEFAULT_INPUT_TOKENS)),
            stddev: stddev("--isl-stddev", args.isl_stddev)?,
        },
        output_tokens,
        entries: args.num_dataset_entries,
        seed,
        sampling,
    }))
}

/// One CPU is left to the threads that collect and write.
fn default_workers() -> NonZeroUsize {
    let cpus = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new(cpus - 1).unwrap_or(NonZeroUsize::MIN)
}

/// A seed that no other run has had. 48 bits, so that every JSON reader can hold it.
pub(crate) fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id()) >> 16
}
