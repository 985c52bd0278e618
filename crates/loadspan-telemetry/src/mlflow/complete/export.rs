//! What `mlflow_export.json` says before and after a completion.

use super::CompletionJob;
use crate::mlflow::artifacts::{ArtifactUpload, UploadedArtifact};
use crate::mlflow::client::MlflowClient;
use crate::mlflow::export_file::MlflowExport;
use crate::mlflow::run::KnownRun;

/// What the file says of this benchmark. Of another server's run nothing counts but how live metrics are logged; a file that cannot
/// be read is replaced in the end.
pub(super) fn known(job: &CompletionJob<'_>, client: &MlflowClient) -> MlflowExport {
    let file = MlflowExport::load(job.run_dir).ok().flatten();
    let of_benchmark = file.filter(|file| file.benchmark_id.as_ref() == Some(&job.description.benchmark_id));
    match of_benchmark {
        Some(file) if is_same(&file.tracking_uri, &client.destination()) => file,
        Some(file) => MlflowExport {
            live: file.live,
            ..MlflowExport::default()
        },
        None => MlflowExport {
            live: job.config.live.into(),
            ..MlflowExport::default()
        },
    }
}

/// What the file has to say now, but for when.
pub(super) fn after(
    before: &MlflowExport,
    job: &CompletionJob<'_>,
    run: &KnownRun,
    uploaded: &ArtifactUpload,
) -> MlflowExport {
    let is_live_run = before.live_streaming && before.run_id == run.run_id;
    let artifacts = merged(&before.artifacts, &uploaded.arrived);
    let tags = job.description.tags.iter().chain(&job.outcome.tags);
    MlflowExport {
        tracking_uri: before.tracking_uri.clone(),
        had_credentials: job.config.server.had_credentials,
        experiment: run.experiment.clone(),
        experiment_id: run.experiment_id.clone(),
        run_id: run.run_id.clone(),
        run_name: Some(run.run_name.clone()),
        benchmark_id: Some(job.description.benchmark_id.clone()),
        parent_run_id: run.parent_run_id.clone(),
        artifact_uri: run.artifact_uri.clone(),
        live_streaming: is_live_run,
        stream_started_at_ns: before.stream_started_at_ns.filter(|_| is_live_run),
        live: before.live,
        live_points_missing: before.live_points_missing,
        reused_live_run: Some(is_live_run),
        metric_keys: sorted(job.outcome.metrics.iter().map(|metric| &metric.key)),
        param_keys: sorted(job.description.params.iter().map(|param| &param.key)),
        tag_keys: sorted(tags.map(|tag| &tag.key)),
        uploaded_artifacts: artifacts.iter().map(|artifact| artifact.artifact.clone()).collect(),
        artifacts,
        exported_at_ns: before.exported_at_ns,
    }
}

/// By their names; what has arrived last counts.
fn merged(before: &[UploadedArtifact], now: &[UploadedArtifact]) -> Vec<UploadedArtifact> {
    let is_old = |artifact: &&UploadedArtifact| !now.iter().any(|other| other.artifact == artifact.artifact);
    let mut all: Vec<_> = before.iter().filter(is_old).chain(now).cloned().collect();
    all.sort_by(|a, b| a.artifact.cmp(&b.artifact));
    all
}

fn sorted<'a>(keys: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut keys: Vec<String> = keys.cloned().collect();
    keys.sort();
    keys.dedup();
    keys
}

fn is_same(uri: &str, other: &str) -> bool {
    uri.trim_end_matches('/') == other.trim_end_matches('/')
}
