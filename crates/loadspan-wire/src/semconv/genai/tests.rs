//! Spans before and after, as tables.

mod content;

use serde_json::json;

use super::*;
use crate::otlp::trace::Status;
use crate::otlp::trace::span::Event;
use crate::otlp::{any_value, attribute};

fn span(attributes: &[(&str, Value)]) -> Span {
    Span {
        name: "work".to_owned(),
        kind: SpanKind::Internal.into(),
        status: Some(Status {
            code: StatusCode::Ok.into(),
            ..Status::default()
        }),
        attributes: attributes
            .iter()
            .map(|(key, value)| attribute(*key, value.to_string()))
            .collect(),
        ..Span::default()
    }
}

/// Name, kind, and attributes, those that are JSON read.
fn translated(name: &str, attributes: &[(&str, Value)]) -> (String, SpanKind, Value) {
    let mut span = Span {
        name: name.to_owned(),
        ..span(attributes)
    };
    translate(&mut span);
    let kind = span.kind();
    (span.name, kind, shown(&span.attributes))
}

fn shown(attributes: &[crate::otlp::KeyValue]) -> Value {
    let attributes = attributes.iter().map(|pair| {
        let value = pair.value.as_ref().unwrap();
        let value = match &value.value {
            Some(any_value::Value::StringValue(text)) => {
                serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())
            }
            _ => crate::mlflow::traces::described_value(value),
        };
        (pair.key.clone(), value)
    });
    Value::Object(attributes.collect())
}

#[test]
fn a_call_of_openai_chat() {
    let (name, kind, attributes) = translated(
        "completions",
        &[
            ("mlflow.spanType", json!("CHAT_MODEL")),
            ("mlflow.llm.model", json!("gpt")),
            ("mlflow.llm.provider", json!("openai")),
            ("mlflow.message.format", json!("openai")),
            ("mlflow.traceRequestId", json!("tr-00000000000000000000000000000007")),
            (
                "mlflow.chat.tokenUsage",
                json!({"input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "cache_read_input_tokens": 1}),
            ),
            (
                "mlflow.spanInputs",
                json!({
                    "temperature": 0.5, "max_completion_tokens": 9, "stop": "x", "seed": 7, "n": 2,
                    "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
                    "messages": [
                        {"role": "system", "content": "be"},
                        {"role": "user", "content": [
                            {"type": "text", "text": "hi"},
                            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
                            {"type": "image_url", "image_url": {"url": "http://i"}},
                        ]},
                        {"role": "assistant", "content": null, "tool_calls": [
                            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                        ]},
                        {"role": "tool", "tool_call_id": "c", "content": "2"},
                    ],
                }),
            ),
            (
                "mlflow.spanOutputs",
                json!({"id": "r", "model": "gpt-1", "choices": [
                    {"finish_reason": "stop", "message": {"role": "assistant", "content": "yes"}},
                ]}),
            ),
        ],
    );
    assert_eq!((name.as_str(), kind), ("chat gpt", SpanKind::Client));
    assert_eq!(
        attributes,
        json!({
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt",
            "gen_ai.provider.name": "openai",
            "gen_ai.usage.input_tokens": 3,
            "gen_ai.usage.output_tokens": 4,
            "gen_ai.usage.cache_read.input_tokens": 1,
            "gen_ai.request.temperature": 0.5,
            "gen_ai.request.max_tokens": 9,
            "gen_ai.request.seed": 7,
            "gen_ai.request.choice.count": 2,
            "gen_ai.request.stop_sequences": ["x"],
            "gen_ai.response.id": "r",
            "gen_ai.response.model": "gpt-1",
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.tool.definitions": [{"type": "function", "name": "f", "parameters": {}}],
            "gen_ai.input.messages": [
                {"role": "system", "parts": [{"type": "text", "content": "be"}]},
                {"role": "user", "parts": [
                    {"type": "text", "content": "hi"},
                    {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AA"},
                    {"type": "uri", "modality": "image", "uri": "http://i"},
                ]},
                {"role": "assistant", "parts": [{"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": 1}}]},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "2"}]},
            ],
            "gen_ai.output.messages": [
                {"role": "assistant", "finish_reason": "stop", "parts": [{"type": "text", "content": "yes"}]},
            ],
        })
    );
}

