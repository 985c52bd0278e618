//! Beside, and together with, other instrumentation.

use opentelemetry::trace::{FutureExt as _, SpanId, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::testing::{self, Setting, text};
use crate::{Attachment, current_span, span, start_span, update_current_trace};

const GLOBAL: Setting = Setting {
    attachment: Attachment::Global,
    ..Setting::DEFAULT
};

#[test]
fn isolated_spans_ignore_those_of_the_application() {
    let memory = testing::state();
    let tracer = SdkTracerProvider::builder().build().tracer("application");
    let theirs = Context::current_with_span(tracer.start("http"));
    let active = theirs.span().span_context().clone();
    let _scope = theirs.attach();
    let ours = start_span("ours");
    {
        let _child = start_span("child");
        assert_eq!(Context::current().span().span_context(), &active);
    }
    let ours_id = ours.span_context().span_id();
    drop(ours);

    assert_eq!(memory.span("ours").parent_span_id, SpanId::INVALID);
    assert_eq!(memory.span("child").parent_span_id, ours_id);
}

#[test]
fn isolated_spans_follow_a_context_that_is_carried_by_others() {
    let memory = testing::state();
    let ours = start_span("ours");
    let context = Context::current();
    drop(ours);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { start_span("child").end() }.with_context(context));

    assert_eq!(
        memory.span("child").parent_span_id,
        memory.span("ours").span_context.span_id()
    );
}

#[test]
fn with_the_global_provider_parents_and_children_are_shared() {
    let memory = GLOBAL.state();
    let tracer = memory.state.provider.tracer("application");
    tracer.in_span("http", |_| {
        let _ours = start_span("ours");
        tracer.in_span("sql", |_| start_span("inner").end());
    });

    let id = |name| memory.span(name).span_context.span_id();
    let parent = |name| memory.span(name).parent_span_id;
    assert_eq!(parent("http"), SpanId::INVALID);
    assert_eq!(parent("ours"), id("http"));
    assert_eq!(parent("sql"), id("ours"));
    assert_eq!(parent("inner"), id("sql"));
}

#[test]
fn spans_of_other_instrumentation_can_be_written_to() {
    let memory = GLOBAL.state();
    let tracer = memory.state.provider.tracer("application");
    tracer.in_span("http", |_| {
        current_span().set_inputs("question");
        current_span().end();
        update_current_trace().session("s").tag("a", "b");
    });

    let http = memory.span("http");
    assert_eq!(text(&http, "mlflow.spanInputs"), Some("\"question\""));
    assert_eq!(text(&http, "session.id"), Some("s"));
    assert_eq!(text(&http, "mlflow.traceTag.a"), Some("b"));
}

#[test]
fn other_instrumentation_can_write_to_ours() {
    let memory = GLOBAL.state();
    let ours = start_span("ours");
    Context::map_current(|context| {
        context.span().set_attribute(KeyValue::new("http.status", 200));
        context.span().set_attribute(KeyValue::new("http.status", 404));
    });
    drop(ours);

    let ours = memory.span("ours");
    let statuses: Vec<_> = ours
        .attributes
        .iter()
        .filter(|kv| kv.key.as_str() == "http.status")
        .collect();
    assert_eq!(statuses, [&KeyValue::new("http.status", 404)]);
}

#[test]
fn other_instrumentation_below_a_span_that_is_not_sampled_is_not_sampled() {
    let memory = Setting {
        sampling_ratio: 0.0,
        ..GLOBAL
    }
    .state();
    let tracer = memory.state.provider.tracer("application");
    let ours = start_span("ours");
    tracer.in_span("sql", |_| assert!(!start_span("inner").is_recording()));
    drop(ours);

    assert!(memory.spans().is_empty());
}

#[test]
fn telemetry_can_be_suppressed() {
    let memory = testing::state();
    {
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        span("quiet").start().end();
    }

    assert!(memory.spans().is_empty());
}
