//! Messages in the shape of the GenAI conventions, `{role, parts: [{type, …}]}`, from the shapes of OpenAI (chat and responses),
//! Anthropic, Gemini, Bedrock, LangChain and Vercel's SDK.

use serde_json::{Value, json};

use super::part::{part, text_part, tool_call, tool_response};
use super::response::finish_reason;

/// Where requests have what was said, by the names that makers give it.
const SAID: [&str; 5] = ["messages", "input", "contents", "items", "prompt"];

/// What was said to a model, an agent or a workflow; what stands beside it is not looked at. `None`: there is nothing of the kind.
pub(super) fn input(inputs: &Value) -> Option<Value> {
    let said = SAID.iter().find_map(|name| inputs.get(*name));
    match said.unwrap_or(inputs) {
        Value::String(text) => Some(json!([text_message("user", text)])),
        Value::Array(messages) => all(messages, "user"),
        _ => question(inputs),
    }
}

/// Whether inputs are those of a conversation, rather than of any other call of a model.
pub(super) fn are_chat(inputs: &Value) -> bool {
    let list = ["messages", "input", "items"]
        .iter()
        .find_map(|name| inputs[*name].as_array());
    let mut messages = list.or_else(|| inputs.as_array()).into_iter().flatten();
    messages.any(|message| role(message).is_some() || message.is_array())
}

fn question(inputs: &Value) -> Option<Value> {
    let text = ["query", "question"].iter().find_map(|name| inputs[*name].as_str())?;
    // Beside others it may be anything.
    (inputs.as_object()?.len() == 1).then(|| json!([text_message("user", text)]))
}

/// What came back.
pub(super) fn output(outputs: &Value) -> Option<Value> {
    if let Some(choices) = outputs["choices"].as_array() {
        return each(choices, choice);
    }
    if let Some(candidates) = outputs["candidates"].as_array() {
        return each(candidates, |candidate| answer(&candidate["content"], candidate));
    }
    if let Some(generations) = outputs["generations"][0].as_array() {
        return each(generations, generation);
    }
    let list = ["output", "messages", "items"]
        .iter()
        .find_map(|name| outputs[*name].as_array());
    if let Some(messages) = list.or_else(|| outputs.as_array()) {
        return all(messages, "assistant");
    }
    // Bedrock, then the API of Ollama, then one of Gemini's candidates by itself.
    let inner = [&outputs["output"]["message"], &outputs["message"], &outputs["content"]];
    if let Some(inner) = inner.into_iter().find(|inner| inner.is_object()) {
        return answer(inner, outputs).map(|message| json!([message]));
    }
    match outputs {
        Value::String(text) => Some(json!([text_message("assistant", text)])),
        Value::Object(_) if outputs.get("role").is_some() => all(std::slice::from_ref(outputs), "assistant"),
        Value::Object(_) => gathered(outputs).map(|message| json!([message])),
        _ => None,
    }
}

/// Where requests have instructions that are not among the messages.
pub(super) const INSTRUCTIONS: [&str; 4] = ["system", "instructions", "system_instruction", "systemInstruction"];

/// Instructions that are not among the messages.
pub(super) fn instructions(inputs: &Value) -> Option<Value> {
    let find = |place: &Value| INSTRUCTIONS.iter().find_map(|name| place.get(*name).cloned());
    let said = find(inputs).or_else(|| find(inputs.get("config")?))?;
    let parts = match &said {
        Value::String(_) => std::slice::from_ref(&said),
        Value::Array(parts) => parts,
        other => other["parts"].as_array()?,
    };
    // Marks of a cache and the like stand among them.
    let parts = parts.iter().map(part).filter(|part| part["type"] == "text");
    let parts: Vec<Value> = parts.filter(|part| part["content"] != "").collect();
    (!parts.is_empty()).then_some(Value::Array(parts))
}

/// A choice of OpenAI's chat, or of its completions.
fn choice(choice: &Value) -> Option<Value> {
    match choice.get("message") {
        Some(said) => answer(said, choice),
        None => Some(ended(text_message("assistant", choice["text"].as_str()?), choice)),
    }
}

/// One of LangChain's.
fn generation(generation: &Value) -> Option<Value> {
    match generation.get("message") {
        Some(said) => answer(said, &generation["generation_info"]),
        None => Some(text_message("assistant", generation["text"].as_str()?)),
    }
}

/// A message of a model, with what was said beside it on why it ended.
fn answer(said: &Value, beside: &Value) -> Option<Value> {
    message(said, "assistant").map(|message| ended(message, beside))
}

fn ended(mut message: Value, said: &Value) -> Value {
    if let Some(reason) = finish_reason(said) {
        message["finish_reason"] = reason.into();
    }
    message
}

