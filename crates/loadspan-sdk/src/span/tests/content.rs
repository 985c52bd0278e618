//! What spans carry.

use std::collections::BTreeMap;

use opentelemetry::{KeyValue, Value};
use proptest::prelude::*;
use serde_json::json;

use crate::testing::{self, text};
use crate::{SpanType, TokenUsage, span, start_span};

#[test]
fn everything_has_mlflows_names_and_is_json_text_or_a_scalar() {
    let memory = testing::state();
    let span = span("ask")
        .with_type(SpanType::ChatModel)
        .with_function_name("ask")
        .enter();
    span.set_chat_messages([json!({"role": "user", "content": "hi"})]);
    span.set_outputs("hello");
    span.set_chat_tools(json!([{"type": "function"}]));
    span.set_model("gpt-5");
    span.set_provider("openai");
    span.set_token_usage(TokenUsage::new(3, 4).with_cache_read(2));
    span.set_attribute("temperature", 0.5);
    span.set_attribute("count", 7);
    span.set_attribute("is_cached", true);
    span.set_attribute("note", "0.5");
    span.set_attribute("nothing", None::<u8>);
    span.set_attribute("list", [1, 2]);
    span.set_attribute("mlflow.spanLogLevel", 20);
    span.set_otel_attribute("gen_ai.request.top_k", 7);
    let id = span.trace_id();
    drop(span);

    let ask = memory.span("ask");
    for (key, value) in [
        ("mlflow.spanType", r#""CHAT_MODEL""#),
        ("mlflow.spanFunctionName", r#""ask""#),
        ("mlflow.spanInputs", r#"{"messages":[{"content":"hi","role":"user"}]}"#),
        ("mlflow.spanOutputs", r#""hello""#),
        ("mlflow.message.format", r#""openai""#),
        ("mlflow.chat.tools", r#"[{"type":"function"}]"#),
        ("mlflow.llm.model", r#""gpt-5""#),
        ("mlflow.llm.provider", r#""openai""#),
        (
            "mlflow.chat.tokenUsage",
            r#"{"input_tokens":3,"output_tokens":4,"total_tokens":7,"cache_read_input_tokens":2}"#,
        ),
        ("note", r#""0.5""#),
        ("nothing", "null"),
        ("list", "[1,2]"),
        ("mlflow.spanLogLevel", "20"),
    ] {
        assert_eq!(text(&ask, key), Some(value), "{key}");
    }
    assert_eq!(
        text(&ask, "mlflow.traceRequestId"),
        Some(&*format!("\"{}\"", id.unwrap()))
    );
    for scalar in [
        KeyValue::new("temperature", 0.5),
        KeyValue::new("count", 7),
        KeyValue::new("is_cached", true),
        KeyValue::new("gen_ai.request.top_k", 7),
    ] {
        assert!(ask.attributes.contains(&scalar), "{scalar:?}");
    }
}

#[test]
fn tokens_that_cannot_be_counted_are_cut() {
    let memory = testing::state();
    start_span("ask").set_token_usage(TokenUsage::new(u64::MAX, 1).with_cache_read(u64::MAX));

    assert_eq!(
        text(&memory.span("ask"), "mlflow.chat.tokenUsage"),
        Some(
            r#"{"input_tokens":9223372036854775807,"output_tokens":1,"total_tokens":9223372036854775807,"cache_read_input_tokens":9223372036854775807}"#
        )
    );
}

#[test]
fn the_last_value_counts() {
    let memory = testing::state();
    let span = start_span("ask").with_type(SpanType::Llm).with_type("mine");
    span.set_outputs("part");
    span.set_outputs("whole");
    drop(span);

    let ask = memory.span("ask");
    assert_eq!(text(&ask, "mlflow.spanOutputs"), Some("\"whole\""));
    assert_eq!(text(&ask, "mlflow.spanType"), Some("\"mine\""));
}

#[test]
fn a_span_of_no_type_is_unknown() {
    let memory = testing::state();
    start_span("plain").end();

    assert_eq!(text(&memory.span("plain"), "mlflow.spanType"), Some("\"UNKNOWN\""));
}

#[test]
fn chunks_are_numbered_events() {
    let memory = testing::state();
    let span = start_span("stream");
    span.add_chunk("a");
    span.add_chunk(json!({"b": 1}));
    drop(span);

    let stream = memory.span("stream");
    let chunks: Vec<_> = stream
        .events
        .iter()
        .map(|event| {
            (
                event.name.as_ref(),
                event.attributes[0].key.as_str(),
                event.attributes[0].value.as_str(),
            )
        })
        .collect();
    assert_eq!(
        chunks,
        [
            ("mlflow.chunk.item.0", "mlflow.chunk.value", "\"a\"".into()),
            ("mlflow.chunk.item.1", "mlflow.chunk.value", r#"{"b":1}"#.into()),
        ]
    );
}

#[test]
fn links_and_events_arrive() {
    let memory = testing::state();
    let first = span("first").start();
    let second = span("second").with_link(first.span_context()).start();
    second.add_link(first.span_context());
    second.add_event("retry", [KeyValue::new("attempt", 2)]);
    second.end();

    let second = memory.span("second");
    assert_eq!(second.links.links.len(), 2);
    assert_eq!(second.links.links[0].span_context, first.span_context());
    assert_eq!(second.events.events[0].attributes, [KeyValue::new("attempt", 2)]);
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<u64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(serde_json::Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|map: BTreeMap<_, _>| map.into_iter().collect::<serde_json::Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_survives_as_inputs(value in any_json()) {
        let memory = testing::state();
        start_span("any").set_inputs(&value);

        let span = memory.span("any");
        let inputs = span.attributes.iter().find(|attribute| attribute.key.as_str() == "mlflow.spanInputs");
        let Some(Value::String(inputs)) = inputs.map(|inputs| &inputs.value) else {
            panic!("no inputs");
        };
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(inputs.as_str()).unwrap(), value);
    }
}
