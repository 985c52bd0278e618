//! Requests and responses of their makers, and what becomes of each.

use serde_json::json;

use super::super::{messages, parameters, part, tools};
use super::shown;

#[test]
fn parameters_have_many_names() {
    let cases = [
        json!({"temperature": 0.5, "top_p": 0.9, "max_tokens": 9, "stop": ["x"], "top_k": 4.0}),
        json!({"config": {"temperature": 0.5, "topP": 0.9, "maxOutputTokens": 9, "stopSequences": ["x"], "topK": 4}}),
        json!({"inferenceConfig": {"temperature": 0.5, "topP": 0.9, "maxTokens": 9, "stopSequences": ["x"]}, "top_k": 4}),
    ];
    for request in cases {
        assert_eq!(
            shown(&parameters(&request)),
            json!({
                "gen_ai.request.temperature": 0.5, "gen_ai.request.top_p": 0.9, "gen_ai.request.max_tokens": 9,
                "gen_ai.request.stop_sequences": ["x"], "gen_ai.request.top_k": 4,
            }),
            "{request}"
        );
    }
    let more = json!({
        "stream": true, "reasoning": {"effort": "low"}, "text": {"format": {"type": "json_schema"}}, "n": 1, "stop": [],
        "previous_response_id": "r", "presence_penalty": 1, "frequency_penalty": -1.5,
    });
    assert_eq!(
        shown(&parameters(&more)),
        json!({
            "gen_ai.request.stream": true, "gen_ai.request.reasoning.level": "low", "gen_ai.output.type": "json",
            "gen_ai.request.previous_response.id": "r", "gen_ai.request.presence_penalty": 1.0,
            "gen_ai.request.frequency_penalty": -1.5,
        })
    );
    for odd in [
        json!(null),
        json!([]),
        json!("text"),
        json!({"stream": false, "temperature": "warm"}),
    ] {
        assert!(parameters(&odd).is_empty(), "{odd}");
    }
}

#[test]
fn tools_of_every_maker_are_alike() {
    let schema = json!({"type": "object"});
    let is = json!([{"type": "function", "name": "f", "description": "d", "parameters": schema}]);
    let inner = json!({"name": "f", "description": "d", "parameters": schema});
    for tools in [
        json!([{"type": "function", "function": inner}]),
        json!([{"type": "function", "name": "f", "description": "d", "parameters": schema}]),
        json!([{"name": "f", "description": "d", "input_schema": schema}]),
        json!([{"functionDeclarations": [inner]}]),
        json!([{"toolSpec": {"name": "f", "description": "d", "inputSchema": {"json": schema}}}]),
        json!([json!({"type": "function", "name": "f", "description": "d", "inputSchema": schema}).to_string()]),
    ] {
        assert_eq!(tools::definitions(&tools), is, "{tools}");
    }
    assert_eq!(
        tools::definitions(&json!([{"type": "web_search"}])),
        json!([{"type": "web_search"}])
    );
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

#[test]
fn answers_of_other_makers() {
    let says = |text: &str| json!([{"role": "assistant", "parts": [{"type": "text", "content": text}]}]);
    for answer in [
        json!("a"),
        json!({"role": "assistant", "content": "a"}),
        json!({"message": {"role": "assistant", "content": "a"}, "done": true}),
        json!({"content": {"role": "model", "parts": [{"text": "a"}]}}),
        json!({"output": {"message": {"role": "assistant", "content": [{"text": "a"}]}}}),
        json!({"generations": [[{"text": "a", "message": {"type": "ai", "content": "a"}}]]}),
        json!({"generations": [[{"text": "a"}]]}),
        json!([{"lc": 1, "type": "constructor", "kwargs": {"type": "ai", "content": "a"}}]),
        json!([{"role": "assistant", "parts": [{"type": "text", "content": "a"}]}]),
    ] {
        assert_eq!(messages::output(&answer), Some(says("a")), "{answer}");
    }
    let vercel = messages::output(&json!({
        "finishReason": "tool-calls", "text": "a",
        "toolCalls": [{"type": "tool-call", "toolCallId": "c", "toolName": "f", "input": {"a": 1}}],
    }));
    let call = json!({"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": 1}});
    assert_eq!(
        vercel.unwrap(),
        json!([{
            "role": "assistant", "finish_reason": "tool-calls", "parts": [{"type": "text", "content": "a"}, call],
        }])
    );
    let langchain = messages::input(&json!([[
        {"type": "human", "content": "q"},
        {"type": "ai", "content": "", "tool_calls": [{"type": "tool_call", "id": "c", "name": "f", "args": {"a": 1}}]},
        {"type": "tool", "content": "2", "tool_call_id": "c", "name": "f"},
    ]]));
    assert_eq!(
        langchain.unwrap(),
        json!([
            {"role": "user", "parts": [{"type": "text", "content": "q"}]},
            {"role": "assistant", "parts": [call]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "2"}]},
        ])
    );
}

#[test]
fn instructions_are_texts() {
    let says = Some(json!([{"type": "text", "content": "be"}]));
    for request in [
        json!({"system": "be"}),
        json!({"instructions": "be"}),
        json!({"system": [{"text": "be"}, {"cachePoint": {"type": "default"}}]}),
        json!({"system": [{"type": "text", "text": "be", "cache_control": {}}]}),
        json!({"system_instruction": {"parts": [{"text": "be"}]}}),
        json!({"config": {"system_instruction": "be"}}),
    ] {
        assert_eq!(messages::instructions(&request), says, "{request}");
    }
    for nothing in [
        json!({}),
        json!({"system": ""}),
        json!({"system": []}),
        json!({"system": 7}),
        json!("be"),
    ] {
        assert_eq!(messages::instructions(&nothing), None, "{nothing}");
    }
}

#[test]
fn pictures_sounds_and_files() {
    let cases = [
        (
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}}),
            json!({"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AA"}),
        ),
        (
            json!({"type": "document", "source": {"type": "url", "url": "http://d"}}),
            json!({"type": "uri", "modality": "document", "uri": "http://d"}),
        ),
        (
            json!({"type": "input_image", "image_url": "http://i"}),
            json!({"type": "uri", "modality": "image", "uri": "http://i"}),
        ),
        (
            json!({"type": "input_audio", "input_audio": {"format": "wav", "data": "AA"}}),
            json!({"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "AA"}),
        ),
        (
            json!({"type": "file", "file": {"file_id": "f"}}),
            json!({"type": "file", "modality": "document", "file_id": "f"}),
        ),
        (
            json!({"fileData": {"fileUri": "gs://v", "mimeType": "video/mp4"}}),
            json!({"type": "uri", "modality": "video", "uri": "gs://v"}),
        ),
        (
            json!({"executableCode": {}}),
            json!({"type": "generic", "content": {"executableCode": {}}}),
        ),
        (json!({"type": "mine", "x": 1}), json!({"type": "mine", "x": 1})),
    ];
    for (said, is) in cases {
        assert_eq!(part::part(&said), is, "{said}");
        assert_eq!(part::part(&is), is, "it has this shape already");
    }
}
