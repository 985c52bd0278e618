//! Telemetry of whole runs: what arrives, what the server under test is told, and what becomes of it when nobody takes it.

mod hierarchy;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use loadspan_testkit::{
    DurationExt, FakeServer, Fault, OtlpSink, RunningOtlpSink, RunningServer, Script, SinkAnswer, SinkSignal, When,
    every,
};
use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::{ExportTraceServiceRequest, KeyValue, Message, any_value};
use serde_json::Value;

use crate::harness::{Finished, Loadspan, wait_until};

const REQUESTS: u64 = 40;

fn server() -> RunningServer {
    let failing = Script::new().fault(Fault::status(503));
    let server = FakeServer::new().ttft(2.ms()).tokens(4, every(1.ms()));
    server
        .on(When::EveryNth(8), failing)
        .keep_truths(10_000)
        .start()
        .unwrap()
}

fn run_with(server: &RunningServer, sink: &RunningOtlpSink, flags: &str) -> Finished {
    exporting(server, &sink.url(), flags).run().expect_code(0)
}

fn exporting(server: &RunningServer, url: &str, flags: &str) -> Loadspan {
    Loadspan::profile(server, "--streaming --isl 8 --osl 4 --concurrency 4")
        .args(&format!("--request-count {REQUESTS} --otel-url {url} {flags}"))
}

/// The ledger of a signal.
fn ledger(run: &Finished, signal: &str) -> Value {
    let summary = run.summary();
    let signals = summary["telemetry"]["signals"].as_array().unwrap();
    let ledger = signals.iter().find(|ledger| ledger["signal"] == signal);
    ledger.unwrap_or_else(|| panic!("no {signal}: {summary:#}")).clone()
}

fn fate(ledger: &Value, name: &str) -> u64 {
    ledger[name].as_u64().unwrap()
}

#[track_caller]
fn assert_adds_up(ledger: &Value) {
    let fates = ["delivered", "rejected", "spooled", "dropped"].map(|name| fate(ledger, name));
    assert_eq!(fate(ledger, "produced"), fates.iter().sum::<u64>(), "{ledger:#}");
}

/// The spans that a sink has accepted.
fn spans(sink: &RunningOtlpSink) -> Vec<Span> {
    let traces = sink
        .accepted()
        .into_iter()
        .filter(|accepted| accepted.signal == SinkSignal::Traces);
    let requests = traces.map(|accepted| ExportTraceServiceRequest::decode(accepted.body).unwrap());
    requests
        .flat_map(|request| request.resource_spans)
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect()
}

/// The text of an attribute.
fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn everything_arrives_and_the_report_can_be_made_again() {
    for protocol in ["grpc", "http/protobuf", "http/json"] {
        let (server, sink) = (server(), OtlpSink::new().start().unwrap());
        let run = run_with(&server, &sink, &format!("--otel-protocol {protocol} --stream all"));
        let (traces, metrics) = (ledger(&run, "traces"), ledger(&run, "metrics"));
        assert_eq!(
            fate(&traces, "delivered"),
            REQUESTS + 2,
            "{protocol}: requests, stage and run"
        );
        for (ledger, counted) in [(&traces, sink.counts().spans), (&metrics, sink.counts().data_points)] {
            assert_adds_up(ledger);
            assert_eq!(fate(ledger, "delivered"), counted, "{protocol}: {ledger:#}");
        }
        assert!(run.stdout.contains("Traces "), "{}", run.stdout);
        let written = run.read("run/summary.json");
        assert!(run.report("").expect_code(0).stdout.contains("Traces "));
        assert_eq!(run.read("run/summary.json"), written);
    }
}

