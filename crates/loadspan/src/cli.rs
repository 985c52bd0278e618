//! What can be typed. Doc comments are the help text; nothing below [`crate::config`] sees these types.

mod config;
mod demo;
mod mlflow;
mod mock;
mod plot;
mod profile;
mod replay;
mod serve;
mod sessions;
mod telemetry;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::config::{CheckConfigArgs, ConfigArgs, ConfigCommand, ShowConfigArgs};
pub(crate) use self::demo::DemoArgs;
pub(crate) use self::mlflow::MlflowArgs;
pub(crate) use self::mock::{
    AnswerArg, FaultArg, FaultName, FaultShare, FillerArg, MockArgs, MockServerArgs, MockShapeArgs, MockTimingArgs,
    ServerKindArg, UsageArg,
};
pub(crate) use self::plot::{PictureArg, PlotArgs, UploadArgs};
pub(crate) use self::profile::{
    ArrivalArg, EndpointArg, EndpointArgs, LoadArgs, OutputArgs, ProfileArgs, SamplingArg, ServerArg, WorkloadArgs,
};
pub(crate) use self::replay::{
    FailedArg, FormatArg, InspectArgs, LengthsArg, MissingArg, ReadingArgs, ReplayArgs, ReplayCommand,
    ReplayCommandArgs, SessionsByArg, TracesArgs,
};
pub(crate) use self::serve::{
    BackupArgs, DurabilityArg, ExportArgs, GcArgs, LimitArgs, OperationArgs, PlaceArgs, PortArg, SecurityArgs,
    ServeArgs, ServeCommand, TraceFormat,
};
pub(crate) use self::sessions::{ContextArg, DelayArg, SessionArgs};
pub(crate) use self::telemetry::{ObservationArgs, OtlpArgs, PushArgs, TelemetryArgs};
pub(crate) use self::values::{Milliseconds, Seconds, Threshold};

/// Load-test an LLM server, with numbers that can be proven.
///
/// Measures latency, throughput and goodput of any OpenAI-compatible server, keeps a record of every request, and says whether the
/// figures can be trusted. Times are in seconds, or with a unit: 50ms, 5s, 2m, 1h.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 110,
    propagate_version = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Benchmark a built-in mock server and watch it in a browser: shows what loadspan does, needs nothing.
    ///
    /// Starts a mock server, a `loadspan serve` and three benchmarks in one process, with metrics and traces. Prints the link of the first
    /// run, and stays until Ctrl-C. Where neither stdin nor stdout is a terminal, in scripts and in CI, it ends by itself, as with --exit.
    ///
    /// The mock serves 8 requests at once, which makes 41 a second, and is offered 10, 30 and 50: the third run is more than it can take.
    /// One request in 150 fails on purpose. Everything stays on this machine, and the OTEL_* and MLFLOW_* variables have no say. The exit
    /// code is 0 also when a run is not valid, as on a busy machine: its line says so.
    Demo(DemoArgs),
    /// Benchmark an OpenAI-compatible server.
    Profile(Box<ProfileArgs>),
    /// Look at a run file, the -f of `loadspan profile`, without running it.
    Config(ConfigArgs),
    /// Look at a recording, the --replay of `loadspan profile`, without sending it.
    Replay(ReplayCommandArgs),
    /// Serve the built-in mock: an OpenAI-compatible API with scripted timing and faults.
    Mock(Box<MockArgs>),
    /// Serve a tracking server: MLflow's API and OTLP, on SQLite or PostgreSQL.
    Serve(Box<ServeArgs>),
    /// Rebuild summary and tables of a run from the records on disk.
    Report(ReportArgs),
    /// Draw pictures of a run, or of several to compare them.
    Plot(PlotArgs),
    /// Deliver telemetry of a run that could not be delivered while it ran.
    Push(PushArgs),
    /// Check loadspan's measurements against a server whose timing is known.
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The folder of a run.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Length of a time slice in timeslices.csv [default: that of the run]
    #[arg(long, value_name = "TIME")]
    pub(crate) slice_duration: Option<Seconds>,
    /// Also write files that scripts made for other tools can read.
    #[arg(long, value_name = "FORMAT", value_delimiter = ',')]
    pub(crate) export_format: Vec<ExportFormat>,
    /// What is printed on stdout.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub(crate) output_format: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Check only rows whose name contains this.
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    /// What is printed on stdout.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub(crate) output_format: OutputFormat,
}

/// What is printed on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// A table for people.
    Text,
    /// JSON for scripts.
    Json,
}

/// Files for scripts made for other tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// profile_export_aiperf.json and .csv
    Aiperf,
    /// vllm_bench.json, as `vllm bench serve --save-result` writes it
    Vllm,
}

/// How much of each request is kept on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportLevel {
    /// Nothing but the summary: `loadspan report` cannot rebuild it.
    Summary,
    /// Every request; chunk gaps as a histogram when there are over 1,000.
    Records,
    /// Every request with every chunk gap.
    Chunks,
}

/// Whether the API key stands on the command line, for everybody on the machine to see, rather than in its variable.
pub(crate) fn key_is_typed() -> bool {
    let is_key = |word: std::ffi::OsString| word == "--api-key" || word.as_encoded_bytes().starts_with(b"--api-key=");
    std::env::args_os().any(is_key)
}
