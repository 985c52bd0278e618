//! The API of responses: its last event has the whole. What breaks off before it is put together from its items.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::layer::exchange::findings::finish_reason_of_response;
use crate::layer::exchange::object::Object;
use crate::layer::exchange::stream::Keep;

/// A server that counts beyond this is not to be believed.
const MOST_ITEMS: u64 = 1_024;

/// A response of the API of responses.
#[derive(Debug, Default)]
pub(in crate::layer::exchange) struct Response {
    whole: Option<Value>,
    items: BTreeMap<u64, Item>,
    is_finished: bool,
    finish_reason: Option<String>,
}

#[derive(Debug, Default)]
struct Item {
    item: Option<Map<String, Value>>,
    /// The texts of its parts.
    texts: BTreeMap<u64, String>,
    arguments: String,
}

impl Response {
    pub(super) fn add(&mut self, event: &Object<'_>, keep: Keep) {
        let kind = event.text("type").unwrap_or_default();
        if matches!(
            kind.as_str(),
            "response.completed" | "response.incomplete" | "response.failed"
        ) {
            self.is_finished = true;
            self.finish_reason = event.object("response").as_ref().and_then(finish_reason_of_response);
            if keep == Keep::Content {
                self.whole = event.get("response");
            }
        } else if keep == Keep::Content {
            self.add_piece(&kind, event);
        }
    }

    fn add_piece(&mut self, kind: &str, event: &Object<'_>) {
        let Some(index) = event.get::<u64>("output_index") else {
            return;
        };
        if index >= MOST_ITEMS {
            return;
        }
        let item = self.items.entry(index).or_default();
        let part = event.get("content_index").unwrap_or(0);
        let delta = event.text("delta").unwrap_or_default();
        match kind {
            "response.output_item.added" => item.item = event.get("item"),
            "response.output_item.done" => {
                *item = Item {
                    item: event.get("item"),
                    ..Item::default()
                }
            }
            "response.output_text.delta" | "response.refusal.delta" => {
                item.texts.entry(part).or_default().push_str(&delta)
            }
            "response.function_call_arguments.delta" => item.arguments.push_str(&delta),
            _ => {}
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.is_finished
    }

    pub(super) fn finish_reason(&self) -> Option<String> {
        self.finish_reason.clone()
    }

    pub(super) fn output(self) -> Option<Value> {
        if self.whole.is_some() || self.items.is_empty() {
            return self.whole;
        }
        let items: Vec<Value> = self.items.into_values().map(Item::output).collect();
        Some(json!({"object": "response", "output": items}))
    }
}

impl Item {
    fn output(self) -> Value {
        let message = || {
            Map::from_iter([
                ("type".to_owned(), "message".into()),
                ("role".to_owned(), "assistant".into()),
            ])
        };
        let mut item = self.item.unwrap_or_else(message);
        if !self.texts.is_empty() {
            let part = |text| json!({"type": "output_text", "text": text});
            item.insert("content".to_owned(), self.texts.into_values().map(part).collect());
        }
        if !self.arguments.is_empty() {
            item.insert("arguments".to_owned(), self.arguments.into());
        }
        Value::Object(item)
    }
}
