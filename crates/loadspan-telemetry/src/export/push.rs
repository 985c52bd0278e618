//! `loadspan push`: delivers what a run has spooled, each payload once.
//!
//! What was acknowledged is noted on disk before anything else is sent, so that a push that was interrupted goes on where it
//! stopped. Only a backend that is killed, or a push that is, between taking a payload and the note of it can make one arrive twice.

mod courier;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use loadspan_record::{Sink, TelemetrySignal};
use thiserror::Error;

use self::courier::{Courier, Report};
use super::Contents;
use super::client::{ClientError, OtlpClient};
use super::spool::{Folder, FolderError, PayloadName, SpoolRecord};
use super::transport::Transport;
use crate::config::{MlflowServer, OtlpConfig};
use crate::mlflow::{MlflowClient, TraceStoreTransport};

/// Where spooled payloads shall go. A signal without an endpoint stays where it is.
#[derive(Debug, Clone)]
pub struct PushConfig {
    /// For traces.
    pub traces: Option<OtlpConfig>,
    /// For metrics.
    pub metrics: Option<OtlpConfig>,
    /// For traces that were meant for MLflow.
    pub mlflow_traces: Option<TraceStoreRun>,
    /// For how long attempts at a payload may begin before its signal is given up. Each takes as long as its endpoint allows.
    pub patience: Duration,
}

/// The run in MLflow that spooled traces belong to.
#[derive(Debug, Clone)]
pub struct TraceStoreRun {
    /// Where it is.
    pub server: MlflowServer,
    /// Its experiment.
    pub experiment_id: String,
    /// Its id.
    pub run_id: String,
}

/// What came of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushSummary {
    /// The signals that were in the spool.
    pub signals: Vec<PushedSignal>,
    /// Files with the name of a payload that are none. They are left alone.
    pub damaged: Vec<String>,
}

/// What came of one signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedSignal {
    /// What it was for.
    pub sink: Sink,
    /// What it is.
    pub signal: TelemetrySignal,
    /// Where it went, without credentials. `None`: no endpoint was given.
    pub destination: Option<String>,
    /// Spans or data points that the backend acknowledged.
    pub delivered: u64,
    /// Those that it refused for good. Whole payloads of them lie in `rejected/`.
    pub rejected: u64,
    /// Those that are still in the spool.
    pub left: u64,
    /// Why not all were delivered.
    pub reason: Option<String>,
}

