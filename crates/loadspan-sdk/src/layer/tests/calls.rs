//! What is recorded of calls that go well.

use serde_json::json;

use super::harness::*;
use crate::{HttpTracingLayer, testing};

fn usage() -> serde_json::Value {
    json!({"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14,
        "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2}})
}

#[test]
fn a_chat_is_recorded_with_all_that_is_known_of_it() {
    let memory = testing::state();
    let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": {}}}]);
    let request = json!({
        "model": "gpt-5", "messages": [{"role": "user", "content": "Weather in Paris?"}], "tools": tools,
        "temperature": 0.5, "top_p": 0.9, "max_completion_tokens": 100, "seed": 7, "n": 2, "stop": "END",
        "frequency_penalty": 0.1, "presence_penalty": 0.2, "reasoning_effort": "low", "service_tier": "flex",
        "response_format": {"type": "json_object"},
    });
    let choice =
        |index| json!({"index": index, "message": {"role": "assistant", "content": "Sunny"}, "finish_reason": "stop"});
    let response = json!({"id": "chatcmpl-1", "model": "gpt-5-2026", "choices": [choice(0), choice(1)], "usage": usage(),
        "service_tier": "flex", "system_fingerprint": "fp_1"});
    let reply = Reply::new(JSON, response.to_string());

    let span = span_of_call(&memory, ("/v1/chat/completions", request.clone()), reply);

    let mlflow = json!({
        "mlflow.spanType": "CHAT_MODEL",
        "mlflow.spanInputs": request,
        "mlflow.spanOutputs": response,
        "mlflow.chat.tools": tools,
        "mlflow.chat.tokenUsage": {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14, "cache_read_input_tokens": 4},
        "mlflow.llm.model": "gpt-5",
        "mlflow.llm.provider": "openai",
        "mlflow.message.format": "openai",
    });
    let asked = json!({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.seed": 7,
        "gen_ai.request.choice.count": 2,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.frequency_penalty": 0.1,
        "gen_ai.request.presence_penalty": 0.2,
        "gen_ai.request.reasoning.level": "low",
        "gen_ai.output.type": "json",
        "openai.api.type": "chat_completions",
        "openai.request.service_tier": "flex",
        "server.address": "127.0.0.1",
        "server.port": 8000,
        "http.request.body.size": request.to_string().len(),
    });
    let answered = json!({
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "gpt-5-2026",
        "gen_ai.response.finish_reasons": ["stop", "stop"],
        "gen_ai.usage.input_tokens": 9,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 2,
        "openai.response.service_tier": "flex",
        "openai.response.system_fingerprint": "fp_1",
        "http.response.status_code": 200,
        "http.response.body.size": response.to_string().len(),
    });
    let mut expected = serde_json::Map::new();
    for part in [mlflow, asked, answered] {
        expected.extend(part.as_object().unwrap().clone());
    }
    assert_eq!(span["attributes"], serde_json::Value::Object(expected));
    assert_eq!(
        (&span["name"], &span["kind"], &span["status"], &span["events"]),
        (&json!("chat gpt-5"), &json!("Client"), &json!("Ok"), &json!([]))
    );
}

/// The chunks of a chat that reasons, speaks, and calls two tools at once.
pub(super) fn chat_stream() -> String {
    let chunk = |delta| json!({"id": "c1", "created": 1, "model": "gpt-5-2026", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
    let call = |index: u64, id: Option<&str>, function| {
        let mut call = json!({"index": index, "function": function});
        if let Some(id) = id {
            call["id"] = id.into();
            call["type"] = "function".into();
        }
        chunk(json!({"tool_calls": [call]}))
    };
    let mut events = vec![
        chunk(json!({"role": "assistant", "content": ""})),
        chunk(json!({"reasoning_content": "Hm, "})),
        chunk(json!({"reasoning_content": "Paris…"})),
        chunk(json!({"content": "Let me "})),
        chunk(json!({"content": "look. ☀"})),
        call(0, Some("call_a"), json!({"name": "weather", "arguments": ""})),
        call(0, None, json!({"arguments": "{\"city\":"})),
        call(1, Some("call_b"), json!({"name": "time", "arguments": "{"})),
        call(0, None, json!({"arguments": "\"Paris\"}"})),
        call(1, None, json!({"arguments": "}"})),
    ];
    events.push(json!({"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}));
    events.push(json!({"id": "c1", "choices": [], "usage": usage()}));
    stream(&events)
}

#[test]
fn a_streamed_chat_is_put_together() {
    let memory = testing::state();

    let span = span_of_call(&memory, chat_request(), Reply::new(STREAM, chat_stream()));

    assert_eq!(
        span["attributes"]["mlflow.spanOutputs"],
        json!({
            "id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-5-2026", "usage": usage(),
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant",
                "reasoning_content": "Hm, Paris…",
                "content": "Let me look. ☀",
                "tool_calls": [
                    {"id": "call_a", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Paris\"}"}},
                    {"id": "call_b", "type": "function", "function": {"name": "time", "arguments": "{}"}},
                ],
            }}],
        })
    );
    assert_eq!(span["status"], "Ok");
    assert_eq!(
        span["attributes"]["gen_ai.response.finish_reasons"],
        json!(["tool_calls"])
    );
    assert_eq!(span["attributes"]["gen_ai.response.time_to_first_chunk"], "seconds");
    assert_eq!(span["attributes"]["mlflow.chat.tokenUsage"]["total_tokens"], 14);
    assert_eq!(span["attributes"]["loadspan.chunks"], 12);
    assert_eq!(span["events"].as_array().unwrap().len(), 12);
    assert_eq!(span["events"][3]["name"], "mlflow.chunk.item.3");
    assert_eq!(
        span["events"][3]["attributes"]["mlflow.chunk.value"]["choices"][0]["delta"],
        json!({"content": "Let me "})
    );
}

#[test]
fn a_streamed_completion_is_put_together() {
    let memory = testing::state();
    let piece = |text: &str, reason: Option<&str>| json!({"id": "c", "choices": [{"index": 0, "text": text, "finish_reason": reason}]});
    let body = stream(&[piece("Once ", None), piece("upon", None), piece("", Some("length"))]);
    let request = (
        "/v1/completions",
        json!({"model": "m", "prompt": "Tell", "stream": true}),
    );

    let span = span_of_call(&memory, request, Reply::new(STREAM, body));

    assert_eq!(span["name"], "text_completion m");
    assert_eq!(span["attributes"]["mlflow.spanType"], "LLM");
    assert_eq!(span["attributes"]["gen_ai.request.stream"], true);
    assert_eq!(
        span["attributes"]["mlflow.spanOutputs"],
        json!({"id": "c", "object": "text_completion", "choices": [{"index": 0, "text": "Once upon", "finish_reason": "length"}]})
    );
}

/// A response that speaks and calls a tool; without its last event it has broken off.
pub(super) fn response_events() -> Vec<serde_json::Value> {
    let message = |text: &str| json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]});
    let tool = |arguments: &str| json!({"type": "function_call", "name": "weather", "arguments": arguments});
    let whole = json!({"id": "resp_1", "object": "response", "model": "gpt-5-2026", "status": "completed",
        "output": [message("Let me look."), tool("{}")],
        "usage": {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14, "input_tokens_details": {"cached_tokens": 4}}});
    vec![
        json!({"type": "response.created", "response": {"id": "resp_1", "model": "gpt-5-2026", "status": "in_progress"}}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "role": "assistant", "content": []}}),
        json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Let me "}),
        json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "look."}),
        json!({"type": "response.output_item.added", "output_index": 1, "item": tool("")}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"}),
        json!({"type": "response.completed", "response": whole}),
    ]
}

