//! A whole benchmark, from configuration to report, on one page.

mod aggregate;
mod observation;
mod prepare;
mod report_files;
mod telemetry;

use std::sync::Arc;

use anyhow::Context;
use loadspan_loadgen::preflight::{self, Preflight};
use loadspan_loadgen::{Listeners, LoadModel, RunClock, RunEnd, RunPlan, StopReason, TextCapture};
use loadspan_record::{
    Completeness, LoadFacts, LoadModel as LoadKind, PromptReuse, RunFacts, RunId, RunInfo, Summary, SummaryBuilder,
    TelemetrySummary, Thresholds,
};
use loadspan_telemetry::Telemetry;
use loadspan_telemetry::config::{Requirement, TelemetryConfig, TracesConfig};

use self::aggregate::Aggregator;
use self::observation::Observation;
pub(crate) use self::observation::{ObservedSamples, add_observed};
use self::prepare::{Inputs, Prepared};
pub(crate) use self::report_files::{ReportConfig, print_summary, write_files};
use self::telemetry::TelemetryListener;
use crate::artifacts::{EndFacts, RECORDS_FILE, RunFile, RunFolder, run_name};
use crate::cli::ExportLevel;
use crate::config::RunConfig;
use crate::exit::{Exit, RunEnding};
use crate::host::{self, Host};
use crate::records_file::{self, RecordsWriter};
use crate::signals::{self, Interruptible};
use crate::terminal::{self, ProgressLine};

/// Gaps of a stream that are kept one by one unless the user wants all of them.
const GAPS_KEPT: usize = 1000;

/// Runs the benchmark and writes everything that comes of it.
///
/// # Errors
///
/// The configuration does not work out with this server, or loadspan itself failed. A benchmark with bad figures is no error.
pub(crate) fn run(config: RunConfig) -> anyhow::Result<Exit> {
    signals::listen().context("cannot listen for signals")?;
    if let Some(telemetry) = &config.telemetry {
        telemetry::check(telemetry)?;
    }
    let inputs = Inputs::load(&config)?;
    let preflight = preflight::run(prepare::preflight_config(&config), RunClock::start())?;
    let prepared = inputs.prepare(&config, &preflight)?;
    Plan::new(config, preflight, prepared)?.execute()
}

/// A benchmark that is ready to be run.
struct Plan {
    config: RunConfig,
    run: RunPlan,
    folder: RunFolder,
    facts: RunFacts,
    clock: RunClock,
}

impl Plan {
    fn new(mut config: RunConfig, preflight: Preflight, prepared: Prepared) -> anyhow::Result<Self> {
        let Prepared {
            workload,
            tokenizer,
            mut notices,
        } = prepared;
        prepare::limit_requests(&mut config.load, &workload);
        notices.extend(prepare::check_resources(&config));
        let clock = RunClock::start();
        let load = prepare::load_label(&config.load.model);
        let name = run_name(&preflight.body.model, config.target.endpoint_type.as_str(), &load);
        let folder = RunFolder::create(config.output.dir.as_deref(), &name)?;
        let run_id = RunId::new(clock.anchor().wall_start_unix_ns as u32 ^ config.seed as u32);
        let facts = RunFacts {
            run: RunInfo {
                id: run_id.to_string(),
                name: folder
                    .path()
                    .file_name()
                    .map_or(name, |name| name.to_string_lossy().into_owned()),
                model: preflight.body.model.clone(),
                endpoint_type: config.target.endpoint_type.as_str().to_owned(),
                streaming: config.request.streaming,
                urls: config.target.urls.iter().map(ToString::to_string).collect(),
                loadspan_version: env!("CARGO_PKG_VERSION").to_owned(),
                started_unix_ns: clock.anchor().wall_start_unix_ns,
                seed: Some(config.seed),
                measured_from_s: None,
                measured_until_s: None,
                completeness: Completeness::Incomplete {
                    reason: "running".to_owned(),
                },
            },
            load: LoadFacts {
                description: config.describe_load(),
                model: load_kind(&config.load.model),
            },
            prompts: if prepare::prompts_are_unique(&config) {
                PromptReuse::Unique
            } else {
                PromptReuse::MayRepeat
            },
            unsent: 0,
            client: None,
            preopened: Vec::new(),
            notices,
            slo: config.slo.clone(),
            thresholds: Thresholds::default(),
            telemetry: TelemetrySummary::default(),
        };
        let traces = config
            .telemetry
            .as_ref()
            .and_then(|telemetry| telemetry.traces.as_ref());
        let run = RunPlan {
            run_id,
            target: preflight.target,
            target_config: config.target.clone(),
            body: preflight.body,
            workload: Arc::new(workload),
            tokenizer,
            load: config.load.clone(),
            trace: traces.map(TracesConfig::plan),
            output_text: if config.telemetry.as_ref().is_some_and(TelemetryConfig::captures_content) {
                TextCapture::On
            } else {
                TextCapture::Off
            },
            gap_limit: if config.output.level == ExportLevel::Chunks {
                usize::MAX
            } else {
                GAPS_KEPT
            },
        };
        Ok(Self {
            config,
            run,
            folder,
            facts,
            clock,
        })
    }

