//! The choices a server makes about the shape of a response.

use std::num::NonZeroUsize;
use std::time::Duration;

/// What a stream shows before its first token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Opening {
    /// The response head; the role chunk comes with the first token. What vLLM does.
    #[default]
    Head,
    /// The head and the role chunk.
    RoleChunk,
    /// Nothing: the head comes with the first token.
    Nothing,
}

/// Where a chat stream says who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RoleChunk {
    /// In a chunk of its own, with empty content.
    #[default]
    Alone,
    /// In the chunk of the first token.
    WithFirstToken,
    /// Nowhere.
    Absent,
}

/// What comes between tokens and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filler {
    /// A chunk with empty content.
    EmptyChunk,
    /// A comment line, as proxies and some servers send to keep a connection alive.
    Comment,
}

/// The name of the field that carries reasoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReasoningField {
    /// `reasoning_content`: older vLLM, SGLang, DeepSeek.
    #[default]
    ReasoningContent,
    /// `reasoning`: newer vLLM, OpenRouter.
    Reasoning,
}

impl ReasoningField {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ReasoningContent => "reasoning_content",
            Self::Reasoning => "reasoning",
        }
    }
}

/// What the tokens after the reasoning are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answer {
    /// Content.
    #[default]
    Text,
    /// The arguments of one tool call, and no content.
    ToolCall,
    /// A refusal, and no content.
    Refusal,
}

/// What tokens look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenText {
    /// English words with a leading space.
    #[default]
    Ascii,
    /// Words of two to four bytes a character.
    Unicode,
}

/// When a server counts its tokens for the client. Responses that are not streamed count them unless it is [`Usage::Never`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Usage {
    /// In streams when `stream_options` asks for it: at the end, or in each chunk.
    #[default]
    WhenAsked,
    /// At the end of every stream.
    AtEnd,
    /// In each chunk of every stream, and at its end.
    EveryChunk,
    /// Never.
    Never,
}

/// Whether `[DONE]` ends a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// `data: [DONE]` is the last event.
    #[default]
    Done,
    /// The last chunk is the last event.
    WithoutDone,
}

/// What ends a line of an event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineEnding {
    /// A line feed.
    #[default]
    Lf,
    /// Carriage return and line feed.
    CrLf,
}

impl LineEnding {
    pub(crate) const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
        }
    }
}

/// Whether a space follows `data:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataSpace {
    /// `data: {`
    #[default]
    One,
    /// `data:{`
    Absent,
}

/// How events are cut into writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Writes {
    /// All that is due goes out in one write; each event is its own HTTP chunk. With neither `ttft` nor interval that is the
    /// whole response.
    #[default]
    Together,
    /// One write for each event, without a pause.
    OnePerEvent,
    /// Each event is cut into pieces, each its own HTTP chunk and its own write. An odd size cuts within UTF-8 characters.
    Split {
        /// Bytes in a piece.
        bytes: NonZeroUsize,
        /// Pause after each piece but the last of an event, so that the pieces arrive apart.
        pause: Duration,
    },
}
