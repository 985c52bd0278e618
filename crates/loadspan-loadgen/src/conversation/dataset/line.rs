//! A conversation on a line: AIPerf's `{"session_id": …, "turns": […]}`, `{"messages": […]}` as chat APIs have them, or
//! `{"conversations": […]}` as ShareGPT has them.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Speaker, Spoken, Words, sharegpt};
use crate::workload::describe_line;

/// A longer delay is a mistake: a day, in ms.
const LONGEST_DELAY: f64 = 86_400_000.0;

/// One line. A key that is not known would be something that is not sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    /// What the conversation is called in the file. Sessions have numbers.
    #[serde(default, rename = "session_id", alias = "id")]
    _id: Option<IgnoredAny>,
    #[serde(borrow, default)]
    turns: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    messages: Option<Vec<Message<'a>>>,
    #[serde(default)]
    conversations: Option<Vec<sharegpt::Turn>>,
}

/// A turn that is more than its text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    #[serde(alias = "content")]
    text: String,
    #[serde(default)]
    role: Option<Role>,
    /// Before it, in ms.
    #[serde(default)]
    delay: Option<f64>,
    #[serde(default, alias = "output_tokens")]
    output_length: Option<NonZeroU32>,
}

/// A message of a chat. What else it has (names, tool calls of answers) is not sent.
#[derive(Deserialize)]
struct Message<'a> {
    role: Role,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Role {
    #[serde(alias = "developer")]
    System,
    User,
    Assistant,
    Tool,
}

/// What is said on a line, or what is wrong with it.
pub(super) fn parse(line: &str) -> Result<Vec<Spoken>, String> {
    let line: Line<'_> = parse_json(line)?;
    match (line.turns, line.messages, line.conversations) {
        (Some(turns), None, None) => turns
            .into_iter()
            .zip(1..)
            .map(|(said, number)| turn(said.get()).map_err(|problem| format!("turn {number}: {problem}")))
            .collect(),
        (None, Some(messages), None) => messages.into_iter().map(message).collect(),
        (None, None, Some(turns)) => Ok(sharegpt::spoken(turns)),
        (None, None, None) => Err("the line has no `turns`, `messages` or `conversations`".to_owned()),
        _ => Err("the line has more than one of `turns`, `messages` and `conversations`".to_owned()),
    }
}

fn turn(said: &str) -> Result<Spoken, String> {
    if said.starts_with('"') {
        return parse_json(said).map(user);
    }
    let turn: Turn = parse_json(said)?;
    let delay = match turn.delay {
        Some(delay) if !(0.0..=LONGEST_DELAY).contains(&delay) => {
            return Err(format!("a `delay` of {delay} ms is out of range: 0 to a day"));
        }
        delay => delay.map(|delay| Duration::from_secs_f64(delay / 1e3)),
    };
    Ok(Spoken {
        by: turn.role.map_or(Speaker::User, Role::speaker),
        delay,
        output: turn.output_length,
        ..user(turn.text)
    })
}

fn parse_json<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| describe_line(&error))
}

fn user(text: String) -> Spoken {
    Spoken {
        by: Speaker::User,
        content: Words::Text(text),
        delay: None,
        output: None,
    }
}

fn message(message: Message<'_>) -> Result<Spoken, String> {
    let content = message.content.map_or("null", RawValue::get);
    let words = match content.as_bytes().first() {
        Some(b'"') => Words::Text(parse_json(content)?),
        Some(b'[' | b'n') => Words::Json(content.to_owned()),
        _ => return Err("the `content` of a message is neither a text nor a list of parts".to_owned()),
    };
    Ok(Spoken {
        by: message.role.speaker(),
        content: words,
        ..user(String::new())
    })
}

impl Role {
    const fn speaker(self) -> Speaker {
        match self {
            Self::System => Speaker::System,
            Self::User => Speaker::User,
            Self::Assistant => Speaker::Server,
            Self::Tool => Speaker::Tool,
        }
    }
}
