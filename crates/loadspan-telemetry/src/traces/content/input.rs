//! Reads prompts from the bodies of requests.

use loadspan_wire::semconv::genai;
use serde_json::Value;

use super::{Message, Part, to_json};
use crate::Operation;

/// The prompt of a request, in the words of those who may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputContent {
    /// JSON in the convention's schema: `gen_ai.input.messages`.
    pub messages: String,
    /// The same as it was sent, as JSON: what inference-perf calls `gen_ai.input.messages`.
    pub verbatim: String,
    /// JSON in the convention's schema: instructions that were sent apart from the prompt.
    pub system_instructions: Option<String>,
    /// JSON in the convention's schema: the tools that the model was offered.
    pub tool_definitions: Option<String>,
}

impl InputContent {
    /// The prompt in the JSON body of a request. `None` when the body has none.
    #[must_use]
    pub fn from_body(body: &[u8], operation: Operation) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let field = match operation {
            Operation::Chat => "messages",
            Operation::Completions => "prompt",
            Operation::Responses | Operation::Embeddings => "input",
        };
        let prompt = body.get(field)?;
        let messages = match (operation, prompt) {
            (Operation::Chat | Operation::Responses, Value::Array(items)) => items.iter().map(message).collect(),
            _ => vec![user_message(prompt)],
        };
        Some(Self {
            messages: to_json(&messages),
            verbatim: verbatim(operation, prompt),
            system_instructions: body["instructions"].as_str().map(|text| to_json(&[Part::text(text)])),
            tool_definitions: tool_definitions(&body["tools"]),
        })
    }
}

/// `None`: no tools were offered.
fn tool_definitions(tools: &Value) -> Option<String> {
    let offered = tools.as_array().is_some_and(|tools| !tools.is_empty());
    offered.then(|| genai::tool_definitions(tools).to_string())
}

/// Chats as they are; anything else as the message of a user, because that is what readers of the attribute expect.
fn verbatim(operation: Operation, prompt: &Value) -> String {
    match (operation, prompt) {
        (Operation::Chat | Operation::Responses, Value::Array(_)) => prompt.to_string(),
        _ => serde_json::json!([{"role": "user", "content": prompt}]).to_string(),
    }
}

/// Text, or several texts, or tokens, that a user sends without a role.
fn user_message(prompt: &Value) -> Message<'_> {
    let parts = match prompt {
        Value::Array(texts) if texts.iter().all(Value::is_string) => parts(prompt),
        Value::String(text) => vec![Part::text(text)],
        // Token ids.
        other => vec![Part::Text {
            content: other.to_string().into(),
        }],
    };
    plain("user", parts)
}

/// An item of a chat's `messages` or of a response's `input`.
fn message(item: &Value) -> Message<'_> {
    match item["type"].as_str() {
        Some("function_call") => {
            let call = tool_call(item["call_id"].as_str(), item);
            return plain("assistant", vec![call]);
        }
        Some("function_call_output") => {
            return plain("tool", vec![tool_response(item["call_id"].as_str(), &item["output"])]);
        }
        _ => {}
    }
    let role = item["role"].as_str().unwrap_or("user");
    if role == "tool" {
        return plain(
            "tool",
            vec![tool_response(item["tool_call_id"].as_str(), &item["content"])],
        );
    }
    let reasoning = item["reasoning_content"].as_str().or(item["reasoning"].as_str());
    let thoughts = reasoning.map(|text| Part::Reasoning { content: text.into() });
    let calls = item["tool_calls"].as_array().into_iter().flatten();
    let calls = calls.map(|call| tool_call(call["id"].as_str(), &call["function"]));
    Message {
        role,
        parts: thoughts
            .into_iter()
            .chain(parts(&item["content"]))
            .chain(calls)
            .collect(),
        name: item["name"].as_str(),
        finish_reason: None,
    }
}

fn plain<'a>(role: &'a str, parts: Vec<Part<'a>>) -> Message<'a> {
    Message {
        role,
        parts,
        name: None,
        finish_reason: None,
    }
}

fn tool_call<'a>(id: Option<&'a str>, function: &'a Value) -> Part<'a> {
    let arguments = &function["arguments"];
    // OpenAI sends the arguments as a string of JSON; the convention wants them as they are.
    let parsed = arguments.as_str().and_then(|text| serde_json::from_str(text).ok());
    Part::ToolCall {
        id,
        name: function["name"].as_str().unwrap_or_default(),
        arguments: parsed.unwrap_or_else(|| arguments.clone()),
    }
}

fn tool_response<'a>(id: Option<&'a str>, response: &'a Value) -> Part<'a> {
    Part::ToolCallResponse { id, response }
}

/// The content of a message: nothing, text, or a list of parts.
fn parts(content: &Value) -> Vec<Part<'_>> {
    match content {
        Value::String(text) => vec![Part::text(text)],
        Value::Array(items) => items.iter().filter_map(part).collect(),
        _ => Vec::new(),
    }
}

/// A part of a message. `None` for what is no part at all.
fn part(item: &Value) -> Option<Part<'_>> {
    if let Some(text) = item.as_str() {
        return Some(Part::text(text));
    }
    let known = match item["type"].as_str()? {
        "text" | "input_text" | "output_text" => item["text"].as_str().map(Part::text),
        "refusal" => item["refusal"].as_str().map(Part::text),
        // An object with a `url` in chats, a string in responses.
        "image_url" => address(&item["image_url"]).map(|url| medium("image", url)),
        "input_image" => address(&item["image_url"]).map(|url| medium("image", url)),
        "video_url" => address(&item["video_url"]).map(|url| medium("video", url)),
        "audio_url" => address(&item["audio_url"]).map(|url| medium("audio", url)),
        "input_audio" => audio(&item["input_audio"]),
        "file" => file(&item["file"]),
        "input_file" => file(item),
        _ => None,
    };
    Some(known.unwrap_or(Part::Other(item)))
}

