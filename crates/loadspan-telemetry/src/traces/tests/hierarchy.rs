//! Which span stands below which.

use std::collections::BTreeMap;

use loadspan_record::{Finding, Reason, Severity};
use loadspan_wire::otlp::trace::status::StatusCode;

use super::*;

/// Spans by their names.
fn by_name(spans: Vec<Span>) -> BTreeMap<String, Vec<Span>> {
    let mut named: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    for span in spans {
        named.entry(span.name.clone()).or_default().push(span);
    }
    named
}

fn only<'s>(spans: &'s BTreeMap<String, Vec<Span>>, name: &str) -> &'s Span {
    let [span] = spans[name].as_slice() else {
        panic!("{name}")
    };
    span
}

fn is_below(span: &Span, parent: &Span) -> bool {
    span.parent_span_id == parent.span_id && span.trace_id == parent.trace_id && span.links.is_empty()
}

/// Whether `span` is a root that links to `other`, and says what that is.
fn is_root_linked_to(span: &Span, other: &Span, kind: &str) -> bool {
    let [link] = span.links.as_slice() else { return false };
    span.parent_span_id.is_empty()
        && span.trace_id != other.trace_id
        && (&link.trace_id, &link.span_id) == (&other.trace_id, &other.span_id)
        && text(&link.attributes, "loadspan.link") == Some(kind)
}

fn shared(index: u64) -> RequestRecord {
    RequestRecord {
        trace_id: SHARED,
        ..stream(index)
    }
}

#[test]
fn a_request_without_a_session_is_a_trace_of_its_own_with_a_link_to_its_stage() {
    let spans = by_name(Case::new().scope(TraceScope::Session).spans(&[stream(0), stream(1)]));
    let (run, stage) = (only(&spans, "benchmark"), only(&spans, "stage 0"));
    assert!(run.parent_span_id.is_empty() && run.links.is_empty());
    assert!(is_below(stage, run));
    for request in &spans["chat m"] {
        assert!(is_root_linked_to(request, stage, "stage"), "{request:?}");
    }
}

#[test]
fn the_ids_are_those_that_went_to_the_server() {
    let record = stream(7);
    let span = Case::new().span(&record);
    assert_eq!(span.trace_id, record.trace_id.to_be_bytes());
    assert_eq!(span.span_id, record.span_id.to_be_bytes());
}

#[test]
fn a_run_can_be_one_trace() {
    let spans = by_name(Case::new().scope(TraceScope::Run).spans(&[shared(0), shared(1)]));
    let (run, stage) = (only(&spans, "benchmark"), only(&spans, "stage 0"));
    assert_eq!(run.trace_id, SHARED.to_be_bytes());
    assert!(is_below(stage, run));
    assert!(spans["chat m"].iter().all(|request| is_below(request, stage)));
}

#[test]
fn a_stage_can_be_one_trace_and_each_its_own() {
    let second = RequestRecord {
        stage: 1,
        trace_id: 0x77,
        ..stream(1)
    };
    let spans = by_name(Case::new().scope(TraceScope::Stage).spans(&[shared(0), second]));
    let run = only(&spans, "benchmark");
    for (name, trace_id) in [("stage 0", SHARED), ("stage 1", 0x77)] {
        let stage = only(&spans, name);
        assert_eq!(stage.trace_id, trace_id.to_be_bytes());
        assert!(is_root_linked_to(stage, run, "run"));
        let requests: Vec<_> = spans["chat m"]
            .iter()
            .filter(|span| span.trace_id == stage.trace_id)
            .collect();
        assert!(requests.len() == 1 && is_below(requests[0], stage), "{name}");
    }
}

#[test]
fn turns_stand_below_their_session() {
    let turn = |index: u64, trace_id| RequestRecord {
        session: Some(9),
        turn: Some(index as u32),
        trace_id,
        ..stream(index)
    };
    let mut last = turn(1, 0x99);
    last.timings.finished_at = at_ms(500);
    let spans = by_name(Case::new().scope(TraceScope::Session).spans(&[turn(0, 0x99), last]));
    let (session, stage) = (only(&spans, "session"), only(&spans, "stage 0"));
    assert!(is_root_linked_to(session, stage, "stage"));
    assert!(spans["chat m"].iter().all(|request| is_below(request, session)));
    let ms = |ms: u64| RUN_START + ms * 1_000_000;
    assert_eq!(
        (session.start_time_unix_nano, session.end_time_unix_nano),
        (ms(5), ms(500))
    );
    assert_eq!(text(&session.attributes, "gen_ai.conversation.id"), Some("0000002a-9"));

    let spans = by_name(
        Case::new()
            .scope(TraceScope::Session)
            .spans(&[turn(0, 0x99), turn(1, 0x98)]),
    );
    let session = only(&spans, "session");
    assert!(
        is_root_linked_to(&spans["chat m"][1], session, "session"),
        "a turn with a trace of its own"
    );

    let spans = by_name(
        Case::new()
            .scope(TraceScope::Run)
            .spans(&[turn(0, SHARED), turn(1, SHARED)]),
    );
    assert!(is_below(only(&spans, "session"), only(&spans, "stage 0")));
}

