//! Files of a run become its artifacts.
//!
//! ```text
//! globs ─▶ folder ─▶ upload, four at a time ─┬─▶ proxy of the server, whole or in parts
//!                                            ├─▶ bucket (S3, Google, Azure)
//!                                            └─▶ folder of this machine
//! ```
//!
//! The server decides which, by the artifact URI of the run, as far as it is trusted: one that only a folder names gets the files
//! itself. What has arrived is listed with its checksum, so that it is not sent again.

mod body;
#[cfg(feature = "object-store")]
mod bucket;
mod destination;
mod folder;
mod foreign;
mod globs;
mod local;
mod media_type;
mod parts;
mod pictures;
mod proxy;
mod reading;
#[cfg(test)]
mod tests;
mod tuning;
mod upload;

use std::path::Path;

use serde::{Deserialize, Serialize};

use self::folder::{LocalFile, artifact_path};
use self::globs::Chosen;
pub(crate) use self::globs::DEFAULT_GLOBS;
pub use self::pictures::{PicturesError, upload_pictures};
use self::upload::{Surroundings, UploadJob};
use super::CompletionLimit;
use super::client::MlflowClient;
use super::run::KnownRun;

/// A file that has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UploadedArtifact {
    /// Its path below the folder of the run.
    pub file: String,
    /// Its path below the artifacts of the run: `exports/…` or `plots/…`.
    pub artifact: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, in hexadecimal digits.
    pub sha256: String,
}

/// What came of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArtifactUpload {
    /// What has arrived, by its name; also what had arrived before and has not changed since.
    pub arrived: Vec<UploadedArtifact>,
    /// How many of them had arrived before.
    pub unchanged: usize,
    /// What has not, and why. Another time it may.
    pub failed: Vec<(String, String)>,
    /// What was chosen and can never arrive as it is, and why: links, names that MLflow does not take.
    pub skipped: Vec<(String, String)>,
}

/// What is to be uploaded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UploadPlan<'a> {
    /// Speaks with the server.
    pub(crate) client: &'a MlflowClient,
    /// The run that the files belong to.
    pub(crate) run: &'a KnownRun,
    /// The folder that they lie in.
    pub(crate) run_dir: &'a Path,
    /// Which of them.
    pub(crate) globs: &'a [String],
    /// What had arrived before.
    pub(crate) known: &'a [UploadedArtifact],
}

/// Uploads the files of a run that the globs of a plan choose, several at a time, until the limit. Those that had arrived before
/// with the same content are not sent again.
pub(crate) async fn upload(plan: &UploadPlan<'_>, limit: &CompletionLimit) -> ArtifactUpload {
    let chosen = match Chosen::by(plan.globs) {
        Ok(chosen) => chosen,
        // They were checked where they were typed in; what a folder says of them may have been changed since.
        Err(reason) => {
            return ArtifactUpload {
                failed: vec![("--mlflow-artifact-glob".to_owned(), reason)],
                ..ArtifactUpload::default()
            };
        }
    };
    let offered = folder::look_through(plan.run_dir, &chosen);
    ArtifactUpload {
        skipped: offered.skipped,
        ..upload_files(plan, offered.files, limit).await
    }
}

/// Uploads one file in the folder of a run, whatever the globs say: for `mlflow_export.json`, which comes last.
///
/// # Errors
///
/// It has not arrived, and why.
pub(crate) async fn upload_one(
    plan: &UploadPlan<'_>,
    file: &str,
    limit: &CompletionLimit,
) -> Result<UploadedArtifact, String> {
    let found =
        LocalFile::at(&plan.run_dir.join(file), file, artifact_path(file)).map_err(|error| error.to_string())?;
    let mut uploaded = upload_files(plan, vec![found], limit).await;
    uploaded.arrived.pop().ok_or_else(|| match uploaded.failed.pop() {
        Some((_, reason)) => reason,
        None => limit.reason().to_owned(),
    })
}

async fn upload_files(plan: &UploadPlan<'_>, files: Vec<LocalFile>, limit: &CompletionLimit) -> ArtifactUpload {
    let job = UploadJob {
        plan,
        surroundings: &Surroundings::of_process(),
        limit,
    };
    job.run(files).await
}

impl ArtifactUpload {
    /// What comes of it when nothing can be uploaded at all.
    fn of_nothing(files: &[LocalFile], reason: &str) -> Self {
        let failed = |file: &LocalFile| (file.file.clone(), reason.to_owned());
        Self {
            failed: files.iter().map(failed).collect(),
            ..Self::default()
        }
    }
}
