//! What a server is made of, resolved once: nothing below sees flags or variables.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use loadspan_record::Secret;
use url::Url;

/// A server to be.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where it listens.
    pub host: IpAddr,
    /// The tracking API, OTLP over HTTP, and the page. 0: any port that is free.
    pub port: u16,
    /// OTLP over gRPC.
    pub otlp_grpc: OtlpPort,
    /// OTLP over HTTP, where its clients look for it; the main port has it in any case.
    pub otlp_http: OtlpPort,
    /// Whom it serves.
    pub security: Security,
    /// Where everything but artifacts is kept.
    pub backend: Backend,
    /// Where artifacts are kept: a folder as `file://`, or a bucket.
    pub artifacts: Url,
    /// What survives an answer.
    pub durability: Durability,
    /// What is taken from a client.
    pub limits: Limits,
    /// Prices of models, in place of those that come with the program.
    pub prices: Option<PathBuf>,
    /// Another backend that gets all OTLP as well.
    pub forward: Option<Forward>,
    /// What is older than this is deleted. `None`: kept.
    pub retention: Option<Duration>,
}

/// Whether OTLP has a port of its own. 0: any that is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpPort {
    /// It has none.
    Off,
    /// This one, unless another program has it: nobody has asked for it.
    IfFree(u16),
    /// This one.
    At(u16),
}

/// Whom a server serves. The default: this machine, without asking.
#[derive(Debug, Clone, Default)]
pub struct Security {
    /// A file of tokens that may do everything, one on each line.
    pub tokens: Option<PathBuf>,
    /// A file of tokens that may read.
    pub read_only_tokens: Option<PathBuf>,
    /// Names under which it is reached, beside `localhost` and addresses: `name`, `*.domain`, or `*` for any.
    pub allowed_hosts: Vec<String>,
    /// What it proves who it is with. `None`: it does not speak TLS.
    pub tls: Option<TlsFiles>,
}

/// Files of PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that vouch for it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Another backend of OTLP, over HTTP.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Its base: `/v1/traces` and the like are added. A user and password in it are sent as such.
    pub url: Url,
    /// Headers for it.
    pub headers: Vec<(String, Secret)>,
}

/// Where data is kept.
#[derive(Debug, Clone)]
pub enum Backend {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A database of PostgreSQL: a URL that may have a password.
    Postgres(Secret),
}

/// What survives when an answer has been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The end of the process, however it comes.
    #[default]
    Process,
    /// The end of the machine's power, too: each commit waits for the disk.
    Full,
}

/// What is taken from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request of OTLP, after decompression.
    pub body_bytes: usize,
    /// Bytes of a call of the tracking API. MLflow's batches have less than one MiB; its largest are descriptions of data sets, of up to
    /// 16 MiB each before they are written as JSON.
    pub call_bytes: usize,
    /// Spans, points or records of a request.
    pub items: usize,
    /// Bytes of a span.
    pub span_bytes: usize,
    /// Spans of a trace.
    pub trace_spans: usize,
    /// Experiments that the server makes by itself, one for each service: those who send traces choose the names of services. Beyond that
    /// traces go to the experiment that is always there.
    pub service_experiments: usize,
    /// Bytes of an artifact.
    pub artifact_bytes: u64,
    /// How long a trace whose root is missing may wait for it.
    pub trace_timeout: Duration,
    /// Connections at the same time, on all ports. Further ones wait to be accepted.
    pub connections: u32,
}

impl Limits {
    /// Bytes that a request of OTLP may take in memory when it is decoded. Spans with ten short attributes each take five times what they
    /// take on the wire.
    pub(crate) fn decoded_bytes(&self) -> usize {
        self.body_bytes.saturating_mul(6)
    }

    /// Bytes that a call of the tracking API may take in memory when it is read: a text as many as in JSON, a number a hundred times.
    pub(crate) fn read_bytes(&self) -> usize {
        self.call_bytes.saturating_mul(2)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 << 20,
            call_bytes: 32 << 20,
            items: 100_000,
            span_bytes: 16 << 20,
            trace_spans: 1_000_000,
            service_experiments: 1_000,
            artifact_bytes: 16 << 30,
            trace_timeout: Duration::from_secs(3600),
            connections: 4096,
        }
    }
}

/// A setting that makes no sense.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{setting}: {message}")]
pub struct ConfigError {
    /// The flag or variable.
    pub setting: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl ConfigError {
    pub(crate) fn new(setting: &str, message: impl Into<String>) -> Self {
        Self {
            setting: setting.to_owned(),
            message: message.into(),
        }
    }
}
