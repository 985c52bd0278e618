//! The flags of `loadspan serve`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::Seconds;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ServeArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ServeCommand>,
    #[command(flatten)]
    pub(crate) ports: PortArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) security: SecurityArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) operation: OperationArgs,
}

/// What is done with the data of a server, in place of serving it.
#[derive(Debug, Subcommand)]
pub(crate) enum ServeCommand {
    /// Copy the database into a new file, while it is served.
    Backup(BackupArgs),
    /// Write the traces of an experiment as OTLP/JSON, or as a table in Parquet, while it is served.
    Export(ExportArgs),
    /// Delete for good what was deleted: runs and experiments, with their artifacts.
    Gc(GcArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The new file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Name or id of the experiment.
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) experiment: String,
    /// What is written.
    #[arg(long, value_enum, default_value_t = TraceFormat::OtlpJson)]
    pub(crate) format: TraceFormat,
    /// Where to: a new file [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

/// What traces are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TraceFormat {
    /// Lines of OTLP/JSON, as the Collector's file exporter writes them.
    OtlpJson,
    /// A table with a row for each span.
    Parquet,
}

#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Keep what was deleted more recently: 30d [default: keep nothing]
    #[arg(long, value_name = "AGE")]
    pub(crate) older_than: Option<Age>,
    /// Make the file of SQLite smaller afterwards. Takes as much room again while it lasts.
    #[arg(long)]
    pub(crate) shrink: bool,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Ports")]
pub(crate) struct PortArgs {
    /// Address to listen on. Any but a loopback address needs --auth-token-file.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Port of MLflow's API and OTLP over HTTP; 0 takes any that is free.
    #[arg(short, long, value_name = "PORT", default_value_t = 5000)]
    pub(crate) port: u16,
    /// Port of OTLP over gRPC, or off [default: 4317, if it is free]
    #[arg(long, value_name = "PORT|off")]
    pub(crate) otlp_grpc_port: Option<PortArg>,
    /// Another port of OTLP over HTTP, or off [default: 4318, if it is free]
    #[arg(long, value_name = "PORT|off")]
    pub(crate) otlp_http_port: Option<PortArg>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct StoreArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// What survives once a client has its answer: the end of the process, or also a loss of power (slower).
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = DurabilityArg::Process)]
    pub(crate) durability: DurabilityArg,
    /// Delete traces, logs and points of metrics when they are this old, and runs this long after their end: 30d [default: never]
    #[arg(long, value_name = "AGE")]
    pub(crate) retention: Option<Age>,
}

/// Where the data is: what all that work on it have in common.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// Database: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE [default: sqlite:///loadspan.db]
    #[arg(long, env = "LOADSPAN_BACKEND_STORE_URI", hide_env_values = true, value_name = "URI")]
    pub(crate) backend_store_uri: Option<String>,
    /// Artifacts: a folder, s3://, gs:// or azure:// [default: loadspan-artifacts beside the database]
    #[arg(
        long,
        env = "LOADSPAN_ARTIFACTS_DESTINATION",
        hide_env_values = true,
        value_name = "URI"
    )]
    pub(crate) artifacts_destination: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Security")]
pub(crate) struct SecurityArgs {
    /// File of tokens that clients must have, one on each line.
    #[arg(long, value_name = "FILE")]
    pub(crate) auth_token_file: Option<PathBuf>,
    /// File of tokens that may read only.
    #[arg(long, value_name = "FILE")]
    pub(crate) read_only_token_file: Option<PathBuf>,
    /// Host names under which clients reach this server, such as mlflow.example.com or *.example.com; a list, or repeated.
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(crate) allowed_hosts: Vec<String>,
    /// Certificate to speak TLS with (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Largest request, decompressed; artifacts may be larger [default: 64MiB]
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_body: Option<Size>,
    /// Largest artifact [default: 16GiB]
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_artifact: Option<Size>,
    /// Connections at the same time [default: 4096]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_connections: Option<u32>,
    /// Complete a trace whose root has not come for this long [default: 1h]
    #[arg(long, value_name = "TIME")]
    pub(crate) trace_timeout: Option<Seconds>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Operation")]
pub(crate) struct OperationArgs {
    /// Write a line for each request to stderr, as JSON; never prompts.
    #[arg(long)]
    pub(crate) access_log: bool,
    /// Prices of models, in place of those that come with loadspan.
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
    /// Pass all OTLP on to another backend as well: its base URL over HTTP, such as http://collector:4318.
    #[arg(long, value_name = "URL")]
    pub(crate) forward_otlp: Option<String>,
    /// Header for that backend, `name=value`; repeatable. Better in the variable: others see command lines.
    #[arg(
        long,
        env = "LOADSPAN_FORWARD_HEADERS",
        hide_env_values = true,
        value_name = "NAME=VALUE",
        value_delimiter = ',',
        requires = "forward_otlp"
    )]
    pub(crate) forward_header: Vec<String>,
}

/// A port, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortArg {
    Off,
    At(u16),
}

/// What survives an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DurabilityArg {
    /// The end of the process, however it comes.
    Process,
    /// A loss of power, too.
    Full,
}

/// An age: `30d`, `12h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Age(pub(crate) Duration);

/// Bytes: `64MiB`, `1GiB`, `1000000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for PortArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let port = text.parse().map(Self::At);
        port.map_err(|_| "expected a port, such as 4317, or off".to_owned())
    }
}

impl FromStr for Age {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected an age, such as 30d or 12h, of at least a minute";
        let age = match text.strip_suffix('d') {
            Some(days) => {
                let days: f64 = days.parse().map_err(|_| EXPECTED.to_owned())?;
                Duration::try_from_secs_f64(days * 86_400.0).map_err(|_| EXPECTED.to_owned())?
            }
            None if text.ends_with(['h', 'm', 's']) => text.parse::<Seconds>()?.0,
            None => return Err(EXPECTED.to_owned()),
        };
        // What is deleted is gone: a slip of a unit must not take everything.
        if age < Duration::from_secs(60) {
            return Err(EXPECTED.to_owned());
        }
        Ok(Self(age))
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        loadspan_telemetry::config::parse_byte_size(text)
            .filter(|bytes| *bytes > 0)
            .map(Self)
            .ok_or_else(|| "expected bytes, at least 1, such as 64MiB, 1GiB or 1000000".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_can_be_off() {
        assert_eq!("off".parse(), Ok(PortArg::Off));
        assert_eq!("4317".parse(), Ok(PortArg::At(4317)));
        assert!("65536".parse::<PortArg>().is_err());
    }

    #[test]
    fn ages_have_days() {
        let parse = |text: &str| text.parse::<Age>().map(|age| age.0.as_secs());
        assert_eq!(parse("30d"), Ok(30 * 86_400));
        assert_eq!(parse("12h"), Ok(43_200));
        for bad in ["30", "0d", "-1d", "5ms", "30s", "d", "soon", "1e300d"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
