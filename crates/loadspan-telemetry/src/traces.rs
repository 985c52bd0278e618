//! Records → spans. Everything here runs on one thread, off the load path, and never waits.
//!
//! ```text
//! record ─▶ Hierarchy (counts, place) ─▶ sampled? ─▶ RequestSpans ─▶ SpanWriter ─▶ Batch ─▶ Payload
//!                                          └─ no ─▶ failed or slow? ─▶ Slowest ──────┤ at the end of the stage
//! session, stage, run: each when it has ended, and when its verdict is there ──────────┘
//! ```
//!
//! Sampling is decided from ids before anything is written, the same way in which the server was told.

mod attributes;
mod batch;
mod content;
mod hierarchy;
mod parameters;
mod protobuf;
mod request;
mod run;
mod sessions;
mod slowest;
mod span;
mod stage;
#[cfg(test)]
mod tests;

use loadspan_record::{Metric, OutputText, Phase, RequestRecord, RunOffset, TraceIds, TracePlan};
use loadspan_wire::otlp;
use loadspan_wire::semconv::attributes::SCHEMA_URL;

pub use self::content::InputContent;
pub use self::parameters::{LengthSource, OutputType, RequestParameters};

use self::batch::Batch;
use self::hierarchy::Hierarchy;
use self::request::{RequestSpan, RequestSpans, RunPart, Sampling};
use self::run::RunOutcome;
use self::sessions::Session;
use self::slowest::{Slow, Slowest};
use self::span::SpanWriter;
use crate::config::{AttributeStyle, KeepPolicy, Naming, TraceScope, TracesConfig};
use crate::export::Payload;
use crate::{RunConclusion, RunIdentity, SessionOutcome, StageConclusion, StageResult};

/// Makes the spans of a run. Owned by one thread.
#[derive(Debug)]
pub struct TraceRecorder {
    run: RunIdentity,
    plan: TracePlan,
    scope: TraceScope,
    keep: KeepPolicy,
    hierarchy: Hierarchy,
    requests: RequestSpans,
    slowest: Slowest,
    writer: SpanWriter,
    batch: Batch,
    /// Spans of a trace without a request in it: stages and run, where each session or request has its own trace.
    above: Batch,
    /// The end of the last request of the stages that are written.
    last_ended_at: RunOffset,
    sampled_out: u64,
}

/// The spans that are written when a run is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSpans {
    /// Those that share a trace with requests.
    pub requests: Vec<Payload>,
    /// Those that are a trace of their own, without a request in it: of the stages and the run, where each session or request has
    /// its own trace.
    pub above: Vec<Payload>,
}

/// What became of the span of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampled {
    /// It is exported: it was sampled, or it failed and errors are kept.
    Yes,
    /// It is not, unless it turns out to be one of the slowest that are kept.
    No,
}

impl TraceRecorder {
    /// A recorder for a run whose provider, as the conventions name it, is `provider`.
    #[must_use]
    pub fn new(
        config: &TracesConfig,
        naming: &Naming,
        run: &RunIdentity,
        provider: String,
        resource: &otlp::Resource,
    ) -> Self {
        let scope = otlp::InstrumentationScope {
            name: "loadspan".to_owned(),
            version: run.version.to_owned(),
            ..otlp::InstrumentationScope::default()
        };
        // inference-perf's names are in no schema.
        let has_schema = naming.attributes != AttributeStyle::InferencePerf;
        let schema_url = if has_schema { SCHEMA_URL } else { "" };
        let plan = run.trace_plan.unwrap_or(TracePlan {
            trace_ids: TraceIds::PerRequest,
            sampling: config.sampling,
            propagation: config.propagation,
        });
        let batch = || Batch::new(&config.batch, resource.clone(), &scope, schema_url);
        Self {
            run: run.clone(),
            plan,
            scope: config.scope,
            keep: config.keep,
            hierarchy: Hierarchy::new(config.scope, run, &plan),
            requests: RequestSpans::new(RunPart::new(run, naming.attributes, config.content, provider)),
            slowest: Slowest::new(config.keep.slowest),
            writer: SpanWriter::new(config.limits),
            batch: batch(),
            above: batch(),
            last_ended_at: RunOffset::ZERO,
            sampled_out: 0,
        }
    }

    /// Takes a finished request: what was observed of it, what it asked for, and its text where content is captured.
    pub fn record(
        &mut self,
        record: &RequestRecord,
        parameters: &RequestParameters,
        output: Option<&OutputText>,
    ) -> Sampled {
        let place = self.hierarchy.add(record);
        let is_sampled = self.plan.is_sampled(record.trace_id, record.span_id);
        let is_kept_error = !is_sampled && self.keep.errors && record.outcome.failure().is_some();
        let mut span = RequestSpan {
            record,
            parameters,
            output,
            place,
            sampling: if is_kept_error {
                Sampling::KeptError
            } else {
                Sampling::Sampled
            },
        };
        if is_sampled || is_kept_error {
            self.write(&span);
            self.batch.push(self.writer.span(), record.timings.finished_at);
            self.hierarchy.mark_exported(record.session);
        }
        if let Some(latency_ns) = self.slow_latency(record) {
            span.sampling = Sampling::KeptSlowest;
            self.hold(&span, latency_ns, is_sampled);
        } else if !is_sampled && !is_kept_error {
            self.sampled_out += 1;
        }
        for silent in self.hierarchy.sessions.take_excess() {
            self.write_session(&silent, record.timings.finished_at);
        }
        if is_sampled || is_kept_error {
            Sampled::Yes
        } else {
            Sampled::No
        }
    }

