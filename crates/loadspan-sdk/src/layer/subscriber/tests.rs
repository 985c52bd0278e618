//! Spans of `tracing`, with the spans that come of them.

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanId, SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Value, json};
use tracing::{Instrument, debug, error, info, info_span, instrument, warn};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use super::tracing_layer;
use crate::testing::{self, Memory, Setting, text};
use crate::{TracedFuture, span, start_span};

fn traced<R>(run: impl FnOnce() -> R) -> R {
    let layer = tracing_layer().with_filter(LevelFilter::INFO);
    tracing::subscriber::with_default(Registry::default().with(layer), run)
}

fn value(span: &SpanData, key: &str) -> Value {
    text(span, key)
        .map(|text| serde_json::from_str(text).unwrap())
        .unwrap_or_default()
}

fn assert_child(memory: &Memory, child: &str, parent: &str) {
    let (child, parent) = (memory.span(child), memory.span(parent));
    assert_eq!(
        child.parent_span_id,
        parent.span_context.span_id(),
        "{} below {}",
        child.name,
        parent.name
    );
    assert_eq!(child.span_context.trace_id(), parent.span_context.trace_id());
}

#[instrument(ret, fields(span_type = "TOOL"))]
fn search(query: &str, limit: u32, tags: Vec<&str>) -> usize {
    info!(found = 2, "searched");
    query.len() + limit as usize + tags.len()
}

#[instrument(err, skip_all)]
fn fail() -> Result<(), std::num::ParseIntError> {
    "x".parse::<u32>().map(|_| ())
}

#[test]
fn a_function_is_a_span_with_arguments_and_result() {
    let memory = testing::state();
    traced(|| search("what", 3, vec!["a"]));

    let span = memory.span("search");
    assert_eq!(
        value(&span, "mlflow.spanInputs"),
        json!({"query": "what", "limit": 3, "tags": ["a"]})
    );
    assert_eq!(value(&span, "mlflow.spanOutputs"), 8);
    assert_eq!(value(&span, "mlflow.spanType"), "TOOL");
    assert_eq!(span.status, Status::Ok);
    let [event] = &span.events.events[..] else {
        panic!("{:?}", span.events);
    };
    assert_eq!(event.name, "searched");
    assert!(
        event
            .attributes
            .iter()
            .any(|attribute| attribute.key.as_str() == "found" && attribute.value == 2.into())
    );
}