#[test]
fn what_each_type_becomes() {
    let cases = [
        ("LLM", "generate_content", SpanKind::Client),
        ("EMBEDDING", "embeddings", SpanKind::Client),
        ("TOOL", "execute_tool work", SpanKind::Internal),
        ("AGENT", "invoke_agent work", SpanKind::Internal),
        ("WORKFLOW", "invoke_workflow work", SpanKind::Internal),
        ("RETRIEVER", "retrieval work", SpanKind::Client),
        ("CHAIN", "work", SpanKind::Internal),
        ("MINE", "work", SpanKind::Internal),
    ];
    for (span_type, name, kind) in cases {
        let (translated, is, _) = translated("work", &[("mlflow.spanType", json!(span_type))]);
        assert_eq!((translated.as_str(), is), (name, kind), "{span_type}");
    }
}

#[test]
fn an_agent_keeps_what_went_in_and_what_came_out() {
    let (_, _, messages) = translated(
        "travel",
        &[
            ("mlflow.spanType", json!("AGENT")),
            ("mlflow.spanInputs", json!({"query": "where?"})),
            ("mlflow.spanOutputs", json!("there")),
        ],
    );
    assert_eq!(messages["gen_ai.agent.name"], "travel");
    assert_eq!(messages["gen_ai.input.messages"][0]["parts"][0]["content"], "where?");
    assert_eq!(messages["gen_ai.output.messages"][0]["parts"][0]["content"], "there");
    let inputs = json!({"query": "where?", "budget": 3});
    let outputs = json!({"plan": [1]});
    let (_, _, other) = translated(
        "travel",
        &[
            ("mlflow.spanType", json!("AGENT")),
            ("mlflow.spanInputs", inputs.clone()),
            ("mlflow.spanOutputs", outputs.clone()),
        ],
    );
    assert_eq!(
        (&other["mlflow.spanInputs"], &other["mlflow.spanOutputs"]),
        (&inputs, &outputs)
    );
}

#[test]
fn session_user_tags_and_what_others_set_are_kept() {
    let (_, _, attributes) = translated(
        "work",
        &[
            ("mlflow.spanType", json!("CHAIN")),
            ("mlflow.traceTag.team", json!("a")),
            ("session.id", json!("s")),
            ("user.id", json!("u")),
            ("http.route", json!("/x")),
        ],
    );
    assert_eq!(
        attributes,
        json!({
            "mlflow.spanType": "CHAIN", "mlflow.traceTag.team": "a", "session.id": "s",
            "gen_ai.conversation.id": "s", "user.id": "u", "http.route": "/x",
        })
    );
}

#[test]
fn tools_and_retrievers() {
    let (_, _, tool) = translated(
        "add",
        &[
            ("mlflow.spanType", json!("TOOL")),
            ("mlflow.spanInputs", json!({"a": 1})),
            ("mlflow.spanOutputs", json!(2)),
        ],
    );
    assert_eq!(
        tool,
        json!({
            "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "add",
            "gen_ai.tool.call.arguments": {"a": 1}, "gen_ai.tool.call.result": 2,
        })
    );
    let (_, _, retriever) = translated(
        "search",
        &[
            ("mlflow.spanType", json!("RETRIEVER")),
            ("mlflow.spanInputs", json!({"query": "q", "k": 3})),
            ("mlflow.spanOutputs", json!([{"page_content": "d"}])),
        ],
    );
    assert_eq!(
        retriever,
        json!({
            "gen_ai.operation.name": "retrieval", "gen_ai.retrieval.query.text": "q",
            "gen_ai.retrieval.documents": [{"page_content": "d"}], "mlflow.spanInputs": {"query": "q", "k": 3},
        })
    );
    for inputs in [json!("q"), json!({"query": "q"})] {
        let (_, _, retriever) = translated(
            "search",
            &[("mlflow.spanType", json!("RETRIEVER")), ("mlflow.spanInputs", inputs)],
        );
        assert_eq!(
            retriever,
            json!({"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.query.text": "q"})
        );
    }
}

