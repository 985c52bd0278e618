//! Attributes that are texts of JSON: those of MLflow's SDKs, which all are, and those that are too large to be taken apart.

use loadspan_wire::mlflow::attributes as keys;
use loadspan_wire::otlp::{KeyValue, any_value, attribute};
use loadspan_wire::semconv::attributes as names;
use loadspan_wire::semconv::genai::{Attributes, names as more};
use serde_json::Value;

use super::super::tree;

/// Texts up to here take no room worth asking for.
const SMALL: usize = 64 << 10;

/// What the conventions have as texts of JSON, too.
const CONTENT: [&str; 7] = [
    names::GEN_AI_INPUT_MESSAGES,
    names::GEN_AI_OUTPUT_MESSAGES,
    names::GEN_AI_SYSTEM_INSTRUCTIONS,
    names::GEN_AI_TOOL_DEFINITIONS,
    more::GEN_AI_TOOL_CALL_ARGUMENTS,
    more::GEN_AI_TOOL_CALL_RESULT,
    more::GEN_AI_RETRIEVAL_DOCUMENTS,
];

/// Makes what an application said under the conventions' names through MLflow's SDK what it was: that makes texts of JSON of it.
pub(super) fn unpack(target: &mut Attributes<'_>) {
    if !target.text(keys::SPAN_TYPE).is_some_and(|text| text.starts_with('"')) {
        return;
    }
    for pair in target.0.iter_mut() {
        if pair.key.starts_with("gen_ai.")
            && !CONTENT.contains(&pair.key.as_str())
            && let Some(text) = text(pair)
            && let Some(value) = scalar(&pair.key, text)
        {
            *pair = value;
        }
    }
}

fn text(pair: &KeyValue) -> Option<&str> {
    match pair.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn scalar(key: &str, text: &str) -> Option<KeyValue> {
    if text.len() > SMALL {
        return None;
    }
    match serde_json::from_str(text).ok()? {
        Value::Bool(flag) => Some(attribute(key, flag)),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Some(attribute(key, number)),
            None => number.as_f64().map(|number| attribute(key, number)),
        },
        Value::String(text) => Some(attribute(key, text)),
        Value::Array(items) => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            Some(attribute(key, texts.collect::<Option<Vec<String>>>()?))
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// Takes away what is too large to be taken apart: it stays as it is.
pub(super) fn take_large(target: &mut Attributes<'_>) -> Vec<KeyValue> {
    let is_large = |pair: &mut KeyValue| pair.key.starts_with("mlflow.") && text(pair).is_some_and(is_large);
    target.0.extract_if(.., is_large).collect()
}

/// Whether a text of JSON would take too much memory as a tree.
pub(super) fn is_large(text: &str) -> bool {
    text.len() > SMALL && text.starts_with(['{', '[']) && tree::parse(text, &tree::room()).is_none()
}
