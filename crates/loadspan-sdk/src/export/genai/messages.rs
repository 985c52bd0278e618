//! Messages in the shape of the GenAI conventions: `{role, parts: [{type, …}]}`, from the shapes of OpenAI (chat and responses),
//! Anthropic and Gemini.

use serde_json::{Value, json};

/// What was said to a model, an agent or a workflow. `None`: there is nothing of the kind.
pub(super) fn input(inputs: &Value) -> Option<Value> {
    let list = ["messages", "input", "contents"]
        .iter()
        .find_map(|name| inputs.get(*name));
    match list.unwrap_or(inputs) {
        Value::String(text) => Some(json!([text_message("user", text)])),
        Value::Array(messages) => all(messages, "user"),
        _ => prompt(inputs),
    }
}

fn prompt(inputs: &Value) -> Option<Value> {
    let text = ["prompt", "query", "question"]
        .iter()
        .find_map(|name| inputs[*name].as_str())?;
    // Other arguments beside it would be lost.
    (inputs.as_object()?.len() == 1).then(|| json!([text_message("user", text)]))
}

/// What came back.
pub(super) fn output(outputs: &Value) -> Option<Value> {
    if let Some(choices) = outputs["choices"].as_array() {
        return choices.iter().map(choice).collect::<Option<Vec<_>>>().map(Value::Array);
    }
    if let Some(candidates) = outputs["candidates"].as_array() {
        let contents: Vec<_> = candidates
            .iter()
            .map(|candidate| candidate["content"].clone())
            .collect();
        return all(&contents, "assistant");
    }
    let list = outputs["output"]
        .as_array()
        .or_else(|| outputs["messages"].as_array())
        .or_else(|| outputs.as_array());
    if let Some(messages) = list {
        return all(messages, "assistant");
    }
    match outputs {
        Value::String(text) => Some(json!([text_message("assistant", text)])),
        Value::Object(_) if outputs.get("role").is_some() => all(std::slice::from_ref(outputs), "assistant"),
        _ => None,
    }
}

/// Instructions that are not among the messages.
pub(super) fn instructions(inputs: &Value) -> Option<Value> {
    let said = ["system", "instructions", "system_instruction"]
        .iter()
        .find_map(|name| inputs.get(*name))?;
    let parts = match said {
        Value::String(text) => vec![text_part(text)],
        Value::Array(parts) => parts.iter().map(part).collect(),
        other => other["parts"].as_array()?.iter().map(part).collect(),
    };
    Some(Value::Array(parts))
}

/// Tools without the envelope that OpenAI's chat has.
pub(super) fn tool_definitions(tools: &Value) -> Value {
    let flat = |tool: &Value| {
        let Some(function) = tool["function"].as_object() else {
            return tool.clone();
        };
        let mut flat = function.clone();
        flat.insert("type".to_owned(), tool["type"].clone());
        Value::Object(flat)
    };
    match tools {
        Value::Array(tools) => Value::Array(tools.iter().map(flat).collect()),
        other => other.clone(),
    }
}

/// A choice of OpenAI's chat, or of its completions.
fn choice(choice: &Value) -> Option<Value> {
    let mut message = match choice.get("message") {
        Some(said) => message(said, "assistant")?,
        None => text_message("assistant", choice["text"].as_str()?),
    };
    if let Some(reason) = choice["finish_reason"].as_str() {
        message["finish_reason"] = reason.into();
    }
    Some(message)
}

/// `None` when one of them is no message: rather none than some.
fn all(messages: &[Value], role: &str) -> Option<Value> {
    if messages.is_empty() {
        return None;
    }
    messages
        .iter()
        .map(|said| message(said, role))
        .collect::<Option<Vec<_>>>()
        .map(Value::Array)
}

fn message(said: &Value, default_role: &str) -> Option<Value> {
    if let Value::String(text) = said {
        return Some(text_message(default_role, text));
    }
    let role = match said["role"].as_str() {
        Some("model") => "assistant",
        Some(role) => role,
        None => item_role(said).or_else(|| said.get("parts").map(|_| default_role))?,
    };
    Some(json!({"role": role, "parts": parts(said, role)}))
}

/// Items of OpenAI's responses that are no messages.
fn item_role(item: &Value) -> Option<&'static str> {
    match item["type"].as_str()? {
        "function_call" | "reasoning" => Some("assistant"),
        "function_call_output" => Some("tool"),
        _ => None,
    }
}

