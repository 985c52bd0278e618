//! The run in MLflow that belongs to a run in a folder: what MLflow is told of it, and how it is completed. The same at the end of a
//! benchmark and in `loadspan push`.

mod records;
mod stages;

use std::sync::Arc;

use loadspan_record::{RunOffset, SignalLedger, Sink, Summary, TelemetrySignal, counted};
use loadspan_telemetry::Notices;
use loadspan_telemetry::config::{MlflowConfig, StageRuns};
use loadspan_telemetry::mlflow::{
    Completion, CompletionJob, CompletionLimit, DescribedRun, LivePoints, RunDescription, RunOutcome, RunStatus,
    UnreadableExport, complete,
};

use self::records::Records;
use crate::artifacts::{RunFile, RunFolder};
use crate::exit::UsageError;
use crate::report_files::rewrite_ledger;

/// What MLflow is told of a run when it begins, from its `run.json` alone.
pub(crate) fn describe(run: &RunFile, config: &MlflowConfig) -> RunDescription {
    RunDescription::of(&described(run), config)
}

fn described(run: &RunFile) -> DescribedRun<'_> {
    DescribedRun {
        facts: &run.facts,
        config: &run.config,
        workload: &run.workload,
        request: &run.request,
        host: &run.host,
        provider: &run.provider,
    }
}

/// An `mlflow_export.json` that somebody has to remove first.
pub(crate) fn unreadable_export(error: UnreadableExport) -> UsageError {
    UsageError::with_hint(error.to_string(), UnreadableExport::ADVICE)
}

/// A run whose files are finished, and where it is to be completed.
pub(crate) struct FinishedFiles<'a> {
    pub(crate) folder: &'a RunFolder,
    pub(crate) run: RunFile,
    pub(crate) summary: Summary,
    /// When the last request on record ended. Asked for of a run that was killed.
    pub(crate) last_record: Option<RunOffset>,
    pub(crate) config: &'a MlflowConfig,
    /// Takes what the user should know.
    pub(crate) notices: Notices,
}

impl FinishedFiles<'_> {
    /// Brings the run in MLflow up to what the files say.
    ///
    /// # Errors
    ///
    /// A certificate cannot be read. A server that is not there is none: what is missing is in the answer.
    pub(crate) fn complete(&self, live: LivePoints<'_>, limit: &CompletionLimit) -> anyhow::Result<Completion> {
        let completion = self.complete_run(live, limit)?;
        match &completion.run_id {
            Some(parent) if self.config.stages == StageRuns::Child => {
                let parent = parent.clone();
                stages::complete(self, (completion, &parent), limit)
            }
            _ => Ok(completion),
        }
    }

    /// The run without those of its stages.
    fn complete_run(&self, live: LivePoints<'_>, limit: &CompletionLimit) -> anyhow::Result<Completion> {
        let mut outcome = RunOutcome::of(&self.summary, self.last_record).yielding_to(self.config);
        if outcome.status == RunStatus::Finished && self.run.too_many_failures(&self.summary).is_some() {
            outcome.status = RunStatus::Failed;
        }
        let job = CompletionJob {
            config: self.config,
            run_dir: self.folder.path(),
            description: &describe(&self.run, self.config),
            outcome: &outcome,
            live,
            notices: Arc::clone(&self.notices),
        };
        Ok(complete(job, limit)?)
    }

    /// The same with the live points that it lacks, which the ledger in the files then has as delivered.
    ///
    /// # Errors
    ///
    /// As [`Self::complete`], and if the records of the run cannot be read.
    pub(crate) fn complete_points(&mut self, limit: &CompletionLimit) -> anyhow::Result<Completion> {
        let Some(records) = Records::find(self.folder, &self.run) else {
            return self.complete(LivePoints::Leave, limit);
        };
        let completion = self.complete(records.points(), limit)?;
        records.finish()?;
        if !lacks_points(&completion) {
            self.settle()?;
        }
        Ok(completion)
    }

    /// Whether live points were not delivered while the run went on.
    pub(crate) fn lacks_live_points(&self) -> bool {
        let mut ledgers = self.summary.telemetry.signals.iter();
        ledgers.any(|ledger| is_of_points(ledger) && ledger.delivered < ledger.produced)
    }

    /// Notes in the files that MLflow has all live points.
    fn settle(&mut self) -> anyhow::Result<()> {
        let Some(telemetry) = self.run.end.as_mut().and_then(|end| end.telemetry.as_mut()) else {
            return Ok(());
        };
        let mut ledgers = telemetry.signals.iter_mut();
        let Some(ledger) = ledgers.find(|ledger| is_of_points(ledger) && ledger.spooled > 0) else {
            return Ok(());
        };
        ledger.settle(ledger.spooled, 0);
        self.summary.telemetry = telemetry.clone();
        rewrite_ledger(self.folder, &self.run)
    }
}

fn is_of_points(ledger: &SignalLedger) -> bool {
    (ledger.sink, ledger.signal) == (Sink::Mlflow, TelemetrySignal::Metrics)
}

fn lacks_points(completion: &Completion) -> bool {
    let mut missing = completion.missing.iter();
    completion.run_id.is_none() || missing.any(|missing| missing.what == Completion::LIVE_POINTS)
}

/// What is to be done about live points in the last pass, by what the first has come to.
pub(crate) fn points_after(first: &Completion) -> LivePoints<'static> {
    let mut missing = first.missing.iter();
    match missing.find(|missing| missing.what == Completion::LIVE_POINTS) {
        Some(missing) => LivePoints::Lack {
            reason: missing.reason.clone(),
        },
        None => LivePoints::Leave,
    }
}

/// What two passes have come to.
pub(crate) fn together(first: Completion, last: Completion) -> Completion {
    let mut artifacts = last.artifacts;
    artifacts.unchanged = artifacts.unchanged.min(first.artifacts.unchanged);
    Completion {
        metrics: first.metrics + last.metrics,
        points: first.points + last.points,
        artifacts,
        ..last
    }
}

/// Files that were chosen and can be no artifacts, each in a line.
pub(crate) fn skipped_artifacts(completion: &Completion) -> impl Iterator<Item = String> {
    let skipped = completion.artifacts.skipped.iter();
    skipped.map(|(name, reason)| format!("{name} is no artifact of the run in MLflow: {reason}"))
}

/// What a completion has come to, in a line: `run tidy-llama: 212 metrics, 9 artifacts, http://…`.
pub(crate) fn in_a_line(completion: &Completion) -> Option<String> {
    let name = completion.run_name.as_ref().or(completion.run_id.as_ref())?;
    let arrived = completion.artifacts.arrived.len() - completion.artifacts.unchanged;
    let logged = [
        (completion.metrics as u64, "metric"),
        (completion.points, "live point"),
        (arrived as u64, "artifact"),
    ];
    let logged: Vec<String> = logged
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| counted(number, what))
        .collect();
    let logged = match (logged.is_empty(), completion.missing.is_empty()) {
        (true, true) => "nothing was missing".to_owned(),
        (true, false) => "nothing logged".to_owned(),
        (false, _) => format!("{} logged", logged.join(", ")),
    };
    let page = completion
        .run_url
        .as_ref()
        .map_or(String::new(), |url| format!("\n  {url}"));
    Some(format!("MLflow run {name}: {logged}{page}"))
}
