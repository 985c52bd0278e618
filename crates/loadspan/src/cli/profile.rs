//! The flags of `loadspan profile`. Names follow AIPerf where the concept is the same.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    ExportFormat, ExportLevel, MlflowArgs, ObservationArgs, OutputFormat, ReplayArgs, Seconds, SessionArgs,
    TelemetryArgs, Threshold,
};

#[derive(Debug, Clone, Args)]
pub(crate) struct ProfileArgs {
    /// A YAML file that says what the flags say, and stages. Flags beat it, and so do variables of the environment.
    #[arg(short = 'f', long, value_name = "FILE", help_heading = "Run file")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) endpoint: EndpointArgs,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    #[command(flatten)]
    pub(crate) sessions: SessionArgs,
    #[command(flatten)]
    pub(crate) replay: ReplayArgs,
    #[command(flatten)]
    pub(crate) telemetry: TelemetryArgs,
    #[command(flatten)]
    pub(crate) mlflow: MlflowArgs,
    #[command(flatten)]
    pub(crate) observation: ObservationArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Endpoint")]
pub(crate) struct EndpointArgs {
    /// Base URL of the server, with or without /v1; several are used in turn.
    #[arg(short, long, value_name = "URL", default_value = "http://localhost:8000")]
    pub(crate) url: Vec<String>,
    /// The model, as the server calls it [default: the one that the server has]
    #[arg(short, long, visible_alias = "model-names", value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Which API is spoken.
    #[arg(long, value_enum, default_value_t = EndpointArg::Chat, value_name = "TYPE")]
    pub(crate) endpoint_type: EndpointArg,
    /// Path of the endpoint, in place of the usual one.
    #[arg(long, visible_alias = "custom-endpoint", value_name = "PATH")]
    pub(crate) endpoint: Option<String>,
    /// Ask for answers as streams, token by token.
    #[arg(long)]
    pub(crate) streaming: bool,
    /// The dialect that the server speaks.
    #[arg(long, value_enum, default_value_t = ServerArg::Auto, value_name = "KIND")]
    pub(crate) server: ServerArg,
    /// Key that is sent as bearer token. A key on the command line can be seen by others on this machine.
    #[arg(long, env = "OPENAI_API_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) api_key: Option<String>,
    /// File with the key.
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Further header, `name: value`; repeatable.
    #[arg(short = 'H', long, value_name = "NAME:VALUE")]
    pub(crate) header: Vec<String>,
    /// Fields merged into each body: `key:value`, or a JSON object; repeatable.
    #[arg(long, value_name = "KEY:VALUE")]
    pub(crate) extra_inputs: Vec<String>,
    /// Ask for max_tokens in place of max_completion_tokens in chats.
    #[arg(long)]
    pub(crate) use_legacy_max_tokens: bool,
    /// Ask for the usage with each chunk: exact tokens per chunk (vLLM).
    #[arg(long)]
    pub(crate) per_chunk_usage: bool,
    /// Speak HTTP/2: by ALPN over TLS, by prior knowledge without.
    #[arg(long)]
    pub(crate) http2: bool,
    /// CA certificates (PEM) that the server's certificate is checked against.
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub(crate) ca_cert: Option<PathBuf>,
    /// Accept any certificate.
    #[arg(long)]
    pub(crate) insecure: bool,
    /// How long to wait for the server and its model to be ready.
    #[arg(long, value_name = "TIME", default_value = "0")]
    pub(crate) wait_for_model_timeout: Seconds,
    /// Longest time to open a connection.
    #[arg(long, value_name = "TIME", default_value = "10")]
    pub(crate) connect_timeout_seconds: Seconds,
    /// Longest wait for the first byte of a response.
    #[arg(long, value_name = "TIME", default_value = "600")]
    pub(crate) first_byte_timeout_seconds: Seconds,
    /// Longest silence within a response.
    #[arg(long, value_name = "TIME", default_value = "60")]
    pub(crate) idle_timeout_seconds: Seconds,
    /// Longest time for a whole request.
    #[arg(long, value_name = "TIME", default_value = "21600")]
    pub(crate) request_timeout_seconds: Seconds,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadArgs {
    /// Requests in flight: each that ends is followed by the next. With --request-rate, the most in flight [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) concurrency: Option<NonZeroU32>,
    /// Requests per second, sent on a schedule whatever has become of the earlier ones.
    #[arg(long, allow_negative_numbers = true, value_name = "R")]
    pub(crate) request_rate: Option<f64>,
    /// How the gaps of --request-rate are spread [default: poisson]
    #[arg(long, visible_alias = "request-rate-mode", value_enum, value_name = "PATTERN")]
    pub(crate) arrival_pattern: Option<ArrivalArg>,
    /// Shape of gamma arrivals: 1 is Poisson, less is burstier, more is smoother.
    #[arg(
        long,
        allow_negative_numbers = true,
        visible_alias = "vllm-burstiness",
        value_name = "SHAPE"
    )]
    pub(crate) arrival_smoothness: Option<f64>,
    /// With --request-rate, the most requests in flight; further ones are held back, and the report says so.
    #[arg(long, value_name = "N", conflicts_with = "concurrency")]
    pub(crate) max_concurrency: Option<NonZeroU32>,
    /// Time over which the concurrency grows to its full height.
    #[arg(long, value_name = "TIME")]
    pub(crate) concurrency_ramp_duration: Option<Seconds>,
    /// Time over which the request rate grows to its full height.
    #[arg(long, value_name = "TIME")]
    pub(crate) request_rate_ramp_duration: Option<Seconds>,
    /// Stop after so many requests [default: each prompt once with --input-file or --num-dataset-entries, else 10 or twice the concurrency; none with --benchmark-duration]
    #[arg(long, visible_alias = "num-requests", value_name = "N")]
    pub(crate) request_count: Option<NonZeroU64>,
    /// Stop sending after so long.
    #[arg(long, value_name = "TIME")]
    pub(crate) benchmark_duration: Option<Seconds>,
    /// After --benchmark-duration, how long requests in flight may still take [default: 30]
    #[arg(long, value_name = "TIME")]
    pub(crate) benchmark_grace_period: Option<Seconds>,
    /// After Ctrl-C, how long requests in flight may still take.
    #[arg(long, value_name = "TIME", default_value = "3")]
    pub(crate) drain_timeout_seconds: Seconds,
    /// Requests that are sent first and are in no figure; measuring follows without a pause.
    #[arg(long, visible_alias = "num-warmup-requests", value_name = "N")]
    pub(crate) warmup_request_count: Option<NonZeroU64>,
    /// Time in which requests are sent that are in no figure; measuring follows without a pause.
    #[arg(long, value_name = "TIME", conflicts_with = "warmup_request_count")]
    pub(crate) warmup_duration: Option<Seconds>,
    /// Fixes prompts and arrivals [default: new ones for each run; the seed is recorded]
    #[arg(long, value_name = "N")]
    pub(crate) random_seed: Option<u64>,
    /// Give up when more requests fail than this: a number, or a share such as 5%.
    #[arg(long, value_name = "N|SHARE")]
    pub(crate) failed_request_threshold: Option<Threshold>,
    /// Worker threads [default: one less than there are CPUs]
    #[arg(long, visible_alias = "max-workers", value_name = "N")]
    pub(crate) workers_max: Option<NonZeroUsize>,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Workload")]
pub(crate) struct WorkloadArgs {
    /// Input length: mean tokens of a prompt, chat template included [default: 550]
    #[arg(long, visible_aliases = ["synthetic-input-tokens-mean", "prompt-input-tokens-mean"], value_name = "TOKENS")]
    pub(crate) isl: Option<u32>,
    /// Standard deviation of the input length [default: 0]
    #[arg(long, allow_negative_numbers = true, visible_aliases = ["synthetic-input-tokens-stddev", "prompt-input-tokens-stddev"], value_name = "TOKENS")]
    pub(crate) isl_stddev: Option<f64>,
    /// Output length: mean tokens asked for [default: the server decides]
    #[arg(long, visible_aliases = ["output-tokens-mean", "prompt-output-tokens-mean"], value_name = "TOKENS")]
    pub(crate) osl: Option<u32>,
    /// Standard deviation of the output length [default: 0]
    #[arg(long, allow_negative_numbers = true, visible_aliases = ["output-tokens-stddev", "prompt-output-tokens-stddev"], value_name = "TOKENS")]
    pub(crate) osl_stddev: Option<f64>,
    /// Different prompts; they are used again when there are more requests [default: a new one for each request]
    #[arg(long, visible_alias = "num-prompts", value_name = "N")]
    pub(crate) num_dataset_entries: Option<NonZeroU64>,
    /// A tokenizer.json, or the folder of one: makes lengths exact. Nothing is downloaded.
    #[arg(long, value_name = "PATH")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// Prompts of your own: JSONL (text, messages or payload), or ShareGPT JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) input_file: Option<PathBuf>,
    /// In which order prompts are taken [default: sequential]
    #[arg(long, value_enum, value_name = "STRATEGY")]
    pub(crate) dataset_sampling_strategy: Option<SamplingArg>,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// What a good request keeps to, in ms: "time_to_first_token:200 inter_token_latency:20"
    #[arg(long, value_name = "SLOS")]
    pub(crate) goodput: Option<String>,
    /// Where the results go [default: a new folder in ./artifacts]
    #[arg(long, visible_alias = "output-artifact-dir", value_name = "DIR")]
    pub(crate) artifact_dir: Option<PathBuf>,
    /// How much of each request is kept on disk.
    #[arg(long, visible_alias = "profile-export-level", value_enum, default_value_t = ExportLevel::Records, value_name = "LEVEL")]
    pub(crate) export_level: ExportLevel,
    /// Also write files that scripts made for other tools can read.
    #[arg(long, value_name = "FORMAT", value_delimiter = ',')]
    pub(crate) export_format: Vec<ExportFormat>,
    /// Also write inputs.jsonl, every body that was sent. It holds the prompts.
    #[arg(long)]
    pub(crate) export_inputs: bool,
    /// Length of a time slice in timeslices.csv [default: 1, or more in long runs]
    #[arg(long, value_name = "TIME")]
    pub(crate) slice_duration: Option<Seconds>,
    /// Draw the run when it is over: plots in its folder, and report.html.
    #[arg(long)]
    pub(crate) auto_plot: bool,
    /// Fail (exit 3) when --auto-plot cannot draw the run.
    #[arg(long)]
    pub(crate) plot_required: bool,
    /// What is printed on stdout.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub(crate) output_format: OutputFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EndpointArg {
    Chat,
    Completions,
    Responses,
    Embeddings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServerArg {
    /// What the server says of itself.
    Auto,
    Vllm,
    Sglang,
    Tgi,
    Openai,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArrivalArg {
    /// Equal gaps.
    Constant,
    /// Exponential gaps: independent users.
    Poisson,
    /// Gamma gaps, by --arrival-smoothness.
    Gamma,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SamplingArg {
    /// In the order of the file, from the start again at its end.
    Sequential,
    /// Any, each time.
    Random,
    /// All once in a random order, then again in another.
    Shuffle,
}
