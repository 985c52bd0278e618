//! What recordings take in memory that are held as a whole, and how much that may be.
//!
//! What is counted is what stays: texts once, however many calls repeat them, and calls with their lists. What reading takes for a
//! while comes on top, and has bounds of its own.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::inspect::counted;
use crate::plan::PlannedCall;
use crate::recording::{Call, Message, Output, Part, Session, ToolCall};
use crate::source::SourceError;

/// Room for what is held.
#[derive(Debug, Clone)]
pub struct Held {
    most: usize,
    bytes: usize,
    calls: u64,
}

/// There is no more room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "it is held as a whole, for which there are {} of memory: they were full after {}",
    Bytes(*most),
    counted(*calls as usize, "call")
)]
pub struct Full {
    most: usize,
    calls: u64,
}

impl Held {
    /// Room for so many bytes.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self {
            most,
            bytes: 0,
            calls: 0,
        }
    }

    /// Takes calls in, and the bytes that they take.
    ///
    /// # Errors
    ///
    /// There is no room for them.
    pub const fn add(&mut self, calls: u64, bytes: usize) -> Result<(), Full> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.most {
            let Self { most, calls, .. } = *self;
            return Err(Full { most, calls });
        }
        self.calls += calls;
        Ok(())
    }
}

impl Full {
    /// The error of a file, with what to do about it.
    #[must_use]
    pub fn of_file(self, file: &str, advice: &'static str) -> SourceError {
        SourceError::TooMuch {
            file: file.to_owned(),
            full: self,
            advice,
        }
    }
}

impl Session {
    /// The memory that it takes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let mut seen = HashSet::new();
        let messages = self.calls().iter().flat_map(|call| &call.messages);
        let texts = messages.filter(|message| seen.insert(Arc::as_ptr(message)));
        let texts: usize = texts.map(|message| of_message(message)).sum();
        let calls: usize = self.calls().iter().map(of_call).sum();
        size_of::<Self>() + self.id().len() + calls + texts
    }
}

impl PlannedCall {
    /// The memory that it takes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.call.hash_ids.capacity() * size_of::<u64>()
    }
}

/// The graph of a session has about as much for each of its calls, and what is known of it while it is sent.
const PLAN: usize = 384;
/// What stands before the content of an `Arc`.
const COUNTS: usize = 16;
/// An entry of a map, without its content.
const ENTRY: usize = 80;

/// Without its messages, of which only the list counts.
pub(crate) fn of_call(call: &Call) -> usize {
    let list = call.messages.capacity() * size_of::<Arc<Message>>();
    let texts = call.id.capacity() + call.model.as_ref().map_or(0, String::capacity);
    let output = call.output.as_ref().map_or(0, of_output);
    let tools = call.tools.as_ref().map_or(0, of_value);
    size_of::<Call>() + PLAN + list + texts + output + tools + of_map(&call.parameters)
}

/// A message that is kept once.
pub(crate) fn of_message(message: &Message) -> usize {
    let name = message.name.as_ref().map_or(0, String::capacity);
    let parts: usize = message.parts.iter().map(of_part).sum();
    COUNTS + size_of::<Message>() + name + message.parts.capacity() * size_of::<Part>() + parts
}

fn of_part(part: &Part) -> usize {
    match part {
        Part::Text(text) | Part::Reasoning(text) => text.capacity(),
        Part::ToolCall(call) => of_tool_call(call),
        Part::ToolResult(result) => result.id.as_ref().map_or(0, String::capacity) + of_value(&result.content),
        Part::Other(value) => of_value(value),
    }
}

fn of_output(output: &Output) -> usize {
    let calls: usize = output.tool_calls.iter().map(of_tool_call).sum();
    output.text.capacity() + output.tool_calls.capacity() * size_of::<ToolCall>() + calls
}

fn of_tool_call(call: &ToolCall) -> usize {
    call.id.as_ref().map_or(0, String::capacity) + call.name.capacity() + of_value(&call.arguments)
}

/// What a value takes beside itself.
fn of_value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.capacity(),
        Value::Array(values) => values.capacity() * size_of::<Value>() + values.iter().map(of_value).sum::<usize>(),
        Value::Object(map) => of_map(map),
    }
}

fn of_map(map: &Map<String, Value>) -> usize {
    map.iter()
        .map(|(key, value)| ENTRY + key.capacity() + of_value(value))
        .sum()
}

/// A limit as it is read: whole GiB, MiB or KiB where it is one.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        let whole = units
            .iter()
            .find(|(shift, _)| self.0 > 0 && self.0.trailing_zeros() >= *shift);
        match whole {
            Some((shift, unit)) => write!(f, "{} {unit}", self.0 >> shift),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Role;

    #[test]
    fn what_is_full_says_how_much_there_was() {
        let mut held = Held::new(3 << 20);
        assert_eq!((held.add(1, 1 << 20), held.add(1, 2 << 20)), (Ok(()), Ok(())));
        insta::assert_snapshot!(
            held.add(1, 1).unwrap_err(),
            @"it is held as a whole, for which there are 3 MiB of memory: they were full after 2 calls"
        );
        let limits = [2 << 30, 1000, 3 << 10].map(|bytes| Bytes(bytes).to_string());
        assert_eq!(limits, ["2 GiB", "1000 bytes", "3 KiB"]);
    }

    #[test]
    fn a_text_counts_with_what_is_around_it() {
        let short = of_message(&Message::text_of(Role::User, ""));
        let long = of_message(&Message::text_of(Role::User, "x".repeat(1000)));
        assert_eq!(long - short, 1000);
        let value = serde_json::json!({"a": ["bc", 1]});
        assert_eq!(of_value(&value), ENTRY + 1 + 2 * size_of::<Value>() + 2);
    }
}
