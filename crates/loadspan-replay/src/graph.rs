//! Which calls of a session waited for which, and from what that is known.
//!
//! No edge joins calls that overlap in time: what had begun before the other ended cannot have waited for it. What is left is believed
//! in this order: what the recording itself says ([`Recorded`]), ids of tool calls, the answer right behind the same conversation, and
//! as the last resort text. Of text, only what was new after the answer counts: a message that any call of the session had before was
//! not made of it. Answers of fewer than [`SHORTEST`] characters show nothing by themselves.
//!
//! What can be reached by other edges has none of its own. A call waits for all that it has edges from, and begins as long after the
//! last of them as it did in the recording; one that has none begins when it did, counted from the start of its session.

mod build;
mod evidence;
mod reduce;
#[cfg(test)]
mod tests;
mod text;
mod times;
mod uses;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::recording::{Recorded, Session};

/// Answers of fewer characters are found in anything.
pub(crate) const SHORTEST: usize = 16;

/// What depends on what in a session. Its events are the session's calls, by their places.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// When each call begins.
    pub starts: Vec<Start>,
    /// By `to`, then by `from`. `from` is always the smaller one.
    pub edges: Vec<Edge>,
    /// Of each call, what in its messages is made of the answers of others, all of which it comes after.
    pub uses: Vec<Vec<Use>>,
    /// What looked like an edge, and cannot be one.
    pub refused: Vec<Refused>,
}

/// When a call begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// So long after the start of its session: it has no edges that lead to it.
    Offset(Duration),
    /// So long after the last of those that it has edges from has ended.
    Wait(Duration),
}

/// One call waits for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The call that has to end.
    pub from: usize,
    /// The call that waits.
    pub to: usize,
    /// What says so.
    pub reason: Reason,
}

/// What says that a call waited for another; of several, the strongest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The recording.
    Recorded(Recorded),
    /// The answer has a tool call of this id, and the input what came of it.
    ToolCall(String),
    /// The input is that of the other call, then its answer.
    Continuation,
    /// The answer is a message of the input.
    SameText,
    /// The answer is within a message of the input.
    Quote,
}

/// An edge that cannot be: the calls overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The call that would have had to end.
    pub from: usize,
    /// The call that would have waited.
    pub to: usize,
    /// What said so.
    pub reason: Reason,
    /// For how long both ran.
    pub overlap: Duration,
}

/// Something in a message that is made of the answer of another call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The place of the message in the input.
    pub message: usize,
    /// What of it.
    pub of: Used,
}

/// What in a message is made of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Used {
    /// The message is the answer.
    Answer {
        /// The call that gave it.
        call: usize,
    },
    /// A text within it is the text of the answer.
    Quote {
        /// The call that gave it.
        call: usize,
        /// The part of the message.
        part: usize,
        /// The bytes of that part.
        at: Range<usize>,
    },
    /// A part of it is the result of one of the tool calls of the answer.
    ToolResult {
        /// The call that gave it.
        call: usize,
        /// The part of the message.
        part: usize,
        /// The tool call of the answer.
        tool_call: usize,
    },
}

impl Graph {
    /// What depends on what in a session.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        build::build(session)
    }

    /// The edges that lead to a call.
    #[must_use]
    pub fn before(&self, call: usize) -> &[Edge] {
        let start = self.edges.partition_point(|edge| edge.to < call);
        let end = self.edges.partition_point(|edge| edge.to <= call);
        &self.edges[start..end]
    }

    /// How many edges the longest way to each call has.
    #[must_use]
    pub fn depths(&self) -> Vec<usize> {
        let mut depths = vec![0; self.starts.len()];
        // An edge leads to a later call, so that what is before a call is settled when it is its turn.
        for edge in &self.edges {
            depths[edge.to] = depths[edge.to].max(depths[edge.from] + 1);
        }
        depths
    }
}

impl Used {
    /// The call whose answer it is.
    #[must_use]
    pub const fn call(&self) -> usize {
        match self {
            Self::Answer { call } | Self::Quote { call, .. } | Self::ToolResult { call, .. } => *call,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded(Recorded::Parent) => f.write_str("parent span"),
            Self::Recorded(Recorded::Link) => f.write_str("link"),
            Self::Recorded(Recorded::Tool(name)) => write!(f, "tool {name}"),
            Self::Recorded(Recorded::Turn) => f.write_str("turn"),
            Self::ToolCall(id) => write!(f, "tool call {id}"),
            Self::Continuation => f.write_str("continuation"),
            Self::SameText => f.write_str("same text"),
            Self::Quote => f.write_str("quoted text"),
        }
    }
}
