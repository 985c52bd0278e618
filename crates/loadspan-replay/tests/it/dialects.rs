//! What other conventions call the same things.

use loadspan_replay::{Call, Part};
use serde_json::json;

use crate::harness::*;

/// The one call of a span, as text.
fn read(span: Span) -> String {
    let recording = recording_of(otlp(&[span]));
    assert_eq!(recording.sessions.len(), 1, "{}", shown(&recording));
    told(&recording.sessions[0].calls()[0])
}

fn told(call: &Call) -> String {
    let mut lines = Vec::new();
    for message in &call.messages {
        let parts: Vec<String> = message.parts.iter().map(part).collect();
        lines.push(format!("{}: {}", message.role.as_str(), parts.join(" + ")));
    }
    if let Some(output) = &call.output {
        let calls: Vec<String> = output
            .tool_calls
            .iter()
            .cloned()
            .map(Part::ToolCall)
            .map(|call| part(&call))
            .collect();
        lines.push(
            format!("-> {:?} {}", output.text, calls.join(" + "))
                .trim_end()
                .to_owned(),
        );
    }
    let model = call.model.as_deref().unwrap_or("?");
    lines.push(format!("{model} {:?} {:?}", call.input_tokens, call.output_tokens));
    lines.join("\n")
}

fn part(part: &Part) -> String {
    match part {
        Part::Text(text) => format!("{text:?}"),
        Part::Reasoning(text) => format!("thought {text:?}"),
        Part::ToolCall(call) => format!("{}({}) as {:?}", call.name, call.arguments, call.id),
        Part::ToolResult(result) => format!("{} for {:?}", result.content, result.id),
        Part::Other(value) => value.to_string(),
    }
}

#[test]
fn openai_messages_under_the_conventions_names() {
    let messages = json!([
        {"role": "developer", "content": "Be brief"},
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"at\":\"sea\"}"}},
        ]},
        {"role": "tool", "tool_call_id": "c1", "content": "rain"},
    ]);
    let span = span("a", 1, 2)
        .named("llm.chat.completions")
        .with("llm.request.type", "chat")
        .with("gen_ai.request.model", "m")
        .with("gen_ai.input.messages", messages.to_string())
        .with("gen_ai.output.text", "It rains")
        .with("gen_ai.usage.prompt_tokens", 12)
        .with("gen_ai.usage.completion_tokens", 3);
    insta::assert_snapshot!(read(span), @r#"
    developer: "Be brief"
    user: "Weather?"
    assistant: weather({"at":"sea"}) as Some("c1")
    tool: "rain" for Some("c1")
    -> "It rains"
    m Some(12) Some(3)
    "#);
}

#[test]
fn the_streamed_tool_calls_of_inference_perf() {
    let pieces = json!([
        {"role": "assistant", "tool_calls": [{"index": 0, "id": "c1", "function": {"name": "add", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "{\"a\""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]},
        {"tool_calls": [{"index": 1, "id": "c2", "function": {"name": "sub", "arguments": "{}"}}]},
    ]);
    let span = chat("a", 1, 2)
        .asks([user("Add")])
        .with("gen_ai.output.message", pieces.to_string());
    insta::assert_snapshot!(read(span), @r#"
    user: "Add"
    -> "" add({"a":1}) as Some("c1") + sub({}) as Some("c2")
    m None None
    "#);
}

#[test]
fn openinference() {
    let span = span("a", 1, 2)
        .with("openinference.span.kind", "LLM")
        .with("llm.model_name", "m")
        .with("input.value", "not this")
        .with("llm.input_messages.0.message.role", "system")
        .with("llm.input_messages.0.message.content", "Be brief")
        .with("llm.input_messages.1.message.role", "user")
        .with("llm.input_messages.1.message.contents.0.message_content.type", "text")
        .with(
            "llm.input_messages.1.message.contents.0.message_content.text",
            "Weather?",
        )
        .with("llm.input_messages.10.message.role", "tool")
        .with("llm.input_messages.10.message.content", "rain")
        .with("llm.input_messages.10.message.tool_call_id", "c1")
        .with("llm.input_messages.2.message.role", "assistant")
        .with("llm.input_messages.2.message.tool_calls.0.tool_call.id", "c1")
        .with(
            "llm.input_messages.2.message.tool_calls.0.tool_call.function.name",
            "weather",
        )
        .with(
            "llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments",
            "{\"at\": \"sea\"}",
        )
        .with("llm.output_messages.0.message.role", "assistant")
        .with("llm.output_messages.0.message.content", "It rains")
        .with("llm.token_count.prompt", 12)
        .with("llm.token_count.completion", 3);
    insta::assert_snapshot!(read(span), @r#"
    system: "Be brief"
    user: "Weather?"
    assistant: weather({"at":"sea"}) as Some("c1")
    tool: "rain" for Some("c1")
    -> "It rains"
    m Some(12) Some(3)
    "#);
}

#[test]
fn openllmetry() {
    let span = span("a", 1, 2)
        .named("openai.chat")
        .with("llm.request.type", "chat")
        .with("gen_ai.request.model", "m")
        .with("gen_ai.prompt.0.role", "user")
        .with("gen_ai.prompt.0.content", r#"[{"type":"text","text":"Weather?"}]"#)
        .with("gen_ai.prompt.1.role", "assistant")
        .with("gen_ai.prompt.1.tool_calls.0.id", "c1")
        .with("gen_ai.prompt.1.tool_calls.0.name", "weather")
        .with("gen_ai.prompt.1.tool_calls.0.arguments", "{}")
        .with("gen_ai.prompt.2.role", "tool")
        .with("gen_ai.prompt.2.tool_call_id", "c1")
        .with("gen_ai.prompt.2.content", "rain")
        .with("gen_ai.completion.0.role", "assistant")
        .with("gen_ai.completion.0.content", "It rains")
        .with("gen_ai.completion.0.finish_reason", "stop")
        .with("gen_ai.completion.1.role", "assistant")
        .with("gen_ai.completion.1.content", "another choice");
    insta::assert_snapshot!(read(span), @r#"
    user: "Weather?"
    assistant: weather({}) as Some("c1")
    tool: "rain" for Some("c1")
    -> "It rains"
    m None None
    "#);
}

#[test]
fn mlflow() {
    let request = json!({"model": "m", "temperature": 0.5, "messages": [{"role": "user", "content": "Hi"}]});
    let response = json!({"choices": [{"message": {"role": "assistant", "content": "Ho"}, "finish_reason": "stop"}]});
    let usage = json!({"input_tokens": 12, "output_tokens": 3, "total_tokens": 15});
    let span = span("a", 1, 2)
        .with("mlflow.spanType", "\"CHAT_MODEL\"")
        .with("mlflow.llm.model", "\"m\"")
        .with("mlflow.spanInputs", request.to_string())
        .with("mlflow.spanOutputs", response.to_string())
        .with("mlflow.chat.tokenUsage", usage.to_string());
    insta::assert_snapshot!(read(span), @r#"
    user: "Hi"
    -> "Ho"
    m Some(12) Some(3)
    "#);
}

#[test]
fn a_completion_of_a_text() {
    let span = span("a", 1, 2)
        .named("text_completion m")
        .with("gen_ai.operation.name", "text_completion")
        .with("gen_ai.request.model", "m")
        .with("gen_ai.prompt", "Once upon")
        .with("gen_ai.completion", "a time");
    insta::assert_snapshot!(read(span), @r#"
    user: "Once upon"
    -> "a time"
    m None None
    "#);
}
