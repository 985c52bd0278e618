//! What became of a run.

use std::collections::BTreeMap;

use loadspan_record::{
    Completeness, Finding, GpuSummary, Reason, RunMetric, RunOffset, StageSummary, Summary, Verdict, VerdictStatus,
};
use loadspan_wire::mlflow::limits::valid_key;
use loadspan_wire::mlflow::runs::{Metric, RunStatus, Tag};
use loadspan_wire::mlflow::tags;

use super::{insert_tag, note};
use crate::config::{MlflowConfig, StageRuns};
use crate::mlflow::figures::{final_metrics, is_of_stage, metrics_of_stage};
use crate::mlflow::live::stages;

/// What became of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOutcome {
    /// Its state.
    pub status: RunStatus,
    /// When it ended, in milliseconds since 1970.
    pub end_unix_ms: i64,
    /// Tags that were not known before: `verdict`, `verdict.reasons`, `was_cancelled`, `incomplete.reason`, `gpu`, of each stage its
    /// verdict and when it was, and a note that takes the place of that of the beginning.
    pub tags: Vec<Tag>,
    /// Every figure.
    pub metrics: Vec<Metric>,
}

impl RunOutcome {
    /// What a summary says of the end of a run.
    ///
    /// It does not say whether a run that came to its end had more failures than were allowed: whoever knows that sets the status
    /// to [`RunStatus::Failed`]. Nor does it say when a run that was killed ended: `last_record` is when the last of its requests
    /// did, as far as they are on record.
    #[must_use]
    pub fn of(summary: &Summary, last_record: Option<RunOffset>) -> Self {
        let end_unix_ms = end_unix_ms(summary, last_record);
        Self {
            status: status(summary),
            end_unix_ms,
            tags: own_tags(summary),
            metrics: final_metrics(summary, end_unix_ms),
        }
    }

    /// What a summary says of the end of one of several stages, as a run of its own.
    #[must_use]
    pub fn of_stage(summary: &Summary, stage: &StageSummary) -> Self {
        let end_unix_ms = stage.ended_s.map_or_else(
            || end_unix_ms(summary, None),
            |seconds| unix_ms_after(summary.run.started_unix_ns, seconds),
        );
        let is_invalid = |verdict: &Verdict| verdict.status == VerdictStatus::Invalid;
        let status = match status(summary) {
            whole @ (RunStatus::Killed | RunStatus::Failed) if was_cut_short(summary, stage) => whole,
            _ if stage.verdict.as_ref().is_some_and(is_invalid) => RunStatus::Failed,
            _ => RunStatus::Finished,
        };
        Self {
            status,
            end_unix_ms,
            tags: stage.verdict.iter().flat_map(verdict_tags).collect(),
            metrics: metrics_of_stage(summary, stage, end_unix_ms),
        }
    }

    /// The same without the tags that the user has given the run, and without figures of stages where these have runs of their own.
    #[must_use]
    pub fn yielding_to(mut self, config: &MlflowConfig) -> Self {
        if config.stages == StageRuns::Child {
            self.metrics.retain(|metric| !is_of_stage(metric));
        }
        self.without(&config.tags)
    }

    pub(super) fn without(mut self, tags: &[(String, String)]) -> Self {
        self.tags
            .retain(|own| !tags.iter().any(|(key, _)| valid_key(key) == own.key));
        self
    }
}

fn status(summary: &Summary) -> RunStatus {
    match &summary.run.completeness {
        Completeness::Complete if summary.verdict.status == VerdictStatus::Invalid => RunStatus::Failed,
        Completeness::Complete => RunStatus::Finished,
        Completeness::Incomplete { reason } if reason == Completeness::TOO_MANY_FAILURES => RunStatus::Failed,
        // Interrupted, or killed without a word.
        Completeness::Incomplete { .. } => RunStatus::Killed,
    }
}

