//! Spans as whole applications send them.

use loadspan_wire::otlp::trace::Status;
use loadspan_wire::otlp::trace::span::{Event, Link};
use loadspan_wire::otlp::trace::status::StatusCode;
use serde_json::{Value, json};

use super::*;

/// A span with texts, and numbers, as attributes; what is structured is a text of JSON.
fn said(name: &str, attributes: &[(&str, Value)]) -> Span {
    let attributes = attributes.iter().map(|(key, value)| match value {
        Value::String(text) => attribute(*key, text.as_str()),
        Value::Number(number) if number.is_i64() => attribute(*key, number.as_i64().unwrap()),
        Value::Number(number) => attribute(*key, number.as_f64().unwrap()),
        value => attribute(*key, value.to_string()),
    });
    Span {
        name: name.to_owned(),
        kind: 1,
        attributes: attributes.collect(),
        ..Span::default()
    }
}

/// As MLflow's SDK has attributes: all are JSON.
fn of_mlflow(name: &str, attributes: &[(&str, Value)]) -> Span {
    let attributes = attributes.iter();
    Span {
        name: name.to_owned(),
        kind: 1,
        attributes: attributes
            .map(|(key, value)| attribute(*key, value.to_string()))
            .collect(),
        status: Some(Status {
            code: StatusCode::Ok.into(),
            message: String::new(),
        }),
        ..Span::default()
    }
}

