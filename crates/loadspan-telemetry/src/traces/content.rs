//! Prompts and answers in the schema of the GenAI convention, for those who asked to see them.

mod input;

use std::borrow::Cow;

use loadspan_record::{AnsweredToolCall, OutputText};
use serde::Serialize;
use serde_json::Value;

pub use self::input::InputContent;

/// A message of a conversation.
#[derive(Debug, Serialize)]
struct Message<'a> {
    role: &'a str,
    parts: Vec<Part<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'a str>,
}

/// A part of a message.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text {
        content: Cow<'a, str>,
    },
    Reasoning {
        content: Cow<'a, str>,
    },
    ToolCall {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        name: &'a str,
        arguments: Value,
    },
    ToolCallResponse {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        response: &'a Value,
    },
    Uri {
        modality: &'a str,
        uri: &'a str,
    },
    Blob {
        modality: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<Cow<'a, str>>,
        /// Base64.
        content: &'a str,
    },
    File {
        modality: &'a str,
        file_id: &'a str,
    },
    /// What the convention has no word for. It has a `type` of its own.
    #[serde(untagged)]
    Other(&'a Value),
}

impl<'a> Part<'a> {
    fn text(text: &'a str) -> Self {
        Self::Text { content: text.into() }
    }
}

/// `gen_ai.output.messages`: one message, of the first choice.
pub(super) fn output_messages(output: &OutputText, finish_reason: Option<&str>) -> String {
    let mut parts = Vec::new();
    if !output.reasoning.is_empty() {
        parts.push(Part::Reasoning {
            content: output.reasoning.as_str().into(),
        });
    }
    if !output.answer.is_empty() {
        parts.push(Part::text(&output.answer));
    }
    parts.extend(output.tool_calls.iter().map(answered));
    to_json(&[Message {
        role: "assistant",
        parts,
        name: None,
        // The convention's word is singular.
        finish_reason: finish_reason.map(|reason| if reason == "tool_calls" { "tool_call" } else { reason }),
    }])
}

fn answered(call: &AnsweredToolCall) -> Part<'_> {
    Part::ToolCall {
        id: (!call.id.is_empty()).then_some(&call.id),
        name: &call.name,
        // The API has them as a text of JSON; the convention wants them as they are.
        arguments: serde_json::from_str(&call.arguments).unwrap_or_else(|_| call.arguments.as_str().into()),
    }
}

/// Strings and plain structures of them can always be written.
fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_and_answer_are_parts_of_one_message() {
        let output = OutputText {
            answer: "4".to_owned(),
            reasoning: "2 and 2".to_owned(),
            ..OutputText::default()
        };
        assert_eq!(
            output_messages(&output, Some("stop")),
            r#"[{"role":"assistant","parts":[{"type":"reasoning","content":"2 and 2"},{"type":"text","content":"4"}],"finish_reason":"stop"}]"#
        );
    }

    #[test]
    fn tool_calls_are_parts_and_their_arguments_json() {
        let call = |id: &str, arguments: &str| AnsweredToolCall {
            id: id.to_owned(),
            name: "add".to_owned(),
            arguments: arguments.to_owned(),
        };
        let output = OutputText {
            answer: "Well.".to_owned(),
            tool_calls: vec![call("c1", r#"{"a": 2}"#), call("", "{torn")],
            ..OutputText::default()
        };
        assert_eq!(
            output_messages(&output, Some("tool_calls")),
            concat!(
                r#"[{"role":"assistant","parts":[{"type":"text","content":"Well."},"#,
                r#"{"type":"tool_call","id":"c1","name":"add","arguments":{"a":2}},"#,
                r#"{"type":"tool_call","name":"add","arguments":"{torn"}],"finish_reason":"tool_call"}]"#
            )
        );
    }
}
