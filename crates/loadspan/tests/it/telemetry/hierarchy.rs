//! Spans between a run and its requests: those of sessions and of stages.

use std::collections::HashSet;

use loadspan_testkit::{DurationExt, FakeServer, OtlpSink, SinkAnswer, every};
use loadspan_wire::otlp::any_value;
use loadspan_wire::otlp::trace::Span;

use super::{assert_adds_up, hex, ledger, server, spans, text};
use crate::harness::{Finished, Loadspan, wait_until};

#[test]
fn a_session_is_a_trace_and_the_server_hears_of_it() {
    let server = FakeServer::new().ttft(2.ms()).tokens(4, every(1.ms()));
    let (server, sink) = (
        server.keep_truths(1_000).start().unwrap(),
        OtlpSink::new().start().unwrap(),
    );
    let flags = "--streaming --isl 8 --osl 4 --num-sessions 2 --session-count 5 --session-turns-mean 3 --stream traces";
    let run = Loadspan::profile(&server, flags)
        .args(&format!("--otel-url {}", sink.url()))
        .run();
    let spans = spans(&sink);
    let of_name = |name: &str| -> Vec<&Span> { spans.iter().filter(|span| span.name == name).collect() };
    let (sessions, turns) = (of_name("session"), of_name("chat mock-model"));
    assert_eq!((sessions.len(), turns.len()), (5, 15), "{}", run.stderr);
    let traces: HashSet<&[u8]> = sessions.iter().map(|session| &session.trace_id[..]).collect();
    assert_eq!(traces.len(), 5);
    for session in &sessions {
        let own: Vec<_> = turns.iter().filter(|turn| turn.trace_id == session.trace_id).collect();
        assert_eq!(own.len(), 3);
        let conversation = text(&session.attributes, "gen_ai.conversation.id");
        assert!(conversation.is_some(), "{session:?}");
        for turn in own {
            assert_eq!(turn.parent_span_id, session.span_id);
            assert_eq!(text(&turn.attributes, "gen_ai.conversation.id"), conversation);
            assert!(turn.start_time_unix_nano >= session.start_time_unix_nano);
            assert!(turn.end_time_unix_nano <= session.end_time_unix_nano);
        }
        assert_eq!(text(&session.attributes, "loadspan.session.outcome"), Some("completed"));
    }
    let exported: HashSet<String> = turns
        .iter()
        .map(|turn| format!("00-{}-{}-01", hex(&turn.trace_id), hex(&turn.span_id)))
        .collect();
    let stats = server.stats();
    let seen = stats.requests.iter().filter_map(|truth| truth.traceparent.as_deref());
    assert_eq!(seen.map(str::to_owned).collect::<HashSet<_>>(), exported);
}

#[test]
fn stages_that_have_ended_outlive_a_kill() {
    let (server, sink) = (server(), OtlpSink::new().start().unwrap());
    let run = Loadspan::profile(&server, "-f run.yaml --stream traces --trace-scope stage")
        .args(&format!("--otel-url {}", sink.url()));
    let stages = "
streaming: true
isl: 8
osl: 4
concurrency: 2
stages:
  - name: first
    request_count: 10
  - name: endless
    request_count: 1000000
";
    std::fs::write(run.folder().join("run.yaml"), stages).unwrap();
    let running = run.start();
    let names = || spans(&sink).into_iter().map(|span| span.name).collect::<Vec<_>>();
    wait_until("the span of the first stage", || {
        names().iter().any(|name| name == "stage first")
    });
    running.signal(rustix::process::Signal::KILL);
    running.wait();
    let spans = spans(&sink);
    let first = spans.iter().find(|span| span.name == "stage first").unwrap();
    let below = spans.iter().filter(|span| span.parent_span_id == first.span_id);
    assert_eq!(below.filter(|span| span.trace_id == first.trace_id).count(), 10);
    assert_eq!(
        text(&first.attributes, "loadspan.verdict"),
        Some("degraded"),
        "one of its ten requests failed, which is known before the run is over"
    );
    assert!(
        !names()
            .iter()
            .any(|name| name == "stage endless" || name == "benchmark")
    );
}

/// Name, verdict and reasons of each stage, as its span has them.
fn judged(spans: &[Span]) -> Vec<(String, Option<String>, Vec<String>)> {
    let reasons = |span: &Span| {
        let reasons = span
            .attributes
            .iter()
            .find(|attribute| attribute.key == "loadspan.verdict.reasons");
        let value = reasons.and_then(|attribute| attribute.value.as_ref()?.value.as_ref());
        let Some(any_value::Value::ArrayValue(texts)) = value else {
            return Vec::new();
        };
        let texts = texts.values.iter().filter_map(|text| match text.value.as_ref()? {
            any_value::Value::StringValue(text) => Some(text.clone()),
            _ => None,
        });
        texts.collect()
    };
    let mut stages: Vec<&Span> = spans.iter().filter(|span| span.name.starts_with("stage ")).collect();
    stages.sort_by_key(|span| span.start_time_unix_nano);
    let verdict = |span: &Span| text(&span.attributes, "loadspan.verdict").map(str::to_owned);
    stages
        .into_iter()
        .map(|span| (span.name.clone(), verdict(span), reasons(span)))
        .collect()
}

#[test]
fn each_stage_has_the_verdict_of_the_report_whether_it_arrived_or_was_spooled() {
    let stages = "
streaming: true
isl: 8
osl: 4
stages:
  - {name: warm, role: warmup, concurrency: 2, request_count: 10}
  - {name: low, concurrency: 2, request_count: 30}
  - {name: open, request_rate: 400, request_count: 60}
";
    let run_to = |url: &str, flags: &str| {
        let server = FakeServer::new().ttft(2.ms()).tokens(4, every(1.ms())).start().unwrap();
        let run = Loadspan::profile(&server, "-f run.yaml --stream traces --otel-flush-timeout 200ms")
            .args(&format!("--otel-url {url} {flags}"));
        std::fs::write(run.folder().join("run.yaml"), stages).unwrap();
        run.run()
    };
    let expected = |run: &Finished| -> Vec<_> {
        let summary = run.summary();
        let stages = summary["stages"].as_array().unwrap().iter().map(|stage| {
            let verdict = &stage["verdict"];
            let reasons = verdict["reasons"].as_array().into_iter().flatten();
            let messages = reasons.map(|reason| reason["message"].as_str().unwrap().to_owned());
            (
                format!("stage {}", stage["name"].as_str().unwrap()),
                verdict["status"].as_str().map(str::to_owned),
                messages.collect::<Vec<_>>(),
            )
        });
        stages.collect()
    };
    for scope in ["session", "stage"] {
        let sink = OtlpSink::new().start().unwrap();
        let run = run_to(&sink.url(), &format!("--trace-scope {scope}"));
        let seen = judged(&spans(&sink));
        assert_eq!(seen, expected(&run), "{scope}");
        assert_eq!((seen.len(), &seen[0].1), (3, &None), "{scope}: warm-up is not judged");
        assert!(
            seen[1]
                .2
                .iter()
                .any(|reason| reason.starts_with("30 requests completed")),
            "{scope}: {seen:?}"
        );
    }
    let dead = OtlpSink::new().answer(SinkAnswer::unavailable()).start().unwrap();
    let run = run_to(&dead.url(), "");
    assert_adds_up(&ledger(&run, "traces"));
    let sink = OtlpSink::new().start().unwrap();
    let push = Loadspan::new(&["push"]).arg(run.path("run"));
    push.args(&format!("--otel-url {}", sink.url())).run().expect_code(0);
    assert_eq!(judged(&spans(&sink)), expected(&run), "what was spooled");
}
