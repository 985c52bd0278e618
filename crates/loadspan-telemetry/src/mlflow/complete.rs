//! Brings a run in MLflow up to what the folder of the run says: at the end of a benchmark, and by `loadspan push`.
//!
//! The order is that of worth for the time that it takes: figures and tags, artifacts, live points, and then the status, for which
//! some time is kept back. Whatever the server has already is left as it is, so that nothing comes of completing a run twice.

mod export;
mod extent;
mod finish;
mod outcome;
mod points;
mod steps;
#[cfg(test)]
mod tests;

use std::path::Path;

use loadspan_record::{ObservedSample, RequestRecord};

use self::finish::Finisher;
use super::CompletionLimit;
use super::artifacts::ArtifactUpload;
use super::client::MlflowClient;
use super::description::{RunDescription, RunOutcome};
use crate::config::MlflowConfig;
use crate::export::{ClientError, Notices};

/// Whole windows, and the limit, are looked for once in so many records.
const LOOK_EVERY: usize = 4_096;

/// What is to be completed.
pub struct CompletionJob<'a> {
    /// Where, and how the user wants it.
    pub config: &'a MlflowConfig,
    /// The folder of the run. What is to be uploaded lies in it, finished.
    pub run_dir: &'a Path,
    /// The run as it began.
    pub description: &'a RunDescription,
    /// What became of it.
    pub outcome: &'a RunOutcome,
    /// Live points.
    pub live: LivePoints<'a>,
    /// Takes notices.
    pub notices: Notices,
}

/// What is to be done about live points.
pub enum LivePoints<'a> {
    /// They are all there, or there is nothing to make them from. When nothing else is missing the run counts as complete, and nobody
    /// will look for missing points again; unless the live half has left word in `mlflow_export.json` that some are missing.
    Leave,
    /// Some are missing, and that cannot be changed now.
    Lack {
        /// Why.
        reason: String,
    },
    /// What the server lacks of them is made from these records and logged.
    Complete(RecordedRequests<'a>),
}

/// The requests of a run, as `records.jsonl` has them.
pub struct RecordedRequests<'a> {
    /// Has them. They are read twice where live points are to be made: first to see how many there are. Where none are, not at all.
    pub source: &'a dyn RecordSource,
    /// Wall clock at offset zero, in nanoseconds since 1970.
    pub start_unix_ns: u64,
}

/// Has the records of a run.
pub trait RecordSource {
    /// Begins to read them, from the first one, in the order of the file.
    fn records(&self) -> Box<dyn Iterator<Item = RequestRecord> + '_>;

    /// What server and GPUs said of themselves, in the order of the files. None where nothing was scraped.
    fn samples(&self) -> Vec<ObservedSample> {
        Vec::new()
    }
}

/// What was completed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// Id of the run. `None`: it could be neither found nor made.
    pub run_id: Option<String>,
    /// Its page.
    pub run_url: Option<String>,
    /// Its name.
    pub run_name: Option<String>,
    /// Final metrics logged.
    pub metrics: usize,
    /// Live points logged now.
    pub points: u64,
    /// Artifacts.
    pub artifacts: ArtifactUpload,
    /// What is missing still. Empty: nothing.
    pub missing: Vec<Shortfall>,
}

impl Completion {
    /// What live points are called among what is missing.
    pub const LIVE_POINTS: &str = "live points";
}

/// Something that the run in MLflow lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// What.
    pub what: &'static str,
    /// Why.
    pub reason: String,
}

/// Logs whatever the run lacks. Blocks until it is through or its limit has come, and is not to be called from within an event loop.
///
/// What is missing in the end is in the answer.
///
/// # Errors
///
/// There can be no client for the server.
pub fn complete(job: CompletionJob<'_>, limit: &CompletionLimit) -> Result<Completion, ClientError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ClientError::EventLoop)?;
    let completion = runtime.block_on(async {
        let client = MlflowClient::build(&job.config.server)?;
        Ok(Finisher::new(&client, job, limit).finish().await)
    });
    // A look-up of a host may hang in a thread that cannot be ended; nobody waits for it.
    runtime.shutdown_background();
    completion
}

impl std::fmt::Debug for CompletionJob<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompletionJob")
            .field("run_dir", &self.run_dir)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for LivePoints<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Leave => "Leave",
            Self::Lack { .. } => "Lack",
            Self::Complete(_) => "Complete",
        })
    }
}

impl std::fmt::Debug for RecordedRequests<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordedRequests")
            .field("start_unix_ns", &self.start_unix_ns)
            .finish_non_exhaustive()
    }
}
