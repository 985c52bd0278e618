//! What inference-perf writes of an answer that calls tools: the message, or each piece of the stream as it came.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Its attribute.
pub(super) const OUTPUT_MESSAGE: &str = "gen_ai.output.message";

/// The message, in a list. `None`: it is none.
pub(super) fn message(said: &Value) -> Option<Value> {
    match said {
        Value::Object(_) => Some(json!([said])),
        Value::Array(pieces) => Some(json!([joined(pieces)])),
        _ => None,
    }
}

#[derive(Default)]
struct Call {
    id: Option<Value>,
    name: String,
    arguments: String,
}

fn joined(pieces: &[Value]) -> Value {
    let mut content = String::new();
    let mut calls: BTreeMap<u64, Call> = BTreeMap::new();
    for piece in pieces {
        content.push_str(piece["content"].as_str().unwrap_or_default());
        for (place, said) in (0..).zip(piece["tool_calls"].as_array().into_iter().flatten()) {
            let call = calls.entry(said["index"].as_u64().unwrap_or(place)).or_default();
            if call.id.is_none() {
                call.id = said.get("id").filter(|id| id.is_string()).cloned();
            }
            let function = &said["function"];
            call.name.push_str(function["name"].as_str().unwrap_or_default());
            call.arguments
                .push_str(function["arguments"].as_str().unwrap_or_default());
        }
    }
    let calls = calls.into_values().map(
        |call| json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}),
    );
    json!({"role": "assistant", "content": content, "tool_calls": calls.collect::<Vec<_>>()})
}
