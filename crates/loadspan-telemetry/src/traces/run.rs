//! The spans above those of requests: sessions, stages, and the run.

use loadspan_record::{RunOffset, StageFacts, StageRole, Verdict, VerdictStatus};
use loadspan_wire::otlp::trace::span::SpanKind;
use loadspan_wire::semconv::attributes as names;

use super::attributes::Attributes;
use super::hierarchy::Place;
use super::sessions::Session;
use super::span::{SpanContext, SpanHead, SpanWriter};
use super::stage::{RequestCounts, Stage};
use crate::{RunConclusion, RunIdentity, SessionOutcome, StageResult};

/// What the span of a run says beside its identity.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunOutcome<'a> {
    pub(super) context: SpanContext,
    pub(super) sample_ratio: f64,
    pub(super) conclusion: &'a RunConclusion,
    /// When the last request ended, as far as is known here.
    pub(super) last_ended_at: RunOffset,
}

/// The longest text of these spans, in bytes. None comes near it.
const LONGEST_TEXT: usize = 16 * 1024;

/// The span of the run: `benchmark`, from the start of its clock to the end of its last request.
pub(super) fn write_run(run: &RunIdentity, outcome: &RunOutcome<'_>, writer: &mut SpanWriter) {
    let conclusion = outcome.conclusion;
    writer.begin(writer.text_limit(LONGEST_TEXT));
    write_identity(run, outcome.sample_ratio, &mut writer.attributes);
    write_conclusion(conclusion, &mut writer.attributes);
    let end = conclusion.ended_at.max(outcome.last_ended_at);
    let at = |offset: RunOffset| run.start_unix_ns.saturating_add(offset.min(end).as_nanos());
    writer.event(names::EVENT_LOAD_STARTED, at(conclusion.load_started_at), &[]);
    if let Some(measuring) = conclusion.measure_started_at {
        writer.event(names::EVENT_MEASURE_STARTED, at(measuring), &[]);
    }
    for stage in &conclusion.stages {
        write_stage_ended(run, (stage, at(stage.ended_at)), writer);
    }
    write_failure((Some(&conclusion.verdict), conclusion.incomplete.as_deref()), writer);
    writer.finish(&SpanHead {
        context: outcome.context,
        parent: None,
        name: names::SPAN_RUN,
        kind: SpanKind::Internal,
        start: run.start_unix_ns,
        end: at(end),
    });
}

/// The event that one of several stages has ended, with what it has come to.
fn write_stage_ended(run: &RunIdentity, (stage, at): (&StageResult, u64), writer: &mut SpanWriter) {
    let name = run.stage(stage.stage).and_then(|facts| facts.name.as_deref());
    let verdict = stage.verdict.as_ref().map(|verdict| verdict.status.as_str());
    writer.event_with((names::EVENT_STAGE_ENDED, at), |attributes| {
        attributes.int(names::LOADSPAN_STAGE, i64::from(stage.stage));
        attributes.optional_text(names::LOADSPAN_STAGE_NAME, name);
        attributes.optional_text(names::LOADSPAN_VERDICT, verdict);
    });
}

/// The span of a stage: `stage ramp`, else `stage 0`, from the beginning of its load to the end of its last request. It ended
/// before it was written, and is an error by the rule for that of the run.
pub(super) fn write_stage(run: &RunIdentity, stage: &Stage, writer: &mut SpanWriter) {
    writer.begin(writer.text_limit(LONGEST_TEXT));
    writer.attributes.text(names::LOADSPAN_RUN_ID, &run.run_id);
    let facts = run.stage(stage.stage);
    if let Some(facts) = facts {
        write_stage_facts(facts, &mut writer.attributes);
    }
    let outcome = (stage.verdict.as_ref(), stage.incomplete.as_deref());
    write_verdict(outcome, &mut writer.attributes);
    let name = facts
        .and_then(|facts| facts.name.as_deref())
        .filter(|name| !name.is_empty());
    let name = match name {
        Some(name) => format!("{} {name}", names::SPAN_STAGE),
        None => format!("{} {}", names::SPAN_STAGE, stage.stage),
    };
    let span = GroupSpan {
        context: stage.context,
        place: stage.place,
        stage: stage.stage,
        between: (stage.started_at, stage.ended_at),
        counts: stage.counts,
        name: &name,
    };
    write_failure(outcome, writer);
    finish_group(run, &span, writer);
}

fn write_stage_facts(facts: &StageFacts, attributes: &mut Attributes) {
    attributes.optional_text(names::LOADSPAN_STAGE_NAME, facts.name.as_deref());
    let role = match facts.role {
        StageRole::Measured => "measured",
        StageRole::Warmup => "warmup",
    };
    attributes.text(names::LOADSPAN_STAGE_ROLE, role);
    attributes.text(names::LOADSPAN_LOAD, &facts.load.description);
}