    /// Takes the end of a session. The records of its calls came before.
    pub fn end_session(&mut self, number: u64, outcome: SessionOutcome) {
        self.hierarchy.sessions.end(number, outcome);
        if let Some(ended) = self.hierarchy.sessions.take_ended(number) {
            self.write_session(&ended, ended.ended_at);
        }
    }

    /// Takes the end of a stage: what is left below its span need not wait for the end of the run, and neither need its span when
    /// its result is there.
    pub fn end_stage(&mut self, end: &StageConclusion) {
        self.hierarchy.end_stage(end);
        self.finish_below(end.stage, end.ended_at);
        self.write_stage(end.stage, end.ended_at);
    }

    /// Takes what a stage has come to, before or after its end.
    pub fn judge_stage(&mut self, result: StageResult) {
        let (number, ended_at) = (result.stage, result.ended_at);
        self.hierarchy.judge_stage(result);
        self.write_stage(number, ended_at);
    }

    /// The next payload that is full or has waited long enough, of spans that share a trace with requests. To be asked until there is
    /// none.
    pub fn take_payload(&mut self, now: RunOffset) -> Option<Payload> {
        self.batch.take(now)
    }

    /// The same of the spans above ([`LastSpans::above`]).
    pub fn take_above(&mut self, now: RunOffset) -> Option<Payload> {
        self.above.take(now)
    }

    /// Spans of requests that sampling has left out so far. Those that may still be among the slowest are not.
    #[must_use]
    pub fn sampled_out(&self) -> u64 {
        self.sampled_out
    }

    /// What is left: stages that nobody said had ended, or what they have come to, and the run. Nothing when nothing was to be
    /// sampled or kept at all.
    #[must_use]
    pub fn finish(mut self, conclusion: &RunConclusion) -> LastSpans {
        for stage in self.hierarchy.unwritten() {
            self.finish_below(stage, conclusion.ended_at);
            self.hierarchy.conclude_stage(stage, conclusion);
            self.write_stage(stage, conclusion.ended_at);
        }
        if !self.exports_nothing() {
            self.write_run(conclusion);
        }
        LastSpans {
            requests: self.batch.drain(),
            above: self.above.drain(),
        }
    }

    fn exports_nothing(&self) -> bool {
        self.plan.sampling.get() <= 0.0 && self.keep == KeepPolicy::default()
    }

    /// Writes what is left below the span of a stage: its slowest requests, its sessions.
    fn finish_below(&mut self, number: u32, since: RunOffset) {
        for slow in self.slowest.take(number) {
            if let Some(span) = slow.span {
                self.batch.push(&span, since);
                self.hierarchy.mark_exported(slow.session);
            }
        }
        for session in self.hierarchy.sessions.take_stage(number) {
            self.write_session(&session, since);
        }
    }

    /// Writes the span of a stage, if all of it is known.
    fn write_stage(&mut self, number: u32, since: RunOffset) {
        let stage = self.hierarchy.take_stage(number);
        let Some(stage) = stage.filter(|_| !self.exports_nothing()) else {
            return;
        };
        self.last_ended_at = self.last_ended_at.max(stage.ended_at);
        run::write_stage(&self.run, &stage, &mut self.writer);
        self.push_above(since);
    }

    fn write(&mut self, span: &RequestSpan<'_>) {
        self.requests.write(span, self.batch.longest_span(), &mut self.writer);
    }

    /// How slow a request was, if it is one of the slowest so far. Warm-up and failures are in nobody's latencies.
    fn slow_latency(&self, record: &RequestRecord) -> Option<u64> {
        if self.keep.slowest == 0 || record.phase == Phase::Warmup {
            return None;
        }
        let latency_ns = (Metric::RequestLatency.of(record)? * 1e6).round() as u64;
        self.slowest.admits(record.stage, latency_ns).then_some(latency_ns)
    }

    /// Holds a slow request, with its span unless that is exported already.
    fn hold(&mut self, span: &RequestSpan<'_>, latency_ns: u64, is_exported: bool) {
        let encoded = (!is_exported).then(|| {
            self.write(span);
            self.writer.span().into()
        });
        let slow = Slow {
            latency_ns,
            index: span.record.id.index,
            session: span.record.session,
            span: encoded,
        };
        let evicted = self.slowest.insert(span.record.stage, slow);
        self.sampled_out += u64::from(evicted.is_some_and(|slow| slow.span.is_some()));
    }

    fn write_session(&mut self, session: &Session, since: RunOffset) {
        let (context, place) = self.hierarchy.place_of_session(session);
        run::write_session(&self.run, (session, context, place), &mut self.writer);
        self.batch.push(self.writer.span(), since);
    }

    fn write_run(&mut self, conclusion: &RunConclusion) {
        let outcome = RunOutcome {
            context: self.hierarchy.run(),
            sample_ratio: self.plan.sampling.get(),
            conclusion,
            last_ended_at: self.last_ended_at,
        };
        run::write_run(&self.run, &outcome, &mut self.writer);
        self.push_above(conclusion.ended_at);
    }

    /// A span of a stage or of the run, to those whose trace it shares.
    fn push_above(&mut self, since: RunOffset) {
        let batch = if self.scope == TraceScope::Session {
            &mut self.above
        } else {
            &mut self.batch
        };
        batch.push(self.writer.span(), since);
    }
}
