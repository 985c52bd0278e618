//! The run in MLflow at the end of a benchmark. Whatever goes wrong with it, the benchmark has its report and its exit code.

use std::sync::Arc;
use std::time::{Duration, Instant};

use loadspan_record::{Notice, Summary};
use loadspan_telemetry::MlflowReach;
use loadspan_telemetry::config::MlflowConfig;
use loadspan_telemetry::mlflow::{Completion, CompletionLimit, EXPORT_FILE, LivePoints, Shortfall};

use super::finished::FinishedRun;
use crate::artifacts::RunFolder;
use crate::mlflow::{FinishedFiles, in_a_line, points_after, skipped_artifacts, together};
use crate::signals::Cut;
use crate::terminal;

/// How long an MLflow that did not answer while the telemetry was flushed may take. It has been waited for.
const SILENT_PATIENCE: Duration = Duration::from_secs(1);

/// A run that MLflow has, as far as it would take it.
pub(super) struct Completed {
    /// With the ledger as it is now.
    pub(super) summary: Summary,
    /// `None`: the run is none of MLflow's.
    completion: Option<Completion>,
    reach: MlflowReach,
}

impl Completed {
    /// What MLflow lacks.
    pub(super) fn missing(&self) -> impl Iterator<Item = String> {
        let missing = self.completion.iter().flat_map(|completion| &completion.missing);
        missing.map(|missing| format!("{} to MLflow", missing.what))
    }

    /// Tells where the run is.
    pub(super) fn tell(&self) {
        let Some(completion) = &self.completion else { return };
        if let Some(line) = in_a_line(completion) {
            terminal::print_note(&line);
        }
        skipped_artifacts(completion).for_each(|line| terminal::print_note(&line));
    }

    /// Tells what it lacks.
    pub(super) fn tell_missing(&self, folder: &RunFolder) {
        let Some(completion) = &self.completion else { return };
        if let Some(Shortfall { what, reason }) = completion.missing.first() {
            let message = format!("the run is not complete in MLflow: {what}: {reason}");
            let advice = format!("`loadspan push {}` completes it", folder.path().display());
            // Of a server that does not answer there was a warning when that began, and of that file, too.
            if self.reach != MlflowReach::Answers || *what == EXPORT_FILE {
                terminal::print_note(&format!("{message}; {advice}"));
            } else {
                terminal::print_notice(&Notice {
                    message,
                    advice: Some(advice),
                });
            }
        }
    }
}

/// Brings the run in MLflow up to what the folder says.
pub(super) fn complete(run: &FinishedRun, summary: Summary, (reach, cut): (MlflowReach, &Cut)) -> Completed {
    let telemetry = run.config.telemetry.as_ref();
    let Some(mlflow) = telemetry.and_then(|telemetry| telemetry.mlflow.as_ref()) else {
        return Completed {
            summary,
            completion: None,
            reach,
        };
    };
    // The log is among the artifacts: what is said from here on is not in it.
    terminal::close_log();
    let limit = limit(mlflow, (reach, cut));
    let mut config = mlflow.clone();
    if reach == MlflowReach::Silent {
        config.server.retries.max_retries = 0;
    }
    let mut files = FinishedFiles {
        folder: &run.folder,
        run: run.run_file.clone(),
        summary,
        last_record: None,
        config: &config,
        notices: match reach {
            // Whatever is to be said of the run was said when it was made.
            MlflowReach::Answers => Arc::new(|_| ()),
            MlflowReach::Silent | MlflowReach::Unwanted => terminal::notices(),
        },
    };
    let completion = passes(&mut files, &limit).unwrap_or_else(|error| nothing_arrived(&error));
    Completed {
        summary: files.summary,
        completion: Some(completion),
        reach,
    }
}

fn nothing_arrived(error: &anyhow::Error) -> Completion {
    Completion {
        missing: vec![Shortfall {
            what: "the run",
            reason: format!("{error:#}"),
        }],
        ..Completion::default()
    }
}

/// Half of the time belongs to what was live. This is the other half, and it begins now: neither a slow collector nor pictures use
/// it up.
fn limit(mlflow: &MlflowConfig, (reach, cut): (MlflowReach, &Cut)) -> CompletionLimit {
    let half = mlflow.flush_timeout / 2;
    let time = match reach {
        MlflowReach::Answers => half,
        MlflowReach::Silent | MlflowReach::Unwanted => half.min(SILENT_PATIENCE),
    };
    CompletionLimit {
        deadline: Instant::now() + time,
        cut: cut.flag(),
    }
}

fn passes(files: &mut FinishedFiles<'_>, limit: &CompletionLimit) -> anyhow::Result<Completion> {
    if !files.lacks_live_points() {
        return files.complete(LivePoints::Leave, limit);
    }
    // What MLflow could not take for a while, it may take now. Then there is another ledger to be uploaded.
    let first = files.complete_points(limit)?;
    if first.run_id.is_none() {
        return Ok(first);
    }
    let last = files.complete(points_after(&first), limit)?;
    Ok(together(first, last))
}
