//! Conversations as JSON: an array of them, or one a line. `{"id", "conversations": [{"from", "value"}, …]}`, and, where somebody has
//! added it, when it arrived: `timestamp` in milliseconds, or `arrival_time` in seconds.
//!
//! Each turn of the model is a call: its input is all that was said before.

mod elements;

use std::io::BufRead;
use std::sync::Arc;

use loadspan_wire::semconv::genai::Operation;
use serde::Deserialize;
use serde_json::Map;

use self::elements::{Element, Elements};
use super::Reading;
use super::problem::{BadLines, Problems, SourceError, json_reason};
use crate::recording::{After, Call, Message, Origin, Output, Recorded, Role, Session};

/// Conversations that are read as they are iterated over. After an error, there is nothing more.
#[derive(Debug)]
pub struct Conversations<R> {
    elements: Elements<R>,
    problems: Problems,
    read: u64,
    done: bool,
}

/// Answers of a conversation. The input of each repeats the list of all that was said before, so that the lists grow with the square.
const MOST_ANSWERS: usize = 4_096;

#[derive(Deserialize)]
struct Conversation {
    id: Option<String>,
    #[serde(alias = "messages")]
    conversations: Vec<Said>,
    model: Option<String>,
    timestamp: Option<f64>,
    #[serde(alias = "arrival")]
    arrival_time: Option<f64>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(alias = "role")]
    from: String,
    #[serde(alias = "content")]
    value: String,
}

impl<R: BufRead> Conversations<R> {
    pub(super) fn open(reading: &Reading, name: &str, reader: R) -> Self {
        Self {
            elements: Elements::new(reader),
            problems: Problems::new(name, reading.strictness),
            read: 0,
            done: false,
        }
    }

    /// What could not be read so far.
    #[must_use]
    pub const fn bad(&self) -> &BadLines {
        self.problems.bad()
    }

    fn next_session(&mut self) -> Result<Option<Session>, SourceError> {
        loop {
            let (line, text) = match self.elements.next() {
                Ok(Some(Element { line, text })) => (line, text),
                Ok(None) => return Ok(None),
                Err(elements::Error::Read(error)) => return Err(self.problems.read(error)),
                // Where an element ends is not known, so that there is no next one.
                Err(elements::Error::Line(line, reason)) => {
                    self.problems.line(line, reason)?;
                    return Ok(None);
                }
            };
            self.read += 1;
            match session(text, self.read) {
                Ok(session) => return Ok(Some(session)),
                Err(reason) => self.problems.line(line, reason)?,
            }
        }
    }
}

impl<R: BufRead> Iterator for Conversations<R> {
    type Item = Result<Session, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.next_session();
        self.done = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}

fn session(text: &[u8], number: u64) -> Result<Session, String> {
    let conversation: Conversation = serde_json::from_slice(text).map_err(|error| json_reason(&error))?;
    let arrival = arrival_ns(&conversation)?;
    let mut calls: Vec<Call> = Vec::new();
    let mut history: Vec<Arc<Message>> = Vec::new();
    for said in conversation.conversations {
        let role = role(&said.from);
        // A model that speaks first was not asked anything.
        if role == Role::Assistant && !history.is_empty() {
            if calls.len() == MOST_ANSWERS {
                return Err(format!("it has more than {MOST_ANSWERS} answers"));
            }
            calls.push(call(&history, &said.value, calls.len(), arrival, &conversation.model));
        }
        history.push(Arc::new(Message::text_of(role, said.value)));
    }
    if calls.is_empty() {
        return Err("nothing in it is a question with an answer".to_owned());
    }
    let origin = if arrival.is_some() {
        Origin::Timed
    } else {
        Origin::Untimed
    };
    let id = conversation.id.unwrap_or_else(|| number.to_string());
    Ok(Session::new(id, origin, calls))
}

fn call(history: &[Arc<Message>], answer: &str, turn: usize, arrival: Option<u64>, model: &Option<String>) -> Call {
    let before = turn.checked_sub(1).map(|call| After {
        call,
        by: Recorded::Turn,
    });
    Call {
        id: turn.to_string(),
        operation: Operation::Chat,
        start_ns: arrival.unwrap_or(0),
        end_ns: arrival.unwrap_or(0),
        model: model.clone(),
        messages: history.to_vec(),
        tools: None,
        output: Some(Output::of_text(answer)),
        input_tokens: None,
        output_tokens: None,
        parameters: Map::new(),
        after: before.into_iter().collect(),
        turn: Some(turn as u64),
        failed: false,
    }
}

fn role(word: &str) -> Role {
    match word.to_ascii_lowercase().as_str() {
        "human" | "user" => Role::User,
        "gpt" | "chatgpt" | "assistant" | "bing" | "bard" | "model" => Role::Assistant,
        other => other.into(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is in range, and not negative"
)]
fn arrival_ns(conversation: &Conversation) -> Result<Option<u64>, String> {
    let ms = conversation.timestamp.map(|ms| ms * 1e6);
    let Some(nanos) = ms.or(conversation.arrival_time.map(|seconds| seconds * 1e9)) else {
        return Ok(None);
    };
    if (0.0..1e19).contains(&nanos) {
        Ok(Some(nanos.round() as u64))
    } else {
        Err("its time is none".to_owned())
    }
}
