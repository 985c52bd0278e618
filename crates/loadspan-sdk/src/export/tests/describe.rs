//! What an MLflow server is told of traces, beside their spans.

use std::time::Instant;

use super::mlflow::{Asked, FakeMlflow, exports_to, submit_trace};
use super::*;

const TRACES: &str = "POST /api/3.0/mlflow/traces ";

fn takes_all(_: &Asked) -> (u16, &'static str) {
    (200, "{}")
}

/// Spans are taken; whoever tells it of a trace waits for ever.
fn hangs_on_traces(asked: &Asked) -> (u16, &'static str) {
    while asked.line.starts_with(TRACES) {
        std::thread::park();
    }
    (200, "{}")
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn only_whoever_has_the_root_speaks_for_the_trace() {
    let server = FakeMlflow::start(takes_all);
    let exports = exports_to(&server, &[]);
    let mut of_a_service = span(2, 1, &[]);
    of_a_service.parent_span_is_remote = true;
    exports.submit(Arc::new(of_a_service), Some(Arc::default()));
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    assert_eq!(numbers(&exports, "mlflow"), [1, 1, 0, 0, 0]);
    assert!(server.asked(TRACES).is_empty());

    exports.submit(Arc::new(span(1, 0, &[])), Some(Arc::default()));
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    assert_eq!(server.asked(TRACES).len(), 1);
}

#[test]
fn the_tokens_of_a_trace_over_several_services_are_counted_by_the_server() {
    let usage = ("mlflow.chat.tokenUsage", r#"{"input_tokens":3}"#);
    for is_propagated in [false, true] {
        let server = FakeMlflow::start(takes_all);
        let exports = exports_to(&server, &[]);
        let trace = TraceInfo {
            is_propagated,
            ..TraceInfo::default()
        };
        exports.submit(Arc::new(span(1, 0, &[usage])), Some(Arc::new(trace)));
        assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
        let told = &server.trace_info()["trace_metadata"]["mlflow.trace.tokenUsage"];
        assert_eq!(told.is_null(), is_propagated);
    }
}

#[test]
fn a_span_that_was_delivered_is_let_go_although_its_trace_waits_to_be_described() {
    let server = FakeMlflow::start(hangs_on_traces);
    let exports = exports_to(&server, &[]);
    let root = Arc::new(span(1, 0, &[]));
    let held = Arc::downgrade(&root);
    exports.submit(root, Some(Arc::default()));

    assert_eq!(exports.flush(Duration::from_millis(1)), FlushOutcome::TimedOut);
    wait_until("the span is exported", || {
        numbers(&exports, "mlflow") == [1, 1, 0, 0, 0]
    });
    wait_until("the span is let go", || held.strong_count() == 0);

    assert_eq!(exports.shut_down(Duration::ZERO), FlushOutcome::TimedOut);
}

#[test]
fn a_description_that_hangs_ends_with_the_patience_for_it() {
    let server = FakeMlflow::start(hangs_on_traces);
    let exports = exports_to(
        &server,
        &[("MLFLOW_HTTP_REQUEST_TIMEOUT", "0"), ("OTEL_BSP_EXPORT_TIMEOUT", "300")],
    );
    for _ in 0..5 {
        submit_trace(&exports);
    }
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    assert_eq!(numbers(&exports, "mlflow"), [15, 15, 0, 0, 0]);
}

#[test]
fn what_is_shown_of_exports_is_counts() {
    let server = FakeMlflow::start(takes_all);
    let exports = exports_to(&server, &[]);
    let secret = ("mlflow.spanInputs", "\"confidential\"");
    exports.submit(Arc::new(span(1, 0, &[secret])), Some(Arc::default()));
    let shown = format!("{exports:?}");
    assert!(!shown.contains("confidential") && shown.len() < 2_000, "{shown}");
}
