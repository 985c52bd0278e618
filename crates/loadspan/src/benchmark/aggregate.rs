//! The listener that adds up: figures for the summary, a view for the progress line, verdicts on stages for their spans.

use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use loadspan_loadgen::{Progress, RunEvent, StageEnd, Subscription};
use loadspan_record::{LiveStats, RunFacts, SummaryBuilder};
use loadspan_telemetry::StageResult;

use crate::artifacts::fill_stages;
use crate::terminal::ProgressLine;

/// Events that may wait to be added up; far more than ever do.
pub(super) const QUEUE_EVENTS: usize = 4096;

/// The thread that adds up.
#[derive(Debug)]
pub(super) struct Aggregator {
    thread: JoinHandle<(SummaryBuilder, u64)>,
}

/// Tells the telemetry what each of several stages has come to, as soon as that is known.
pub(super) struct StageJudge {
    facts: RunFacts,
    results: Sender<StageResult>,
}

impl StageJudge {
    /// `None` of a run with one stage, which is worth what the run is.
    pub(super) fn of(facts: &RunFacts, results: Sender<StageResult>) -> Option<Self> {
        (!facts.stages.is_empty()).then(|| Self {
            facts: facts.clone(),
            results,
        })
    }

    /// `figures` has every record of the stage.
    fn judge(&mut self, end: &StageEnd, figures: &SummaryBuilder) {
        fill_stages(&mut self.facts.stages, std::slice::from_ref(end));
        let result = StageResult {
            stage: end.stage,
            ended_at: end.ended_at,
            verdict: figures.verdict_on_stage(end.stage, &self.facts),
        };
        // Telemetry that has panicked wants nothing any more.
        drop(self.results.send(result));
    }
}

impl Aggregator {
    pub(super) fn spawn(
        events: Subscription,
        (progress, judge): (ProgressLine, Option<StageJudge>),
    ) -> std::io::Result<Self> {
        let thread = std::thread::Builder::new()
            .name("loadspan-summary".to_owned())
            .spawn(move || add_up(&events, (progress, judge)))?;
        Ok(Self { thread })
    }

    /// The figures, and how many records they lack. Call after the run has ended.
    pub(super) fn finish(self) -> anyhow::Result<(SummaryBuilder, u64)> {
        self.thread
            .join()
            .map_err(|_| anyhow::anyhow!("the thread that adds up panicked; please report this"))
    }
}

fn add_up(events: &Subscription, (mut line, mut judge): (ProgressLine, Option<StageJudge>)) -> (SummaryBuilder, u64) {
    let mut builder = SummaryBuilder::new();
    let mut live = LiveStats::new();
    let mut last: Option<Progress> = None;
    while let Some(event) = events.next() {
        match event {
            RunEvent::Records(batch) => {
                for record in batch.iter() {
                    builder.push(record);
                    live.push(record);
                }
                line.end_sessions(batch.ended_sessions());
            }
            // Progress that comes in a burst, because this thread was behind, is drawn once.
            RunEvent::Progress(progress)
                if last.is_none_or(|last| progress.at > last.at.after(Duration::from_millis(50))) =>
            {
                last = Some(progress);
                line.update(progress, &live.view(progress.at));
            }
            RunEvent::LoadStarted { at, .. } => line.begin_stage(live.view(at).counts),
            RunEvent::StageEnded(end) => {
                if let Some(judge) = &mut judge {
                    judge.judge(&end, &builder);
                }
            }
            RunEvent::Progress(_) => {}
            RunEvent::Finished(_) => break,
        }
    }
    line.finish();
    (builder, events.missed())
}