#[test]
fn a_stage_lasts_from_its_first_request_to_its_last_and_counts_them() {
    let mut warmup = stream(0);
    warmup.phase = Phase::Warmup;
    let mut late = failed(1, FailureKind::TimeoutIdle, "silent");
    late.timings.finished_at = at_ms(700);
    let spans = by_name(Case::new().spans(&[late, stream(2), warmup]));
    let stage = only(&spans, "stage 0");
    let ms = |ms: u64| RUN_START + ms * 1_000_000;
    assert_eq!((stage.start_time_unix_nano, stage.end_time_unix_nano), (ms(5), ms(700)));
    let counts: Vec<_> = stage.attributes.iter().map(line).collect();
    assert_eq!(
        counts,
        [
            r#"loadspan.run.id = "0000002a""#,
            "loadspan.stage = 0",
            "loadspan.requests.completed = 1",
            "loadspan.requests.failed = 1",
            "loadspan.requests.cancelled = 0",
            "loadspan.requests.warmup = 1",
        ]
    );
}

#[test]
fn the_span_of_the_run_carries_the_verdict() {
    let case = Case::new().with(|case| case.run.slo = Some("ttft:200".parse().unwrap()));
    let mut recorder = case.recorder();
    recorder.record(&stream(0), &case.parameters, None);
    let mut ending = conclusion();
    ending.verdict = Verdict {
        status: VerdictStatus::Invalid,
        reasons: vec![Finding {
            reason: Reason::ErrorRate { failed: 9, share: 0.9 },
            severity: Severity::Invalid,
            message: "9 of 10 requests failed".to_owned(),
            advice: String::new(),
        }],
    };
    let spans = by_name(spans_of(&all(recorder.finish(&ending))));
    let run = only(&spans, "benchmark");
    let status = run.status.as_ref().unwrap();
    assert_eq!(
        (status.code, status.message.as_str()),
        (StatusCode::Error as i32, "9 of 10 requests failed")
    );
    assert_eq!(
        run.attributes.iter().map(line).collect::<Vec<_>>(),
        [
            r#"loadspan.run.id = "0000002a""#,
            r#"loadspan.run.name = "a run""#,
            r#"loadspan.version = "0.1.0""#,
            r#"loadspan.load = "4 concurrent""#,
            r#"loadspan.model = "m""#,
            r#"loadspan.operation = "chat""#,
            "loadspan.streaming = true",
            "loadspan.sample_ratio = 1.0",
            r#"loadspan.targets = ["localhost:8000"]"#,
            r#"loadspan.server_kind = "vllm""#,
            r#"loadspan.slo = "time_to_first_token:200""#,
            r#"loadspan.verdict = "invalid""#,
            r#"loadspan.verdict.reasons = ["9 of 10 requests failed"]"#,
            "loadspan.requests.completed = 1",
            "loadspan.requests.failed = 0",
            "loadspan.requests.cancelled = 0",
            r#"error.type = "invalid""#,
        ]
    );
    assert_eq!(run.start_time_unix_nano, RUN_START);
    assert_eq!(run.end_time_unix_nano, RUN_START + 10_000_000_000);
    assert_eq!(run.events.len(), 2);
}

#[test]
fn an_incomplete_run_is_an_error_and_a_valid_one_is_not() {
    let run_of = |ending: &RunConclusion| {
        let spans = spans_of(&all(Case::new().recorder().finish(ending)));
        spans.into_iter().next_back().unwrap()
    };
    assert_eq!(run_of(&conclusion()).status, None);
    let mut ending = conclusion();
    ending.incomplete = Some("interrupted".to_owned());
    let run = run_of(&ending);
    assert_eq!(run.status.unwrap().message, "interrupted");
    assert_eq!(text(&run.attributes, "loadspan.incomplete"), Some("interrupted"));
}
