//! What one chunk of a stream, or one whole answer, says.

use std::borrow::Cow;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Usage;

/// The facts that count for a benchmark. Text is kept only as far as somebody may have to count its tokens.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Facts<'a> {
    /// Output in any channel.
    pub(crate) output: Option<Channel>,
    /// The text of that output, where it is one piece.
    pub(crate) text: Option<Cow<'a, str>>,
    pub(crate) usage: Option<Usage>,
    /// The usage stands in the last word of the server, not beside output that is still growing.
    pub(crate) usage_is_final: bool,
    pub(crate) finish_reason: Option<Cow<'a, str>>,
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) error: Option<String>,
    /// The stream says of itself that it is over.
    pub(crate) done: bool,
}

/// The channel of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    Reasoning,
    /// Answer text, tool calls, refusals: whatever is not reasoning.
    Answer,
}

impl<'a> Facts<'a> {
    /// Notes output in `channel`; the answer outranks reasoning in the same chunk.
    pub(crate) fn add_output(&mut self, channel: Channel, text: Option<Cow<'a, str>>) {
        self.output = self.output.max(Some(channel));
        match (&mut self.text, text) {
            (Some(before), Some(text)) => before.to_mut().push_str(&text),
            (before @ None, text) => *before = text,
            (Some(_), None) => {}
        }
    }

    /// Notes `fragment` as output in `channel`, if it is any.
    pub(crate) fn add_fragment(&mut self, channel: Channel, fragment: Option<Fragment<'a>>) {
        match fragment {
            Some(Fragment::Text(text)) if !text.is_empty() => self.add_output(channel, Some(text)),
            Some(Fragment::Parts { any: true }) => self.add_output(channel, None),
            _ => {}
        }
    }
}

/// Bytes that are not what the API promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreadable(pub(crate) String);

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self(format!("not the JSON of an OpenAI-compatible API: {error}"))
    }
}

/// Content that is a text with most servers, and a list of parts with some.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fragment<'a> {
    Text(Cow<'a, str>),
    Parts { any: bool },
}

impl<'de: 'a, 'a> Deserialize<'de> for Fragment<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FragmentVisitor;

        impl<'de> Visitor<'de> for FragmentVisitor {
            type Value = Fragment<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a list of content parts")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Fragment<'de>, E> {
                Ok(Fragment::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Fragment<'de>, E> {
                Ok(Fragment::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Fragment<'de>, A::Error> {
                let mut any = false;
                while parts.next_element::<IgnoredAny>()?.is_some() {
                    any = true;
                }
                Ok(Fragment::Parts { any })
            }
        }

        deserializer.deserialize_any(FragmentVisitor)
    }
}

/// The `error` of an answer: an object with a message as a rule, a bare text with some servers.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum ErrorField {
    Text(String),
    Object {
        #[serde(default)]
        message: Option<String>,
        #[serde(default, rename = "type")]
        kind: Option<String>,
    },
    /// A list of what is wrong with the body, as some frameworks write it.
    Other(serde_json::Value),
}

impl ErrorField {
    pub(crate) fn into_message(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Object {
                message: Some(message), ..
            } => message,
            Self::Object { kind: Some(kind), .. } => kind,
            Self::Other(value) if !value.is_null() => value.to_string(),
            Self::Object { .. } | Self::Other(_) => "the server sent an error without a message".to_owned(),
        }
    }
}