fn parts(said: &Value, role: &str) -> Vec<Value> {
    let content = said.get("content").or_else(|| said.get("parts"));
    let mut parts: Vec<Value> = match content {
        Some(Value::String(text)) if role == "tool" => vec![tool_response(&said["tool_call_id"], text.as_str().into())],
        Some(Value::String(text)) => vec![text_part(text)],
        Some(Value::Array(list)) => list.iter().map(part).collect(),
        // An item of OpenAI's responses is a part itself.
        _ if said.get("role").is_none() => vec![part(said)],
        _ => Vec::new(),
    };
    let calls = said["tool_calls"].as_array();
    parts.extend(calls.into_iter().flatten().map(|call| {
        let function = &call["function"];
        tool_call(&call["id"], &function["name"], &function["arguments"])
    }));
    parts
}

fn part(said: &Value) -> Value {
    if let Value::String(text) = said {
        return text_part(text);
    }
    match said["type"].as_str() {
        Some("text" | "input_text" | "output_text" | "refusal") => {
            text_part(said["text"].as_str().or(said["refusal"].as_str()).unwrap_or_default())
        }
        Some("thinking") => json!({"type": "reasoning", "content": said["thinking"]}),
        Some("reasoning") => json!({"type": "reasoning", "content": summary(said)}),
        Some("tool_use") => tool_call(&said["id"], &said["name"], &said["input"]),
        Some("tool_result") => tool_response(&said["tool_use_id"], said["content"].clone()),
        Some("function_call") => tool_call(&said["call_id"], &said["name"], &said["arguments"]),
        Some("function_call_output") => tool_response(&said["call_id"], said["output"].clone()),
        Some("image_url") => image(said["image_url"]["url"].as_str().unwrap_or_default()),
        Some("input_image") => image(said["image_url"].as_str().unwrap_or_default()),
        Some("image") => blob("image", &said["source"]["media_type"], &said["source"]["data"]),
        Some("input_audio") => blob("audio", &said["input_audio"]["format"], &said["input_audio"]["data"]),
        Some(_) => said.clone(),
        None => gemini_part(said),
    }
}

fn gemini_part(said: &Value) -> Value {
    if let Some(text) = said["text"].as_str() {
        return text_part(text);
    }
    let either = |one: &str, other: &str| said.get(one).or_else(|| said.get(other));
    if let Some(call) = either("function_call", "functionCall") {
        return tool_call(&call["id"], &call["name"], &call["args"]);
    }
    if let Some(response) = either("function_response", "functionResponse") {
        return tool_response(&response["id"], response["response"].clone());
    }
    if let Some(data) = either("inline_data", "inlineData") {
        let kind = data
            .get("mime_type")
            .or_else(|| data.get("mimeType"))
            .cloned()
            .unwrap_or_default();
        return blob("image", &kind, &data["data"]);
    }
    json!({"type": "generic", "content": said})
}

fn text_message(role: &str, text: &str) -> Value {
    json!({"role": role, "parts": [text_part(text)]})
}

fn text_part(text: &str) -> Value {
    json!({"type": "text", "content": text})
}

/// Arguments are JSON in a string with OpenAI: they are unpacked, as the convention has them.
fn tool_call(id: &Value, name: &Value, arguments: &Value) -> Value {
    let unpacked = arguments.as_str().and_then(|text| serde_json::from_str(text).ok());
    let mut part =
        json!({"type": "tool_call", "name": name, "arguments": unpacked.unwrap_or_else(|| arguments.clone())});
    if !id.is_null() {
        part["id"] = id.clone();
    }
    part
}

fn tool_response(id: &Value, response: Value) -> Value {
    let mut part = json!({"type": "tool_call_response", "response": response});
    if !id.is_null() {
        part["id"] = id.clone();
    }
    part
}

/// A URL, or bytes within one.
fn image(url: &str) -> Value {
    match url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) {
        Some((kind, data)) => blob("image", &kind.into(), &data.into()),
        None => json!({"type": "uri", "modality": "image", "uri": url}),
    }
}

fn blob(modality: &str, mime_type: &Value, data: &Value) -> Value {
    json!({"type": "blob", "modality": modality, "mime_type": mime_type, "content": data})
}

fn summary(said: &Value) -> String {
    let parts = said["summary"].as_array().into_iter().flatten();
    parts
        .filter_map(|part| part["text"].as_str())
        .collect::<Vec<_>>()
        .join("\n")
}
