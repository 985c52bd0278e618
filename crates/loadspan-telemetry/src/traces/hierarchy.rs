//! Which span belongs below which: run → stage → session → request.
//!
//! Trace ids are made before requests are sent, and they decide: a span whose trace is that of the span above it is its child;
//! one with a trace of its own is a root that links to it. What `--trace-scope` chooses is which ids there are.
//!
//! ```text
//! run      one trace holds everything
//! stage    a trace for the run; one for each stage, whose root is the span of the stage
//! session  a trace for the run and its stages; one for each session, or for each request that belongs to none
//! ```

use std::collections::BTreeMap;

use loadspan_record::{RequestRecord, RunOffset, TraceIds, TracePlan, numbered_id};
use uuid::Uuid;

use super::sessions::{Session, Sessions};
use super::span::SpanContext;
use super::stage::Stage;
use crate::config::TraceScope;
use crate::{RunConclusion, RunIdentity, StageConclusion, StageResult};

/// The spans above those of requests.
#[derive(Debug)]
pub(super) struct Hierarchy {
    scope: TraceScope,
    trace_ids: TraceIds,
    /// Ids of spans are made of it and of a number: what stands below a span can name it before it is written.
    seed: u64,
    run: SpanContext,
    stages: BTreeMap<u32, Stage>,
    pub(super) sessions: Sessions,
}

/// Where a span stands to the one above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Below it, in the same trace.
    Below(u64),
    /// At the top of a trace of its own, with a link to it.
    Linked(Above),
}

/// A span that others stand below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Above {
    pub(super) context: SpanContext,
    /// What it is: `run`, `stage`, `session`.
    pub(super) kind: &'static str,
}

impl Above {
    /// The place of a span with this trace.
    fn place_of(self, trace_id: u128) -> Place {
        if trace_id == self.context.trace_id {
            Place::Below(self.context.span_id)
        } else {
            Place::Linked(self)
        }
    }
}

impl Hierarchy {
    pub(super) fn new(scope: TraceScope, run: &RunIdentity, plan: &TracePlan) -> Self {
        let trace_id = match plan.trace_ids {
            TraceIds::Shared(trace_id) if scope == TraceScope::Run => trace_id,
            _ => Uuid::new_v4().as_u128(),
        };
        let seed = seed_of(run);
        Self {
            scope,
            trace_ids: plan.trace_ids,
            seed,
            run: context(trace_id, span_id(seed, Kind::Run, 0)),
            stages: BTreeMap::new(),
            sessions: Sessions::default(),
        }
    }

    pub(super) fn run(&self) -> SpanContext {
        self.run
    }

    /// The stages that are not written yet, in their order.
    pub(super) fn unwritten(&self) -> Vec<u32> {
        let stages = self.stages.iter().filter(|(_, stage)| !stage.is_written());
        stages.map(|(number, _)| *number).collect()
    }

    /// Counts a request, sampled or not, where it belongs, and tells its place.
    pub(super) fn add(&mut self, record: &RequestRecord) -> Place {
        let trace_id = trace_id_of(record);
        let stage = self.stage(record.stage, (trace_id, started_at(record)));
        stage.add(record);
        let stage = stage.above();
        let Some(number) = conversation_of(record) else {
            return stage.place_of(trace_id);
        };
        let session_trace = self.sessions.add(number, record);
        let session = Above {
            context: self.session_context(number, session_trace),
            kind: "session",
        };
        session.place_of(trace_id)
    }

    /// Notes that the span of one of a session's requests was exported.
    pub(super) fn mark_exported(&mut self, session: Option<u64>) {
        if let Some(number) = session {
            self.sessions.mark_exported(number);
        }
    }

    /// What is known of a stage when it has ended.
    pub(super) fn end_stage(&mut self, end: &StageConclusion) {
        let trace_id = self.trace_ids.of(end.stage, None, self.run.trace_id);
        self.stage(end.stage, (trace_id, end.load_started_at)).end(end);
    }

    /// What a stage has come to.
    pub(super) fn judge_stage(&mut self, result: StageResult) {
        let trace_id = self.trace_ids.of(result.stage, None, self.run.trace_id);
        self.stage(result.stage, (trace_id, result.ended_at))
            .judge(result.verdict);
    }

    /// What is left to be known of a stage when the run is over.
    pub(super) fn conclude_stage(&mut self, number: u32, run: &RunConclusion) {
        if let Some(stage) = self.stages.get_mut(&number) {
            stage.conclude(run);
        }
    }

    /// A stage that is to be written, once: when it has ended, and it is known what it has come to.
    pub(super) fn take_stage(&mut self, number: u32) -> Option<Stage> {
        self.stages.get_mut(&number)?.take()
    }

    /// What identifies the span of a session, and where it stands.
    pub(super) fn place_of_session(&self, session: &Session) -> (SpanContext, Place) {
        let context = self.session_context(session.number, session.trace_id);
        let stage = self.stages.get(&session.stage).map(Stage::above);
        let above = stage.unwrap_or(Above {
            context: self.run,
            kind: "run",
        });
        (context, above.place_of(session.trace_id))
    }

    fn session_context(&self, number: u64, trace_id: u128) -> SpanContext {
        context(trace_id, span_id(self.seed, Kind::Session, number))
    }

    /// The stage, which begins with a request of this trace or with its load.
    fn stage(&mut self, number: u32, (trace_id, at): (u128, RunOffset)) -> &mut Stage {
        let (run, scope, seed) = (self.run, self.scope, self.seed);
        self.stages.entry(number).or_insert_with(|| {
            let own_trace = if scope == TraceScope::Stage {
                trace_id
            } else {
                run.trace_id
            };
            let above = Above {
                context: run,
                kind: "run",
            };
            let context = context(own_trace, span_id(seed, Kind::Stage, number.into()));
            Stage::new(number, (context, above.place_of(own_trace)), at)
        })
    }
}

/// Where the span of a request begins: when it was sent, or due if it never was.
pub(super) fn started_at(record: &RequestRecord) -> RunOffset {
    record.timings.sent_at.unwrap_or(record.timings.scheduled_at)
}

/// The session of a request, if it is a conversation: the only turn of a session, as a line of a log often is, stands for itself.
pub(super) fn conversation_of(record: &RequestRecord) -> Option<u64> {
    record.session.filter(|_| record.turns != Some(1))
}

/// The trace of a request. Zero is no id, and nobody was told of it.
pub(super) fn trace_id_of(record: &RequestRecord) -> u128 {
    record.trace_id.max(1)
}

fn context(trace_id: u128, span_id: u64) -> SpanContext {
    SpanContext {
        trace_id,
        span_id,
        sampled: true,
    }
}

/// What has a span above those of requests.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Run,
    Stage,
    Session,
}

fn span_id(seed: u64, kind: Kind, number: u64) -> u64 {
    let seed = seed.wrapping_add(kind as u64);
    (numbered_id(u128::from(seed), number) as u64).max(1)
}

/// FNV-1a of what no two runs have in common: id and start.
fn seed_of(run: &RunIdentity) -> u64 {
    let start = run.start_unix_ns.to_le_bytes();
    let bytes = run.run_id.bytes().chain(start);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
