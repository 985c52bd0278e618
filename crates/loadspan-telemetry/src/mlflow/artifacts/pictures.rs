//! `loadspan plot --mlflow-upload`: pictures for a run that is there already, and nothing else.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::folder::{LocalFile, PLOTS, unfit};
use super::{ArtifactUpload, UploadPlan, upload_files};
use crate::config::MlflowServer;
use crate::export::ClientError;
use crate::mlflow::CompletionLimit;
use crate::mlflow::client::MlflowClient;
use crate::mlflow::run::{self, KnownRun};

/// Pictures that could not even begin to be uploaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PicturesError {
    /// There can be no client for the server.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The run cannot be looked up.
    #[error("cannot find the MLflow run `{run_id}` at {server}: {reason}")]
    Run {
        /// Its id.
        run_id: String,
        /// The server, without credentials.
        server: String,
        /// Why not.
        reason: String,
    },
    /// There can be no event loop.
    #[error("cannot start an event loop: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Uploads pictures, and nothing else, to `plots/` of a run, whose status and times stay as they are. Blocks, and is not to be
/// called from within an event loop.
///
/// # Errors
///
/// The server cannot be spoken to, or has no such run. What is the matter with a single picture is part of the outcome.
pub fn upload_pictures(
    server: &MlflowServer,
    run_id: &str,
    pictures: &[PathBuf],
    limit: &CompletionLimit,
) -> Result<ArtifactUpload, PicturesError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let client = MlflowClient::build(server)?;
        let run = look_up(&client, run_id, limit).await;
        let run = run.map_err(|reason| PicturesError::Run {
            run_id: run_id.to_owned(),
            server: client.destination(),
            reason,
        })?;
        let plan = UploadPlan {
            client: &client,
            run: &run,
            run_dir: Path::new(""),
            globs: &[],
            known: &[],
        };
        Ok(upload(&plan, pictures, limit).await)
    });
    // A disk that does not answer must not hold up the end.
    runtime.shutdown_background();
    outcome
}

async fn upload(plan: &UploadPlan<'_>, pictures: &[PathBuf], limit: &CompletionLimit) -> ArtifactUpload {
    let (mut files, mut failed) = (Vec::new(), Vec::new());
    for picture in pictures {
        match find(picture) {
            Ok(file) => files.push(file),
            Err(reason) => failed.push((picture.display().to_string(), reason)),
        }
    }
    let mut uploaded = upload_files(plan, files, limit).await;
    uploaded.failed.extend(failed);
    uploaded
}

pub(super) async fn look_up(client: &MlflowClient, run_id: &str, limit: &CompletionLimit) -> Result<KnownRun, String> {
    let found = client.patiently(limit, || run::look_up(client, run_id)).await;
    found.map_err(|error| error.to_string())
}

fn find(picture: &Path) -> Result<LocalFile, String> {
    let name = picture.file_name().and_then(|name| name.to_str());
    let name = name.ok_or("its name is no UTF-8")?;
    match unfit(name) {
        Some(reason) => Err(reason.to_owned()),
        None => LocalFile::at(picture, name, format!("{PLOTS}/{name}")).map_err(|error| error.to_string()),
    }
}
