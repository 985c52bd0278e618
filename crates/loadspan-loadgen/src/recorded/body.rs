//! The body of a recorded call.

use std::sync::Arc;

use loadspan_replay::{Call, Message, chat_message, chat_tools};
use serde_json::{Map, Value};

use super::texts::{Texts, to_u32};
use super::{CallModel, RecordedConfig};

/// Parameters of a recording that go into the body, and what they are called there.
const PARAMETERS: [(&str, &str); 8] = [
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("top_k", "top_k"),
    ("frequency_penalty", "frequency_penalty"),
    ("presence_penalty", "presence_penalty"),
    ("seed", "seed"),
    ("stop_sequences", "stop"),
    ("choice.count", "n"),
];

/// How bodies are made.
#[derive(Debug)]
pub(super) struct Bodies {
    model: CallModel,
    own_fields: Vec<String>,
}

impl Bodies {
    pub(super) fn new(config: &RecordedConfig) -> Self {
        Self {
            model: config.model,
            own_fields: config.own_fields.clone(),
        }
    }

    /// The body of a chat, without what all bodies of the run have.
    pub(super) fn chat(&self, call: &Call, messages: &[Arc<Message>]) -> String {
        let messages: Vec<Value> = messages.iter().flat_map(|message| chat_message(message)).collect();
        let mut body = Map::new();
        self.put(&mut body, "messages", messages.into());
        if let Some(tools) = &call.tools {
            let tools = chat_tools(tools);
            if !tools.is_empty() {
                self.put(&mut body, "tools", tools.into());
            }
        }
        for (recorded, sent) in PARAMETERS {
            if let Some(value) = call.parameters.get(recorded).filter(|value| !value.is_null()) {
                self.put(&mut body, sent, unpacked(value));
            }
        }
        if let Some(model) = self.model_of(call.model.as_deref()) {
            self.put(&mut body, "model", model.into());
        }
        Value::Object(body).to_string()
    }

    /// The model that is asked, where it is not that of the run.
    pub(super) fn model_of<'a>(&self, recorded: Option<&'a str>) -> Option<&'a str> {
        recorded.filter(|_| self.model == CallModel::Recorded)
    }

    fn put(&self, body: &mut Map<String, Value>, name: &str, value: Value) {
        if !self.own_fields.iter().any(|own| own == name) {
            body.insert(name.to_owned(), value);
        }
    }
}

/// Lists and numbers are texts in some recordings.
fn unpacked(value: &Value) -> Value {
    let packed = value.as_str().and_then(|text| serde_json::from_str(text).ok());
    packed
        .filter(|value: &Value| value.is_array() || value.is_number())
        .unwrap_or_else(|| value.clone())
}

/// Tokens that the answer of a call should have: as many as the recorded one, else as many as it was allowed.
pub(super) fn output_tokens(call: &Call, texts: &Texts) -> Option<u32> {
    let measured = || {
        let answer = call.output.as_ref().filter(|_| !call.failed)?;
        // What tool calls take nobody knows.
        let is_text = answer.tool_calls.is_empty() && !answer.text.is_empty();
        is_text.then(|| u64::from(texts.tokens_of(&answer.text)))
    };
    let allowed = || {
        call.parameters
            .get("max_tokens")
            .map(unpacked)
            .as_ref()
            .and_then(Value::as_u64)
    };
    let tokens = call.output_tokens.or_else(measured).or_else(allowed);
    tokens.filter(|tokens| *tokens > 0).map(to_u32)
}
