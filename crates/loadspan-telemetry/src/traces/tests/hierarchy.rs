//! Which span stands below which.

use std::collections::BTreeMap;

use loadspan_record::{Finding, LoadFacts, LoadModel, Reason, Severity, StageFacts, StageRole};
use loadspan_wire::otlp::trace::status::StatusCode;

use super::*;
use crate::{SessionOutcome, StageConclusion, StageResult};

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
fn a_session_of_one_turn_is_no_conversation() {
    let lone = |index: u64| RequestRecord {
        session: Some(index),
        turn: Some(0),
        turns: Some(1),
        trace_id: 0x90 + u128::from(index),
        ..stream(index)
    };
    let spans = by_name(Case::new().scope(TraceScope::Session).spans(&[lone(0), lone(1)]));
    assert!(!spans.contains_key("session"));
    let (requests, stage) = (&spans["chat m"], only(&spans, "stage 0"));
    for request in requests {
        assert!(is_root_linked_to(request, stage, "stage"));
        assert_eq!(text(&request.attributes, "gen_ai.conversation.id"), None);
    }
    assert_eq!(requests.len(), 2);
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
        (ms(3), ms(500)),
        "from when the first was due"
    );
    assert_eq!(text(&session.attributes, "gen_ai.conversation.id"), Some("0000002a-s9"));

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
            r#"loadspan.verdict = "valid""#,
            "loadspan.verdict.reasons = []",
            "loadspan.stage = 0",
            "loadspan.requests.completed = 1",
            "loadspan.requests.failed = 1",
            "loadspan.requests.cancelled = 0",
            "loadspan.requests.warmup = 1",
        ]
    );
}

fn nine_of_ten_failed() -> Verdict {
    Verdict {
        status: VerdictStatus::Invalid,
        reasons: vec![Finding {
            reason: Reason::ErrorRate { failed: 9, share: 0.9 },
            severity: Severity::Invalid,
            stage: None,
            message: "9 of 10 requests failed".to_owned(),
            advice: String::new(),
        }],
    }
}

