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

use std::collections::{BTreeMap, HashMap};

use loadspan_record::{Outcome, Phase, RequestRecord, RunOffset, TraceIds, TracePlan};
use uuid::Uuid;

use super::span::SpanContext;
use crate::config::TraceScope;

/// The spans above those of requests.
#[derive(Debug)]
pub(super) struct Hierarchy {
    scope: TraceScope,
    run: SpanContext,
    stages: BTreeMap<u32, Group>,
    sessions: HashMap<u64, Group>,
}

/// A span over several requests, as it grows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) context: SpanContext,
    pub(super) place: Place,
    /// The stage, or that of the first turn.
    pub(super) stage: u32,
    pub(super) started_at: RunOffset,
    pub(super) ended_at: RunOffset,
    pub(super) counts: GroupCounts,
    /// Whether a span below it was exported.
    pub(super) has_spans: bool,
}

/// The requests of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct GroupCounts {
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
    pub(super) warmup: u64,
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
    pub(super) fn new(scope: TraceScope, plan: Option<&TracePlan>) -> Self {
        let shared = plan.and_then(|plan| match plan.trace_ids {
            TraceIds::Shared(trace_id) => Some(trace_id),
            TraceIds::PerRequest => None,
        });
        let trace_id = shared.filter(|_| scope == TraceScope::Run);
        Self {
            scope,
            run: new_context(trace_id.unwrap_or_else(new_trace_id)),
            stages: BTreeMap::new(),
            sessions: HashMap::new(),
        }
    }

    pub(super) fn run(&self) -> SpanContext {
        self.run
    }

    /// The stages in their order.
    pub(super) fn stages(&self) -> impl Iterator<Item = &Group> {
        self.stages.values()
    }

    /// The sessions of which spans were exported, in the order of their numbers.
    pub(super) fn sessions(&self) -> Vec<(u64, Group)> {
        let exported = self.sessions.iter().filter(|(_, session)| session.has_spans);
        let mut sessions: Vec<_> = exported.map(|(number, session)| (*number, *session)).collect();
        sessions.sort_unstable_by_key(|(number, _)| *number);
        sessions
    }

    /// Counts a request, sampled or not, where it belongs, and tells its place.
    pub(super) fn add(&mut self, record: &RequestRecord) -> Place {
        let trace_id = trace_id_of(record);
        let (run, scope) = (self.run, self.scope);
        let stage = self.stages.entry(record.stage).or_insert_with(|| {
            // The trace of a stage is that of its requests. Stages may thus have one each without anyone being told.
            let own_trace = if scope == TraceScope::Stage {
                trace_id
            } else {
                run.trace_id
            };
            let above = Above {
                context: run,
                kind: "run",
            };
            Group::new(record, own_trace, above)
        });
        stage.add(record);
        let stage = Above {
            context: stage.context,
            kind: "stage",
        };
        let Some(number) = record.session else {
            return stage.place_of(trace_id);
        };
        let session = self.sessions.entry(number);
        let session = session.or_insert_with(|| Group::new(record, trace_id, stage));
        session.add(record);
        let session = Above {
            context: session.context,
            kind: "session",
        };
        session.place_of(trace_id)
    }

    /// Notes that the span of one of a session's requests was exported.
    pub(super) fn mark_exported(&mut self, session: Option<u64>) {
        if let Some(session) = session.and_then(|number| self.sessions.get_mut(&number)) {
            session.has_spans = true;
        }
    }
}

impl Group {
    fn new(first: &RequestRecord, trace_id: u128, above: Above) -> Self {
        Self {
            context: new_context(trace_id),
            place: above.place_of(trace_id),
            stage: first.stage,
            started_at: started_at(first),
            ended_at: first.timings.finished_at,
            counts: GroupCounts::default(),
            has_spans: false,
        }
    }

    fn add(&mut self, record: &RequestRecord) {
        self.started_at = self.started_at.min(started_at(record));
        self.ended_at = self.ended_at.max(record.timings.finished_at);
        let counts = &mut self.counts;
        let count = match (record.phase, &record.outcome) {
            (Phase::Warmup, _) => &mut counts.warmup,
            (_, Outcome::Completed) => &mut counts.completed,
            (_, Outcome::Failed(_)) => &mut counts.failed,
            (_, Outcome::Cancelled) => &mut counts.cancelled,
        };
        *count += 1;
    }
}

/// Where the span of a request begins: when it was sent, or due if it never was.
pub(super) fn started_at(record: &RequestRecord) -> RunOffset {
    record.timings.sent_at.unwrap_or(record.timings.scheduled_at)
}

/// The trace of a request. Zero is no id, and nobody was told of it.
pub(super) fn trace_id_of(record: &RequestRecord) -> u128 {
    record.trace_id.max(1)
}

fn new_context(trace_id: u128) -> SpanContext {
    SpanContext {
        trace_id,
        // The half of a random UUID that has 62 random bits.
        span_id: Uuid::new_v4().as_u128() as u64,
        sampled: true,
    }
}

fn new_trace_id() -> u128 {
    Uuid::new_v4().as_u128()
}
