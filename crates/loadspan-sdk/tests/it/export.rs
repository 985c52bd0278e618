//! Tracing as an application sets it up, from the builder to the socket. There is one set-up in a process: tests take turns.

use std::time::{Duration, Instant};

use loadspan_sdk::{Attachment, FlushOutcome, InitError};
use loadspan_testkit::{OtlpSink, SinkAnswer};
use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::{NOTHING, PATIENCE, builder, turn};

fn trace() {
    let root = loadspan_sdk::start_span("root");
    root.set_inputs(1);
    drop(loadspan_sdk::start_span("child"));
}

#[test]
fn a_dropped_guard_flushes_without_a_runtime() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let guard = builder(&sink).init().unwrap();
    trace();
    drop(guard);
    assert_eq!(sink.counts().spans, 2);
}

#[tokio::test(flavor = "current_thread")]
async fn a_dropped_guard_flushes_within_a_current_thread_runtime() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let guard = builder(&sink).init().unwrap();
    trace();
    drop(guard);
    assert_eq!(sink.counts().spans, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::await_holding_lock, reason = "tests take turns, each on a thread of its own")]
async fn a_dropped_guard_flushes_within_a_multi_thread_runtime() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let guard = builder(&sink).init().unwrap();
    tokio::spawn(async { trace() }).await.unwrap();
    drop(guard);
    assert_eq!(sink.counts().spans, 2);
}

#[test]
fn a_dropped_guard_waits_no_longer_than_it_may() {
    let _turn = turn();
    let sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    let guard = builder(&sink).flush_timeout(Duration::from_millis(100)).init().unwrap();
    trace();
    let start = Instant::now();
    drop(guard);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn one_at_a_time() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let first = builder(&sink).init().unwrap();
    assert_eq!(builder(&sink).init().unwrap_err(), InitError::AlreadySetUp);
    trace();
    assert_eq!(
        loadspan_sdk::flush(PATIENCE),
        FlushOutcome::Complete,
        "the first goes on"
    );
    drop(first);
    let second = builder(&sink).init().unwrap();
    trace();
    drop(second);
    assert_eq!(sink.counts().spans, 4);
}

#[test]
fn nothing_is_no_error() {
    let _turn = turn();
    let guard = loadspan_sdk::builder().environment(NOTHING).init().unwrap();
    assert!(!guard.is_active());
    trace();
    assert!(loadspan_sdk::counts().is_empty());
    assert_eq!(guard.shutdown(PATIENCE), (FlushOutcome::Complete, Vec::new()));
}

#[test]
fn disabled_is_disabled() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let endpoint = sink.url();
    let variables = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.as_str()),
        ("OTEL_SDK_DISABLED", "true"),
    ];
    let guard = loadspan_sdk::builder().environment(variables).init().unwrap();
    trace();
    assert!(!guard.is_active());
    drop(guard);
    assert_eq!(sink.counts().requests, 0);
}

#[test]
fn a_wrong_setting_is_an_error_of_its_method() {
    let _turn = turn();
    let error = loadspan_sdk::builder()
        .environment(NOTHING)
        .sampling_ratio(2.0)
        .init()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Builder::sampling_ratio: `2` makes no sense; expected a number from 0 to 1"
    );
    let error = loadspan_sdk::builder()
        .environment(NOTHING)
        .tracking_uri("file:///tmp/mlruns")
        .init()
        .unwrap_err();
    assert!(error.to_string().starts_with("Builder::tracking_uri: "), "{error}");
}

#[test]
fn spans_that_end_after_the_end_are_counted_as_dropped() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let guard = builder(&sink).init().unwrap();
    let late = loadspan_sdk::span("late").start();
    trace();
    let (outcome, counts) = guard.shutdown(PATIENCE);
    assert_eq!((outcome, counts[0].exported), (FlushOutcome::Complete, 2));
    late.end();
    trace();
    assert_eq!(sink.counts().spans, 2);
    let counts = &loadspan_sdk::counts()[0];
    assert_eq!((counts.produced, counts.exported, counts.dropped), (3, 2, 1));
}

#[test]
fn the_applications_own_provider_gives_us_its_spans_and_resource() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let mut own = None;
    let guard = builder(&sink)
        .init_with_provider(|mlflow| {
            let provider = SdkTracerProvider::builder().with_span_processor(mlflow).build();
            own = Some(provider.clone());
            provider
        })
        .unwrap();
    let provider = own.unwrap();
    provider.tracer("application").in_span("http", |_| trace());
    let (_, counts) = guard.shutdown(PATIENCE);
    assert_eq!(counts[0].exported, 3);
    provider.shutdown().unwrap();
}

#[test]
fn globally_attached_spans_of_others_are_exported() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let guard = builder(&sink).attachment(Attachment::Global).init().unwrap();
    opentelemetry::global::tracer("application").in_span("http", |_| trace());
    let (_, counts) = guard.shutdown(PATIENCE);
    assert_eq!(counts[0].exported, 3);
}

#[test]
fn secrets_are_not_shown() {
    let _turn = turn();
    let builder = loadspan_sdk::builder()
        .environment([("MLFLOW_TRACKING_TOKEN", "canary")])
        .credentials("me", "canary")
        .otlp_headers(&[("x-key", "canary")])
        .otlp_endpoint("http://me:canary@localhost:4317");
    assert!(!format!("{builder:?}").contains("canary"));
    let guard = builder.init().unwrap();
    assert!(!format!("{guard:?}").contains("canary"));
}
