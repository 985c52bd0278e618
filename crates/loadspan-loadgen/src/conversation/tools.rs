//! Turns in which not the user but a tool has the word.
//!
//! Where the server called a tool, the next turn is the tool's result, whatever was planned. Where it did not although a result was
//! planned, the user says what the tool would have said. Either way the time that the tool takes lies between two calls, and is no
//! part of the latency of either.

use std::time::Duration;

use serde::Serialize;

use super::error::ConversationError;

/// What is offered, as the field of a chat's body.
pub(super) const OFFERED: &str = concat!(
    r#""tools":[{"type":"function","function":{"name":"search","description":"Searches the archive for a text.","#,
    r#""parameters":{"type":"object","properties":{"query":{"type":"string"}},"required":["query"]}}}]"#
);

/// What a tool says to a second call in the same answer: the first one gets the result.
pub(super) const NOTHING_MORE: &str = r#""ok""#;

/// Turns that are results of tools.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ToolConfig {
    /// The share of turns, from 0 to 1, without the first of a session, which cannot be one.
    pub share: f64,
    /// How long a tool takes.
    pub time: Duration,
    /// What the server is told of them.
    pub offer: ToolOffer,
}

/// Who tells the server which tools there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolOffer {
    /// Each call offers one.
    Offered,
    /// Whoever configures the bodies.
    AlreadyInBody,
}

impl ToolConfig {
    pub(super) fn check(&self) -> Result<(), ConversationError> {
        if (0.0..=1.0).contains(&self.share) {
            Ok(())
        } else {
            Err(ConversationError::ToolShare(self.share))
        }
    }
}
