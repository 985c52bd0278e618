//! When spans end, and what happens before tracing is set up and after it is shut down.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::Status;

use crate::testing;
use crate::{SpanStatus, current_trace_id, last_active_trace_id, span, start_span, update_current_trace};

#[test]
fn nothing_set_up_means_no_ops() {
    let _turn = testing::nothing_set_up();
    let span = start_span("request").with_type("LLM");
    span.set_inputs(1);
    span.add_chunk("x");
    span.record_failure("kind", "message");
    update_current_trace().tag("a", "b");

    assert!(!span.is_recording());
    assert_eq!((span.trace_id(), span.span_id()), (None, None));
    assert_eq!((current_trace_id(), last_active_trace_id()), (None, None));
}

#[test]
fn a_span_ends_once_with_its_last_handle_or_when_told() {
    let memory = testing::state();
    let first = span("dropped").start();
    let second = first.clone();
    drop(first);
    assert!(memory.spans().is_empty());
    drop(second);
    let told = span("told").start();
    told.end();
    told.end();
    told.set_outputs("too late");
    drop(told);

    assert_eq!(memory.spans().len(), 2);
    assert_eq!(testing::text(&memory.span("told"), "mlflow.spanOutputs"), None);
}

#[test]
fn times_may_be_given() {
    let memory = testing::state();
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    let end = start + Duration::from_millis(5);
    span("past").with_start_time(start).start().end_at(end);

    let past = memory.span("past");
    assert_eq!((past.start_time, past.end_time), (start, end));
}

#[test]
fn a_span_is_fine_unless_something_is_said() {
    let memory = testing::state();
    start_span("silent").end();
    start_span("unset").set_status(SpanStatus::Unset);
    let changed = start_span("changed");
    changed.set_status(SpanStatus::error("no"));
    changed.set_status(SpanStatus::Ok);
    drop(changed);
    start_span("failed").set_status(SpanStatus::error("no"));

    assert_eq!(memory.span("silent").status, Status::Ok);
    assert_eq!(memory.span("unset").status, Status::Unset);
    assert_eq!(memory.span("changed").status, Status::Ok);
    assert_eq!(memory.span("failed").status, Status::error("no"));
}

#[test]
fn after_shutdown_nothing_is_recorded_and_nothing_breaks() {
    let memory = testing::state();
    let open = start_span("open");
    memory.state.provider.shutdown().unwrap();
    let child = start_span("child of an old span");
    assert!(!child.is_recording());
    assert!(!span("new").as_root().start().is_recording());
    drop(child);
    drop(open);

    assert!(memory.spans().is_empty());
}

#[test]
fn a_future_that_is_dropped_ends_its_span_without_a_verdict() {
    let memory = testing::state();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut waiting = Box::pin(span("cancelled").in_future(|_| async {
            let _inner = span("inner").start();
            std::future::pending::<()>().await;
        }));
        tokio::select! {
            biased;
            () = &mut waiting => {}
            () = async {} => {}
        }
    });

    assert_eq!(memory.span("cancelled").status, Status::Unset);
    let names: Vec<_> = memory.spans().iter().map(|span| span.name.clone()).collect();
    assert_eq!(names, ["inner", "cancelled"]);
}

#[test]
fn the_last_trace_is_known_after_its_root_has_ended() {
    let _memory = testing::state();
    let root = start_span("root");
    let id = root.trace_id();
    assert_eq!(current_trace_id(), id);
    assert_eq!(id.as_ref().map(String::len), Some(35));
    drop(root);

    assert_eq!(last_active_trace_id(), id);
    assert_eq!(current_trace_id(), None);
}