#[test]
fn the_server_sees_the_span_that_is_exported() {
    let (server, sink) = (server(), OtlpSink::new().start().unwrap());
    run_with(&server, &sink, "--stream traces --trace-sample-ratio 0.5");
    let exported: HashSet<String> = spans(&sink)
        .iter()
        .filter(|span| span.kind == 3)
        .map(|span| format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id)))
        .collect();
    let stats = server.stats();
    let seen: Vec<&str> = stats
        .requests
        .iter()
        .filter_map(|truth| truth.traceparent.as_deref())
        .collect();
    assert_eq!(seen.len() as u64, REQUESTS, "each request has the header");
    let sampled: HashSet<String> = seen
        .iter()
        .filter(|header| header.ends_with("-01"))
        .map(ToString::to_string)
        .collect();
    assert_eq!(sampled, exported);
    assert!((5..35).contains(&exported.len()), "{}", exported.len());
}

#[test]
fn without_propagation_and_without_traces_the_server_is_told_nothing() {
    for flags in ["--stream traces --no-propagate", "--stream default"] {
        let (server, sink) = (server(), OtlpSink::new().start().unwrap());
        run_with(&server, &sink, flags);
        assert!(
            server.stats().requests.iter().all(|truth| truth.traceparent.is_none()),
            "{flags}"
        );
    }
}

#[test]
fn failures_have_their_class_and_the_run_its_verdict() {
    let (server, sink) = (server(), OtlpSink::new().start().unwrap());
    let run = run_with(&server, &sink, "--stream traces");
    let spans = spans(&sink);
    let failed = spans
        .iter()
        .filter(|span| text(&span.attributes, "error.type") == Some("http_status_503"));
    assert_eq!(
        failed.count() as u64,
        run.summary()["counts"]["failed"].as_u64().unwrap()
    );
    let benchmark = spans.iter().find(|span| span.name == "benchmark").unwrap();
    let verdict = run.summary()["verdict"]["status"].as_str().unwrap().to_owned();
    assert_eq!(text(&benchmark.attributes, "loadspan.verdict"), Some(verdict.as_str()));
}

#[test]
fn content_is_exported_only_when_asked_for() {
    let content = |flags: &str| {
        let (server, sink) = (server(), OtlpSink::new().start().unwrap());
        run_with(&server, &sink, &format!("--stream traces {flags}"));
        let spans = spans(&sink);
        let with = |key| {
            spans
                .iter()
                .filter(|span| text(&span.attributes, key).is_some())
                .count() as u64
        };
        (with("gen_ai.input.messages"), with("gen_ai.output.messages"))
    };
    assert_eq!(content(""), (0, 0));
    // A request that failed had a prompt and no answer.
    let (prompts, answers) = content("--capture-content");
    assert_eq!(prompts, REQUESTS);
    assert!((REQUESTS * 3 / 4..REQUESTS).contains(&answers), "{answers}");
}

#[test]
fn without_a_collector_the_run_is_the_same_and_push_delivers_once() {
    let server = server();
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let started = Instant::now();
    let run = exporting(&server, &nobody, "--stream all --otel-flush-timeout 1")
        .run()
        .expect_code(0);
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    for signal in ["traces", "metrics"] {
        let ledger = ledger(&run, signal);
        assert_adds_up(&ledger);
        assert_eq!(fate(&ledger, "spooled"), fate(&ledger, "produced"), "{ledger:#}");
        let warnings = run
            .stderr
            .matches(&format!("warning: {signal} cannot be delivered"))
            .count();
        assert_eq!(warnings, 1, "{}", run.stderr);
    }
    let produced = fate(&ledger(&run, "traces"), "produced");

    let sink = OtlpSink::new().start().unwrap();
    let push = |flags: &str| Loadspan::new(&["push"]).arg(run.path("run")).args(flags).run();
    let refused = push("");
    assert_eq!(
        refused.code,
        Some(3),
        "the recorded endpoint is still dead: {}",
        refused.stdout
    );
    push(&format!("--otel-url {}", sink.url())).expect_code(0);
    assert_eq!(sink.counts().spans, produced);
    let again = push(&format!("--otel-url {}", sink.url())).expect_code(0);
    assert!(again.stdout.contains("nothing to push"), "{}", again.stdout);
    assert_eq!(sink.counts().spans, produced);
}

