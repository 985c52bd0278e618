//! What was said to a model and by it, whoever wrote it down.

use serde::{Serialize, Serializer};
use serde_json::Value;

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// The name of who speaks, where there is one.
    pub name: Option<String>,
    /// What is said, in order.
    pub parts: Vec<Part>,
}

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Role {
    /// Who gives instructions.
    System,
    /// Who asks.
    User,
    /// The model.
    Assistant,
    /// A tool.
    Tool,
    /// Another word, as it was recorded.
    Other(String),
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text(String),
    /// What a model thought.
    Reasoning(String),
    /// A call of a tool.
    ToolCall(ToolCall),
    /// What a tool gave back.
    ToolResult(ToolResult),
    /// Anything else, as the conventions have it: pictures, sound, files.
    Other(Value),
}

/// A call of a tool, by a model.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct ToolCall {
    /// The id that the model gave it.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// What the tool was given: an object, or a text that is none.
    pub arguments: Value,
}

/// What a tool gave back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct ToolResult {
    /// The id of the call that it answers.
    pub id: Option<String>,
    /// A text, or something else.
    pub content: Value,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct Output {
    /// Its text, without what it thought.
    pub text: String,
    /// The tools that it called.
    pub tool_calls: Vec<ToolCall>,
}

impl Role {
    /// The word for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for Role {
    fn from(word: &str) -> Self {
        match word {
            "system" => Self::System,
            "user" => Self::User,
            "assistant" => Self::Assistant,
            "tool" => Self::Tool,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Message {
    /// A message of nothing but text.
    #[must_use]
    pub fn text_of(role: Role, text: impl Into<String>) -> Self {
        let parts = vec![Part::Text(text.into())];
        Self {
            role,
            name: None,
            parts,
        }
    }

    /// All of its text, without what was thought.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// The tools that it calls.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.parts.iter().filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            _ => None,
        })
    }

    /// What tools gave back in it.
    pub fn tool_results(&self) -> impl Iterator<Item = &ToolResult> {
        self.parts.iter().filter_map(|part| match part {
            Part::ToolResult(result) => Some(result),
            _ => None,
        })
    }
}

impl Output {
    /// An answer of nothing but text.
    #[must_use]
    pub fn of_text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tool_calls: Vec::new(),
        }
    }

    /// Whether nothing was answered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.tool_calls.is_empty()
    }

    /// The message that it is in the history of later calls.
    #[must_use]
    pub fn to_message(&self) -> Message {
        let text = (!self.text.is_empty()).then(|| Part::Text(self.text.clone()));
        let calls = self.tool_calls.iter().cloned().map(Part::ToolCall);
        Message {
            role: Role::Assistant,
            name: None,
            parts: text.into_iter().chain(calls).collect(),
        }
    }

    /// Whether a message of a later call is this answer: the same text but for white space around it, and the same calls of tools.
    pub(crate) fn is(&self, message: &Message) -> bool {
        message.role == Role::Assistant
            && !self.is_empty()
            && self.text.trim() == message.text().trim()
            && self.tool_calls.len() == message.tool_calls().count()
            && self.tool_calls.iter().zip(message.tool_calls()).all(|(a, b)| a.is(b))
    }
}

impl ToolCall {
    /// Whether two are one: the same id, or none and the same content.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.id, &other.id) {
            (Some(one), Some(other)) => one == other,
            _ => self.name == other.name && self.arguments == other.arguments,
        }
    }
}
