//! Records → spans. Everything here runs on one thread, off the load path, and never waits.
//!
//! ```text
//! record ─▶ Hierarchy (counts, place) ─▶ sampled? ─▶ RequestSpans ─▶ SpanWriter ─▶ Batch ─▶ Payload
//!                                          └─ no ─▶ failed or slow? ─▶ Slowest ──────┘ at the end
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
mod slowest;
mod span;
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
use self::slowest::{Slow, Slowest};
use self::span::SpanWriter;
use crate::config::{AttributeStyle, KeepPolicy, Naming, TraceScope, TracesConfig};
use crate::export::Payload;
use crate::{RunConclusion, RunIdentity};

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
        resource: otlp::Resource,
    ) -> Self {
        let scope = otlp::InstrumentationScope {
            name: "loadspan".to_owned(),
            version: run.version.to_owned(),
            ..otlp::InstrumentationScope::default()
        };
        // inference-perf's names are in no schema.
        let has_schema = naming.attributes != AttributeStyle::InferencePerf;
        let schema_url = if has_schema { SCHEMA_URL } else { "" };
        Self {
            run: run.clone(),
            plan: run.trace_plan.unwrap_or(TracePlan {
                trace_ids: TraceIds::PerRequest,
                sampling: config.sampling,
                propagation: config.propagation,
            }),
            scope: config.scope,
            keep: config.keep,
            hierarchy: Hierarchy::new(config.scope, run.trace_plan.as_ref()),
            requests: RequestSpans::new(RunPart::new(run, naming.attributes, config.content, provider)),
            slowest: Slowest::new(config.keep.slowest),
            writer: SpanWriter::new(config.limits),
            batch: Batch::new(&config.batch, resource, &scope, schema_url),
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
        if is_sampled || is_kept_error {
            Sampled::Yes
        } else {
            Sampled::No
        }
    }

    /// The next payload that is full or has waited long enough. To be asked until there is none.
    pub fn take_payload(&mut self, now: RunOffset) -> Option<Payload> {
        self.batch.take(now)
    }

    /// Spans of requests that sampling has left out so far. Those that may still be among the slowest are not.
    #[must_use]
    pub fn sampled_out(&self) -> u64 {
        self.sampled_out
    }

    /// What is left: the slowest requests, sessions, stages, the run. Nothing when nothing was to be sampled or kept at all.
    #[must_use]
    pub fn finish(mut self, conclusion: &RunConclusion) -> LastSpans {
        let slowest = std::mem::replace(&mut self.slowest, Slowest::new(0));
        for slow in slowest.into_slowest() {
            if let Some(span) = slow.span {
                self.batch.push(&span, conclusion.ended_at);
                self.hierarchy.mark_exported(slow.session);
            }
        }
        let exports_nothing = self.plan.sampling.get() <= 0.0 && self.keep == KeepPolicy::default();
        if exports_nothing {
            return LastSpans {
                requests: self.batch.drain(),
                above: Vec::new(),
            };
        }
        self.write_sessions(conclusion);
        let has_own_trace = self.scope == TraceScope::Session;
        let mut requests = if has_own_trace { self.batch.drain() } else { Vec::new() };
        self.write_stages_and_run(conclusion);
        let mut above = self.batch.drain();
        if !has_own_trace {
            requests.append(&mut above);
        }
        LastSpans { requests, above }
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

    fn write_sessions(&mut self, conclusion: &RunConclusion) {
        let since = conclusion.ended_at;
        for (number, session) in self.hierarchy.sessions() {
            run::write_session(&self.run, (number, &session), &mut self.writer);
            self.batch.push(self.writer.span(), since);
        }
    }

    fn write_stages_and_run(&mut self, conclusion: &RunConclusion) {
        let since = conclusion.ended_at;
        let mut last_ended_at = RunOffset::ZERO;
        for stage in self.hierarchy.stages() {
            last_ended_at = last_ended_at.max(stage.ended_at);
            run::write_stage(&self.run, stage, &mut self.writer);
            self.batch.push(self.writer.span(), since);
        }
        let outcome = RunOutcome {
            context: self.hierarchy.run(),
            sample_ratio: self.plan.sampling.get(),
            conclusion,
            last_ended_at,
        };
        run::write_run(&self.run, &outcome, &mut self.writer);
        self.batch.push(self.writer.span(), since);
    }
}
