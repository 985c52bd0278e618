//! Messages and tools as OpenAI's chat API has them.

use serde_json::{Map, Value, json};

use crate::recording::{Message, Part, ToolCall};

/// A message. It is several where there are results of several tools in it: there, each is a message.
///
/// What a model thought is left out, as the API does not take it back. A part that the API has no shape for stays as it was recorded.
#[must_use]
pub fn chat_message(message: &Message) -> Vec<Value> {
    let results = message.tool_results().map(|result| {
        let content = match &result.content {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        json!({"role": "tool", "tool_call_id": result.id, "content": content})
    });
    let mut messages: Vec<Value> = results.collect();
    let calls: Vec<Value> = message.tool_calls().map(tool_call).collect();
    let content = content(&message.parts);
    if content.is_null() && calls.is_empty() && !messages.is_empty() {
        return messages;
    }
    let mut own = json!({"role": message.role.as_str(), "content": content});
    if let Some(name) = &message.name {
        own["name"] = name.as_str().into();
    }
    if calls.is_empty() {
        if own["content"].is_null() {
            own["content"] = "".into();
        }
    } else {
        own["tool_calls"] = calls.into();
    }
    messages.push(own);
    messages
}

/// The tools of a call, each in the envelope that the API wants.
#[must_use]
pub fn chat_tools(tools: &Value) -> Vec<Value> {
    let tools = tools.as_array().into_iter().flatten();
    tools.map(tool).collect()
}

fn tool(said: &Value) -> Value {
    let is_function = said["type"].as_str().is_none_or(|kind| kind == "function");
    if !is_function || said.get("function").is_some() {
        return said.clone();
    }
    let mut function: Map<String, Value> = said.as_object().cloned().unwrap_or_default();
    function.remove("type");
    json!({"type": "function", "function": function})
}

fn tool_call(call: &ToolCall) -> Value {
    let arguments = match &call.arguments {
        Value::Null => "{}".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
}

/// A text where there is nothing else, else a list; null where there is nothing.
fn content(parts: &[Part]) -> Value {
    let parts: Vec<Value> = parts.iter().filter_map(part).collect();
    match parts.as_slice() {
        [] => Value::Null,
        [one] if one["type"] == "text" => one["text"].clone(),
        _ => parts.into(),
    }
}

fn part(part: &Part) -> Option<Value> {
    match part {
        Part::Text(text) => Some(json!({"type": "text", "text": text})),
        Part::Other(said) => Some(media(said).unwrap_or_else(|| said.clone())),
        Part::Reasoning(_) | Part::ToolCall(_) | Part::ToolResult(_) => None,
    }
}

/// A picture or a sound.
fn media(said: &Value) -> Option<Value> {
    let kind = said["mime_type"].as_str();
    match (said["type"].as_str()?, said["modality"].as_str()?) {
        ("uri", "image") => Some(json!({"type": "image_url", "image_url": {"url": said["uri"]}})),
        ("blob", "image") => {
            let url = format!(
                "data:{};base64,{}",
                kind.unwrap_or("image/png"),
                said["content"].as_str()?
            );
            Some(json!({"type": "image_url", "image_url": {"url": url}}))
        }
        ("blob", "audio") => {
            let format = kind.and_then(|kind| kind.strip_prefix("audio/")).unwrap_or("wav");
            Some(json!({"type": "input_audio", "input_audio": {"data": said["content"], "format": format}}))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{Role, ToolResult};

    fn message(role: Role, parts: Vec<Part>) -> Message {
        let name = None;
        Message { role, name, parts }
    }

    #[test]
    fn a_message_of_text_is_text() {
        let said = Message::text_of(Role::User, "Hello");
        assert_eq!(chat_message(&said), [json!({"role": "user", "content": "Hello"})]);
        let nothing = message(Role::Assistant, Vec::new());
        assert_eq!(chat_message(&nothing), [json!({"role": "assistant", "content": ""})]);
    }

    #[test]
    fn tool_calls_and_results_have_their_envelopes() {
        let call = ToolCall {
            id: Some("c1".to_owned()),
            name: "search".to_owned(),
            arguments: json!({"q": 1}),
        };
        let asked = message(
            Role::Assistant,
            vec![Part::Reasoning("hm".to_owned()), Part::ToolCall(call)],
        );
        assert_eq!(
            chat_message(&asked),
            [json!({"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{\"q\":1}"}},
            ]})]
        );
        let results = ["c1", "c2"].map(|id| {
            Part::ToolResult(ToolResult {
                id: Some(id.to_owned()),
                content: json!({"found": id}),
            })
        });
        let told = message(
            Role::User,
            [results.to_vec(), vec![Part::Text("go on".to_owned())]].concat(),
        );
        assert_eq!(
            chat_message(&told),
            [
                json!({"role": "tool", "tool_call_id": "c1", "content": "{\"found\":\"c1\"}"}),
                json!({"role": "tool", "tool_call_id": "c2", "content": "{\"found\":\"c2\"}"}),
                json!({"role": "user", "content": "go on"}),
            ]
        );
    }

    #[test]
    fn pictures_are_urls() {
        let picture = json!({"type": "blob", "modality": "image", "mime_type": "image/jpeg", "content": "AAAA"});
        let said = message(
            Role::User,
            vec![Part::Text("What is it?".to_owned()), Part::Other(picture)],
        );
        assert_eq!(
            chat_message(&said),
            [json!({"role": "user", "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AAAA"}},
            ]})]
        );
    }

    #[test]
    fn tools_have_the_envelope_of_functions() {
        let flat = json!([
            {"type": "function", "name": "search", "parameters": {}},
            {"type": "function", "function": {"name": "fetch"}},
            {"type": "web_search"},
        ]);
        assert_eq!(
            chat_tools(&flat),
            [
                json!({"type": "function", "function": {"name": "search", "parameters": {}}}),
                json!({"type": "function", "function": {"name": "fetch"}}),
                json!({"type": "web_search"}),
            ]
        );
    }
}