#[test]
fn a_hanging_collector_costs_the_flush_timeout_and_no_more() {
    let server = FakeServer::new().ttft(2.ms()).tokens(4, every(1.ms())).start().unwrap();
    let sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    let started = Instant::now();
    let run = run_with(&server, &sink, "--stream all --otel-flush-timeout 1");
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    assert_eq!(run.summary()["counts"]["completed"], REQUESTS, "{}", run.stdout);
    let traces = ledger(&run, "traces");
    assert_adds_up(&traces);
    assert_eq!(fate(&traces, "delivered"), 0);
}

#[test]
fn telemetry_can_be_required() {
    let (server, sink) = (
        server(),
        OtlpSink::new().answer(SinkAnswer::unavailable()).start().unwrap(),
    );
    let flags = "--stream default --otel-flush-timeout 1 --telemetry-required";
    let run = exporting(&server, &sink.url(), flags).run().expect_code(3);
    assert!(run.stderr.contains("--telemetry-required"), "{}", run.stderr);
    let (server, sink) = (self::server(), OtlpSink::new().start().unwrap());
    run_with(&server, &sink, flags);
}

#[test]
fn flags_without_an_effect_are_refused() {
    let server = server();
    for flags in [
        "--stream default",
        "--otel-header a=b",
        "--trace-sample-ratio 0.5",
        "--otel-url localhost:4318 --stream metrics --capture-content",
        "--otel-url ftp://localhost",
        "--server-metrics http://h --no-server-metrics",
    ] {
        let run = Loadspan::profile(&server, flags).run().expect_code(2);
        assert!(run.stderr.contains("--"), "{flags}: {}", run.stderr);
    }
}

#[test]
fn spans_go_to_stdout_when_there_is_no_endpoint() {
    let server = server();
    let profile = |flags: &str| {
        Loadspan::profile(&server, "--streaming --isl 8 --osl 4 --request-count 5")
            .args(flags)
            .env("OTEL_TRACES_ENABLED", "true")
            .run()
    };
    let run = profile("").expect_code(0);
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        lines.iter().all(|line| line["resourceSpans"].is_array()),
        "{}",
        run.stdout
    );
    assert_eq!(ledger(&run, "traces")["delivered"], 7);
    let mixed = profile("--output-format json").expect_code(2);
    assert!(mixed.stderr.contains("--otel-url"), "{}", mixed.stderr);
}

#[test]
fn an_interrupted_run_says_so_in_its_span() {
    let (server, sink) = (server(), OtlpSink::new().start().unwrap());
    let run = Loadspan::profile(
        &server,
        "--streaming --isl 8 --osl 4 --concurrency 2 --request-count 1000000 --stream traces",
    )
    .args(&format!("--otel-url {}", sink.url()))
    .start();
    wait_until("some requests are done", || server.stats().generation_requests > 20);
    run.signal(rustix::process::Signal::INT);
    let run = run.wait().expect_code(130);
    let spans = spans(&sink);
    let benchmark = spans.iter().find(|span| span.name == "benchmark").unwrap();
    assert_eq!(text(&benchmark.attributes, "loadspan.incomplete"), Some("interrupted"));
    assert_adds_up(&ledger(&run, "traces"));
}

#[test]
fn what_the_server_says_of_itself_is_in_the_report() {
    let server = FakeServer::new()
        .kind(loadspan_testkit::ServerKind::Vllm)
        .ttft(20.ms())
        .tokens(8, every(10.ms()))
        .start()
        .unwrap();
    let run = Loadspan::profile(
        &server,
        "--streaming --isl 8 --osl 8 --concurrency 4 --benchmark-duration 2.5",
    )
    .run()
    .expect_code(0);
    assert!(run.stdout.contains("Server "), "{}", run.stdout);
    let running = &run.summary()["server"][0]["gauges"]["requests_running"];
    assert!(
        running["max"].as_f64().is_some_and(|most| most <= 4.0 && most > 0.0),
        "{running}"
    );
    let written = run.read("run/summary.json");
    run.report("").expect_code(0);
    assert_eq!(run.read("run/summary.json"), written);
    let silent = Loadspan::profile(&server, "--isl 8 --osl 8 --request-count 5 --no-server-metrics")
        .run()
        .expect_code(0);
    assert!(!silent.path("run/server_metrics.jsonl").exists());
}