    /// Makes the load and the report.
    fn execute(self) -> anyhow::Result<Exit> {
        let Self {
            config,
            run,
            folder,
            facts,
            clock,
        } = self;
        let mut run_file = describe(&config, &run, facts, clock)?;
        folder.write_run(&run_file)?;
        announce(&run_file, &folder);

        let mut listeners = Listeners::default();
        let writer = match config.output.level {
            ExportLevel::Summary => None,
            ExportLevel::Records | ExportLevel::Chunks => {
                let events = listeners.subscribe(records_file::QUEUE_EVENTS);
                Some(RecordsWriter::spawn(folder.create_file(RECORDS_FILE)?, events)?)
            }
        };
        let exports = match &config.telemetry {
            Some(telemetry) => {
                let events = TelemetryListener::subscribe(telemetry, &mut listeners);
                let telemetry = telemetry::start(telemetry, &run, &run_file.facts, &folder)?;
                Some(TelemetryListener::spawn(telemetry, events, clock)?)
            }
            None => None,
        };
        let scrapes = exports.as_ref().map(TelemetryListener::scrapes);
        let observation = Observation::start(&config.scrape, clock, &folder, scrapes);
        let progress = ProgressLine::new(&config.load.limits);
        let aggregator = Aggregator::spawn(listeners.subscribe(aggregate::QUEUE_EVENTS), progress)?;

        let running = loadspan_loadgen::start(run, clock, listeners)?;
        signals::interrupt(Some(Interruptible::Load(running.stopper())));
        let end = running.join();
        // From here on there is only telemetry to wait for.
        signals::interrupt(
            exports
                .as_ref()
                .map(|exports| Interruptible::Flush(exports.flush_cutter())),
        );

        // Whatever became of the load: what was recorded is written before anything else is said.
        let written = writer.map(RecordsWriter::finish).unwrap_or_default();
        let (builder, missed_by_summary) = aggregator.finish()?;
        let notices = observation.finish();
        let exports = exports.and_then(TelemetryListener::finish);
        let end = end?;
        if let Some(error) = written.error {
            terminal::print_warning(&format!(
                "{} is incomplete: {error}",
                folder.file(RECORDS_FILE).display()
            ));
        }
        run_file.end = Some(EndFacts {
            end: RunEnd::clone(&end),
            peak_rss_bytes: host::peak_rss_bytes(),
            records_missed: missed_by_summary.max(written.missed),
            telemetry: config.telemetry.is_none().then(TelemetrySummary::default),
            notices,
        });
        let finished = FinishedRun {
            config,
            folder,
            run_file,
            builder,
        };
        finished.report(exports)
    }
}

/// A run whose load is over.
struct FinishedRun {
    config: RunConfig,
    folder: RunFolder,
    run_file: RunFile,
    builder: SummaryBuilder,
}

