//! The OpenAI-compatible APIs: what is sent, and what an answer says. Bytes in, facts out; no I/O, no time.

mod answer;
mod choices;
mod embeddings;
mod event;
mod repeat;
mod request;
mod responses;
mod server_kind;
mod usage;

use serde::Serialize;

pub(crate) use self::answer::{read_answer, read_error};
pub(crate) use self::event::{Channel, Facts, NamedCall, Piece, Place, Text, Unreadable};
pub(crate) use self::repeat::EventReader;
pub(crate) use self::request::BodyBuilder;
pub use self::request::{BodyConfig, MaxTokensField, StreamUsage};
pub use self::server_kind::ServerKind;
pub(crate) use self::server_kind::{Evidence, ServedModel, read_models, read_version};
pub(crate) use self::usage::Usage;

/// Which API is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointType {
    /// `/v1/chat/completions`.
    Chat,
    /// `/v1/completions`.
    Completions,
    /// `/v1/responses`.
    Responses,
    /// `/v1/embeddings`. Has no output tokens and does not stream.
    Embeddings,
}

impl EndpointType {
    /// The usual path.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
            Self::Responses => "/v1/responses",
            Self::Embeddings => "/v1/embeddings",
        }
    }

    /// Whether answers can be streamed.
    #[must_use]
    pub const fn can_stream(self) -> bool {
        !matches!(self, Self::Embeddings)
    }

    /// The name on the command line and in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Embeddings => "embeddings",
        }
    }
}
