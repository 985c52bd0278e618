//! Messages in the shape of the GenAI conventions, and those that are spread over many attributes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::recording::{Message, Output, Part, Role, ToolCall, ToolResult};

/// Messages of the conventions.
pub(crate) fn all(messages: &Value) -> Vec<Message> {
    let messages = messages.as_array().into_iter().flatten();
    messages.filter_map(message).collect()
}

fn message(said: &Value) -> Option<Message> {
    let mut message = of_parts(said["role"].as_str()?.into(), &said["parts"])?;
    message.name = said["name"].as_str().map(str::to_owned);
    Some(message)
}

/// A message of these parts. `None`: they are no list.
pub(super) fn of_parts(role: Role, parts: &Value) -> Option<Message> {
    let parts = parts.as_array()?.iter().map(part).collect();
    Some(Message {
        role,
        name: None,
        parts,
    })
}

fn part(said: &Value) -> Part {
    let content = || said["content"].as_str().map(str::to_owned);
    let id = || said["id"].as_str().map(str::to_owned);
    match said["type"].as_str() {
        Some("text") => content().map(Part::Text),
        Some("reasoning") => content().map(Part::Reasoning),
        Some("tool_call") => said["name"].as_str().map(|name| {
            Part::ToolCall(ToolCall {
                id: id(),
                name: name.to_owned(),
                arguments: said["arguments"].clone(),
            })
        }),
        Some("tool_call_response") => Some(Part::ToolResult(ToolResult {
            id: id(),
            content: said
                .get("response")
                .or_else(|| said.get("result"))
                .cloned()
                .unwrap_or_default(),
        })),
        _ => None,
    }
    .unwrap_or_else(|| Part::Other(said.clone()))
}

/// What was answered. Of several choices the first counts: it ends where a reason says that it does.
pub(super) fn output(messages: &Value) -> Option<Output> {
    let list = messages.as_array()?;
    let ends = list.iter().position(|said| said.get("finish_reason").is_some());
    let choice = list.iter().take(ends.map_or(list.len(), |end| end + 1));
    let mut output = Output::default();
    for message in choice.filter_map(message) {
        output.text.push_str(&message.text());
        output.tool_calls.extend(message.tool_calls().cloned());
    }
    Some(output)
}

/// Messages whose parts are attributes each: `<prefix>0.role`, `<prefix>0.tool_calls.0.name`; in OpenInference with the kind of each
/// thing between. `None`: there are none.
pub(super) fn numbered(attributes: &Map<String, Value>, prefix: &str) -> Option<Value> {
    let mut tree = Branch::default();
    for (name, value) in attributes {
        if let Some(path) = name.strip_prefix(prefix) {
            tree.put(path, value);
        }
    }
    let Value::Array(messages) = tree.into_json() else {
        return None;
    };
    Some(messages.into_iter().map(tidy).collect())
}

/// Attributes whose names have a part in common.
#[derive(Default)]
struct Branch {
    value: Option<Value>,
    below: BTreeMap<String, Self>,
}

impl Branch {
    fn put(&mut self, path: &str, value: &Value) {
        let mut at = self;
        // Names that go deeper say nothing that is known.
        for step in path.split('.').take(12) {
            at = at.below.entry(step.to_owned()).or_default();
        }
        at.value = Some(value.clone());
    }

    fn into_json(self) -> Value {
        if self.below.is_empty() {
            return self.value.unwrap_or_default();
        }
        let numbers = self.below.keys().map(|step| step.parse::<u64>());
        if let Ok(mut order) = numbers.collect::<Result<Vec<_>, _>>() {
            let mut below: Vec<Value> = self.below.into_values().map(Self::into_json).collect();
            let mut paired: Vec<(u64, Value)> = order.drain(..).zip(below.drain(..)).collect();
            paired.sort_by_key(|(number, _)| *number);
            return paired.into_iter().map(|(_, value)| value).collect();
        }
        let below = self.below.into_iter().map(|(step, branch)| (step, branch.into_json()));
        Value::Object(below.collect())
    }
}

/// Takes off what OpenInference puts around things, and unpacks content that is a text of JSON.
fn tidy(said: Value) -> Value {
    let mut said = unwrapped(said, "message");
    for (list, around) in [("tool_calls", "tool_call"), ("contents", "message_content")] {
        if let Some(things) = said.get_mut(list).and_then(Value::as_array_mut) {
            for thing in things {
                *thing = unwrapped(thing.take(), around);
            }
        }
    }
    if let Some(contents) = said.get_mut("contents").map(Value::take) {
        said["content"] = contents;
    }
    let parts = said["content"].as_str().filter(|text| text.starts_with("[{"));
    if let Some(parts @ Value::Array(_)) = parts.and_then(|text| serde_json::from_str(text).ok()) {
        said["content"] = parts;
    }
    said
}

fn unwrapped(mut said: Value, around: &str) -> Value {
    match said.get_mut(around) {
        Some(inner @ Value::Object(_)) => inner.take(),
        _ => said,
    }
}