/// What Vercel's SDK says of a response in attributes of their own.
fn gathered(said: &Value) -> Option<Value> {
    let calls = said["toolCalls"].as_array();
    if calls.is_none() && said.get("finishReason").is_none() {
        return None;
    }
    let thoughts = said["reasoning"].as_str().filter(|text| !text.is_empty());
    let mut parts: Vec<Value> = thoughts
        .map(|text| json!({"type": "reasoning", "content": text}))
        .into_iter()
        .collect();
    parts.extend(said["text"].as_str().filter(|text| !text.is_empty()).map(text_part));
    let object = said.get("object").filter(|object| !object.is_null());
    parts.extend(object.map(|object| text_part(object.as_str().unwrap_or(&object.to_string()))));
    parts.extend(calls.into_iter().flatten().map(part));
    Some(ended(json!({"role": "assistant", "parts": parts}), said))
}

/// `None` when one of them is no message: rather none than some.
fn all(messages: &[Value], role: &str) -> Option<Value> {
    match messages {
        // LangChain asks with several conversations at a time, of which there is one.
        [Value::Array(inner)] => all(inner, role),
        _ => each(messages, |said| message(said, role)),
    }
}

fn each(list: &[Value], read: impl Fn(&Value) -> Option<Value>) -> Option<Value> {
    let messages = list.iter().map(read).collect::<Option<Vec<_>>>();
    messages.filter(|messages| !messages.is_empty()).map(Value::Array)
}

fn message(said: &Value, default_role: &str) -> Option<Value> {
    if let Value::String(text) = said {
        return Some(text_message(default_role, text));
    }
    // LangChain's, as it writes its own objects down.
    let said = said.get("kwargs").filter(|_| said.get("lc").is_some()).unwrap_or(said);
    let has_parts = || said.get("parts").is_some();
    let role = role(said).or_else(|| has_parts().then_some(default_role))?;
    let mut message = json!({"role": role, "parts": parts(said, role)});
    if let Some(name) = said["name"].as_str().filter(|_| said.get("type").is_none()) {
        message["name"] = name.into();
    }
    Some(ended(message, said))
}

fn role(said: &Value) -> Option<&str> {
    match said["role"].as_str() {
        Some("model" | "ai") => Some("assistant"),
        Some("human") => Some("user"),
        Some("function") => Some("tool"),
        Some(role) => Some(role),
        None => role_of_item(said).or_else(|| role_of_type(said["type"].as_str()?)),
    }
}

/// Items of OpenAI's responses that are no messages: each is a part by itself.
fn role_of_item(said: &Value) -> Option<&'static str> {
    let kind = said["type"].as_str()?;
    if kind == "reasoning" || kind.ends_with("_call") {
        Some("assistant")
    } else {
        kind.ends_with("_call_output").then_some("tool")
    }
}

/// LangChain's messages.
fn role_of_type(kind: &str) -> Option<&'static str> {
    match kind {
        "human" => Some("user"),
        "ai" | "AIMessageChunk" => Some("assistant"),
        "system" => Some("system"),
        "tool" => Some("tool"),
        _ => None,
    }
}

fn parts(said: &Value, role: &str) -> Vec<Value> {
    if said.get("role").is_none() && role_of_item(said).is_some() {
        return vec![part(said)];
    }
    let content = said.get("content").or_else(|| said.get("parts"));
    let thoughts = ["reasoning_content", "reasoning"]
        .iter()
        .find_map(|name| said[*name].as_str());
    let thoughts = thoughts.filter(|text| !text.is_empty());
    let mut parts: Vec<Value> = thoughts
        .map(|text| json!({"type": "reasoning", "content": text}))
        .into_iter()
        .collect();
    match content {
        Some(content) if answers_call(said, role) => parts.push(tool_response(&said["tool_call_id"], content.clone())),
        Some(Value::String(text)) if !text.is_empty() => parts.push(text_part(text)),
        Some(Value::Array(list)) => parts.extend(list.iter().map(part)),
        Some(content @ Value::Object(_)) => parts.push(part(content)),
        _ => {}
    }
    parts.extend(said["refusal"].as_str().map(text_part));
    parts.extend(calls(said));
    parts
}

/// Whether the content of a message is, as a whole, what a tool gave back.
fn answers_call(said: &Value, role: &str) -> bool {
    said.get("tool_call_id").is_some() || (role == "tool" && said["content"].is_string())
}

fn calls(said: &Value) -> impl Iterator<Item = Value> {
    let listed = said["tool_calls"].as_array().into_iter().flatten();
    // OpenAI's first way to call a function, of which there was one.
    let first = said.get("function_call").filter(|call| call["name"].is_string());
    listed.chain(first).map(|call| {
        let function = call.get("function").unwrap_or(call);
        tool_call(&call["id"], function)
    })
}

fn text_message(role: &str, text: &str) -> Value {
    json!({"role": role, "parts": [text_part(text)]})
}