fn address(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value["url"].as_str())
}

/// What lies behind a URL, or in it: `data:image/png;base64,…`.
fn medium<'a>(modality: &'a str, url: &'a str) -> Part<'a> {
    let inline = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"))
        .map(|(mime_type, content)| Part::Blob {
            modality,
            mime_type: Some(mime_type.into()).filter(|_| !mime_type.is_empty()),
            content,
        });
    inline.unwrap_or(Part::Uri { modality, uri: url })
}

fn audio(audio: &Value) -> Option<Part<'_>> {
    let format = audio["format"].as_str();
    Some(Part::Blob {
        modality: "audio",
        mime_type: format.map(|format| format!("audio/{format}").into()),
        content: audio["data"].as_str()?,
    })
}

fn file(file: &Value) -> Option<Part<'_>> {
    let modality = "document";
    let by_id = file["file_id"].as_str().map(|file_id| Part::File { modality, file_id });
    by_id.or_else(|| {
        Some(medium(
            modality,
            file["file_data"].as_str().or(file["file_url"].as_str())?,
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(body: &Value, operation: Operation) -> Value {
        let content = InputContent::from_body(body.to_string().as_bytes(), operation).unwrap();
        serde_json::from_str(&content.messages).unwrap()
    }

    #[test]
    fn a_chat_keeps_its_roles() {
        let body = json!({"messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}], "name": "ann"},
        ]});
        assert_eq!(
            messages(&body, Operation::Chat),
            json!([
                {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
                {"role": "user", "parts": [{"type": "text", "content": "Hi"}], "name": "ann"},
            ])
        );
    }

    #[test]
    fn tool_calls_and_their_responses_are_parts() {
        let body = json!({"messages": [
            {"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Paris\"}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "rain"},
        ]});
        assert_eq!(
            messages(&body, Operation::Chat),
            json!([
                {"role": "assistant", "parts": [
                    {"type": "reasoning", "content": "hm"},
                    {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Paris"}}]},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}]},
            ])
        );
    }

    #[test]
    fn tools_are_defined_without_their_envelopes() {
        let function = json!({"name": "now", "parameters": {"type": "object"}, "strict": true});
        let chat = json!({"messages": [], "tools": [{"type": "function", "function": function}]});
        let responses = json!({"input": "Hi", "tools": [{"type": "function", "name": "now", "strict": true, "parameters": {"type": "object"}}]});
        for (body, operation) in [(chat, Operation::Chat), (responses, Operation::Responses)] {
            let content = InputContent::from_body(body.to_string().as_bytes(), operation).unwrap();
            let defined: Value = serde_json::from_str(&content.tool_definitions.unwrap()).unwrap();
            let expected =
                json!([{"type": "function", "name": "now", "parameters": {"type": "object"}, "strict": true}]);
            assert_eq!(defined, expected);
        }
        let none = json!({"messages": [], "tools": []});
        let content = InputContent::from_body(none.to_string().as_bytes(), Operation::Chat).unwrap();
        assert_eq!(content.tool_definitions, None);
    }

    #[test]
    fn images_are_uris_or_blobs() {
        let body = json!({"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            {"type": "input_audio", "input_audio": {"data": "BBBB", "format": "wav"}},
            {"type": "hologram", "size": 3},
        ]}]});
        assert_eq!(
            messages(&body, Operation::Chat)[0]["parts"],
            json!([
                {"type": "uri", "modality": "image", "uri": "https://example.com/cat.png"},
                {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
                {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "BBBB"},
                {"type": "hologram", "size": 3},
            ])
        );
    }

    #[test]
    fn responses_have_items_and_instructions_of_their_own() {
        let body = json!({"instructions": "Be brief.", "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
            {"type": "function_call", "call_id": "c1", "name": "now", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "noon"},
        ]});
        assert_eq!(
            messages(&body, Operation::Responses),
            json!([
                {"role": "user", "parts": [{"type": "text", "content": "Hi"}]},
                {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "now", "arguments": {}}]},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "noon"}]},
            ])
        );
        let content = InputContent::from_body(body.to_string().as_bytes(), Operation::Responses).unwrap();
        assert_eq!(
            content.system_instructions.as_deref(),
            Some(r#"[{"type":"text","content":"Be brief."}]"#)
        );
    }

    #[test]
    fn a_bare_prompt_is_what_a_user_says() {
        let of = |prompt: Value| messages(&json!({"prompt": prompt}), Operation::Completions);
        assert_eq!(
            of(json!("Once")),
            json!([{"role": "user", "parts": [{"type": "text", "content": "Once"}]}])
        );
        assert_eq!(of(json!(["a", "b"]))[0]["parts"][1]["content"], json!("b"));
        assert_eq!(of(json!([1, 2]))[0]["parts"][0]["content"], json!("[1,2]"));
        assert!(InputContent::from_body(b"{}", Operation::Completions).is_none());
        assert!(InputContent::from_body(b"no json", Operation::Chat).is_none());
    }
}
