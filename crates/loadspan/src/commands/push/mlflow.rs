//! The MLflow side of a push: the run is found, or made, and gets whatever it lacks.

use std::time::{Duration, Instant};

use loadspan_record::{RequestRecord, RunOffset, Secret, Summary, redact_url};
use loadspan_telemetry::TraceStoreRun;
use loadspan_telemetry::config::{Environment, MlflowConfig, MlflowOptions, MlflowPlan, RecordedTracking};
use loadspan_telemetry::mlflow::{Completion, CompletionLimit, MlflowExport};

use super::Pushed;
use crate::artifacts::{RunFile, RunFolder};
use crate::cli::{OutputFormat, PushArgs};
use crate::config::telemetry_usage;
use crate::exit::UsageError;
use crate::mlflow::{FinishedFiles, in_a_line, points_after, skipped_artifacts, together, unreadable_export};
use crate::rebuild::{Rebuilt, rebuild};
use crate::report_files::{ReportConfig, write_files};
use crate::terminal;

/// How long MLflow may take. Somebody is waiting, and can push again; but a run may have gigabytes of records.
const PATIENCE: Duration = Duration::from_secs(600);

/// A run that is to be in MLflow.
pub(super) struct Push {
    config: MlflowConfig,
}

impl Push {
    /// Where a run belongs. `None`: it was not meant for MLflow, and nobody says that it is now.
    ///
    /// # Errors
    ///
    /// The server is not known or its URI makes no sense.
    pub(super) fn resolve(args: &PushArgs, folder: &RunFolder, run: &RunFile) -> Result<Option<Self>, UsageError> {
        let plan = run.config.get("mlflow").filter(|plan| !plan.is_null());
        let was_meant = plan.is_some();
        let environment = Environment::from_process();
        let plan: MlflowPlan = match plan {
            Some(plan) => serde_json::from_value(plan.clone())
                .map_err(|error| UsageError::new(format!("run.json: config.mlflow: {error}")))?,
            None => MlflowPlan::of_environment(&environment),
        };
        let export = MlflowExport::load(folder.path()).map_err(unreadable_export)?;
        let recorded = export.as_ref().map(|export| RecordedTracking {
            tracking_uri: export.tracking_uri.clone(),
            had_credentials: export.had_credentials,
        });
        let options = MlflowOptions {
            tracking_uri: args.mlflow_tracking_uri.clone().map(Secret::new),
            ..MlflowOptions::default()
        };
        let tracking = options
            .resolve_push(recorded.as_ref(), &environment)
            .map_err(telemetry_usage)?;
        let Some(tracking) = tracking else {
            let unknown = UsageError::with_hint(
                "nothing tells which MLflow server the run was meant for",
                "name it with --mlflow-tracking-uri",
            );
            return if was_meant { Err(unknown) } else { Ok(None) };
        };
        tracking.warnings.iter().for_each(terminal::print_notice);
        Ok(Some(Self {
            config: plan.on(tracking.server, PATIENCE),
        }))
    }

    /// Completes the run. What that changes in the ledger stands in the files when it is over.
    pub(super) fn begin(&self, folder: &RunFolder) -> anyhow::Result<Completion> {
        self.files(folder)?.complete_points(&limit())
    }

    /// The run that spooled traces belong to. `None`: there is none yet.
    pub(super) fn trace_store(&self, folder: &RunFolder) -> Option<TraceStoreRun> {
        // A file that cannot be read was an error before.
        let export = MlflowExport::load(folder.path()).ok().flatten()?;
        (!export.run_id.is_empty()).then(|| TraceStoreRun {
            server: self.config.server.clone(),
            experiment_id: export.experiment_id,
            run_id: export.run_id,
        })
    }

    /// Uploads what has changed since, and tells what came of it all.
    pub(super) fn end(&self, folder: &RunFolder, mut completion: Completion) -> anyhow::Result<Pushed> {
        // A server that did not answer a moment ago is not waited for again.
        if completion.run_id.is_some() {
            let last = self.files(folder)?.complete(points_after(&completion), &limit())?;
            completion = together(completion, last);
        }
        let nothing = || {
            let server = redact_url(self.config.server.tracking_uri.as_str());
            format!("MLflow at {server}: nothing logged")
        };
        let line = in_a_line(&completion).unwrap_or_else(nothing);
        terminal::print_result(&format!("{line}\n"));
        for skipped in skipped_artifacts(&completion) {
            terminal::print_result(&format!("  {skipped}\n"));
        }
        for missing in &completion.missing {
            terminal::print_result(&format!("  missing: {} ({})\n", missing.what, missing.reason));
        }
        Ok(if completion.missing.is_empty() {
            Pushed::Everything
        } else {
            Pushed::InPart
        })
    }

    /// The run in its folder. Of one that was killed the report is made first.
    fn files<'a>(&'a self, folder: &'a RunFolder) -> anyhow::Result<FinishedFiles<'a>> {
        let run = folder.read_run()?;
        let (summary, last_record) = match (&run.end, folder.read_summary()?) {
            (Some(_), Some(summary)) => (summary, None),
            _ => report(folder)?,
        };
        Ok(FinishedFiles {
            folder,
            run,
            summary,
            last_record,
            config: &self.config,
            notices: terminal::notices(),
        })
    }
}

/// Makes the report. With when the last request on record ended.
fn report(folder: &RunFolder) -> anyhow::Result<(Summary, Option<RunOffset>)> {
    let mut last_record = None;
    let see = |record: &RequestRecord| last_record = last_record.max(Some(record.timings.finished_at));
    let Rebuilt { run, builder, summary } = rebuild(folder, see)?;
    let config = ReportConfig {
        formats: Vec::new(),
        slice: run.slice(),
        print: OutputFormat::Text,
    };
    write_files(folder, &summary, &builder, &config)?;
    Ok((summary, last_record))
}

fn limit() -> CompletionLimit {
    CompletionLimit {
        deadline: Instant::now() + PATIENCE,
        cut: Default::default(),
    }
}
