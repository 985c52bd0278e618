//! What was recorded: sessions of calls.

mod message;
mod session;

use std::sync::Arc;

use loadspan_wire::semconv::genai::Operation;
use serde_json::{Map, Value};

pub use self::message::{Message, Output, Part, Role, ToolCall, ToolResult};
pub(crate) use self::session::Interner;
pub use self::session::{Origin, Session};
use crate::source::BadLines;

/// What one or more files have recorded, with all that was said.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// By their first call, earliest first.
    pub sessions: Vec<Session>,
    /// Spans that cannot be sent again, in the order of the files; those that never were calls of a model are not among them.
    pub unused: Vec<Unused>,
    /// Lines that could not be read.
    pub bad: BadLines,
}

/// One call of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What the recording calls it: the id of its span, or its place.
    pub id: String,
    /// What was asked of the server. Never anything but a chat, a completion or generated content.
    pub operation: Operation,
    /// When it began, on the clock of the recording.
    pub start_ns: u64,
    /// When it ended; not before it began.
    pub end_ns: u64,
    /// The model that was asked for, else the one that answered.
    pub model: Option<String>,
    /// What was said to the model. Empty where that was not recorded.
    pub messages: Vec<Arc<Message>>,
    /// The tools that the model was offered: an array of objects.
    pub tools: Option<Value>,
    /// What it answered. `None` where that was not recorded.
    pub output: Option<Output>,
    /// Tokens of the input, as the server counted them.
    pub input_tokens: Option<u64>,
    /// Tokens of the output, as the server counted them.
    pub output_tokens: Option<u64>,
    /// How it was asked, by the last part of the conventions' names: `temperature`, `max_tokens`, …
    pub parameters: Map<String, Value>,
    /// What the recording itself says that it came after.
    pub after: Vec<After>,
    /// Its number in its conversation, where it has one.
    pub turn: Option<u64>,
    /// Whether it failed.
    pub failed: bool,
}

/// Something that a call came after, by the structure of the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// The place of the other call in its session.
    pub call: usize,
    /// What says so.
    pub by: Recorded,
}

/// What in a recording says that one call came after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The span of the other is above that of this one.
    Parent,
    /// The span links to the other, or to what the other was part of.
    Link,
    /// A tool of this name ran between the two, or is what this call is part of.
    Tool(String),
    /// They are turns of one conversation that have numbers.
    Turn,
}

/// A span of a call that cannot be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// The id of its span.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Why, for people.
    pub reason: String,
}
