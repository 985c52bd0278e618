//! Which span is below which.

use opentelemetry::trace::SpanId;

use crate::testing::{self, Memory};
use crate::{TracedFuture, current_span, span, start_span};

fn assert_child(memory: &Memory, child: &str, parent: &str) {
    let (child, parent) = (memory.span(child), memory.span(parent));
    assert_eq!(child.parent_span_id, parent.span_context.span_id());
    assert_eq!(child.span_context.trace_id(), parent.span_context.trace_id());
}

fn multi_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
}

#[test]
fn guards_nest() {
    let memory = testing::state();
    {
        let _request = start_span("request");
        {
            let _step = start_span("step");
            let _detail = start_span("detail");
        }
        let _second = start_span("second");
    }

    assert_child(&memory, "detail", "step");
    assert_child(&memory, "step", "request");
    assert_child(&memory, "second", "request");
    assert_eq!(memory.span("request").parent_span_id, SpanId::INVALID);
    assert!(!current_span().is_recording());
}

#[test]
fn what_is_started_but_not_entered_is_nobodys_parent() {
    let memory = testing::state();
    let _request = start_span("request");
    let started = span("started").start();
    start_span("step").end();
    drop(started);

    assert_eq!(
        memory.span("step").parent_span_id,
        memory.span("started").parent_span_id
    );
}

#[test]
fn closures_nest_and_return() {
    let memory = testing::state();

    let sum = span("outer").in_scope(|_| 1 + span("inner").in_scope(|_| 1));

    assert_eq!(sum, 2);
    assert_child(&memory, "inner", "outer");
}

#[cfg(feature = "tracing")]
#[test]
fn methods_of_tasks_are_not_mistaken_for_those_of_tracing() {
    use tracing::Instrument as _;

    let memory = testing::state();
    let request = start_span("request");
    let task = async { start_span("in task").end() };
    multi_thread().block_on(task.in_current_span().with_current_span());

    assert_eq!(
        memory.span("in task").parent_span_id.to_string(),
        request.span_id().unwrap()
    );
}

#[test]
fn spans_follow_awaits_and_spawned_tasks() {
    let memory = testing::state();
    multi_thread().block_on(span("request").in_future(|_| async {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        start_span("after await").end();
        let task = async {
            tokio::task::yield_now().await;
            start_span("in task").end();
        };
        tokio::spawn(task.with_current_span()).await.unwrap();
        tokio::spawn(async { start_span("elsewhere").end() }).await.unwrap();
    }));

    assert_child(&memory, "after await", "request");
    assert_child(&memory, "in task", "request");
    assert_eq!(memory.span("elsewhere").parent_span_id, SpanId::INVALID);
}

#[test]
fn futures_that_take_turns_on_one_thread_do_not_mix() {
    let memory = testing::state();
    let task = |name: &'static str, child: &'static str| {
        span(name).in_future(move |_| async move {
            tokio::task::yield_now().await;
            start_span(child).end();
            tokio::task::yield_now().await;
        })
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { tokio::join!(task("a", "below a"), task("b", "below b")) });

    assert_child(&memory, "below a", "a");
    assert_child(&memory, "below b", "b");
}

#[test]
fn a_span_may_be_entered_on_other_threads() {
    let memory = testing::state();
    let crawl = span("crawl").start();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let _scope = crawl.enter();
            start_span("page").end();
        });
    });
    assert!(crawl.is_recording());
    crawl.end();

    assert_child(&memory, "page", "crawl");
}

#[test]
fn a_parent_may_be_named_and_a_root_be_asked_for() {
    let memory = testing::state();
    let other = span("other").start();
    let _current = start_span("current");
    span("child").with_parent(&other).start().end();
    span("root").as_root().start().end();
    drop(other);

    assert_child(&memory, "child", "other");
    assert_eq!(memory.span("root").parent_span_id, SpanId::INVALID);
}

#[test]
fn guards_may_be_dropped_in_any_order() {
    let memory = testing::state();
    let first = start_span("first");
    let second = start_span("second");
    drop(first);
    start_span("third").end();
    drop(second);

    assert_child(&memory, "third", "second");
    assert!(!current_span().is_recording());
}