#[test]
fn arguments_keep_their_order() {
    let memory = testing::state();
    traced(|| drop(info_span!("step", z = 1, a = true, m = 0.5)));

    assert_eq!(
        text(&memory.span("step"), "mlflow.spanInputs"),
        Some(r#"{"z":1,"a":true,"m":0.5}"#)
    );
}

#[test]
fn an_error_of_a_function_is_an_exception() {
    let memory = testing::state();
    traced(|| fail().unwrap_err());

    let span = memory.span("fail");
    assert_eq!(span.status, Status::error("invalid digit found in string"));
    assert_eq!(span.events.events[0].name, "exception");
}

#[test]
fn only_error_events_are_errors() {
    let memory = testing::state();
    traced(|| {
        info_span!("warned").in_scope(|| warn!("careful"));
        info_span!("failed").in_scope(|| error!(error = "no route", attempt = 2, "cannot connect"));
    });

    assert_eq!(memory.span("warned").status, Status::Ok);
    assert_eq!(memory.span("failed").status, Status::error("cannot connect: no route"));
}

#[test]
fn fields_say_what_a_span_is() {
    let memory = testing::state();
    traced(|| {
        let span = info_span!(
            "step",
            otel.name = "ask the model",
            otel.kind = "client",
            mlflow.span_type = "LLM",
            mlflow.inputs = r#"{"prompt": "hi"}"#,
            mlflow.outputs = tracing::field::Empty,
            gen_ai.request.model = "gpt-5",
            gen_ai.request.max_tokens = 5,
            attempt = 1,
            late = tracing::field::Empty,
        );
        span.record("mlflow.outputs", "plain");
        span.record("late", 2);
    });

    let span = memory.span("ask the model");
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(value(&span, "mlflow.spanType"), "LLM");
    assert_eq!(value(&span, "mlflow.spanInputs"), json!({"prompt": "hi"}));
    assert_eq!(value(&span, "mlflow.spanOutputs"), "plain");
    assert_eq!(text(&span, "gen_ai.request.model"), Some("gpt-5"));
    for scalar in [KeyValue::new("attempt", 1), KeyValue::new("late", 2)] {
        assert!(span.attributes.contains(&scalar), "{scalar:?}");
    }
}

#[test]
fn fields_that_are_recorded_later_are_inputs_too() {
    let memory = testing::state();
    traced(|| {
        let span = info_span!("step", first = 1, second = tracing::field::Empty);
        span.record("second", "two");
        span.record("first", 3);
    });

    assert_eq!(
        value(&memory.span("step"), "mlflow.spanInputs"),
        json!({"first": 3, "second": "two"})
    );
}

#[test]
fn both_kinds_of_spans_nest_as_they_are_entered() {
    let memory = testing::state();
    traced(|| {
        let _request = start_span("request");
        info_span!("handler").in_scope(|| {
            let _step = start_span("step");
            info_span!("query").in_scope(|| start_span("row").end());
        });
        start_span("after").end();
    });

    assert_child(&memory, "handler", "request");
    assert_child(&memory, "step", "handler");
    assert_child(&memory, "query", "step");
    assert_child(&memory, "row", "query");
    assert_child(&memory, "after", "request");
}

#[test]
fn spans_below_the_filter_are_passed_over() {
    let memory = testing::state();
    traced(|| {
        info_span!("outer").in_scope(|| {
            tracing::debug_span!("hidden").in_scope(|| info_span!("inner").in_scope(|| debug!("hidden, too")));
        });
    });

    assert_child(&memory, "inner", "outer");
    assert_eq!(memory.spans().len(), 2);
    assert!(memory.span("inner").events.events.is_empty());
}

#[test]
fn parents_may_be_said() {
    let memory = testing::state();
    traced(|| {
        let cause = info_span!("cause");
        let _current = info_span!("current").entered();
        let child = info_span!(parent: &cause, "child");
        child.follows_from(&cause);
        drop(child);
        drop(info_span!(parent: None, "root"));
        info!(parent: &cause, "told");
    });

    assert_child(&memory, "child", "cause");
    assert_eq!(memory.span("root").parent_span_id, SpanId::INVALID);
    assert_eq!(
        memory.span("child").links.links[0].span_context,
        memory.span("cause").span_context
    );
    assert_eq!(memory.span("cause").events.events[0].name, "told");
}

#[instrument]
async fn step(name: &'static str) {
    tokio::task::yield_now().await;
    span(name).start().end();
    tokio::task::yield_now().await;
}

#[test]
fn futures_that_take_turns_do_not_mix() {
    let memory = testing::state();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    traced(|| {
        runtime.block_on(async {
            let a = step("below a").instrument(info_span!("a"));
            let b = async { step("below b").await }.in_span(span("b").start());
            tokio::join!(a, b);
        });
    });

    let parent_of = |span: &Arc<SpanData>| {
        memory
            .spans()
            .into_iter()
            .find(|other| other.span_context.span_id() == span.parent_span_id)
            .expect("its parent")
    };
    for (child, root) in [("below a", "a"), ("below b", "b")] {
        let between = parent_of(&memory.span(child));
        assert_eq!(
            (between.name.as_ref(), parent_of(&between).name.as_ref()),
            ("step", root)
        );
    }
}

#[test]
fn spans_follow_tasks_to_other_threads() {
    let memory = testing::state();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .unwrap();
    let subscriber: tracing::Dispatch = Registry::default().with(tracing_layer()).into();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let task = tracing::dispatcher::with_default(&subscriber, || step("leaf").instrument(info_span!("task")));
            tasks.spawn(tracing::instrument::WithSubscriber::with_subscriber(
                task,
                subscriber.clone(),
            ));
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    });
    assert!(!crate::current_span().is_recording());

    let spans = memory.spans();
    assert_eq!(spans.len(), 150);
    for leaf in spans.iter().filter(|span| span.name == "leaf") {
        let trace: Vec<_> = spans
            .iter()
            .filter(|span| span.span_context.trace_id() == leaf.span_context.trace_id())
            .collect();
        assert_eq!(trace.len(), 3);
    }
}

#[test]
fn a_panic_is_an_error() {
    let memory = testing::state();
    let panicked = std::panic::catch_unwind(|| traced(|| info_span!("step").in_scope(|| panic!("no"))));

    assert!(panicked.is_err());
    assert!(matches!(memory.span("step").status, Status::Error { .. }));
}

#[test]
fn of_traces_that_are_not_sampled_nothing_is_formatted() {
    struct Unseen;
    impl std::fmt::Debug for Unseen {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("formatted");
        }
    }
    let memory = Setting {
        sampling_ratio: 0.0,
        ..Setting::default()
    }
    .state();
    traced(|| {
        info_span!("root", value = ?Unseen).in_scope(|| {
            info_span!("child", value = ?Unseen).in_scope(|| info!(value = ?Unseen, "event"));
        });
    });

    assert!(memory.spans().is_empty());
}

#[test]
fn nothing_happens_while_nothing_is_set_up() {
    let _nothing = testing::nothing_set_up();

    traced(|| search("what", 3, Vec::new()));
}

#[test]
fn what_opentelemetry_says_of_itself_is_left_out() {
    let memory = testing::state();
    traced(|| {
        info_span!("step").in_scope(|| {
            info!(target: "opentelemetry_sdk", "internal");
            drop(info_span!(target: "opentelemetry-otlp", "internal"));
        });
    });

    assert_eq!(memory.spans().len(), 1);
    assert!(memory.span("step").events.events.is_empty());
}

#[test]
fn where_telemetry_is_suppressed_nothing_is_made_and_nothing_written() {
    let memory = testing::state();
    traced(|| {
        let _outer = info_span!("outer").entered();
        let _suppressed = opentelemetry::Context::enter_telemetry_suppressed_scope();
        info!("an event");
        let _inner = info_span!("inner", argument = 1).entered();
        error!("an error");
    });

    let [outer] = &memory.spans()[..] else {
        panic!("one span expected");
    };
    assert_eq!((&*outer.name, &outer.status), ("outer", &Status::Ok));
    assert!(outer.events.events.is_empty());
}
