//! What holds for any span.

use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::trace::span::Event;
use loadspan_wire::otlp::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value};
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{Side, keys, preview, span};

/// Names that one convention or another reads, and numbered ones that do not fit together.
const KEYS: &[&str] = &[
    "mlflow.spanType",
    "mlflow.spanInputs",
    "mlflow.spanOutputs",
    "mlflow.chat.tokenUsage",
    "mlflow.llm.model",
    "mlflow.message.format",
    "openinference.span.kind",
    "input.value",
    "output.value",
    "llm.input_messages.0.message.content",
    "llm.input_messages.9.message.tool_calls.5.tool_call.id",
    "llm.token_count.prompt",
    "gen_ai.operation.name",
    "gen_ai.agent.name",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "gen_ai.request.model",
    "gen_ai.prompt.0.tool_calls",
    "gen_ai.prompt.0.tool_calls.0.name",
    "gen_ai.prompt.0.tool_calls.7.name",
    "gen_ai.prompt.0.additional.kwargs.x",
    "gen_ai.prompt.99999999999999999999.content",
    "span.type",
    "entity.type",
    "tool_name",
    "new_context",
    "traceloop.span.kind",
    "gcp.vertex.agent.llm_request",
    "ai.operationId",
    "ai.prompt",
    "ai.prompt.messages",
    "lk.chat_ctx",
    "lk.agent_name",
    "lmnr.span.type",
    "langfuse.observation.type",
    "session.id",
    "other",
];

const TEXTS: &[&str] = &[
    "",
    "null",
    "{}",
    "[1]",
    "\"UNKNOWN\"",
    "UNKNOWN",
    "LLM",
    "span",
    "tool",
    "chat",
    "gemini-cli",
    "claude_code.tool",
    "ai.streamText.doStream",
    "-7",
    "42",
    "9223372036854775807",
    r#"{"model": "m", "messages": [{"role": "user", "content": "q"}]}"#,
    r#"{"input_tokens": 1, "output_tokens": "x"}"#,
];

fn scalar() -> impl Strategy<Value = any_value::Value> {
    prop_oneof![
        proptest::sample::select(TEXTS).prop_map(|text| any_value::Value::StringValue(text.to_owned())),
        any::<String>().prop_map(any_value::Value::StringValue),
        any::<bool>().prop_map(any_value::Value::BoolValue),
        any::<i64>().prop_map(any_value::Value::IntValue),
        any::<f64>().prop_map(any_value::Value::DoubleValue),
        vec(any::<u8>(), 0..4).prop_map(any_value::Value::BytesValue),
    ]
}

fn of(value: Option<any_value::Value>) -> AnyValue {
    AnyValue { value }
}

fn attribute(key: impl Into<String>, value: any_value::Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(of(Some(value))),
        ..KeyValue::default()
    }
}

fn value() -> impl Strategy<Value = any_value::Value> {
    scalar().prop_recursive(4, 16, 4, |inner| {
        let array = vec(proptest::option::of(inner.clone()), 0..4).prop_map(|values| {
            let values = values.into_iter().map(of).collect();
            any_value::Value::ArrayValue(ArrayValue { values })
        });
        let list = vec((any::<String>(), inner), 0..4).prop_map(|pairs| {
            let values = pairs.into_iter().map(|(key, value)| attribute(key, value)).collect();
            any_value::Value::KvlistValue(KeyValueList { values })
        });
        prop_oneof![array, list]
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let pair = (proptest::sample::select(KEYS), value());
    vec(pair.prop_map(|(key, value)| attribute(key, value)), 0..12)
}

pub(in crate::translate) fn any_span() -> impl Strategy<Value = Span> {
    let names = proptest::sample::select(&["gen_ai.user.message", "gen_ai.choice", "gen_ai.content.prompt", "x"][..]);
    let event = (names, value()).prop_map(|(name, value)| Event {
        name: name.to_owned(),
        attributes: vec![attribute("content", value)],
        ..Event::default()
    });
    (attributes(), vec(event, 0..3)).prop_map(|(attributes, events)| Span {
        attributes,
        events,
        ..Span::default()
    })
}

fn has(span: &Span, key: &str) -> bool {
    let mut pairs = span.attributes.iter();
    pairs.any(|pair| pair.key == key)
}

proptest! {
    #[test]
    fn what_a_span_has_is_not_added(asked in any_span()) {
        let said = span(&asked);
        for key in said.added.keys() {
            prop_assert!(*key == keys::SPAN_TYPE || !has(&asked, key), "{key}");
        }
    }

    #[test]
    fn inputs_and_outputs_are_json(asked in any_span()) {
        let said = span(&asked);
        let sides = [(said.inputs, Side::Request), (said.outputs, Side::Response)];
        for (json, side) in sides {
            let Some(json) = json else { continue };
            prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
            preview(&json, side);
        }
    }

    #[test]
    fn who_is_told_all_adds_nothing(asked in any_span()) {
        let said = span(&asked);
        let mut told = asked;
        told.attributes.retain(|pair| !said.added.contains_key(pair.key.as_str()));
        let added = said.added.iter();
        told.attributes.extend(added.map(|(key, json)| attribute(*key, any_value::Value::StringValue(json.clone()))));
        prop_assert_eq!(span(&told).added, Default::default());
    }
}

#[test]
fn json_that_is_too_deep_is_a_text() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let asked = Span {
        attributes: vec![attribute("input.value", any_value::Value::StringValue(deep.clone()))],
        ..Span::default()
    };
    assert_eq!(span(&asked).inputs, Some(serde_json::Value::from(deep).to_string()));
}