#[test]
fn ctrl_c_in_the_flush_leaves_the_rest_to_the_spool() {
    let server = server();
    let sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    let run = exporting(&server, &sink.url(), "--stream all --otel-flush-timeout 60").start();
    let report = run.path("run/summary.json");
    wait_until("the report is written", || report.exists());
    run.signal(rustix::process::Signal::INT);
    let run = run.wait().expect_code(0);
    assert!(run.stderr.contains("is left to `loadspan push`"), "{}", run.stderr);
    for signal in ["traces", "metrics"] {
        let ledger = ledger(&run, signal);
        assert_adds_up(&ledger);
        assert_eq!(fate(&ledger, "spooled"), fate(&ledger, "produced"), "{ledger:#}");
    }
}

#[test]
fn push_knows_a_run_that_was_killed_in_the_flush() {
    let server = server();
    let sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    let run = exporting(&server, &sink.url(), "--stream traces --otel-flush-timeout 60").start();
    let report = run.path("run/summary.json");
    wait_until("the report is written", || report.exists());
    run.signal(rustix::process::Signal::KILL);
    let run = run.wait();
    let push = Loadspan::new(&["push"]).arg(run.path("run")).run().expect_code(0);
    assert!(push.stdout.contains("was killed"), "{}", push.stdout);
}

#[test]
fn a_certificate_that_is_not_there_is_told_before_anything_is_written() {
    let server = server();
    let run = exporting(&server, "https://localhost:4318", "--stream default")
        .env("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nonexistent/ca.pem")
        .run()
        .expect_code(2);
    assert!(
        run.stderr.contains("/nonexistent/ca.pem") && run.stderr.contains("hint: "),
        "{}",
        run.stderr
    );
    assert!(!run.path("run").exists());
}

#[test]
fn push_tells_what_it_cannot_push() {
    let server = server();
    let push = |run: &Finished| Loadspan::new(&["push"]).arg(run.path("run")).run();
    let sink = OtlpSink::new().start().unwrap();
    let delivered = run_with(&server, &sink, "--stream default");
    assert!(
        push(&delivered)
            .expect_code(0)
            .stdout
            .contains("everything was delivered")
    );
    let silent = Loadspan::profile(&server, "--request-count 5").run().expect_code(0);
    assert!(push(&silent).expect_code(0).stdout.contains("exported no telemetry"));
    let rejecting = OtlpSink::new().answer(SinkAnswer::invalid()).start().unwrap();
    let rejected = run_with(&server, &rejecting, "--stream default");
    assert!(push(&rejected).expect_code(0).stdout.contains("rejected"));
}

#[test]
fn what_was_pushed_is_delivered_in_the_report() {
    let (server, sink) = (
        server(),
        OtlpSink::new().answer(SinkAnswer::unauthenticated()).start().unwrap(),
    );
    let run = run_with(&server, &sink, "--stream traces --otel-flush-timeout 1");
    assert_eq!(fate(&ledger(&run, "traces"), "spooled"), REQUESTS + 2);
    sink.set_answer(SinkAnswer::ok());
    Loadspan::new(&["push"]).arg(run.path("run")).run().expect_code(0);
    let pushed = ledger(&run, "traces");
    assert_eq!(
        (fate(&pushed, "spooled"), fate(&pushed, "delivered")),
        (0, REQUESTS + 2),
        "{pushed:#}"
    );
    let written = run.read("run/summary.json");
    run.report("").expect_code(0);
    assert_eq!(run.read("run/summary.json"), written);
}
