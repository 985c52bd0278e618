//! `loadspan push`: delivers what a run has spooled, each payload once.
//!
//! What was acknowledged is noted on disk before anything else is sent, so that a push that was interrupted goes on where it
//! stopped. Only a backend that is killed, or a push that is, between taking a payload and the note of it can make one arrive twice.

mod courier;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use loadspan_record::TelemetrySignal;
use thiserror::Error;

use self::courier::Courier;
use super::client::{ClientError, OtlpClient};
use super::spool::{Folder, FolderError, PayloadName, SpoolRecord};
use crate::config::OtlpConfig;

/// Where spooled payloads shall go. A signal without an endpoint stays where it is.
#[derive(Debug, Clone)]
pub struct PushConfig {
    /// For traces.
    pub traces: Option<OtlpConfig>,
    /// For metrics.
    pub metrics: Option<OtlpConfig>,
    /// For how long attempts at a payload may begin before its signal is given up. Each takes as long as its endpoint allows.
    pub patience: Duration,
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
    for (signal, endpoint) in [
        (TelemetrySignal::Traces, config.traces),
        (TelemetrySignal::Metrics, config.metrics),
    ] {
        let payloads: Vec<_> = content
            .payloads
            .iter()
            .filter(|name| name.signal == signal)
            .copied()
            .collect();
        if payloads.is_empty() {
            continue;
        }
        let Some(endpoint) = endpoint else {
            signals.push(without_endpoint(signal, &payloads));
            continue;
        };
        let delivery = async {
            let client = OtlpClient::build(&endpoint, signal)?;
            let destination = client.destination();
            let courier = Courier::new(&folder, &client, config.patience);
            let report = courier.deliver(&payloads).await;
            report
                .map(|report| report.of_signal(signal, destination))
                .map_err(|source| spool_error(spool_dir, source))
        };
        signals.push(runtime.block_on(delivery)?);
    }
    runtime.shutdown_background();
    let damaged = content.damaged;
    Ok(PushSummary { signals, damaged })
}

fn without_endpoint(signal: TelemetrySignal, payloads: &[PayloadName]) -> PushedSignal {
    PushedSignal {
        signal,
        destination: None,
        delivered: 0,
        rejected: 0,
        left: payloads.iter().map(|name| name.items).sum(),
        reason: Some("nothing tells where they were meant to go; name the endpoint with --otel-url".to_owned()),
    }
}

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