#[test]
fn the_span_of_the_run_carries_the_verdict() {
    let case = Case::new().with(|case| case.run.slo = Some("ttft:200".parse().unwrap()));
    let mut recorder = case.recorder();
    recorder.record(&stream(0), &case.parameters, None);
    let mut ending = conclusion();
    ending.verdict = nine_of_ten_failed();
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

fn stage_facts(number: u32, name: Option<&str>, role: StageRole) -> StageFacts {
    let load = LoadFacts {
        description: format!("{} concurrent", number + 1),
        model: LoadModel::Closed {
            concurrency: number + 1,
        },
    };
    StageFacts {
        name: name.map(str::to_owned),
        role,
        ..StageFacts::planned(number, load)
    }
}

fn ended(stage: u32, [started, ended]: [u64; 2]) -> StageConclusion {
    StageConclusion {
        stage,
        load_started_at: at_ms(started),
        ended_at: at_ms(ended),
        incomplete: None,
    }
}

fn judged(stage: u32, ended: u64, verdict: Option<Verdict>) -> StageResult {
    StageResult {
        stage,
        ended_at: at_ms(ended),
        verdict,
    }
}

/// What a recorder has to export by now.
fn so_far(recorder: &mut TraceRecorder) -> Vec<Span> {
    let late = RunOffset::from_nanos(u64::MAX);
    let mut payloads: Vec<_> = std::iter::from_fn(|| recorder.take_payload(late)).collect();
    payloads.extend(std::iter::from_fn(|| recorder.take_above(late)));
    spans_of(&payloads)
}

#[test]
fn a_stage_is_exported_when_it_has_ended_and_is_judged_whichever_is_first() {
    let case = Case::new().with(|case| {
        case.run.stages = [0, 1, 2]
            .map(|number| stage_facts(number, None, StageRole::Measured))
            .into();
    });
    let mut recorder = case.recorder();
    let stages = |recorder: &mut TraceRecorder| {
        let spans = so_far(recorder).into_iter();
        spans.filter(|span| span.name.starts_with("stage")).collect::<Vec<_>>()
    };
    let of_stage = |stage| RequestRecord {
        stage,
        ..stream(u64::from(stage))
    };
    recorder.record(&of_stage(0), &case.parameters, None);
    recorder.end_stage(&ended(0, [1, 200]));
    assert!(stages(&mut recorder).is_empty(), "it is not judged");
    recorder.judge_stage(judged(0, 200, Some(nine_of_ten_failed())));
    let [first] = stages(&mut recorder).try_into().unwrap();
    assert_eq!(
        first.end_time_unix_nano,
        RUN_START + 200_000_000,
        "when its last request ended"
    );
    assert_eq!(text(&first.attributes, "loadspan.verdict"), Some("invalid"));
    assert_eq!(text(&first.attributes, "error.type"), Some("invalid"));
    let status = first.status.unwrap();
    assert_eq!(
        (status.code, status.message.as_str()),
        (StatusCode::Error as i32, "9 of 10 requests failed")
    );

    recorder.judge_stage(judged(1, 400, Some(conclusion().verdict)));
    recorder.record(&of_stage(1), &case.parameters, None);
    assert!(stages(&mut recorder).is_empty(), "it has not ended");
    recorder.end_stage(&ended(1, [300, 400]));
    let [second] = stages(&mut recorder).try_into().unwrap();
    assert_eq!(
        (second.start_time_unix_nano, second.status.is_none()),
        (RUN_START + 5_000_000, true)
    );
    assert_eq!(
        second.attributes.iter().map(line).skip(3).take(4).collect::<Vec<_>>(),
        [
            r#"loadspan.verdict = "valid""#,
            "loadspan.verdict.reasons = []",
            "loadspan.stage = 1",
            "loadspan.requests.completed = 1",
        ]
    );

    recorder.end_stage(&StageConclusion {
        incomplete: Some("interrupted".to_owned()),
        ..ended(2, [500, 600])
    });
    let mut ending = conclusion();
    ending.stages = vec![judged(2, 600, Some(nine_of_ten_failed()))];
    let last = by_name(spans_of(&all(recorder.finish(&ending))));
    assert_eq!(last.keys().collect::<Vec<_>>(), ["benchmark", "stage 2"], "none twice");
    let third = only(&last, "stage 2");
    assert_eq!(text(&third.attributes, "loadspan.verdict"), Some("invalid"));
    assert_eq!(text(&third.attributes, "loadspan.incomplete"), Some("interrupted"));
    assert_eq!(text(&third.attributes, "error.type"), Some("incomplete"));
}

#[test]
fn what_is_below_a_stage_does_not_wait_for_its_verdict() {
    let case = Case::new();
    let mut recorder = case.recorder();
    let turn = RequestRecord {
        session: Some(3),
        turn: Some(0),
        ..stream(0)
    };
    recorder.record(&turn, &case.parameters, None);
    recorder.end_stage(&ended(0, [1, 200]));
    let names: Vec<_> = so_far(&mut recorder).into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["chat m", "session"]);
}

#[test]
fn a_stage_is_exported_when_it_has_ended() {
    let case = Case::new().scope(TraceScope::Stage).with(|case| {
        case.run.stages = vec![
            stage_facts(0, Some("warm"), StageRole::Warmup),
            stage_facts(1, None, StageRole::Measured),
        ];
    });
    let plan = case.run.trace_plan.unwrap();
    let of_stage = |stage, index| RequestRecord {
        stage,
        trace_id: plan.trace_ids.of(stage, None, 1),
        ..stream(index)
    };
    let mut recorder = case.recorder();
    recorder.record(&of_stage(0, 0), &case.parameters, None);
    recorder.end_stage(&ended(0, [1, 200]));
    recorder.judge_stage(judged(0, 200, None));
    let first = by_name(so_far(&mut recorder));
    let warm = only(&first, "stage warm");
    let ms = |ms: u64| RUN_START + ms * 1_000_000;
    assert_eq!((warm.start_time_unix_nano, warm.end_time_unix_nano), (ms(1), ms(200)));
    assert_eq!(
        warm.attributes.iter().map(line).take(5).collect::<Vec<_>>(),
        [
            r#"loadspan.run.id = "0000002a""#,
            r#"loadspan.stage.name = "warm""#,
            r#"loadspan.stage.role = "warmup""#,
            r#"loadspan.load = "1 concurrent""#,
            "loadspan.stage = 0",
        ]
    );
    assert!(is_below(only(&first, "chat m"), warm));
    recorder.record(&of_stage(1, 1), &case.parameters, None);
    // Nobody says that the second one has ended.
    let mut ending = conclusion();
    let degraded = Verdict {
        status: VerdictStatus::Degraded,
        reasons: Vec::new(),
    };
    ending.stages = vec![judged(0, 200, Some(degraded))];
    let rest = by_name(spans_of(&all(recorder.finish(&ending))));
    let (run, second) = (only(&rest, "benchmark"), only(&rest, "stage 1"));
    assert!(is_root_linked_to(warm, run, "run") && is_root_linked_to(second, run, "run"));
    assert_ne!(warm.trace_id, second.trace_id);
    let event = run.events.iter().find(|event| event.name == "loadspan.stage_ended");
    let event = event.unwrap();
    assert_eq!(event.time_unix_nano, ms(200));
    assert_eq!(
        event.attributes.iter().map(line).collect::<Vec<_>>(),
        [
            "loadspan.stage = 0",
            r#"loadspan.stage.name = "warm""#,
            r#"loadspan.verdict = "degraded""#,
        ]
    );
}