#[test]
fn what_went_well_has_no_status_and_what_failed_has_a_type() {
    let after = |span: &Span| {
        let mut span = span.clone();
        translate(&mut span);
        span
    };
    let mut work = span(&[("mlflow.spanType", json!("TOOL"))]);
    let code = |span: &Span| span.status.as_ref().unwrap().code();
    assert_eq!(code(&after(&work)), StatusCode::Unset);
    assert_eq!(code(&after(&span(&[]))), StatusCode::Ok, "somebody said so");

    let kind = |span: &Span| attributes::text(&after(span).attributes, "error.type").map(str::to_owned);
    work.events.push(Event {
        name: "exception".to_owned(),
        attributes: vec![attribute("exception.type", "my::Timeout")],
        ..Event::default()
    });
    assert_eq!(kind(&work), None, "it was dealt with");
    work.status = Some(Status {
        code: StatusCode::Error.into(),
        message: "broke".to_owned(),
    });
    assert_eq!(after(&work).status, work.status);
    assert_eq!(kind(&work).as_deref(), Some("my::Timeout"));
    work.events.clear();
    assert_eq!(kind(&work).as_deref(), Some("_OTHER"));
    work.attributes.push(attribute("error.type", "429"));
    assert_eq!(kind(&work).as_deref(), Some("429"), "whoever set it knew better");
}

#[test]
fn an_llm_is_what_it_was_asked() {
    let cases = [
        (
            json!({"messages": [{"role": "user", "content": "q"}]}),
            json!({}),
            "chat m",
        ),
        (json!([{"role": "user", "content": "q"}]), json!("a"), "chat m"),
        (
            json!({"prompt": "q"}),
            json!({"choices": [{"text": "a"}]}),
            "text_completion m",
        ),
        (
            json!({"contents": [{"parts": [{"text": "q"}]}]}),
            json!({}),
            "generate_content m",
        ),
        (json!("q"), json!("a"), "generate_content m"),
    ];
    for (inputs, outputs, name) in cases {
        let (is, kind, _) = translated(
            "work",
            &[
                ("mlflow.spanType", json!("LLM")),
                ("mlflow.llm.model", json!("m")),
                ("mlflow.spanInputs", inputs),
                ("mlflow.spanOutputs", outputs),
            ],
        );
        assert_eq!((is.as_str(), kind), (name, SpanKind::Client));
    }
}

#[test]
fn values_may_be_structured() {
    let messages = [("role", "user"), ("content", "hi")].map(|(key, value)| attribute(key, value));
    let structure = |value| Some(crate::otlp::AnyValue { value: Some(value) });
    let list = any_value::Value::ArrayValue(crate::otlp::ArrayValue {
        values: vec![crate::otlp::AnyValue {
            value: Some(any_value::Value::KvlistValue(crate::otlp::KeyValueList {
                values: messages.to_vec(),
            })),
        }],
    });
    let mut chat = span(&[]);
    chat.attributes = vec![
        attribute("mlflow.spanType", "CHAT_MODEL"),
        crate::otlp::KeyValue {
            key: "mlflow.spanInputs".to_owned(),
            value: structure(list),
            ..crate::otlp::KeyValue::default()
        },
    ];
    translate(&mut chat);
    assert_eq!(
        shown(&chat.attributes),
        json!({
            "gen_ai.operation.name": "chat",
            "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}],
        })
    );
}
