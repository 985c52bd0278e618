//! Calls of made-up recordings.

use std::sync::Arc;

use loadspan_wire::semconv::genai::Operation;
use serde_json::{Map, Value, json};

use crate::recording::{After, Call, Message, Origin, Output, Part, Recorded, Role, Session, ToolCall, ToolResult};

/// The clock of the recordings begins here.
pub(crate) const START_MS: u64 = 1_000_000;

pub(crate) struct CallBuilder(Call);

/// A call of these milliseconds.
pub(crate) fn call(start_ms: u64, end_ms: u64) -> CallBuilder {
    CallBuilder(Call {
        id: format!("c{start_ms}-{end_ms}"),
        operation: Operation::Chat,
        start_ns: (START_MS + start_ms) * 1_000_000,
        end_ns: (START_MS + end_ms) * 1_000_000,
        model: Some("m".to_owned()),
        messages: Vec::new(),
        tools: None,
        output: None,
        input_tokens: None,
        output_tokens: None,
        parameters: Map::new(),
        after: Vec::new(),
        turn: None,
        failed: false,
    })
}

impl CallBuilder {
    fn message(mut self, message: Message) -> Self {
        self.0.messages.push(Arc::new(message));
        self
    }

    pub(crate) fn user(self, text: &str) -> Self {
        self.message(Message::text_of(Role::User, text))
    }

    pub(crate) fn system(self, text: &str) -> Self {
        self.message(Message::text_of(Role::System, text))
    }

    pub(crate) fn assistant(self, text: &str) -> Self {
        self.message(Message::text_of(Role::Assistant, text))
    }

    /// An earlier message of the model that calls tools, by id and name.
    pub(crate) fn assistant_calls(self, calls: &[(&str, &str)]) -> Self {
        let parts = calls.iter().map(|call| Part::ToolCall(tool_call(call)));
        self.message(Message {
            role: Role::Assistant,
            name: None,
            parts: parts.collect(),
        })
    }

    pub(crate) fn tool_result(self, id: &str, text: &str) -> Self {
        let result = ToolResult {
            id: Some(id.to_owned()),
            content: Value::from(text),
        };
        self.message(Message {
            role: Role::Tool,
            name: None,
            parts: vec![Part::ToolResult(result)],
        })
    }

    /// Answers with text.
    pub(crate) fn says(mut self, text: &str) -> Self {
        self.0.output.get_or_insert_default().text = text.to_owned();
        self
    }

    /// Answers with calls of tools, by id and name.
    pub(crate) fn calls(mut self, calls: &[(&str, &str)]) -> Self {
        self.0.output.get_or_insert_default().tool_calls = calls.iter().map(tool_call).collect();
        self
    }

    pub(crate) fn after(mut self, call: usize, by: Recorded) -> Self {
        self.0.after.push(After { call, by });
        self
    }

    pub(crate) fn failed(mut self) -> Self {
        self.0.failed = true;
        self
    }

    pub(crate) fn build(self) -> Call {
        self.0
    }
}

fn tool_call((id, name): &(&str, &str)) -> ToolCall {
    ToolCall {
        id: Some((*id).to_owned()),
        name: (*name).to_owned(),
        arguments: json!({}),
    }
}

pub(crate) fn session<const N: usize>(calls: [CallBuilder; N]) -> Session {
    let calls = calls.into_iter().map(CallBuilder::build);
    Session::new("s", Origin::Trace, calls.collect())
}

/// An answer of this run that calls tools, by id and name.
pub(crate) fn live_calls(calls: &[(&str, &str)]) -> Output {
    Output {
        text: String::new(),
        tool_calls: calls.iter().map(tool_call).collect(),
    }
}
