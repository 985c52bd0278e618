//! The runs of stages, nested under that of their benchmark. They are made when it is over, from its files, as `loadspan push` makes
//! what is missing of them.

use std::fs;
use std::sync::Arc;

use anyhow::Context;
use loadspan_record::{ObservedSample, RequestRecord, RunOffset, StageSummary};
use loadspan_telemetry::config::{ExperimentChoice, MlflowConfig, ParentRun};
use loadspan_telemetry::mlflow::{
    Completion, CompletionJob, CompletionLimit, LivePoints, RecordSource, RecordedRequests, RunDescription, RunOutcome,
    Shortfall, complete as complete_run,
};

use super::records::Records;
use super::{FinishedFiles, described};

/// The folder, within that of the run, in which each stage has one for what is known of its own run.
const FOLDER: &str = "mlflow_stages";

/// Completes the run of each stage that was begun, under the run `parent`, and adds what came of it to what came of that.
///
/// # Errors
///
/// The folder cannot be written.
pub(super) fn complete(
    files: &FinishedFiles<'_>,
    (mut completion, parent): (Completion, &str),
    limit: &CompletionLimit,
) -> anyhow::Result<Completion> {
    let config = MlflowConfig {
        // That of the parent.
        experiment: ExperimentChoice::Usual,
        parent: ParentRun::Id(parent.to_owned()),
        artifact_globs: Vec::new(),
        ..files.config.clone()
    };
    let records = Records::find(files.folder, &files.run);
    for stage in &files.summary.stages {
        let records = records.as_ref().map(|records| StageRecords { records, stage });
        let of_stage = complete_stage(files, (records, stage, &config), limit)?;
        completion.metrics += of_stage.metrics;
        completion.points += of_stage.points;
        let missing = of_stage.missing.into_iter().map(|missing| Shortfall {
            what: "the run of a stage",
            reason: format!("{}: {}: {}", stage.label(), missing.what, missing.reason),
        });
        completion.missing.extend(missing);
    }
    records.map_or(Ok(()), Records::finish)?;
    Ok(completion)
}

fn complete_stage(
    files: &FinishedFiles<'_>,
    (records, stage, config): (Option<StageRecords<'_>>, &StageSummary, &MlflowConfig),
    limit: &CompletionLimit,
) -> anyhow::Result<Completion> {
    let run_dir = files.folder.path().join(FOLDER).join(stage.number.to_string());
    fs::create_dir_all(&run_dir).with_context(|| format!("cannot make {}", run_dir.display()))?;
    let description = RunDescription::of_stage(&described(&files.run), config, stage);
    let job = CompletionJob {
        config,
        run_dir: &run_dir,
        description: &description,
        outcome: &RunOutcome::of_stage(&files.summary, stage),
        live: records.as_ref().map_or(LivePoints::Leave, StageRecords::points),
        notices: Arc::clone(&files.notices),
    };
    Ok(complete_run(job, limit)?)
}

/// The records of a stage.
struct StageRecords<'a> {
    records: &'a Records<'a>,
    stage: &'a StageSummary,
}

impl StageRecords<'_> {
    fn points(&self) -> LivePoints<'_> {
        LivePoints::Complete(RecordedRequests {
            start_unix_ns: self.records.start_unix_ns,
            source: self,
        })
    }
}

impl RecordSource for StageRecords<'_> {
    fn records(&self) -> Box<dyn Iterator<Item = RequestRecord> + '_> {
        self.records.of_stage(self.stage.number)
    }

    fn samples(&self) -> Vec<ObservedSample> {
        let (Some(from), Some(until)) = (self.stage.started_s, self.stage.ended_s) else {
            return Vec::new();
        };
        let is_within = |at: RunOffset| (from..=until).contains(&at.as_secs_f64());
        let samples = self.records.observed().iter();
        samples.filter(|sample| is_within(sample.at())).cloned().collect()
    }
}
