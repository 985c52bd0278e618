//! A whole benchmark, from configuration to report, on one page.

mod aggregate;
mod audience;
mod completion;
mod fidelity;
mod finished;
mod inputs_file;
mod observation;
mod prepare;
mod remarks;
mod run_file;
mod telemetry;

use anyhow::Context;
use loadspan_loadgen::preflight::{self, Preflight};
use loadspan_loadgen::{Listeners, RunClock, RunEnd, RunPlan, StagePlan, TextCapture, Traffic};
use loadspan_record::{RunId, TelemetrySummary};
use loadspan_telemetry::config::{TelemetryConfig, TracesConfig};

use self::audience::Audience;
use self::fidelity::Replays;
use self::finished::FinishedRun;
use self::inputs_file::SentInputs;
pub(crate) use self::observation::{ObservedSamples, add_observed};
use self::prepare::{Inputs, Prepared};
use self::remarks::Remarks;
use self::run_file::KnownBefore;
use crate::artifacts::{EndFacts, LOG_FILE, RunFile, RunFolder, run_name};
use crate::cli::ExportLevel;
use crate::config::{self, ExportInputs, RunConfig, StageConfig, Voice};
use crate::exit::Exit;
use crate::host;
use crate::neighbour;
use crate::signals::{self, Cut, Interruptible};
use crate::terminal;

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
    let preflight = preflight::run(prepare::preflight_config(&config, &inputs), RunClock::start())?;
    let prepared = inputs.prepare(&config, &preflight)?;
    Plan::new(config, preflight, prepared)?.execute()
}

/// Sees that the files that a benchmark reads are there and can be read.
///
/// # Errors
///
/// Names the one that cannot.
pub(crate) fn check_inputs(config: &RunConfig) -> anyhow::Result<()> {
    Inputs::load(config).map(drop)
}

/// A benchmark that is ready to be run.
struct Plan {
    config: RunConfig,
    run: RunPlan,
    folder: RunFolder,
    run_file: RunFile,
    replays: Replays,
    clock: RunClock,
}

impl Plan {
    fn new(mut config: RunConfig, preflight: Preflight, mut prepared: Prepared) -> anyhow::Result<Self> {
        for (stage, traffic) in config.stages.iter_mut().zip(&prepared.traffic) {
            prepare::limit_requests(&mut stage.load, traffic);
        }
        prepared.notices.extend(prepare::check_resources(&config));
        let clock = RunClock::start();
        let load = config::load_label(&config.stages);
        let name = run_name(&preflight.body.model, config.target.endpoint_type.as_str(), &load);
        let folder = RunFolder::create(config.output.dir.as_deref(), &name)?;
        match folder.create_file(LOG_FILE) {
            Ok(file) => terminal::keep_log(file),
            Err(error) => terminal::print_warning(&format!("{error:#}")),
        }
        let known = KnownBefore {
            notices: std::mem::take(&mut prepared.notices),
            server_version: preflight.server_version.clone(),
            clock,
        };
        let replays = std::mem::take(&mut prepared.replays);
        let run = plan_run(&config, preflight, (prepared, clock));
        let mut run_file = run_file::describe(&config, &run, (&folder, known))?;
        run_file.facts.replays = replays.planned();
        Ok(Self {
            config,
            run,
            folder,
            run_file,
            replays,
            clock,
        })
    }

    /// What the user sees before the load starts.
    fn tell_beforehand(&self) {
        if self.config.output.voice == Voice::Full {
            announce((&self.run_file, &self.config.stages), &self.folder);
        }
        if self.config.telemetry.is_none() && neighbour::is_there() {
            terminal::print_note(&neighbour::hint());
        }
    }

    /// Makes the load and the report.
    fn execute(self) -> anyhow::Result<Exit> {
        self.folder.write_run(&self.run_file)?;
        self.tell_beforehand();
        let mut listeners = Listeners::default();
        let audience = Audience::gather(&self, &mut listeners)?;
        let Self {
            config,
            run,
            folder,
            mut run_file,
            replays,
            clock,
        } = self;
        let inputs = (config.output.inputs == ExportInputs::Yes).then(|| SentInputs::of(&run));
        let remarks = Remarks::of(&run);
        let running = loadspan_loadgen::start(run, clock, listeners)?;
        signals::interrupt(Some(Interruptible::Load(running.stopper())));
        let end = running.join();
        // From here on there is only telemetry to wait for.
        let cut = Cut::default();
        let flush = audience.flush_cutter();
        signals::interrupt(flush.map(|cutter| Interruptible::Flush(cutter, cut.clone())));

        // Whatever became of the load: what was recorded is written before anything else is said.
        let heard = audience.leave(&folder)?;
        let end = end?;
        if let Some(Err(error)) = inputs.map(|inputs| inputs.write(&folder)) {
            terminal::print_warning(&format!("{error:#}"));
        }
        run_file.facts.replays = replays.concluded(&end);
        run_file.end = Some(EndFacts {
            end: RunEnd::clone(&end),
            peak_rss_bytes: host::peak_rss_bytes(),
            records_missed: heard.records_missed,
            telemetry: config.telemetry.is_none().then(TelemetrySummary::default),
            notices: heard.notices.into_iter().chain(remarks.notices()).collect(),
        });
        let finished = FinishedRun {
            config,
            folder,
            run_file,
            builder: heard.builder,
        };
        finished.report(heard.exports, &cut)
    }
}

fn plan_run(config: &RunConfig, preflight: Preflight, (prepared, clock): (Prepared, RunClock)) -> RunPlan {
    let traces = config
        .telemetry
        .as_ref()
        .and_then(|telemetry| telemetry.traces.as_ref());
    RunPlan {
        run_id: RunId::new(clock.anchor().wall_start_unix_ns as u32 ^ config.seed as u32),
        target: preflight.target,
        target_config: config.target.clone(),
        body: preflight.body,
        stages: config.stages.iter().zip(prepared.traffic).map(plan_stage).collect(),
        tokenizer: prepared.tokenizer,
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
    }
}

fn plan_stage((config, traffic): (&StageConfig, Traffic)) -> StagePlan {
    StagePlan {
        name: config.name.clone(),
        load: config.load.clone(),
        traffic,
        pause: config.pause,
        role: config.role,
    }
}

/// Says what is about to happen.
fn announce((run, stages): (&RunFile, &[StageConfig]), folder: &RunFolder) {
    let info = &run.facts.run;
    let streaming = if info.streaming { ", streaming" } else { "" };
    let load = match stages {
        [_] => run.facts.load.description.clone(),
        several => format!("{} stages:\n{}", several.len(), config::outline(several).trim_end()),
    };
    terminal::print_note(&format!(
        "benchmarking {} at {} ({}{streaming}), {load}\nresults go to {}",
        info.model,
        info.urls.join(", "),
        info.endpoint_type,
        folder.path().display()
    ));
}
