//! The listener that adds up: figures for the summary, a view for the progress line.

use std::thread::JoinHandle;
use std::time::Duration;

use loadspan_loadgen::{Progress, RunEvent, Subscription};
use loadspan_record::{LiveStats, SummaryBuilder};

use crate::terminal::ProgressLine;

/// Events that may wait to be added up; far more than ever do.
pub(super) const QUEUE_EVENTS: usize = 4096;

/// The thread that adds up.
#[derive(Debug)]
pub(super) struct Aggregator {
    thread: JoinHandle<(SummaryBuilder, u64)>,
}

impl Aggregator {
    pub(super) fn spawn(events: Subscription, progress: ProgressLine) -> std::io::Result<Self> {
        let thread = std::thread::Builder::new()
            .name("loadspan-summary".to_owned())
            .spawn(move || add_up(&events, progress))?;
        Ok(Self { thread })
    }

    /// The figures, and how many records they lack. Call after the run has ended.
    pub(super) fn finish(self) -> anyhow::Result<(SummaryBuilder, u64)> {
        self.thread
            .join()
            .map_err(|_| anyhow::anyhow!("the thread that adds up panicked; please report this"))
    }
}

fn add_up(events: &Subscription, mut line: ProgressLine) -> (SummaryBuilder, u64) {
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
            }
            // Progress that comes in a burst, because this thread was behind, is drawn once.
            RunEvent::Progress(progress)
                if last.is_none_or(|last| progress.at > last.at.after(Duration::from_millis(50))) =>
            {
                last = Some(progress);
                line.update(progress, &live.view(progress.at));
            }
            RunEvent::LoadStarted { at, .. } => line.begin_stage(live.view(at).counts),
            RunEvent::Progress(_) | RunEvent::StageEnded(_) => {}
            RunEvent::Finished(_) => break,
        }
    }
    line.finish();
    (builder, events.missed())
}