#[test]
fn a_streamed_response_is_its_last_event() {
    let memory = testing::state();
    let events = response_events();
    let tools = json!([{"type": "function", "name": "weather", "parameters": {}}, {"type": "web_search"}]);
    let request = json!({"model": "gpt-5", "input": "Weather?", "tools": tools, "reasoning": {"effort": "high"},
        "previous_response_id": "resp_0", "max_output_tokens": 50});

    let span = span_of_call(
        &memory,
        ("/v1/responses", request),
        Reply::new(STREAM, named_stream(&events)),
    );

    let attributes = &span["attributes"];
    assert_eq!(attributes["mlflow.spanOutputs"], events.last().unwrap()["response"]);
    assert_eq!(attributes["gen_ai.response.finish_reasons"], json!(["tool_calls"]));
    assert_eq!(attributes["gen_ai.response.id"], "resp_1");
    assert_eq!(attributes["gen_ai.usage.cache_read.input_tokens"], 4);
    assert_eq!(attributes["gen_ai.request.reasoning.level"], "high");
    assert_eq!(attributes["gen_ai.request.previous_response.id"], "resp_0");
    assert_eq!(attributes["openai.api.type"], "responses");
    assert_eq!(
        attributes["mlflow.chat.tools"],
        json!([{"type": "function", "function": {"name": "weather", "parameters": {}}}, {"type": "web_search"}])
    );
}

