//! Chats and completions: choices, of which each chunk brings a piece.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::tool_calls::ToolCalls;
use crate::layer::exchange::findings::Findings;
use crate::layer::exchange::object::Object;
use crate::layer::exchange::stream::Keep;

/// A server that counts beyond this is not to be believed.
const MOST_CHOICES: u64 = 1_024;

/// The choices of a chat or a completion.
#[derive(Debug)]
pub(in crate::layer::exchange) struct Choices {
    object: &'static str,
    choices: BTreeMap<u64, Choice>,
}

#[derive(Debug, Default)]
struct Choice {
    /// Of completions.
    text: Option<String>,
    /// Of chats, with all that servers put there.
    message: Map<String, Value>,
    tool_calls: ToolCalls,
    finish_reason: Option<String>,
}

impl Choices {
    pub(super) fn new(object: &'static str) -> Self {
        Self {
            object,
            choices: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, chunk: &Object<'_>, keep: Keep) {
        for piece in chunk.objects("choices") {
            let index: u64 = piece.get("index").unwrap_or(0);
            if index >= MOST_CHOICES {
                continue;
            }
            let choice = self.choices.entry(index).or_default();
            if let Some(reason) = piece.text("finish_reason") {
                choice.finish_reason = Some(reason);
            }
            if keep == Keep::Content {
                choice.add(&piece);
            }
        }
    }

    pub(super) fn are_finished(&self) -> bool {
        !self.choices.is_empty() && self.choices.values().all(|choice| choice.finish_reason.is_some())
    }

    pub(super) fn finish_reasons(&self) -> Vec<String> {
        self.choices
            .values()
            .filter_map(|choice| choice.finish_reason.clone())
            .collect()
    }

    pub(super) fn output(self, findings: &Findings) -> Option<Value> {
        if self.choices.is_empty() {
            return None;
        }
        let choices: Vec<Value> = self
            .choices
            .into_iter()
            .map(|(index, choice)| choice.output(index))
            .collect();
        let mut output = json!({"object": self.object, "choices": choices});
        let known = [
            ("id", findings.id.clone().map(Value::from)),
            ("created", findings.created.map(Value::from)),
            ("model", findings.model.clone().map(Value::from)),
            ("usage", findings.usage.clone()),
        ];
        for (name, value) in known {
            if let Some(value) = value {
                output[name] = value;
            }
        }
        Some(output)
    }
}

impl Choice {
    fn add(&mut self, piece: &Object<'_>) {
        if let Some(text) = piece.text("text") {
            self.text.get_or_insert_default().push_str(&text);
        }
        let delta: Map<String, Value> = piece.get("delta").unwrap_or_default();
        for (name, value) in delta {
            match (name.as_str(), value) {
                ("tool_calls", Value::Array(calls)) => calls.into_iter().for_each(|call| self.tool_calls.add(call)),
                ("role", value) => {
                    self.message.entry(name).or_insert(value);
                }
                (_, value) => merge(&mut self.message, name, value),
            }
        }
    }

    fn output(mut self, index: u64) -> Value {
        if let Some(text) = self.text {
            return json!({"index": index, "text": text, "finish_reason": self.finish_reason});
        }
        self.message.entry("role").or_insert_with(|| "assistant".into());
        self.message.entry("content").or_insert(Value::Null);
        if let Some(calls) = self.tool_calls.output() {
            // Beside tool calls an empty content means that there is none.
            if self.message.get("content").is_some_and(|content| content == "") {
                self.message.insert("content".to_owned(), Value::Null);
            }
            self.message.insert("tool_calls".to_owned(), calls);
        }
        json!({"index": index, "message": self.message, "finish_reason": self.finish_reason})
    }
}

/// Texts grow; of everything else the last one that is there counts.
pub(super) fn merge(message: &mut Map<String, Value>, name: String, value: Value) {
    match (message.get_mut(&name), value) {
        (Some(Value::String(text)), Value::String(more)) => text.push_str(&more),
        (Some(_), Value::Null) => {}
        (_, value) => {
            message.insert(name, value);
        }
    }
}