#[test]
fn mlflows_sdk() {
    let agent = of_mlflow(
        "assistant",
        &[
            ("mlflow.traceRequestId", json!("tr-1")),
            ("mlflow.spanType", json!("AGENT")),
            (
                "mlflow.spanInputs",
                json!({"messages": [{"role": "user", "content": "Weather?"}], "steps": 3}),
            ),
            ("mlflow.spanOutputs", json!("Sunny.")),
        ],
    );
    let chat = of_mlflow(
        "Completions",
        &[
            ("mlflow.spanType", json!("CHAT_MODEL")),
            ("mlflow.message.format", json!("openai")),
            ("mlflow.llm.model", json!("gpt-4o")),
            ("mlflow.llm.provider", json!("openai")),
            (
                "mlflow.llm.cost",
                json!({"input_cost": 1.0, "output_cost": 1.0, "total_cost": 2.0}),
            ),
            (
                "mlflow.chat.tokenUsage",
                json!({"input_tokens": 5, "output_tokens": 2, "total_tokens": 7, "cache_read_input_tokens": 4}),
            ),
            (
                "mlflow.spanInputs",
                json!({
                    "model": "gpt-4o", "temperature": 0, "stream": true, "response_format": {"type": "json_object"},
                    "messages": [{"role": "user", "content": "Weather?"}],
                }),
            ),
            (
                "mlflow.spanOutputs",
                json!({
                    "id": "c-1", "object": "chat.completion", "model": "gpt-4o-2024-08-06", "service_tier": "default", "choices": [{
                        "finish_reason": "tool_calls",
                        "message": {"role": "assistant", "content": null, "tool_calls": [
                            {"id": "t-1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}},
                        ]},
                    }],
                }),
            ),
            (
                "mlflow.chat.tools",
                json!([{"type": "function", "function": {"name": "weather", "parameters": {}}}]),
            ),
        ],
    );
    let chain = of_mlflow(
        "chain",
        &[
            ("mlflow.spanType", json!("CHAIN")),
            ("mlflow.spanInputs", json!({"a": 1})),
        ],
    );
    insta::assert_snapshot!(shown(&request(vec![agent, chat, chain])), @r#"
    assistant -> invoke_agent assistant
        gen_ai.agent.name = assistant
        gen_ai.input.messages = [{"parts":[{"content":"Weather?","type":"text"}],"role":"user"}]
        gen_ai.operation.name = invoke_agent
        gen_ai.output.messages = [{"parts":[{"content":"Sunny.","type":"text"}],"role":"assistant"}]
      ~ mlflow.spanInputs = {"messages":[{"content":"Weather?","role":"user"}],"steps":3}
    Completions -> chat gpt-4o (Client)
        gen_ai.input.messages = [{"parts":[{"content":"Weather?","type":"text"}],"role":"user"}]
        gen_ai.operation.name = chat
        gen_ai.output.messages = [{"finish_reason":"tool_calls","parts":[{"arguments":{"city":"Oslo"},"id":"t-1","name":"weather","type":"tool_call"}],"role":"assistant"}]
        gen_ai.output.type = json
        gen_ai.provider.name = openai
        gen_ai.request.model = gpt-4o
        gen_ai.request.stream = true
        gen_ai.request.temperature = 0.0
        gen_ai.response.finish_reasons = ["tool_calls"]
        gen_ai.response.id = c-1
        gen_ai.response.model = gpt-4o-2024-08-06
        gen_ai.tool.definitions = [{"name":"weather","parameters":{},"type":"function"}]
        gen_ai.usage.cache_read.input_tokens = 4
        gen_ai.usage.input_tokens = 5
        gen_ai.usage.output_tokens = 2
      ~ mlflow.llm.cost = {"input_cost":1.0,"output_cost":1.0,"total_cost":2.0}
        openai.response.service_tier = default
    chain: unchanged
    "#);
}

#[test]
fn openinference_with_everything_twice() {
    let call = said(
        "ChatCompletion",
        &[
            ("openinference.span.kind", json!("LLM")),
            ("llm.system", json!("openai")),
            (
                "llm.invocation_parameters",
                json!({"temperature": 0.2, "max_tokens": 50}),
            ),
            (
                "input.value",
                json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "seed": 7}),
            ),
            ("input.mime_type", json!("application/json")),
            ("llm.input_messages.0.message.role", json!("user")),
            ("llm.input_messages.0.message.content", json!("Hi")),
            (
                "output.value",
                json!({"id": "r-1", "model": "gpt-4o-2024-08-06", "choices": [{"finish_reason": "stop", "message": {}}]}),
            ),
            ("llm.output_messages.0.message.role", json!("assistant")),
            ("llm.output_messages.0.message.content", json!("Hello")),
            (
                "llm.tools.0.tool.json_schema",
                json!(r#"{"type": "function", "function": {"name": "f"}}"#),
            ),
            ("llm.token_count.prompt", json!(3)),
            ("llm.token_count.completion", json!(1)),
            ("llm.token_count.completion_details.reasoning", json!(1)),
            ("metadata", json!({"a": 1})),
        ],
    );
    let tool = said(
        "lookup",
        &[
            ("openinference.span.kind", json!("TOOL")),
            ("tool.name", json!("find")),
            ("tool.description", json!("finds")),
            ("input.value", json!({"q": "x"})),
            ("output.value", json!("y")),
        ],
    );
    let agent = said(
        "run",
        &[
            ("openinference.span.kind", json!("AGENT")),
            ("agent.name", json!("helper")),
            ("input.value", json!({"goal": "x", "budget": 3})),
        ],
    );
    insta::assert_snapshot!(shown(&request(vec![call, tool, agent])), @r#"
    ChatCompletion -> chat gpt-4o (Client)
        gen_ai.input.messages = [{"parts":[{"content":"Hi","type":"text"}],"role":"user"}]
        gen_ai.operation.name = chat
        gen_ai.output.messages = [{"parts":[{"content":"Hello","type":"text"}],"role":"assistant"}]
        gen_ai.provider.name = openai
        gen_ai.request.max_tokens = 50
        gen_ai.request.model = gpt-4o
        gen_ai.request.seed = 7
        gen_ai.request.temperature = 0.2
        gen_ai.response.finish_reasons = ["stop"]
        gen_ai.response.id = r-1
        gen_ai.response.model = gpt-4o-2024-08-06
        gen_ai.tool.definitions = [{"name":"f","type":"function"}]
        gen_ai.usage.input_tokens = 3
        gen_ai.usage.output_tokens = 1
        gen_ai.usage.reasoning.output_tokens = 1
      ~ llm.invocation_parameters = {"max_tokens":50,"temperature":0.2}
      ~ metadata = {"a":1}
    lookup -> execute_tool find
        gen_ai.operation.name = execute_tool
        gen_ai.tool.call.arguments = {"q":"x"}
        gen_ai.tool.call.result = "y"
        gen_ai.tool.description = finds
        gen_ai.tool.name = find
    run -> invoke_agent helper
        gen_ai.agent.name = helper
        gen_ai.operation.name = invoke_agent
      ~ input.value = {"budget":3,"goal":"x"}
    "#);
}

#[test]
fn vercels_sdk_with_tools() {
    let outer = said(
        "ai.streamText",
        &[
            ("ai.operationId", json!("ai.streamText")),
            ("ai.telemetry.functionId", json!("answer")),
            (
                "ai.prompt",
                json!({"system": "Be brief.", "messages": [{"role": "user", "content": "Weather?"}]}),
            ),
            ("ai.response.text", json!("Sunny.")),
            ("ai.usage.inputTokens", json!(9)),
        ],
    );
    let inner = said(
        "ai.streamText.doStream",
        &[
            ("ai.operationId", json!("ai.streamText.doStream")),
            ("ai.model.id", json!("gpt-4o")),
            ("ai.model.provider", json!("openai.responses")),
            ("ai.settings.temperature", json!(0.5)),
            ("ai.settings.maxRetries", json!(2)),
            (
                "ai.prompt.messages",
                json!([{"role": "user", "content": [{"type": "text", "text": "Weather?"}]}]),
            ),
            (
                "ai.prompt.tools",
                json!([{"type": "function", "name": "weather", "inputSchema": {}}]),
            ),
            (
                "ai.response.toolCalls",
                json!([{"toolCallId": "t", "toolName": "weather", "input": "{\"city\":\"Oslo\"}", "type": "tool-call"}]),
            ),
            ("ai.response.finishReason", json!("tool-calls")),
            ("ai.response.id", json!("r")),
            ("ai.usage.promptTokens", json!(9)),
        ],
    );
    let tool = said(
        "ai.toolCall",
        &[
            ("ai.operationId", json!("ai.toolCall")),
            ("ai.toolCall.name", json!("weather")),
            ("ai.toolCall.id", json!("t")),
            ("ai.toolCall.args", json!({"city": "Oslo"})),
        ],
    );
    insta::assert_snapshot!(shown(&request(vec![outer, inner, tool])), @r#"
    ai.streamText -> invoke_agent answer
        gen_ai.agent.name = answer
        gen_ai.input.messages = [{"parts":[{"content":"Weather?","type":"text"}],"role":"user"}]
        gen_ai.operation.name = invoke_agent
        gen_ai.output.messages = [{"parts":[{"content":"Sunny.","type":"text"}],"role":"assistant"}]
        gen_ai.system_instructions = [{"content":"Be brief.","type":"text"}]
        gen_ai.usage.input_tokens = 9
    ai.streamText.doStream -> chat gpt-4o (Client)
      ~ ai.settings.maxRetries = 2
        gen_ai.input.messages = [{"parts":[{"content":"Weather?","type":"text"}],"role":"user"}]
        gen_ai.operation.name = chat
        gen_ai.output.messages = [{"finish_reason":"tool-calls","parts":[{"arguments":{"city":"Oslo"},"id":"t","name":"weather","type":"tool_call"}],"role":"assistant"}]
        gen_ai.provider.name = openai
        gen_ai.request.model = gpt-4o
        gen_ai.request.temperature = 0.5
        gen_ai.response.finish_reasons = ["tool-calls"]
        gen_ai.response.id = r
        gen_ai.tool.definitions = [{"name":"weather","parameters":{},"type":"function"}]
        gen_ai.usage.input_tokens = 9
    ai.toolCall -> execute_tool weather
        gen_ai.operation.name = execute_tool
        gen_ai.tool.call.arguments = {"city":"Oslo"}
        gen_ai.tool.call.id = t
        gen_ai.tool.name = weather
    "#);
}

#[test]
fn what_failed_says_why_and_keeps_its_status() {
    let mut call = said(
        "openai.chat",
        &[
            ("traceloop.span.kind", json!("tool")),
            ("traceloop.entity.name", json!("t")),
        ],
    );
    call.status = Some(Status {
        code: StatusCode::Error.into(),
        message: "no".to_owned(),
    });
    call.events.push(Event {
        name: "exception".to_owned(),
        attributes: vec![attribute("exception.type", "TimeoutError")],
        ..Event::default()
    });
    call.links.push(Link {
        span_id: vec![1; 8],
        ..Link::default()
    });
    let exported = genai(request(vec![call.clone()]), None);
    let is = spans(&exported)[0];
    assert!(is.attributes.contains(&attribute("error.type", "TimeoutError")));
    assert_eq!(
        (&is.status, &is.events, &is.links),
        (&call.status, &call.events, &call.links)
    );
}

#[test]
fn what_mlflows_sdk_packs_is_unpacked() {
    let call = of_mlflow(
        "call",
        &[
            ("mlflow.spanType", json!("UNKNOWN")),
            ("gen_ai.operation.name", json!("chat")),
            ("gen_ai.request.model", json!("m")),
            ("gen_ai.usage.input_tokens", json!(3)),
            ("gen_ai.request.temperature", json!(0.5)),
            ("gen_ai.request.stop_sequences", json!(["x"])),
            ("gen_ai.tool.call.result", json!("1")),
            ("mine", json!("text")),
        ],
    );
    let exported = genai(request(vec![call]), None);
    let is = spans(&exported)[0];
    for expected in [
        attribute("gen_ai.operation.name", "chat"),
        attribute("gen_ai.request.model", "m"),
        attribute("gen_ai.usage.input_tokens", 3_i64),
        attribute("gen_ai.request.temperature", 0.5),
        attribute("gen_ai.request.stop_sequences", vec!["x".to_owned()]),
        attribute("gen_ai.tool.call.result", "\"1\""),
        attribute("mine", "\"text\""),
    ] {
        assert!(
            is.attributes.contains(&expected),
            "{}: {:?}",
            expected.key,
            is.attributes
        );
    }
}

#[test]
fn what_would_take_too_much_memory_stays_as_it_is() {
    let large = format!(r#"{{"messages": [{}0]}}"#, r#"{"":0},"#.repeat(100_000));
    let of_mlflow = said(
        "one",
        &[("mlflow.spanType", json!("LLM")), ("mlflow.spanInputs", json!(large))],
    );
    let of_openinference = said(
        "other",
        &[("openinference.span.kind", json!("LLM")), ("input.value", json!(large))],
    );
    let exported = genai(request(vec![of_mlflow, of_openinference]), None);
    for (span, name) in spans(&exported).into_iter().zip(["mlflow.spanInputs", "input.value"]) {
        let operation = attribute("gen_ai.operation.name", "generate_content");
        let kept = attribute(name, large.as_str());
        assert!(
            span.attributes.contains(&operation) && span.attributes.contains(&kept),
            "{name}"
        );
        assert_eq!(span.attributes.len(), 2);
    }
}
