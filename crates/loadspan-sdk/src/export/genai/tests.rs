//! Spans before and after, as tables.

use opentelemetry::trace::Event;
use serde_json::json;

use super::super::tests::span;
use super::*;

/// Name, kind, and attributes, those that are JSON read.
fn translated(name: &'static str, attributes: &[(&'static str, Value)]) -> (String, SpanKind, Value) {
    let mut data = span(2, 1, &[]);
    data.name = name.into();
    data.attributes = attributes
        .iter()
        .map(|(key, value)| KeyValue::new(*key, value.to_string()))
        .collect();
    let translated = translate(&data);
    let attributes = translated.attributes.iter().map(|attribute| {
        let value = match &attribute.value {
            OtelValue::String(text) => serde_json::from_str(text.as_str()).unwrap_or_else(|_| text.as_str().into()),
            OtelValue::I64(number) => (*number).into(),
            OtelValue::F64(number) => (*number).into(),
            OtelValue::Array(Array::String(texts)) => texts.iter().map(opentelemetry::StringValue::as_str).collect(),
            other => other.to_string().into(),
        };
        (attribute.key.as_str().to_owned(), value)
    });
    (translated.name, translated.kind, Value::Object(attributes.collect()))
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
    let mut data = span(2, 1, &[("mlflow.spanType", "\"TOOL\"")]);
    assert_eq!(translate(&data).status, Status::Unset);
    assert_eq!(translate(&span(2, 1, &[])).status, Status::Ok, "somebody said so");

    let kind = |data: &SpanData| {
        let attributes = translate(data).attributes;
        let kind = attributes
            .into_iter()
            .find(|attribute| attribute.key.as_str() == "error.type");
        kind.map(|kind| kind.value.to_string())
    };
    data.events.events.push(Event::new(
        "exception",
        data.end_time,
        vec![KeyValue::new("exception.type", "my::Timeout")],
        0,
    ));
    assert_eq!(kind(&data), None, "it was dealt with");
    data.status = Status::error("broke");
    assert_eq!(translate(&data).status, data.status);
    assert_eq!(kind(&data).as_deref(), Some("my::Timeout"));
    data.events.events.clear();
    assert_eq!(kind(&data).as_deref(), Some("_OTHER"));
    data.attributes.push(KeyValue::new("error.type", "429"));
    assert_eq!(kind(&data).as_deref(), Some("429"), "whoever set it knew better");
}

#[test]
fn messages_of_other_makers() {
    let anthropic = messages::input(&json!({"system": "be", "messages": [
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm"},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
        ]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "2"}]},
    ]}));
    assert_eq!(
        anthropic.unwrap(),
        json!([
            {"role": "assistant", "parts": [
                {"type": "reasoning", "content": "hm"},
                {"type": "tool_call", "id": "t", "name": "f", "arguments": {"a": 1}},
            ]},
            {"role": "user", "parts": [{"type": "tool_call_response", "id": "t", "response": "2"}]},
        ])
    );
    assert_eq!(
        messages::instructions(&json!({"system": "be"})).unwrap(),
        json!([{"type": "text", "content": "be"}])
    );
    let gemini = messages::output(&json!({"candidates": [{"content": {"role": "model", "parts": [
        {"text": "a"}, {"functionCall": {"name": "f", "args": {}}},
    ]}}]}));
    assert_eq!(
        gemini.unwrap(),
        json!([{"role": "assistant", "parts": [
            {"type": "text", "content": "a"},
            {"type": "tool_call", "name": "f", "arguments": {}},
        ]}])
    );
    let responses = messages::output(&json!({"output": [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    ]}));
    let responses = responses.unwrap();
    assert_eq!(responses[0]["parts"][0], json!({"type": "reasoning", "content": "hm"}));
    assert_eq!(responses[1]["parts"][0], json!({"type": "text", "content": "a"}));
    assert_eq!(responses[2]["parts"][0]["arguments"], json!({}));
}

#[test]
fn what_is_no_list_of_messages_is_none() {
    for odd in [
        json!({}),
        json!([]),
        json!([1]),
        json!({"messages": [{"x": 1}]}),
        json!(null),
        json!(7),
    ] {
        assert_eq!(messages::input(&odd), None, "{odd}");
        assert_eq!(messages::output(&odd), None, "{odd}");
    }
}
