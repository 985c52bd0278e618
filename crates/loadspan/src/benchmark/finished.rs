//! What becomes of a run when its load is over: report, delivery of what is left of its telemetry, pictures, MLflow, verdict.

use loadspan_loadgen::StopReason;
use loadspan_record::{Summary, SummaryBuilder};
use loadspan_telemetry::config::Requirement;
use loadspan_telemetry::{MlflowReach, Telemetry};

use super::completion::{self, Completed};
use super::{observation, telemetry};
use crate::artifacts::{RunFile, RunFolder};
use crate::config::{RunConfig, Voice};
use crate::exit::{Exit, RunEnding};
use crate::report_files::{ReportConfig, print_summary, write_files};
use crate::signals::{self, Cut};
use crate::terminal;

/// A run whose load is over.
pub(super) struct FinishedRun {
    pub(super) config: RunConfig,
    pub(super) folder: RunFolder,
    pub(super) run_file: RunFile,
    pub(super) builder: SummaryBuilder,
}

impl FinishedRun {
    /// Writes the report, delivers what is left of the telemetry, and writes the report again, with its ledger. Then it is complete,
    /// and goes to MLflow with its pictures.
    ///
    /// In this order, since delivery may take as long as its flush timeout, and whoever does not wait for it has a report all the
    /// same.
    pub(super) fn report(mut self, exports: Option<Telemetry>, cut: &Cut) -> anyhow::Result<Exit> {
        let run_written = self.folder.write_run(&self.run_file);
        let mut summary = self.builder.finish(self.run_file.final_facts());
        observation::add_observed_if_readable(&mut summary, &self.folder);
        let report = ReportConfig {
            formats: self.config.output.formats.clone(),
            slice: self.config.output.slice,
            print: self.config.output.print,
        };
        self.write(run_written, &summary, &report)?;
        let mut reach = MlflowReach::Unwanted;
        if let (Some(exports), Some(end)) = (exports, &mut self.run_file.end) {
            let flushed = telemetry::conclude(exports, &summary, &end.end);
            (summary.telemetry, reach) = (flushed.telemetry, flushed.mlflow);
            end.telemetry = Some(summary.telemetry.clone());
            self.write(self.folder.write_run(&self.run_file), &summary, &report)?;
        }
        let pictures = self.config.output.auto_plot.draw(&self.folder);
        let completed = completion::complete(&self, summary, (reach, cut));
        signals::interrupt(None);
        self.print(&completed.summary, &report);
        if self.config.output.voice == Voice::Full {
            completed.tell();
        }
        completed.tell_missing(&self.folder);
        Ok(match self.judge(&completed) {
            Exit::Success => pictures,
            exit => exit,
        })
    }

    /// Writes the files of the report, once `run_written` is. A disk without room for them does not take the figures from the user.
    fn write(&self, run_written: anyhow::Result<()>, summary: &Summary, report: &ReportConfig) -> anyhow::Result<()> {
        run_written
            .and_then(|()| write_files(&self.folder, summary, &self.builder, report))
            .inspect_err(|_| self.print(summary, report))
    }

    fn print(&self, summary: &Summary, report: &ReportConfig) {
        if self.config.output.voice == Voice::Full {
            print_summary(&self.folder, summary, report);
        }
    }

    fn judge(&self, completed: &Completed) -> Exit {
        let exit = Exit::of_run(&completed.summary, self.ending(&completed.summary));
        let required =
            self.config.telemetry.as_ref().map(|telemetry| telemetry.requirement) == Some(Requirement::Required);
        if exit == Exit::Success && required {
            return self.judge_telemetry(completed);
        }
        exit
    }

    /// What `--telemetry-required` makes of the ledgers, and of what a run in MLflow lacks.
    fn judge_telemetry(&self, completed: &Completed) -> Exit {
        let ledgers = completed.summary.telemetry.signals.iter();
        let undelivered = ledgers
            .filter(|ledger| ledger.delivered < ledger.produced)
            .map(|ledger| {
                let (undelivered, produced) = (ledger.produced - ledger.delivered, ledger.produced);
                let (signal, unit) = (ledger.signal.as_str(), ledger.signal.unit());
                format!(
                    "{undelivered} of {produced} {unit} of {signal} to {}",
                    ledger.destination
                )
            });
        let missing: Vec<String> = undelivered.chain(completed.missing()).collect();
        let is_known = self.run_file.end.as_ref().is_some_and(|end| end.telemetry.is_some());
        if is_known && missing.is_empty() {
            return Exit::Success;
        }
        let what = if is_known {
            format!("not delivered: {}", missing.join(" and "))
        } else {
            "what became of the telemetry is not known".to_owned()
        };
        terminal::print_error(&anyhow::anyhow!("--telemetry-required: {what}"));
        Exit::BenchmarkFailed
    }

    fn ending(&self, summary: &Summary) -> RunEnding {
        let too_many = self.run_file.too_many_failures(summary);
        if let Some(failures) = &too_many {
            terminal::print_warning(failures);
        }
        match self.run_file.end.as_ref().map(|end| end.end.reason) {
            Some(StopReason::Interrupted) | None => RunEnding::Interrupted,
            Some(StopReason::FailureThreshold) => RunEnding::TooManyFailures,
            Some(StopReason::Finished) if too_many.is_some() => RunEnding::TooManyFailures,
            Some(StopReason::Finished) => RunEnding::Finished,
        }
    }
}