#[test]
fn a_session_is_exported_when_it_has_ended_and_its_turns_before() {
    let case = Case::new().scope(TraceScope::Session);
    let plan = case.run.trace_plan.unwrap();
    let turn = |session, turn| RequestRecord {
        session: Some(session),
        turn: Some(turn),
        trace_id: plan.trace_ids.of(0, Some(session), 1),
        ..stream(session * 10 + u64::from(turn))
    };
    let failing = RequestRecord {
        outcome: Outcome::Failed(Failure::new(FailureKind::HttpStatus(503))),
        ..turn(4, 1)
    };
    let again = RequestRecord {
        attempt: 1,
        span_id: 77,
        ..failing.clone()
    };
    let mut recorder = case.recorder();
    for record in [turn(4, 0), failing, again, turn(5, 0)] {
        recorder.record(&record, &case.parameters, None);
    }
    let turns = so_far(&mut recorder);
    assert!(turns.len() == 4 && turns.iter().all(|span| span.name == "chat m"));
    recorder.end_session(4, SessionOutcome::Failed);
    let session = so_far(&mut recorder);
    let [session] = session.as_slice() else {
        panic!("{session:?}")
    };
    assert!(turns[..3].iter().all(|turn| is_below(turn, session)));
    assert!(!is_below(&turns[3], session));
    assert_eq!(
        session.attributes.iter().map(line).take(5).collect::<Vec<_>>(),
        [
            r#"gen_ai.conversation.id = "0000002a-s4""#,
            "loadspan.session = 4",
            r#"loadspan.session.outcome = "failed""#,
            "loadspan.session.turns = 2",
            r#"error.type = "http_status_503""#,
        ]
    );
    recorder.end_stage(&ended(0, [1, 200]));
    let rest = by_name(spans_of(&all(recorder.finish(&conclusion()))));
    let other = only(&rest, "session");
    assert!(is_below(&turns[3], other), "one of which nobody has said that it ended");
    assert_eq!(value(&other.attributes, "loadspan.session.outcome"), None);
    assert!(is_root_linked_to(session, only(&rest, "stage 0"), "stage"));
}

#[test]
fn a_session_that_is_sampled_out_has_no_span_but_for_a_slow_turn() {
    let turn = |session: u64, slow: u64| {
        let mut record = stream(session);
        (record.session, record.turn, record.trace_id) = (Some(session), Some(0), u128::from(u64::MAX - session));
        record.timings.last_token_at = Some(at_ms(200 + slow));
        record.timings.finished_at = at_ms(200 + slow);
        record
    };
    let case = Case::new().scope(TraceScope::Session).sampling(0.0).keep(false, 1);
    let case = case.scope(TraceScope::Session);
    let mut recorder = case.recorder();
    for (session, slow) in [(0, 5), (1, 50), (2, 7)] {
        recorder.record(&turn(session, slow), &case.parameters, None);
        recorder.end_session(session, SessionOutcome::Completed);
    }
    recorder.end_stage(&ended(0, [1, 300]));
    let spans = by_name(so_far(&mut recorder));
    let session = only(&spans, "session");
    assert_eq!(text(&session.attributes, "gen_ai.conversation.id"), Some("0000002a-s1"));
    assert!(is_below(only(&spans, "chat m"), session));
}