/// The span of a session: `session`, from when its first turn was due to the end of its last.
pub(super) fn write_session(
    run: &RunIdentity,
    (session, context, place): (&Session, SpanContext, Place),
    writer: &mut SpanWriter,
) {
    writer.begin(writer.text_limit(LONGEST_TEXT));
    let attributes = &mut writer.attributes;
    attributes.text(names::GEN_AI_CONVERSATION_ID, &run.conversation(session.number));
    attributes.int(names::LOADSPAN_SESSION, count(session.number));
    attributes.optional_text(
        names::LOADSPAN_SESSION_OUTCOME,
        session.outcome.map(SessionOutcome::as_str),
    );
    attributes.int(names::LOADSPAN_SESSION_TURNS, i64::from(session.turns));
    if let (Some(SessionOutcome::Failed), Some(failure)) = (session.outcome, session.failure) {
        attributes.text(names::ERROR_TYPE, &failure.to_string());
        writer.fail("a turn failed");
    }
    let span = GroupSpan {
        context,
        place,
        stage: session.stage,
        between: (session.due_at, session.ended_at),
        counts: session.counts,
        name: names::SPAN_SESSION,
    };
    finish_group(run, &span, writer);
}

/// A span over several requests.
struct GroupSpan<'a> {
    context: SpanContext,
    place: Place,
    stage: u32,
    between: (RunOffset, RunOffset),
    counts: RequestCounts,
    name: &'a str,
}

fn finish_group(run: &RunIdentity, group: &GroupSpan<'_>, writer: &mut SpanWriter) {
    writer.attributes.int(names::LOADSPAN_STAGE, i64::from(group.stage));
    let RequestCounts {
        completed,
        failed,
        cancelled,
        warmup,
    } = group.counts;
    write_counts([completed, failed, cancelled], &mut writer.attributes);
    writer.attributes.int(names::LOADSPAN_REQUESTS_WARMUP, count(warmup));
    let parent = match group.place {
        Place::Below(parent) => Some(parent),
        Place::Linked(above) => {
            writer.link(above.context, &[(names::LOADSPAN_LINK, above.kind)]);
            None
        }
    };
    let (start, end) = group.between;
    let at = |offset: RunOffset| run.start_unix_ns.saturating_add(offset.as_nanos());
    writer.finish(&SpanHead {
        context: group.context,
        parent,
        name: group.name,
        kind: SpanKind::Internal,
        start: at(start),
        end: at(end.max(start)),
    });
}

fn write_identity(run: &RunIdentity, sample_ratio: f64, attributes: &mut Attributes) {
    for (name, value) in [
        (names::LOADSPAN_RUN_ID, run.run_id.as_str()),
        (names::LOADSPAN_RUN_NAME, &run.name),
        (names::LOADSPAN_VERSION, run.version),
        (names::LOADSPAN_LOAD, &run.load),
        (names::LOADSPAN_MODEL, &run.model),
        (names::LOADSPAN_OPERATION, run.operation.gen_ai_name()),
    ] {
        attributes.text(name, value);
    }
    attributes.boolean(names::LOADSPAN_STREAMING, run.streaming);
    attributes.float(names::LOADSPAN_SAMPLE_RATIO, sample_ratio);
    let targets: Vec<String> = run
        .servers
        .iter()
        .map(|server| format!("{}:{}", server.host, server.port))
        .collect();
    attributes.texts(names::LOADSPAN_TARGETS, targets.iter().map(String::as_str));
    if let Some(kind) = &run.server_kind {
        attributes.text(names::LOADSPAN_SERVER_KIND, kind);
    }
    if let Some(slo) = &run.slo {
        attributes.text(names::LOADSPAN_SLO, &slo.to_string());
    }
}

fn write_conclusion(conclusion: &RunConclusion, attributes: &mut Attributes) {
    write_verdict(
        (Some(&conclusion.verdict), conclusion.incomplete.as_deref()),
        attributes,
    );
    write_counts(conclusion.requests, attributes);
}

/// What figures are worth, and why there are not more of them.
fn write_verdict((verdict, incomplete): (Option<&Verdict>, Option<&str>), attributes: &mut Attributes) {
    if let Some(verdict) = verdict {
        attributes.text(names::LOADSPAN_VERDICT, verdict.status.as_str());
        let reasons = verdict.reasons.iter().map(|finding| finding.message.as_str());
        attributes.texts(names::LOADSPAN_VERDICT_REASONS, reasons);
    }
    attributes.optional_text(names::LOADSPAN_INCOMPLETE, incomplete);
}

fn write_counts([completed, failed, cancelled]: [u64; 3], attributes: &mut Attributes) {
    attributes.int(names::LOADSPAN_REQUESTS_COMPLETED, count(completed));
    attributes.int(names::LOADSPAN_REQUESTS_FAILED, count(failed));
    attributes.int(names::LOADSPAN_REQUESTS_CANCELLED, count(cancelled));
}

/// Makes a span an error where its load did not come to its planned end, or its figures are invalid.
fn write_failure((verdict, incomplete): (Option<&Verdict>, Option<&str>), writer: &mut SpanWriter) {
    let is_invalid = |verdict: &&Verdict| verdict.status == VerdictStatus::Invalid;
    let (class, description) = match (incomplete, verdict.filter(is_invalid)) {
        (Some(reason), _) => ("incomplete", reason.to_owned()),
        (None, Some(verdict)) => {
            let messages = verdict.reasons.iter().map(|finding| finding.message.as_str());
            ("invalid", messages.collect::<Vec<_>>().join("; "))
        }
        (None, None) => return,
    };
    writer.attributes.text(names::ERROR_TYPE, class);
    writer.fail(&description);
}

fn count(requests: u64) -> i64 {
    i64::try_from(requests).unwrap_or(i64::MAX)
}
