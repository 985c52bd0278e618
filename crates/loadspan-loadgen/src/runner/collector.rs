//! The thread between the workers and the listeners: counts what is left to count, watches the failures, passes records on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use loadspan_record::{Outcome, Phase, TokenSource};

use super::control::Control;
use super::outbox::Batch;
use super::plan::{FailureThreshold, Limits, RunPlan, StagePlan, StageRole, Traffic};
use crate::event::{Listeners, Progress, RecordBatch, RunEvent};
use crate::observer::{OUTPUT_LIMIT, beginning};
use crate::redaction::Redaction;
use crate::workload::PromptTokenizer;
use crate::{RunClock, StopReason};

/// Batches that may wait for the collector, from all workers together.
pub(crate) const QUEUE_BATCHES: usize = 1024;
/// How often listeners hear of the progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Runs on a thread of its own until every worker is gone.
pub(crate) struct Collector {
    pub(crate) clock: RunClock,
    pub(crate) control: Arc<Control>,
    pub(crate) plan: Arc<RunPlan>,
    /// Which of the plan's stages, and how many requests were sent before it.
    pub(crate) stage: u32,
    pub(crate) sent_before: u64,
    pub(crate) queue: Receiver<Batch>,
    pub(crate) listeners: Arc<Listeners>,
    pub(crate) redaction: Redaction,
}

/// Measured requests so far.
#[derive(Debug, Default)]
struct Tally {
    finished: u64,
    failed: u64,
}

impl Collector {
    /// Passes records on until the last worker has hung up.
    pub(crate) fn run(self) {
        let mut tally = Tally::default();
        let mut load_started = false;
        let mut next_progress = Instant::now();
        loop {
            let received = self.queue.recv_timeout(PROGRESS_EVERY);
            if let (false, Some(at)) = (load_started, self.control.load_start()) {
                load_started = true;
                self.listeners.publish(&RunEvent::LoadStarted { stage: self.stage, at });
            }
            match received {
                Ok(batch) => self.pass_on(batch, &mut tally),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if Instant::now() >= next_progress {
                next_progress = Instant::now() + PROGRESS_EVERY;
                self.listeners.publish(&RunEvent::Progress(self.progress()));
            }
        }
    }

    fn pass_on(&self, mut batch: Batch, tally: &mut Tally) {
        if let Some(tokenizer) = &self.plan.tokenizer {
            count_tokens(&mut batch, tokenizer);
        }
        for record in batch.records.iter().filter(|record| record.phase == Phase::Measure) {
            tally.finished += u64::from(!matches!(record.outcome, Outcome::Cancelled));
            tally.failed += u64::from(record.outcome.failure().is_some());
        }
        self.stop_if_exceeded(tally);
        for (_, output) in &mut batch.outputs {
            self.make_fit(&mut output.answer);
            self.make_fit(&mut output.reasoning);
            for call in &mut output.tool_calls {
                for text in [&mut call.id, &mut call.name, &mut call.arguments] {
                    self.make_fit(text);
                }
            }
            self.redaction.redact_bytes(&mut output.body);
        }
        let batch = RecordBatch::new(batch.records, batch.outputs).with_ended(batch.ended);
        self.listeners.publish(&RunEvent::Records(batch));
    }

    /// Makes a text of the server's fit for listeners: without secrets, and of bounded length.
    fn make_fit(&self, text: &mut String) {
        self.redaction.redact_in(text);
        text.truncate(beginning(text, OUTPUT_LIMIT).len());
    }

    /// Ends the run when more requests have failed than it may have. A share has to mean something first; what a run too short for
    /// that comes to is judged at its end, by whoever judges it.
    fn stop_if_exceeded(&self, tally: &Tally) {
        let load = &self.stage().load;
        let concurrency = load.model.max_concurrency();
        let settled = concurrency.map_or(0, |limit| u64::from(limit.get())).max(10);
        let Limits { failures, drain, .. } = load.limits;
        let is_exceeded = |threshold: FailureThreshold| threshold.is_exceeded(tally.failed, tally.finished, settled);
        if failures.is_some_and(is_exceeded) {
            self.control.stop(StopReason::FailureThreshold, self.clock.now(), drain);
        }
    }

    fn stage(&self) -> &StagePlan {
        &self.plan.stages[self.stage as usize]
    }

    fn progress(&self) -> Progress {
        let at = self.clock.now();
        Progress {
            at,
            stage: self.stage,
            in_flight: self.control.in_flight(),
            sent: self.sent_before + self.control.sent.load(Ordering::Relaxed),
            sessions: match self.stage().traffic {
                Traffic::Sessions(_) => Some(self.control.sessions.load(Ordering::Relaxed)),
                Traffic::Requests(_) => None,
            },
            measure_started_at: match self.stage().role {
                StageRole::Measured => self.control.measure_start(),
                StageRole::Warmup => None,
            },
            draining: !self.control.may_send(at),
        }
    }
}

/// Counts the output of requests for which the server reported none, over the whole text at once.
fn count_tokens(batch: &mut Batch, tokenizer: &PromptTokenizer) {
    for (position, text) in batch.texts.drain(..) {
        let tokens = &mut batch.records[position].tokens;
        if matches!(tokens.source, None | Some(TokenSource::ChunkCount)) {
            tokens.output = Some(tokenizer.count(&text));
            tokens.source = Some(TokenSource::ClientTokenizer);
        }
    }
}
