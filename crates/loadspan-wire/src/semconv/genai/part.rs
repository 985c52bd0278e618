//! Parts of messages in the shape of the GenAI conventions.

use serde_json::{Value, json};

/// A part of a message, whoever made it. One of an unknown kind stays as it is.
pub(super) fn part(said: &Value) -> Value {
    if let Value::String(text) = said {
        return text_part(text);
    }
    match said["type"].as_str() {
        // It has this shape already.
        Some(_) if said.get("modality").is_some() => said.clone(),
        Some("text" | "input_text" | "output_text" | "refusal" | "summary_text") => text_part(&text_of(said)),
        Some("thinking") => reasoning(said["thinking"].as_str().unwrap_or_default()),
        Some("reasoning") => reasoning(&thoughts(said)),
        Some("tool_use" | "function_call" | "custom_tool_call" | "tool-call" | "tool_call") => called(said),
        Some("tool_result" | "function_call_output" | "custom_tool_call_output" | "tool-result") => answered(said),
        Some("image_url" | "input_image") => picture(said),
        Some("image" | "document") => document(said),
        Some("input_audio") => audio(&said["input_audio"]),
        Some("file" | "input_file") => file(said),
        Some(_) => said.clone(),
        None => without_kind(said),
    }
}

pub(super) fn text_part(text: &str) -> Value {
    json!({"type": "text", "content": text})
}

/// A call, of what says its name and its arguments. These are JSON in a string with OpenAI: they are unpacked, as the convention has
/// them.
pub(super) fn tool_call(id: &Value, said: &Value) -> Value {
    let name = ["name", "toolName"].iter().find_map(|name| said[*name].as_str());
    let mut part = json!({"type": "tool_call", "name": name.unwrap_or_default()});
    let arguments = ["arguments", "args", "input"].iter().find_map(|name| said.get(*name));
    if let Some(arguments) = arguments.filter(|arguments| !arguments.is_null()) {
        let unpacked = arguments.as_str().and_then(|text| serde_json::from_str(text).ok());
        part["arguments"] = unpacked.unwrap_or_else(|| arguments.clone());
    }
    with_id(part, id)
}

pub(super) fn tool_response(id: &Value, response: Value) -> Value {
    with_id(json!({"type": "tool_call_response", "response": response}), id)
}

fn with_id(mut part: Value, id: &Value) -> Value {
    match id {
        Value::Null => {}
        Value::String(id) => part["id"] = id.as_str().into(),
        id => part["id"] = id.to_string().into(),
    }
    part
}

fn reasoning(text: &str) -> Value {
    json!({"type": "reasoning", "content": text})
}

fn text_of(said: &Value) -> String {
    let texts = [&said["text"], &said["refusal"], &said["content"]];
    texts
        .iter()
        .find_map(|text| text.as_str())
        .unwrap_or_default()
        .to_owned()
}

/// In one text, or in the parts of a summary.
fn thoughts(said: &Value) -> String {
    let whole = [&said["content"], &said["text"], &said["reasoning"]];
    if let Some(text) = whole.iter().find_map(|text| text.as_str()) {
        return text.to_owned();
    }
    let lists = [&said["summary"], &said["content"]];
    let parts = lists.iter().filter_map(|list| list.as_array()).flatten();
    let texts: Vec<&str> = parts.filter_map(|part| part["text"].as_str()).collect();
    texts.join("\n")
}

/// Of all who call with a part of its own: the id has a name of each.
fn called(said: &Value) -> Value {
    let ids = ["call_id", "toolCallId", "id"].iter().find_map(|name| said.get(*name));
    tool_call(ids.unwrap_or(&Value::Null), said)
}

fn answered(said: &Value) -> Value {
    let ids = ["tool_use_id", "call_id", "toolCallId"]
        .iter()
        .find_map(|name| said.get(*name));
    let answers = ["content", "output", "result"].iter().find_map(|name| said.get(*name));
    tool_response(ids.unwrap_or(&Value::Null), answers.cloned().unwrap_or_default())
}

/// A URL, or bytes within one.
fn picture(said: &Value) -> Value {
    let url = &said["image_url"];
    match url.as_str().or_else(|| url["url"].as_str()) {
        Some(url) => uri("image", url),
        None => said.clone(),
    }
}

/// An image or a document: of Anthropic, of LangChain, of Vercel's SDK, of OpenInference.
fn document(said: &Value) -> Value {
    let modality = said["type"].as_str().unwrap_or("image");
    let source = said.get("source").filter(|source| source.is_object()).unwrap_or(said);
    let either = |names: &[&str]| names.iter().find_map(|name| source[*name].as_str());
    if let Some(data) = either(&["data"]) {
        let kind = either(&["media_type", "mime_type", "mediaType", "mimeType"]);
        return blob(modality, kind, data);
    }
    match either(&["url", "image"]) {
        Some(url) => uri(modality, url),
        None => file(said),
    }
}

fn audio(said: &Value) -> Value {
    let kind = said["format"].as_str().map(|format| format!("audio/{format}"));
    blob("audio", kind.as_deref(), said["data"].as_str().unwrap_or_default())
}

fn file(said: &Value) -> Value {
    let places = [&said["file"], &said["source"], said];
    match places.iter().find_map(|place| place["file_id"].as_str()) {
        Some(id) => json!({"type": "file", "modality": "document", "file_id": id}),
        None => said.clone(),
    }
}

fn uri(modality: &str, uri: &str) -> Value {
    match uri.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) {
        Some((kind, data)) => blob(modality, Some(kind), data),
        None => json!({"type": "uri", "modality": modality, "uri": uri}),
    }
}

fn blob(modality: &str, mime_type: Option<&str>, data: &str) -> Value {
    json!({"type": "blob", "modality": modality, "mime_type": mime_type, "content": data})
}

/// Gemini and Bedrock say by a name what a part is.
fn without_kind(said: &Value) -> Value {
    let either = |one: &str, other: &str| said.get(one).or_else(|| said.get(other));
    if let Some(text) = said["text"].as_str() {
        let is_thought = said["thought"].as_bool() == Some(true);
        return if is_thought { reasoning(text) } else { text_part(text) };
    }
    if let Some(call) = either("function_call", "functionCall") {
        return tool_call(&call["id"], call);
    }
    if let Some(response) = either("function_response", "functionResponse") {
        return tool_response(&response["id"], response["response"].clone());
    }
    if let Some(call) = said.get("toolUse") {
        return tool_call(&call["toolUseId"], call);
    }
    if let Some(response) = said.get("toolResult") {
        return tool_response(&response["toolUseId"], response["content"].clone());
    }
    if let Some(text) = said["reasoningContent"]["reasoningText"]["text"].as_str() {
        return reasoning(text);
    }
    if let Some(data) = either("inline_data", "inlineData") {
        let kind = data["mime_type"].as_str().or_else(|| data["mimeType"].as_str());
        return blob(modality(kind), kind, data["data"].as_str().unwrap_or_default());
    }
    if let Some(data) = either("file_data", "fileData") {
        let kind = data["mime_type"].as_str().or_else(|| data["mimeType"].as_str());
        let at = data["file_uri"].as_str().or_else(|| data["fileUri"].as_str());
        return uri(modality(kind), at.unwrap_or_default());
    }
    json!({"type": "generic", "content": said})
}

fn modality(mime_type: Option<&str>) -> &'static str {
    let kind = mime_type.unwrap_or_default();
    ["audio", "video"]
        .into_iter()
        .find(|word| kind.starts_with(word))
        .unwrap_or(if kind.starts_with("application") || kind.starts_with("text") {
            "document"
        } else {
            "image"
        })
}
