//! Everything that listens to a run: the file of records, telemetry, the watchers of server and GPUs, the summary.

use loadspan_loadgen::Listeners;
use loadspan_record::{Notice, ReplayFacts, SummaryBuilder};
use loadspan_telemetry::{FlushCutter, Telemetry};

use super::Plan;
use super::aggregate::{self, Aggregator, StageJudge};
use super::observation::Observation;
use super::telemetry::{self, TelemetryListener};
use crate::artifacts::{RECORDS_FILE, RunFolder};
use crate::cli::ExportLevel;
use crate::config::StageConfig;
use crate::records_file::{self, RecordsWriter};
use crate::terminal::{self, ProgressLine, StageGoal};

/// Those who listen.
pub(super) struct Audience {
    writer: Option<RecordsWriter>,
    exports: Option<TelemetryListener>,
    observation: Observation,
    aggregator: Aggregator,
}

/// What they have heard.
pub(super) struct Heard {
    pub(super) builder: SummaryBuilder,
    /// `None`: nothing is exported, or the thread that does it has panicked.
    pub(super) exports: Option<Telemetry>,
    /// Records that one of them has missed.
    pub(super) records_missed: u64,
    /// What came up while server and GPUs were watched.
    pub(super) notices: Vec<Notice>,
}

impl Audience {
    /// Starts their threads.
    ///
    /// # Errors
    ///
    /// A file or a thread cannot be made.
    pub(super) fn gather(plan: &Plan, listeners: &mut Listeners) -> anyhow::Result<Self> {
        let writer = match plan.config.output.level {
            ExportLevel::Summary => None,
            ExportLevel::Records | ExportLevel::Chunks => {
                let events = listeners.subscribe(records_file::QUEUE_EVENTS);
                Some(RecordsWriter::spawn(plan.folder.create_file(RECORDS_FILE)?, events)?)
            }
        };
        let exports = match &plan.config.telemetry {
            Some(telemetry) => {
                let events = TelemetryListener::subscribe(telemetry, listeners);
                let telemetry = telemetry::start(plan, telemetry)?;
                Some(TelemetryListener::spawn(telemetry, events, plan.clock)?)
            }
            None => None,
        };
        let inbox = exports.as_ref().map(TelemetryListener::inbox);
        let judge = inbox
            .as_ref()
            .and_then(|inbox| StageJudge::of(&plan.run_file.facts, inbox.results.clone()));
        let scrapes = inbox.map(|inbox| inbox.scrapes);
        let progress = ProgressLine::new(stage_goals(&plan.config.stages, &plan.replays.planned()));
        Ok(Self {
            writer,
            exports,
            observation: Observation::start(&plan.config.scrape, plan.clock, &plan.folder, scrapes),
            aggregator: Aggregator::spawn(listeners.subscribe(aggregate::QUEUE_EVENTS), (progress, judge))?,
        })
    }

    /// Ends the flush that is to come, if there is one.
    pub(super) fn flush_cutter(&self) -> Option<FlushCutter> {
        self.exports.as_ref().map(TelemetryListener::flush_cutter)
    }

    /// Waits until they have heard everything. Call after the run has ended.
    ///
    /// # Errors
    ///
    /// The thread that makes the summary panicked.
    pub(super) fn leave(self, folder: &RunFolder) -> anyhow::Result<Heard> {
        let written = self.writer.map(RecordsWriter::finish).unwrap_or_default();
        let (builder, missed_by_summary) = self.aggregator.finish()?;
        if let Some(error) = written.error {
            terminal::print_warning(&format!(
                "{} is incomplete: {error}",
                folder.file(RECORDS_FILE).display()
            ));
        }
        Ok(Heard {
            builder,
            records_missed: missed_by_summary.max(written.missed),
            notices: self.observation.finish(),
            exports: self.exports.and_then(TelemetryListener::finish),
        })
    }
}

/// When each stage is done. The only stage needs no name.
fn stage_goals(stages: &[StageConfig], replays: &[ReplayFacts]) -> Vec<StageGoal> {
    let goal = |(number, stage): (usize, &StageConfig)| {
        let title = if stages.len() > 1 {
            stage.title(number)
        } else {
            String::new()
        };
        let replay = replays.iter().find(|replay| replay.stage as usize == number);
        StageGoal::new(title, &stage.load, replay.map(|replay| &replay.planned))
    };
    stages.iter().enumerate().map(goal).collect()
}