/// Whether the run ended within this stage. In the pause behind it, the stage had come to its end; of a warm-up that is not known.
fn was_cut_short(summary: &Summary, stage: &StageSummary) -> bool {
    let is_last = || summary.stages.last().is_some_and(|last| last.number == stage.number);
    let is_of_it = |finding: &Finding| matches!(finding.reason, Reason::Incomplete { .. });
    match &stage.verdict {
        Some(verdict) => verdict.reasons.iter().any(is_of_it),
        None => is_last() && summary.run.completeness != Completeness::Complete,
    }
}

/// When the last request ended. Of a run that ended in its warm-up less is known: then it is the time that its load took.
fn end_unix_ms(summary: &Summary, last_record: Option<RunOffset>) -> i64 {
    let run = &summary.run;
    let load = || summary.client.as_ref().map(|client| client.wall_seconds);
    let killed = || last_record.map(RunOffset::as_secs_f64);
    let on_record = || summary.metrics.scalar(RunMetric::BenchmarkDuration);
    let seconds = run.measured_until_s.or_else(load).or_else(killed).or_else(on_record);
    let seconds = seconds.unwrap_or(0.0);
    unix_ms_after(run.started_unix_ns, seconds)
}

/// To the nanosecond, so that it is the moment that records have.
fn unix_ms_after(started_unix_ns: u64, seconds: f64) -> i64 {
    let end_ns = started_unix_ns.saturating_add((seconds * 1e9).round() as u64);
    (end_ns / 1_000_000) as i64
}

/// The verdict, and the codes of what speaks against it.
fn verdict_tags(verdict: &Verdict) -> Vec<Tag> {
    let mut tags = BTreeMap::new();
    insert_tag(&mut tags, "verdict", verdict.status.as_str());
    insert_tag(&mut tags, "verdict.reasons", &codes(verdict));
    tags.into_iter().map(|(key, value)| Tag { key, value }).collect()
}

fn own_tags(summary: &Summary) -> Vec<Tag> {
    let verdict = &summary.verdict;
    let was_cancelled = status(summary) == RunStatus::Killed;
    let incomplete = match &summary.run.completeness {
        Completeness::Complete => "",
        Completeness::Incomplete { reason } => reason,
    };
    let mut tags = BTreeMap::new();
    for (key, value) in [
        ("verdict", verdict.status.as_str()),
        ("verdict.reasons", &codes(verdict)),
        ("was_cancelled", &was_cancelled.to_string()),
        ("incomplete.reason", incomplete),
        ("gpu", &summary.gpus.as_ref().map(models).unwrap_or_default()),
        (tags::NOTE, &note::end(summary)),
    ] {
        insert_tag(&mut tags, key, value);
    }
    for stage in &summary.stages {
        let verdict = stage.verdict.as_ref().map(|verdict| verdict.status.as_str());
        let key = format!("stage.{}.verdict", stage.number);
        insert_tag(&mut tags, &key, verdict.unwrap_or_default());
        let times = [
            stage.started_s.map(|seconds| stages::started(stage.number, seconds)),
            stage.ended_s.map(|seconds| stages::ended(stage.number, seconds)),
        ];
        tags.extend(times.into_iter().flatten().map(|Tag { key, value }| (key, value)));
    }
    tags.into_iter().map(|(key, value)| Tag { key, value }).collect()
}

/// The codes of the reasons. Several stages may have the same.
fn codes(verdict: &Verdict) -> String {
    let mut codes: Vec<String> = Vec::new();
    for code in verdict.reasons.iter().filter_map(code_of) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes.join(", ")
}

/// The code of a reason, by which runs can be searched; its words are in the note.
fn code_of(finding: &Finding) -> Option<String> {
    let reason = serde_json::to_value(&finding.reason).ok()?;
    Some(reason.get("code")?.as_str()?.to_owned())
}

/// `2 × NVIDIA H200`
fn models(summary: &GpuSummary) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in summary.gpus.iter().filter_map(|gpu| gpu.name.as_deref()) {
        *counts.entry(name).or_default() += 1;
    }
    let models = counts.into_iter().map(|(name, count)| format!("{count} × {name}"));
    models.collect::<Vec<_>>().join(", ")
}
