//! MLflow: a run that is live while the load is, and whole when it is over.
//!
//! ```text
//! start of the load ─▶ keeper ─▶ experiment, parent, run, parameters, tags ─▶ mlflow_export.json
//! records ─▶ LiveRecorder ─▶ points or windows ─▶ pipeline ─▶ runs/log-batch
//! end of the run, or `loadspan push` ─▶ complete: whatever the run lacks of figures, points, artifacts, status
//! ```
//!
//! The folder of a run is its spool: every point can be made again from the records in it, and `complete` asks the server what it
//! has. So nothing is logged twice, and nothing is lost that is on disk. The two halves know of each other only what
//! `mlflow_export.json` says.

mod artifacts;
mod client;
mod clock;
mod complete;
mod description;
mod export_file;
mod fetch;
mod figures;
mod limit;
mod live;
mod log_batch;
mod run;
#[cfg(test)]
mod testing;
mod transport;

pub(crate) use self::artifacts::DEFAULT_GLOBS;
pub use loadspan_wire::mlflow::runs::RunStatus;

pub use self::artifacts::{ArtifactUpload, PicturesError, UploadedArtifact, upload_pictures};
pub(crate) use self::client::MlflowClient;
pub use self::complete::{Completion, CompletionJob, LivePoints, RecordSource, RecordedRequests, Shortfall, complete};
pub use self::description::{DescribedRun, RunDescription, RunOutcome};
pub use self::export_file::{EXPORT_FILE, LiveMode, MlflowExport, UnreadableExport};
pub use self::fetch::{FetchError, FetchedTraces, TraceQuery, fetch_traces};
pub use self::limit::CompletionLimit;
#[cfg(test)]
pub(crate) use self::live::stream;
pub(crate) use self::live::{Keeper, LiveFile, LiveRecorder, LiveSetup, RunGate, StageTags, keep_written};
pub(crate) use self::transport::{PointsTransport, TraceStoreTransport, TracesTransport};
