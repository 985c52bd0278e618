//! A whole benchmark, from configuration to report, on one page.

mod aggregate;
mod prepare;
mod report_files;

use std::sync::Arc;

use anyhow::Context;
use loadspan_loadgen::preflight::{self, Preflight};
use loadspan_loadgen::{Listeners, LoadModel, RunClock, RunEnd, RunPlan, StopReason};
use loadspan_record::{
    Completeness, LoadFacts, LoadModel as LoadKind, PromptReuse, RunFacts, RunId, RunInfo, SummaryBuilder, Thresholds,
};

use self::aggregate::Aggregator;
use self::prepare::{Inputs, Prepared};
pub(crate) use self::report_files::{ReportConfig, write_report};
use crate::artifacts::{EndFacts, RECORDS_FILE, RunFile, RunFolder, run_name};
use crate::cli::ExportLevel;
use crate::config::RunConfig;
use crate::exit::{Exit, RunEnding};
use crate::host::{self, Host};
use crate::records_file::{self, RecordsWriter};
use crate::signals;
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
            telemetry: loadspan_record::TelemetrySummary::default(),
        };
        let run = RunPlan {
            run_id,
            target: preflight.target,
            target_config: config.target.clone(),
            body: preflight.body,
            workload: Arc::new(workload),
            tokenizer,
            load: config.load.clone(),
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
        let progress = ProgressLine::new(&config.load.limits);
        let aggregator = Aggregator::spawn(listeners.subscribe(aggregate::QUEUE_EVENTS), progress)?;

        let running = loadspan_loadgen::start(run, clock, listeners)?;
        signals::stop_on_signal(Some(running.stopper()));
        let end = running.join();
        signals::stop_on_signal(None);

        // Whatever became of the load: what was recorded is written before anything else is said.
        let written = writer.map(RecordsWriter::finish).unwrap_or_default();
        let (builder, missed_by_summary) = aggregator.finish()?;
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
        });
        folder.write_run(&run_file)?;
        report(&config, &folder, &run_file, &builder)
    }
}

fn report(config: &RunConfig, folder: &RunFolder, run: &RunFile, builder: &SummaryBuilder) -> anyhow::Result<Exit> {
    let report = ReportConfig {
        formats: config.output.formats.clone(),
        slice: config.output.slice,
        print: config.output.print,
    };
    let summary = write_report(folder, builder, run.final_facts(), &report)?;
    let (failed, finished) = (summary.counts.failed, summary.counts.completed + summary.counts.failed);
    // Here at the end every share means something, also that of a run which was too short to be stopped for it.
    let too_many = config
        .load
        .limits
        .failures
        .is_some_and(|threshold| threshold.is_exceeded(failed, finished, 1));
    if too_many {
        terminal::print_warning(&format!(
            "{failed} of {finished} requests failed, more than --failed-request-threshold allows"
        ));
    }
    let ending = match run.end.as_ref().map(|end| end.end.reason) {
        Some(StopReason::Interrupted) | None => RunEnding::Interrupted,
        Some(StopReason::FailureThreshold) => RunEnding::TooManyFailures,
        Some(StopReason::Finished) if too_many => RunEnding::TooManyFailures,
        Some(StopReason::Finished) => RunEnding::Finished,
    };
    Ok(Exit::of_run(&summary, ending))
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
