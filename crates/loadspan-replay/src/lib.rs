//! What was recorded of other people's traffic, and what of it is sent again.
//!
//! ```text
//! bytes ─▶ Reading::open ─┬▶ Recording, Conversations ─▶ Session ─▶ Graph ─▶ Planner::session ─▶ PlannedSession
//!                         └▶ TimedLog ─▶ TimedCall ──────────────────────▶ Planner::call ────▶ PlannedCall
//! ```
//!
//! A [`Session`] has calls whose order has to be found: [`Graph`] says which of them waited for which, and from what that is known. A
//! [`TimedLog`] has times and lengths, of which there may be more than memory holds: it is read as it is sent. While calls are sent,
//! [`Exchange`] puts the answers of this run where the recording has its own.
//!
//! No clock, no runtime, no network.
#![deny(missing_docs)]

mod graph;
mod held;
mod inspect;
mod log;
mod openai;
mod plan;
mod recording;
mod source;
mod substitute;
mod svg;
#[cfg(test)]
mod testing;

pub use graph::{Edge, Graph, Reason, Refused, Start, Use, Used};
pub use held::{Full, Held};
pub use inspect::{render_bad, render_text, render_unused};
pub use log::{Lengths, TimedCall, TimedLog, Turn};
pub use openai::{chat_message, chat_tools};
pub use plan::{
    FailedCalls, Left, Options, Plan, PlannedCall, PlannedEvent, PlannedSession, Planner, Share, Speed, Window,
};
pub use recording::{
    After, Call, Message, Origin, Output, Part, Recorded, Recording, Role, Session, ToolCall, ToolResult, Unused,
};
pub use source::{
    BadLine, BadLines, Conversations, Detected, Format, Opened, Peeked, Reading, RecordingBuilder, SessionsBy,
    SourceError, Strictness, detect,
};
pub use substitute::{Exchange, MissingToolCall, Note, Sent, SubstituteError};
pub use svg::render_svg;
