//! What is known of traces.

use loadspan_wire::mlflow::attributes;

use crate::testing::{self, text};
use crate::{extract, inject, span, start_span, update_current_trace};

#[test]
fn what_is_said_anywhere_in_a_trace_travels_on_its_root() {
    let memory = testing::state();
    {
        let _root = start_span("root");
        let _child = start_span("child");
        update_current_trace()
            .tag("env", "old")
            .tag("env", "prod")
            .metadata("version", "7")
            .session("s-1")
            .user("ada")
            .client_request_id("r-1")
            .run("run-1");
    }

    let root = memory.span("root");
    for (key, value) in [
        ("mlflow.traceTag.env", "prod"),
        ("mlflow.traceMetadata.version", "7"),
        ("mlflow.traceMetadata.mlflow.sourceRun", "run-1"),
        ("session.id", "s-1"),
        ("user.id", "ada"),
        ("mlflow.clientRequestId", "r-1"),
    ] {
        assert_eq!(text(&root, key), Some(value), "{key}");
        assert_eq!(text(&memory.span("child"), key), None, "{key}");
    }
    let [trace] = &memory.traces()[..] else {
        panic!("one trace expected");
    };
    assert_eq!(trace.session.as_deref(), Some("s-1"));
    assert_eq!(trace.metadata[attributes::SOURCE_RUN_METADATA], "run-1");
}

#[test]
fn traces_do_not_mix() {
    let memory = testing::state();
    let first = span("first").start();
    let second = span("second").as_root().start();
    first.update_trace().user("ada");
    second.update_trace().user("bob");
    first.end();
    second.end();

    assert_eq!(text(&memory.span("first"), "user.id"), Some("ada"));
    assert_eq!(text(&memory.span("second"), "user.id"), Some("bob"));
}

#[test]
fn too_late_is_harmless() {
    let memory = testing::state();
    let root = span("root").start();
    let child = span("child").with_parent(&root).start();
    root.end();
    child.update_trace().tag("late", "yes");
    child.end();
    span("later child").with_parent(&root).start().end();

    assert_eq!(memory.spans().len(), 3);
    assert_eq!(memory.traces().len(), 1);
    assert_eq!(text(&memory.span("root"), "mlflow.traceTag.late"), None);
}

#[test]
fn a_service_that_calls_itself_keeps_the_trace_until_the_first_root_ends() {
    let memory = testing::state();
    let outer = start_span("outer");
    let mut headers = http::HeaderMap::new();
    inject(&mut headers);
    outer.update_trace().user("ada");
    span("inner").with_parent(extract(&headers)).start().end();
    outer.update_trace().tag("a", "b");
    drop(outer);

    let outer = memory.span("outer");
    assert_eq!(text(&outer, "user.id"), Some("ada"));
    assert_eq!(text(&outer, "mlflow.traceTag.a"), Some("b"));
}

#[test]
fn tags_of_the_server_are_left_to_it() {
    let memory = testing::state();
    start_span("root")
        .update_trace()
        .tag("mlflow.artifactLocation", "/etc")
        .tag("mlflow.trace.spansLocation", "elsewhere")
        .tag("mlflow.traceName", "mine");

    let tags = &memory.traces()[0].tags;
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["mlflow.traceName"]);
}
