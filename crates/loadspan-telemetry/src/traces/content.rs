//! Prompts and answers in the schema of the GenAI convention, for those who asked to see them.

mod input;

use std::borrow::Cow;

use loadspan_record::OutputText;
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
    to_json(&[Message {
        role: "assistant",
        parts,
        name: None,
        // The convention's word is singular.
        finish_reason: finish_reason.map(|reason| if reason == "tool_calls" { "tool_call" } else { reason }),
    }])
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
            body: Vec::new(),
        };
        assert_eq!(
            output_messages(&output, Some("tool_calls")),
            r#"[{"role":"assistant","parts":[{"type":"reasoning","content":"2 and 2"},{"type":"text","content":"4"}],"finish_reason":"tool_call"}]"#
        );
    }
}
