//! What one chunk of a stream, or one whole answer, says.

use std::borrow::Cow;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::Usage;

/// The facts that count for a benchmark. Text is kept only as far as somebody may have to count its tokens.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Facts<'a> {
    /// Output in any channel.
    pub(crate) output: Option<Channel>,
    /// The text of that output, as far as it is text.
    pub(crate) text: Text<'a>,
    /// Tool calls that begin here: what they are called, not what they say.
    pub(crate) tool_calls: Vec<NamedCall<'a>>,
    pub(crate) usage: Option<Usage>,
    /// The usage stands in the last word of the server, not beside output that is still growing.
    pub(crate) usage_is_final: bool,
    pub(crate) finish_reason: Option<Cow<'a, str>>,
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) model: Option<Cow<'a, str>>,
    pub(crate) error: Option<String>,
    /// The stream says of itself that it is over.
    pub(crate) done: bool,
}

/// The text of an event: its pieces in the order in which they stand there. Nearly always it is one.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Text<'a> {
    #[default]
    None,
    One(Piece<'a>),
    Many(Vec<Piece<'a>>),
}

/// The beginning of a tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedCall<'a> {
    /// Number of the choice.
    pub(crate) choice: u32,
    /// Its place among the tool calls of the choice. There may be gaps.
    pub(crate) number: u32,
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) name: Option<Cow<'a, str>>,
}

/// A text, and where it belongs. Never empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Piece<'a> {
    pub(crate) place: Place,
    pub(crate) text: Cow<'a, str>,
}

/// Where an output belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) channel: Channel,
    /// Number of the choice; 0 where an API has none.
    pub(crate) choice: u32,
    /// The tool call whose arguments it is part of, by [`NamedCall::number`].
    pub(crate) tool_call: Option<u32>,
}

/// The channel of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    Reasoning,
    /// Answer text, tool calls, refusals: whatever is not reasoning.
    Answer,
}

impl Place {
    /// Answer text of a choice.
    pub(crate) const fn answer(choice: u32) -> Self {
        Self {
            channel: Channel::Answer,
            choice,
            tool_call: None,
        }
    }

    /// Reasoning of a choice.
    pub(crate) const fn reasoning(choice: u32) -> Self {
        Self {
            channel: Channel::Reasoning,
            ..Self::answer(choice)
        }
    }

    /// The arguments of a tool call of a choice.
    pub(crate) const fn arguments(choice: u32, tool_call: u32) -> Self {
        Self {
            tool_call: Some(tool_call),
            ..Self::answer(choice)
        }
    }
}

impl<'a> Facts<'a> {
    /// Notes `fragment` as output, if it is any; the answer outranks reasoning in the same chunk.
    pub(crate) fn add_fragment(&mut self, place: Place, fragment: Option<Fragment<'a>>) {
        match fragment {
            Some(Fragment::Text(text)) if !text.is_empty() => self.text.push(Piece { place, text }),
            Some(Fragment::Parts { any: true }) => {}
            _ => return,
        }
        self.output = self.output.max(Some(place.channel));
    }

    /// Notes the beginning of a tool call, if the event says what it is called.
    pub(crate) fn name_call(&mut self, call: NamedCall<'a>) {
        if call.id.is_some() || call.name.is_some() {
            self.tool_calls.push(call);
        }
    }
}

impl<'a> Text<'a> {
    pub(crate) fn pieces(&self) -> &[Piece<'a>] {
        match self {
            Self::None => &[],
            Self::One(piece) => std::slice::from_ref(piece),
            Self::Many(pieces) => pieces,
        }
    }

    fn push(&mut self, piece: Piece<'a>) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(piece),
            Self::One(before) => Self::Many(vec![before, piece]),
            Self::Many(mut pieces) => {
                pieces.push(piece);
                Self::Many(pieces)
            }
        };
    }
}

/// The `id` or the `model` of an answer. Some servers send an empty one before the real one; one that is no text is no reason to
/// refuse the answer.
pub(super) fn read_name(json: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let json = json?.get();
    let name = match json.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        // It has been parsed once: only an escape makes that worth doing again.
        Some(text) if !text.contains('\\') => Cow::Borrowed(text),
        _ => serde_json::from_str::<String>(json).ok()?.into(),
    };
    (!name.is_empty()).then_some(name)
}

/// The number of a choice, a tool call or an item. One that is no number is as good as none.
pub(super) fn read_number(json: Option<&RawValue>) -> Option<u32> {
    json?.get().parse().ok()
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
