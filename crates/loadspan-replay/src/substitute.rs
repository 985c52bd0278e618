//! The messages of a call as they are sent: with the answers of this run where the recording has its own.
//!
//! An answer takes the place of the recorded one as a message, as a quotation, and by the ids of its tool calls, which are those that
//! results of tools have to name. Of two tool calls of one name, the first stands for the first. Tool calls that the recording has no
//! results for are left out of the history: servers refuse a history in which one is not answered.

mod pairing;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;

use self::pairing::Pairing;
use crate::graph::{Graph, Use, Used};
use crate::recording::{Message, Output, Part, Role, Session};

/// What is done where an answer of this run lacks what the recording goes on from: all of it, or a tool call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingToolCall {
    /// The recorded answer stays, wherever the call has it in its input.
    #[default]
    UseRecorded,
    /// The call is not sent.
    Fail,
}

/// Makes the messages of the calls of a session.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    session: &'a Session,
    graph: &'a Graph,
    missing: MissingToolCall,
}

/// The messages of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// In order. Empty where the recording has none.
    pub messages: Vec<Arc<Message>>,
    /// What was not as the recording has it, by the answers that it was about.
    pub notes: Vec<Note>,
}

/// What became of an answer of this run in the input of a later call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// It took the place of the recorded one.
    Substituted {
        /// The call that gave it.
        call: usize,
        /// Tool calls that it has and the recording lacks; they were left out.
        left_out: usize,
    },
    /// It lacks what the recording goes on from, so that the recorded one stayed.
    Recorded {
        /// The call that gave it.
        call: usize,
    },
}

/// Why a call cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SubstituteError {
    /// A call that it goes on from has not answered anything.
    #[error("call {call} has no answer in this run")]
    NoAnswer {
        /// The call that it goes on from.
        call: usize,
    },
    /// An answer lacks a tool call that the recording has a result for.
    #[error("the answer of call {call} does not call the tool {tool}, of which the recording has a result")]
    NoToolCall {
        /// The call that it goes on from.
        call: usize,
        /// The tool.
        tool: String,
    },
}

impl<'a> Exchange<'a> {
    /// For the calls of a session, whose graph this is.
    #[must_use]
    pub const fn new(session: &'a Session, graph: &'a Graph, missing: MissingToolCall) -> Self {
        Self {
            session,
            graph,
            missing,
        }
    }

    /// The calls whose answers a call has in its input, smallest first.
    #[must_use]
    pub fn needs(&self, call: usize) -> Vec<usize> {
        let uses = self.graph.uses.get(call).map_or(&[][..], Vec::as_slice);
        let mut calls: Vec<usize> = uses.iter().map(|used| used.of.call()).collect();
        calls.sort_unstable();
        calls.dedup();
        calls
    }

    /// The messages to send for a call, given what the calls before it have answered in this run.
    ///
    /// # Errors
    ///
    /// An answer lacks what is needed of it, and nothing may take its place.
    ///
    /// # Panics
    ///
    /// The session has no such call.
    pub fn messages<'o>(
        &self,
        call: usize,
        live: impl Fn(usize) -> Option<&'o Output>,
    ) -> Result<Sent, SubstituteError> {
        let uses = self.graph.uses[call].as_slice();
        let mut answers = HashMap::new();
        let mut notes = Vec::new();
        for of in self.needs(call) {
            match self.answer(of, uses, live(of)) {
                Ok(answer) => {
                    notes.push(Note::Substituted {
                        call: of,
                        left_out: answer.left_out(),
                    });
                    answers.insert(of, answer);
                }
                Err(_) if self.missing == MissingToolCall::UseRecorded => notes.push(Note::Recorded { call: of }),
                Err(error) => return Err(error),
            }
        }
        let mut messages = self.session.calls()[call].messages.clone();
        for uses in uses.chunk_by(|one, other| one.message == other.message) {
            let message = &mut messages[uses[0].message];
            if let Some(changed) = changed(message, uses, &answers) {
                *message = Arc::new(changed);
            }
        }
        Ok(Sent { messages, notes })
    }

    fn answer<'o>(&self, of: usize, uses: &[Use], live: Option<&'o Output>) -> Result<Pairing<'o>, SubstituteError> {
        let live = live
            .filter(|live| !live.is_empty())
            .ok_or(SubstituteError::NoAnswer { call: of })?;
        let recorded = self.session.calls()[of].output.as_ref();
        let recorded = recorded.map_or(&[][..], |output| output.tool_calls.as_slice());
        let pairing = Pairing::of(recorded, live);
        let told = uses.iter().filter_map(|used| match used.of {
            Used::ToolResult { call, tool_call, .. } if call == of => Some(tool_call),
            _ => None,
        });
        for tool_call in told {
            if pairing.live(tool_call).is_none() {
                let tool = recorded
                    .get(tool_call)
                    .map(|call| call.name.clone())
                    .unwrap_or_default();
                return Err(SubstituteError::NoToolCall { call: of, tool });
            }
        }
        // As text it has to have some; as a message, at least something that is left.
        let needs_text = uses.iter().any(|used| match used.of {
            Used::Quote { call, .. } => call == of,
            Used::Answer { call } => call == of && pairing.is_empty(),
            Used::ToolResult { .. } => false,
        });
        if needs_text && live.text.trim().is_empty() {
            return Err(SubstituteError::NoAnswer { call: of });
        }
        Ok(pairing)
    }
}

/// A message with answers of this run in it. `None`: it has none.
fn changed(message: &Message, uses: &[Use], answers: &HashMap<usize, Pairing<'_>>) -> Option<Message> {
    let known: Vec<&Used> = uses
        .iter()
        .map(|used| &used.of)
        .filter(|used| answers.contains_key(&used.call()))
        .collect();
    if known.is_empty() {
        return None;
    }
    let mut changed = message.clone();
    // From behind, so that places before stay what they are.
    for used in known.iter().rev() {
        match used {
            Used::Answer { .. } => {}
            Used::Quote { call, part, at } => {
                if let Some(text) = text_of(&mut changed.parts[*part]) {
                    text.replace_range(at.clone(), answers[call].text().trim());
                }
            }
            Used::ToolResult { call, part, tool_call } => {
                if let (Part::ToolResult(result), Some(live)) =
                    (&mut changed.parts[*part], answers[call].live(*tool_call))
                {
                    result.id.clone_from(&live.id);
                }
            }
        }
    }
    let answer = known.iter().find_map(|used| match used {
        Used::Answer { call } => answers.get(call),
        _ => None,
    });
    if let Some(answer) = answer {
        let results = changed
            .parts
            .into_iter()
            .filter(|part| matches!(part, Part::ToolResult(_)));
        let mut parts = answer.parts();
        parts.extend(results);
        changed = Message {
            role: Role::Assistant,
            name: changed.name,
            parts,
        };
    }
    Some(changed)
}

fn text_of(part: &mut Part) -> Option<&mut String> {
    match part {
        Part::Text(text) => Some(text),
        Part::ToolResult(result) => match &mut result.content {
            serde_json::Value::String(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
