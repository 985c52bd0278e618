//! The whole that the pieces of a stream make: what the server would have answered without a stream.

mod choices;
mod response;
mod tool_calls;

use serde_json::Value;

use self::choices::Choices;
use self::response::Response;
use super::api::Api;
use super::findings::Findings;
use super::object::Object;
use super::stream::Keep;

/// The whole that the pieces of a stream make.
#[derive(Debug)]
pub(super) enum Assembly {
    /// Chats and completions.
    Choices(Choices),
    Response(Response),
    /// There is no such stream.
    None,
}

impl Assembly {
    pub(super) fn new(api: Api) -> Self {
        match api {
            Api::Chat => Self::Choices(Choices::new("chat.completion")),
            Api::Completions => Self::Choices(Choices::new("text_completion")),
            Api::Responses => Self::Response(Response::default()),
            Api::Embeddings => Self::None,
        }
    }

    /// Adds a piece. `true`: it says that it is the last one.
    pub(super) fn add(&mut self, event: &Object<'_>, keep: Keep) -> bool {
        match self {
            Self::Choices(choices) => {
                choices.add(event, keep);
                false
            }
            Self::Response(response) => {
                response.add(event, keep);
                response.is_finished()
            }
            Self::None => false,
        }
    }

    /// Whether the answer is complete.
    pub(super) fn is_finished(&self) -> bool {
        match self {
            Self::Choices(choices) => choices.are_finished(),
            Self::Response(response) => response.is_finished(),
            Self::None => true,
        }
    }

    pub(super) fn finish_reasons(&self) -> Vec<String> {
        match self {
            Self::Choices(choices) => choices.finish_reasons(),
            Self::Response(response) => response.finish_reason().into_iter().collect(),
            Self::None => Vec::new(),
        }
    }

    /// The whole. `None`: there is nothing of it.
    pub(super) fn output(self, findings: &Findings) -> Option<Value> {
        match self {
            Self::Choices(choices) => choices.output(findings),
            Self::Response(response) => response.output(),
            Self::None => None,
        }
    }
}
