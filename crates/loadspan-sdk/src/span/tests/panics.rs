//! Panics and errors within spans.

use std::panic::{AssertUnwindSafe, catch_unwind};

use opentelemetry::trace::{Event, Status};
use opentelemetry_sdk::trace::SpanData;

use crate::testing::{self, Memory};
use crate::{span, start_span};

fn exceptions(span: &SpanData) -> Vec<&Event> {
    span.events.iter().filter(|event| event.name == "exception").collect()
}

fn value(event: &Event, key: &str) -> Option<String> {
    let attribute = event
        .attributes
        .iter()
        .find(|attribute| attribute.key.as_str() == key)?;
    Some(attribute.value.as_str().into_owned())
}

fn assert_panicked(memory: &Memory, name: &str, message: &str) {
    let span = memory.span(name);
    assert_eq!(span.status, Status::error(format!("panic: {message}")));
    let [exception] = exceptions(&span)[..] else {
        panic!("one exception expected");
    };
    assert_eq!(value(exception, "exception.type").as_deref(), Some("panic"));
    assert_eq!(value(exception, "exception.message").as_deref(), Some(message));
}

fn panics(call: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
}

#[test]
fn a_panic_in_a_closure_is_told_and_goes_on() {
    let memory = testing::state();
    panics(|| span("closure").in_scope(|_| panic!("no {}", "way")));

    assert_panicked(&memory, "closure", "no way");
    assert!(!crate::current_span().is_recording());
}

#[test]
fn a_panic_below_a_guard_is_told() {
    let memory = testing::state();
    panics(|| {
        let _guard = start_span("guard");
        panic!("no way");
    });

    assert_panicked(&memory, "guard", "the thread panicked");
}

#[test]
fn a_panic_in_a_future_is_told_and_goes_on() {
    let memory = testing::state();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let task = span("future").in_future(|_| async {
        tokio::task::yield_now().await;
        panic!("no way");
    });
    panics(|| runtime.block_on(task));

    assert_panicked(&memory, "future", "no way");
}

#[test]
fn spans_made_while_a_thread_unwinds_are_not_blamed() {
    struct Cleanup;
    impl Drop for Cleanup {
        fn drop(&mut self) {
            start_span("cleanup").end();
            span("closure").in_scope(|_| ());
        }
    }
    let memory = testing::state();
    panics(|| {
        let _cleanup = Cleanup;
        panic!("no way");
    });

    assert_eq!(memory.span("cleanup").status, Status::Ok);
    assert_eq!(memory.span("closure").status, Status::Ok);
}

#[test]
fn an_exception_tells_its_type_and_what_is_behind_it() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot load")]
    struct Outer(#[source] std::num::ParseIntError);

    let memory = testing::state();
    let error = Outer("x".parse::<u32>().unwrap_err());
    start_span("failed").record_exception(&error);

    let failed = memory.span("failed");
    let exception = exceptions(&failed)[0];
    assert!(value(exception, "exception.type").is_some_and(|kind| kind.ends_with("::Outer")));
    assert_eq!(value(exception, "exception.message").as_deref(), Some("cannot load"));
    assert_eq!(
        value(exception, "exception.stacktrace").as_deref(),
        Some("cannot load\ncaused by: invalid digit found in string")
    );
    assert!(matches!(&failed.status, Status::Error { description } if description.ends_with("::Outer: cannot load")));
}