impl FinishedRun {
    /// Writes the report, delivers what is left of the telemetry, and writes the report again, with its ledger.
    ///
    /// In this order, since delivery may take as long as its flush timeout, and whoever does not wait for it has a report all the
    /// same.
    fn report(mut self, exports: Option<Telemetry>) -> anyhow::Result<Exit> {
        self.folder.write_run(&self.run_file)?;
        let mut summary = self.builder.finish(self.run_file.final_facts());
        observation::add_observed_if_readable(&mut summary, &self.folder);
        let report = ReportConfig {
            formats: self.config.output.formats.clone(),
            slice: self.config.output.slice,
            print: self.config.output.print,
        };
        self.write(&summary, &report)?;
        if let (Some(exports), Some(end)) = (exports, &mut self.run_file.end) {
            summary.telemetry = telemetry::conclude(exports, &summary, &end.end);
            signals::interrupt(None);
            end.telemetry = Some(summary.telemetry.clone());
            self.folder.write_run(&self.run_file)?;
            self.write(&summary, &report)?;
        }
        print_summary(&self.folder, &summary, &report);
        Ok(self.judge(&summary))
    }

    fn write(&self, summary: &Summary, report: &ReportConfig) -> anyhow::Result<()> {
        write_files(&self.folder, summary, &self.builder, report)
    }

    fn judge(&self, summary: &Summary) -> Exit {
        let exit = Exit::of_run(summary, self.ending(summary));
        let required =
            self.config.telemetry.as_ref().map(|telemetry| telemetry.requirement) == Some(Requirement::Required);
        if exit == Exit::Success && required {
            return self.judge_telemetry(summary);
        }
        exit
    }

    /// What `--telemetry-required` makes of the ledgers.
    fn judge_telemetry(&self, summary: &Summary) -> Exit {
        let ledgers = summary.telemetry.signals.iter();
        let missing: Vec<String> = ledgers
            .filter(|ledger| ledger.delivered < ledger.produced)
            .map(|ledger| {
                let (undelivered, produced) = (ledger.produced - ledger.delivered, ledger.produced);
                let (signal, unit) = (ledger.signal.as_str(), ledger.signal.unit());
                format!("{undelivered} of {produced} {unit} of {signal}")
            })
            .collect();
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
        let (failed, finished) = (summary.counts.failed, summary.counts.completed + summary.counts.failed);
        // Here at the end every share means something, also that of a run which was too short to be stopped for it.
        let threshold = self.config.load.limits.failures;
        let too_many = threshold.is_some_and(|threshold| threshold.is_exceeded(failed, finished, 1));
        if too_many {
            terminal::print_warning(&format!(
                "{failed} of {finished} requests failed, more than --failed-request-threshold allows"
            ));
        }
        match self.run_file.end.as_ref().map(|end| end.end.reason) {
            Some(StopReason::Interrupted) | None => RunEnding::Interrupted,
            Some(StopReason::FailureThreshold) => RunEnding::TooManyFailures,
            Some(StopReason::Finished) if too_many => RunEnding::TooManyFailures,
            Some(StopReason::Finished) => RunEnding::Finished,
        }
    }
}

/// What `run.json` says before the first request.
fn describe(config: &RunConfig, run: &RunPlan, facts: RunFacts, clock: RunClock) -> anyhow::Result<RunFile> {
    let mut file = RunFile::new(facts, clock.anchor());
    file.slice_seconds = config.output.slice.map(|slice| slice.as_secs_f64());
    file.config = serde_json::to_value(config).context("cannot encode the configuration")?;
    file.workload = serde_json::to_value(run.workload.description()).context("cannot encode the workload")?;
    file.request = serde_json::to_value(&run.body).context("cannot encode the request")?;
    file.host = serde_json::to_value(Host::describe()).context("cannot encode the host")?;
    Ok(file)
}

/// Says what is about to happen.
fn announce(run: &RunFile, folder: &RunFolder) {
    let info = &run.facts.run;
    let streaming = if info.streaming { ", streaming" } else { "" };
    terminal::print_note(&format!(
        "benchmarking {} at {} ({}{streaming}), {}\nresults go to {}",
        info.model,
        info.urls.join(", "),
        info.endpoint_type,
        run.facts.load.description,
        folder.path().display()
    ));
}

fn load_kind(model: &LoadModel) -> LoadKind {
    match model {
        LoadModel::Closed { concurrency, .. } => LoadKind::Closed {
            concurrency: concurrency.get(),
        },
        LoadModel::Open {
            schedule,
            max_concurrency,
        } => LoadKind::Open {
            target_rate: Some(schedule.rate),
            max_concurrency: max_concurrency.map(std::num::NonZero::get),
        },
    }
}
