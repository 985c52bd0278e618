//! Messages that are spread over numbered attributes, or over events.

use std::collections::BTreeMap;

use loadspan_wire::otlp::trace::span::Event;
use serde_json::{Map, Value, json};

use super::source::{Source, value};
use super::{json, tree};

/// Numbers beyond this are not messages of a conversation.
const MOST: usize = 10_000;

/// A message, as its attributes come together, in whatever order.
#[derive(Debug, Default)]
struct Message {
    fields: Map<String, Value>,
    /// Such as `tool_calls`: by name, then by number.
    lists: BTreeMap<String, BTreeMap<usize, Map<String, Value>>>,
}

/// Messages of attributes such as `gen_ai.prompt.0.content`, below a prefix that ends in a dot: `{"messages": […]}` as JSON text.
/// `inner` stands between number and field, or is empty.
pub(super) fn numbered(source: &Source<'_>, prefix: &str, inner: &str) -> Option<String> {
    let messages = fields(source, prefix, inner);
    (!messages.is_empty()).then(|| json!({ "messages": messages }).to_string())
}

/// The same, of whatever is numbered: the fields of each, in the order of their numbers.
pub(super) fn fields(source: &Source<'_>, prefix: &str, inner: &str) -> Vec<Map<String, Value>> {
    let mut messages: BTreeMap<usize, Message> = BTreeMap::new();
    let room = tree::room();
    for (path, value) in source.below(prefix) {
        let Some((number, field)) = counted(path) else {
            continue;
        };
        let Some(field) = field.strip_prefix(inner) else {
            continue;
        };
        messages
            .entry(number)
            .or_default()
            .place(field, json::tree_within(value, &room));
    }
    messages.into_values().map(Message::into_fields).collect()
}

/// `3.content` as 3 and `content`.
fn counted(path: &str) -> Option<(usize, &str)> {
    let (number, field) = path.split_once('.')?;
    let number = number.parse().ok().filter(|number| *number < MOST)?;
    Some((number, field))
}

impl Message {
    /// Puts a value where a path says: that of `tool_calls.0.arguments` into the first of a list.
    fn place(&mut self, path: &str, found: Value) {
        let in_list = path
            .split_once('.')
            .and_then(|(list, rest)| Some((list, counted(rest)?)));
        let Some((list, (number, field))) = in_list else {
            self.fields.insert(path.to_owned(), found);
            return;
        };
        // OpenInference has `contents` for what is `content` to everybody else, and `tool_call.function.arguments` for `arguments`.
        let list = if list == "contents" { "content" } else { list };
        let field = field.rsplit('.').next().unwrap_or(field);
        let items = self.lists.entry(list.to_owned()).or_default();
        items.entry(number).or_default().insert(field.to_owned(), found);
    }

    fn into_fields(self) -> Map<String, Value> {
        let mut fields = self.fields;
        for (name, items) in self.lists {
            let items = || items.into_values().map(Value::Object).collect();
            fields.entry(name).or_insert_with(items);
        }
        fields
    }
}

/// Messages of events such as `gen_ai.user.message`: `{"messages": […]}` as JSON text.
pub(super) fn of_events(events: &[Event], roles: &[(&str, &str)]) -> Option<String> {
    let room = tree::room();
    let messages = events.iter().filter_map(|event| {
        let (_, role) = roles.iter().find(|(name, _)| *name == event.name)?;
        let mut keys = ["content", "message", "gen_ai.event.content"].into_iter();
        let content = keys.find_map(|key| value(&event.attributes, key))?;
        Some(message(role, json::tree_within(content, &room)))
    });
    let messages: Vec<Value> = messages.collect();
    (!messages.is_empty()).then(|| json!({ "messages": messages }).to_string())
}

/// A message of what an event says: its content, or the message as a whole.
fn message(role: &str, said: Value) -> Value {
    // The content of a choice has the message inside.
    let inner = said.get("message").filter(|message| message.is_object()).cloned();
    match inner.unwrap_or(said) {
        Value::Object(mut whole) if whole.contains_key("content") || whole.contains_key("tool_calls") => {
            whole.entry("role").or_insert_with(|| role.into());
            Value::Object(whole)
        }
        content => json!({ "role": role, "content": content }),
    }
}
