//! The span of a stage, which grows as records come.

use loadspan_record::{Outcome, Phase, RequestRecord, RunOffset, Verdict};

use super::hierarchy::{Above, Place, started_at};
use super::span::SpanContext;
use crate::{RunConclusion, StageConclusion};

/// A stage, as far as it is known.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) context: SpanContext,
    pub(super) place: Place,
    pub(super) stage: u32,
    pub(super) started_at: RunOffset,
    pub(super) ended_at: RunOffset,
    pub(super) counts: RequestCounts,
    /// Why it did not come to its planned end, if it did not.
    pub(super) incomplete: Option<String>,
    /// What its figures are worth, if it is measured.
    pub(super) verdict: Option<Verdict>,
    progress: Progress,
}

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Progress {
    has_ended: bool,
    is_judged: bool,
    is_written: bool,
}

/// The requests of a stage, or of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RequestCounts {
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
    pub(super) warmup: u64,
}

impl Stage {
    /// A stage that begins at a moment.
    pub(super) fn new(stage: u32, (context, place): (SpanContext, Place), at: RunOffset) -> Self {
        Self {
            context,
            place,
            stage,
            started_at: at,
            ended_at: at,
            counts: RequestCounts::default(),
            incomplete: None,
            verdict: None,
            progress: Progress::default(),
        }
    }

    pub(super) fn add(&mut self, record: &RequestRecord) {
        self.started_at = self.started_at.min(started_at(record));
        self.ended_at = self.ended_at.max(record.timings.finished_at);
        self.counts.add(record);
    }

    pub(super) fn above(&self) -> Above {
        Above {
            context: self.context,
            kind: "stage",
        }
    }

    pub(super) fn end(&mut self, end: &StageConclusion) {
        self.started_at = self.started_at.min(end.load_started_at);
        self.ended_at = self.ended_at.max(end.ended_at);
        self.incomplete.clone_from(&end.incomplete);
        self.progress.has_ended = true;
    }

    pub(super) fn judge(&mut self, verdict: Option<Verdict>) {
        self.verdict = verdict;
        self.progress.is_judged = true;
    }

    /// Takes from the run what nobody has said. The only stage is worth what the run is.
    pub(super) fn conclude(&mut self, run: &RunConclusion) {
        if !self.progress.is_judged {
            let result = run.stages.iter().find(|result| result.stage == self.stage);
            self.judge(match result {
                Some(result) => result.verdict.clone(),
                None => run.stages.is_empty().then(|| run.verdict.clone()),
            });
        }
        if !self.progress.has_ended {
            self.incomplete.clone_from(&run.incomplete);
            self.progress.has_ended = true;
        }
    }

    pub(super) fn is_written(&self) -> bool {
        self.progress.is_written
    }

    /// The stage, if it has ended, is judged, and was not taken before.
    pub(super) fn take(&mut self) -> Option<Self> {
        let Progress {
            has_ended,
            is_judged,
            is_written,
        } = self.progress;
        if is_written || !has_ended || !is_judged {
            return None;
        }
        self.progress.is_written = true;
        Some(self.clone())
    }
}

impl RequestCounts {
    pub(super) fn add(&mut self, record: &RequestRecord) {
        let count = match (record.phase, &record.outcome) {
            (Phase::Warmup, _) => &mut self.warmup,
            (_, Outcome::Completed) => &mut self.completed,
            (_, Outcome::Failed(_)) => &mut self.failed,
            (_, Outcome::Cancelled) => &mut self.cancelled,
        };
        *count += 1;
    }
}