/// Why a push did not take place or stopped.
#[derive(Debug, Error)]
pub enum PushError {
    /// There is no spool.
    #[error("there is no spool at {}: everything was delivered, or the folder is not that of a run", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Somebody else has it.
    #[error("{} is in use: a run is writing it or another push is under way, try again when it is over", path.display())]
    InUse {
        /// The spool.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error("cannot work with the spool {}: {source}", path.display())]
    Spool {
        /// The spool.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `spool.json` is not there or cannot be understood.
    #[error("cannot read {}: {source}; give the endpoint with --otel-url", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There can be no client for an endpoint.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The system refuses a thread or an event loop.
    #[error("cannot start the exports: {0}")]
    Start(io::Error),
}

impl SpoolRecord {
    /// Where the payloads of a spool were meant to go.
    ///
    /// The file may come from somebody else: credentials from the environment should go to an endpoint that it names only if the
    /// user knows.
    ///
    /// # Errors
    ///
    /// There is no such file, or it is none of ours.
    pub fn of_spool(spool_dir: &Path) -> Result<Self, PushError> {
        Self::load(spool_dir).map_err(|source| PushError::Record {
            path: spool_dir.join("spool.json"),
            source,
        })
    }
}

/// Delivers what lies in a spool, in the order in which it was spooled. Blocks until all has been tried, and
/// is not to be called from within an event loop.
///
/// # Errors
///
/// There is no spool, somebody else has it, it cannot be written, or there can be no client for an endpoint.
pub fn push(spool_dir: &Path, config: PushConfig) -> Result<PushSummary, PushError> {
    let folder = Folder::open(spool_dir).map_err(|error| folder_error(spool_dir, error))?;
    let content = folder.tidy().map_err(|source| spool_error(spool_dir, source))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(PushError::Start)?;
    let mut signals = Vec::new();
    for contents in Contents::ALL {
        let of_contents = content.payloads.iter().filter(|name| name.contents == contents);
        let round = Round {
            folder: &folder,
            contents,
            payloads: of_contents.copied().collect(),
            patience: config.patience,
        };
        if !round.payloads.is_empty() {
            signals.push(runtime.block_on(round.deliver(spool_dir, &config))?);
        }
    }
    runtime.shutdown_background();
    let damaged = content.damaged;
    Ok(PushSummary { signals, damaged })
}

/// The payloads of one kind, and what they are delivered with.
struct Round<'a> {
    folder: &'a Folder,
    contents: Contents,
    payloads: Vec<PayloadName>,
    patience: Duration,
}

impl Round<'_> {
    async fn deliver(self, spool_dir: &Path, config: &PushConfig) -> Result<PushedSignal, PushError> {
        let delivered = match self.contents {
            Contents::Traces => self.deliver_to_endpoint(config.traces.as_ref()).await?,
            Contents::Metrics => self.deliver_to_endpoint(config.metrics.as_ref()).await?,
            Contents::MlflowTraces => self.deliver_to_trace_store(config.mlflow_traces.as_ref()).await?,
            // They are never spooled.
            Contents::MlflowPoints => None,
        };
        let Some((destination, report)) = delivered else {
            return Ok(self.without_endpoint());
        };
        let report = report.map_err(|source| spool_error(spool_dir, source))?;
        Ok(report.of(self.contents, destination))
    }

    async fn deliver_to_endpoint(&self, endpoint: Option<&OtlpConfig>) -> Result<Option<Delivered>, ClientError> {
        let Some(endpoint) = endpoint else { return Ok(None) };
        let client = OtlpClient::build(endpoint, self.contents.signal())?;
        Ok(Some((client.destination(), self.deliver_with(&client).await)))
    }

    async fn deliver_to_trace_store(&self, run: Option<&TraceStoreRun>) -> Result<Option<Delivered>, ClientError> {
        let Some(run) = run else { return Ok(None) };
        let transport = TraceStoreTransport {
            client: MlflowClient::build(&run.server)?,
            experiment_id: run.experiment_id.clone(),
            run_id: run.run_id.clone(),
        };
        let destination = transport.client.destination();
        Ok(Some((destination, self.deliver_with(&transport).await)))
    }

    async fn deliver_with<T: Transport>(&self, transport: &T) -> io::Result<Report> {
        let courier = Courier::new(self.folder, transport, self.patience);
        courier.deliver(&self.payloads).await
    }

    fn without_endpoint(&self) -> PushedSignal {
        let flag = match self.contents.sink() {
            Sink::Mlflow => "the server with --mlflow-tracking-uri",
            Sink::Otlp | Sink::Console => "the endpoint with --otel-url",
        };
        PushedSignal {
            sink: self.contents.sink(),
            signal: self.contents.signal(),
            destination: None,
            delivered: 0,
            rejected: 0,
            left: self.payloads.iter().map(|name| name.items).sum(),
            reason: Some(format!("nothing tells where they were meant to go; name {flag}")),
        }
    }
}

/// Where payloads were delivered, and what came of it.
type Delivered = (String, io::Result<Report>);

fn folder_error(spool_dir: &Path, error: FolderError) -> PushError {
    let path = spool_dir.to_path_buf();
    match error {
        FolderError::Missing => PushError::Missing { path },
        FolderError::InUse => PushError::InUse { path },
        FolderError::Io(source) => PushError::Spool { path, source },
    }
}

fn spool_error(spool_dir: &Path, source: io::Error) -> PushError {
    let path = spool_dir.to_path_buf();
    PushError::Spool { path, source }
}
