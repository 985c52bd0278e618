//! `run.json` as a tree that opens and closes.

use serde_json::{Map, Value};

use super::markup::{Element, element};

/// What was run, as it was resolved.
pub(super) fn section(run: &Value) -> Element {
    let note = "As it was resolved from flags, environment and file: run.json, which holds no secret.";
    let section = element("section")
        .id("configuration")
        .child(element("h2").text("Configuration"))
        .child(element("p").class("caption").text(note));
    match run {
        Value::Object(members) => section.children(branches(members)),
        other => section.child(element("p").text(other.to_string())),
    }
}

/// Everything that has parts opens by itself; the rest is a list above.
fn branches(members: &Map<String, Value>) -> Vec<Element> {
    let (parts, leaves): (Vec<_>, Vec<_>) = members.iter().partition(|(_, value)| has_parts(value));
    let leaves = leaves.into_iter().flat_map(|(name, value)| {
        [
            element("dt").text(name),
            element("dd").child(element("code").text(leaf(value))),
        ]
    });
    let leaves: Vec<Element> = leaves.collect();
    let list = (!leaves.is_empty()).then(|| element("dl").class("pairs").children(leaves));
    list.into_iter()
        .chain(parts.into_iter().map(|(name, value)| branch(name, value)))
        .collect()
}

fn branch(name: &str, value: &Value) -> Element {
    let inner = match value {
        Value::Object(members) => branches(members),
        Value::Array(items) => {
            let members: Map<String, Value> = items
                .iter()
                .enumerate()
                .map(|(place, item)| (format!("{place:>3}"), item.clone()))
                .collect();
            branches(&members)
        }
        _ => Vec::new(),
    };
    element("details").child(element("summary").text(name)).children(inner)
}

/// A list of plain values fits on a line.
fn has_parts(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => items.iter().any(|item| item.is_object() || item.is_array()),
        _ => false,
    }
}

fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(leaf).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