#[test]
fn embeddings_are_recorded() {
    let memory = testing::state();
    let request = json!({"model": "e", "input": ["a", "b"], "encoding_format": "float", "dimensions": 2});
    let response = json!({"data": [{"embedding": [0.1, 12345678901234567890.0]}], "model": "e", "usage": {"prompt_tokens": 2, "total_tokens": 2}});

    let span = span_of_call(
        &memory,
        ("/v1/embeddings", request),
        Reply::new(JSON, response.to_string()),
    );

    let attributes = &span["attributes"];
    assert_eq!(span["name"], "embeddings e");
    assert_eq!(attributes["mlflow.spanType"], "EMBEDDING");
    assert_eq!(attributes["mlflow.spanOutputs"], response);
    assert_eq!(attributes["gen_ai.embeddings.dimension.count"], 2);
    assert_eq!(attributes["gen_ai.request.encoding_formats"], json!(["float"]));
    assert_eq!(attributes["gen_ai.usage.input_tokens"], 2);
    assert_eq!(attributes["gen_ai.usage.output_tokens"], json!(null));
}

#[test]
fn of_long_bodies_the_counts_are_known() {
    let memory = testing::state();
    let vectors = vec![json!({"embedding": [0.125]}); 20_000];
    let response = json!({"data": vectors, "usage": {"prompt_tokens": 3, "total_tokens": 3}}).to_string();
    let request = post("/v1/embeddings", &json!({"model": "e", "input": "x".repeat(100_000)}));

    let layer = HttpTracingLayer::new().with_content_limit(1_000);
    block_on(send(layer, request, Reply::new(JSON, response.clone())));

    let attributes = &last_span(&memory)["attributes"];
    assert_eq!(attributes["loadspan.content.truncated"], true);
    assert_eq!(attributes["mlflow.chat.tokenUsage"]["input_tokens"], 3);
    assert_eq!(attributes["http.response.body.size"], response.len());
    assert_eq!(attributes["mlflow.spanInputs"], json!(null));
    assert_eq!(attributes["mlflow.spanOutputs"], json!(null));
}

#[test]
fn of_long_streams_the_beginning_and_the_counts_are_known() {
    let memory = testing::state();
    let layer = HttpTracingLayer::new().with_content_limit(400);

    block_on(send(
        layer,
        post("/v1/chat/completions", &chat_request().1),
        Reply::new(STREAM, chat_stream()),
    ));

    let span = last_span(&memory);
    let attributes = &span["attributes"];
    assert_eq!(attributes["loadspan.content.truncated"], true);
    assert_eq!(attributes["mlflow.chat.tokenUsage"]["total_tokens"], 14);
    assert_eq!(attributes["gen_ai.response.finish_reasons"], json!(["tool_calls"]));
    assert_eq!(attributes["loadspan.chunks"], 12);
    let kept = span["events"].as_array().unwrap().len();
    assert!((1..12).contains(&kept), "{kept}");
    assert_eq!(
        attributes["mlflow.spanOutputs"]["choices"][0]["message"]["reasoning_content"],
        "Hm, Paris…"
    );
}

#[test]
fn content_may_be_left_out() {
    let memory = testing::state();
    let layer = HttpTracingLayer::new().without_content();

    block_on(send(
        layer,
        post("/v1/chat/completions", &chat_request().1),
        Reply::new(STREAM, chat_stream()),
    ));

    let span = last_span(&memory);
    assert!(!span.to_string().contains("Paris"), "{span}");
    assert_eq!(span["name"], "chat gpt-5");
    assert_eq!(span["attributes"]["mlflow.chat.tokenUsage"]["total_tokens"], 14);
    assert_eq!(span["attributes"]["loadspan.content.truncated"], json!(null));
}

#[test]
fn keys_are_not_recorded() {
    let memory = testing::state();

    let span = span_of_call(
        &memory,
        chat_request(),
        Reply::new(STREAM, chat_stream()[..300].to_owned()).broken_off(),
    );

    assert!(!span.to_string().contains("secret"), "{span}");
}
