//! Attribute values as JSON text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loadspan_wire::otlp::any_value;
use serde_json::Value;

use super::tree::{self, ENTRY, OBJECT};
use crate::tree_room::TreeRoom;

/// How deep values may be nested. What lies deeper is cut off; a text that is deeper is a text, not JSON.
const DEPTH: usize = 64;

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A value as JSON text: a text that is an object, a list or a quoted text itself stays as it is.
pub(super) fn of_value(value: &any_value::Value) -> String {
    match value {
        any_value::Value::StringValue(text) if is_structured(text) => text.trim().to_owned(),
        value => tree(value, DEPTH, &tree::room()).to_string(),
    }
}

/// A value as JSON text, unless there is nothing in it.
pub(super) fn content(value: &any_value::Value) -> Option<String> {
    let json = of_value(value);
    (!matches!(json.as_str(), "null" | "\"\"" | "{}" | "[]" | "\"null\"")).then_some(json)
}

/// A value as a tree.
pub(super) fn tree_of(value: &any_value::Value) -> Value {
    tree_within(value, &tree::room())
}

/// One of several values that become a tree together. A text for which there is no room left stays a text.
pub(super) fn tree_within(value: &any_value::Value, room: &TreeRoom) -> Value {
    match value {
        any_value::Value::StringValue(text) if is_structured(text) => {
            tree::parse(text, room).unwrap_or_else(|| Value::from(text.as_str()))
        }
        value => tree(value, DEPTH, room),
    }
}

/// The model that an object names.
pub(super) fn model_of(json: &str) -> Option<String> {
    if !json.starts_with('{') || !json.contains("\"model\"") {
        return None;
    }
    tree::parse(json, &tree::room())?
        .get("model")?
        .as_str()
        .filter(|model| !model.is_empty())
        .map(str::to_owned)
}

/// Whether a text is JSON that is not just a number or a word.
fn is_structured(text: &str) -> bool {
    let text = text.trim();
    matches!(text.as_bytes().first(), Some(b'{' | b'[' | b'"'))
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        && depth(text) <= DEPTH
}

/// How deep JSON is nested. The check above does not mind, but readers of what is stored would.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// What the node of a value takes in a tree, beside the text that is in it.
fn memory(value: &any_value::Value) -> usize {
    match value {
        any_value::Value::ArrayValue(array) => array.values.len() * size_of::<Value>(),
        any_value::Value::KvlistValue(list) if !list.values.is_empty() => OBJECT + list.values.len() * ENTRY,
        _ => 0,
    }
}

/// What lies too deep, or has no room any more, is cut off.
fn tree(value: &any_value::Value, depth: usize, room: &TreeRoom) -> Value {
    use any_value::Value as Any;

    if depth == 0 || !room.take(memory(value)) {
        return Value::Null;
    }
    let below = |value: Option<&Any>| value.map_or(Value::Null, |value| tree(value, depth - 1, room));
    match value {
        Any::StringValue(text) => Value::from(text.as_str()),
        Any::BoolValue(flag) => Value::from(*flag),
        Any::IntValue(number) => Value::from(*number),
        Any::DoubleValue(number) if number.is_finite() => Value::from(*number),
        Any::DoubleValue(number) => Value::from(number.to_string()),
        Any::BytesValue(bytes) => Value::from(STANDARD.encode(bytes)),
        Any::ArrayValue(array) => array.values.iter().map(|value| below(value.value.as_ref())).collect(),
        Any::KvlistValue(list) => {
            let pairs = list.values.iter();
            let pairs = pairs.map(|pair| {
                let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
                (pair.key.clone(), below(value))
            });
            Value::Object(pairs.collect())
        }
        _ => Value::Null,
    }
}
