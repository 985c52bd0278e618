//! Sessions of logs: calls that have times and lengths, and no content.
//!
//! What has numbers of blocks is a prompt of its own, which begins as these say. What has none and is a turn repeats what was said
//! before, with the answers of this run, and adds what is new; where that has been forgotten for want of room, it is a text of the
//! same length.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use loadspan_replay::{PlannedCall, TimedCall};

use super::body::Bodies;
use super::history::{History, Room};
use super::tally::Tally;
use super::texts::{Texts, check_length, to_u32};
use super::{Arrivals, RecordedConfig};
use crate::conversation::message::{write_answer, write_message, write_string};
use crate::sessions::{Answer, ComposedCall, DueCall, Session, TextForm, Unsendable};

/// What all sessions of a log have in common.
#[derive(Debug)]
pub(super) struct Timed {
    texts: Texts,
    bodies: Bodies,
    arrivals: Arrivals,
    tally: Arc<Tally>,
    /// For what is said in all of its sessions.
    room: Arc<Room>,
}

/// Calls of a session on their way from the log, which whoever reads it puts in.
pub(super) type Inbox = Arc<Mutex<VecDeque<PlannedCall>>>;

/// A session. Its calls are turns: each waits for the one before it.
pub(super) struct TimedSession {
    shared: Arc<Timed>,
    number: u64,
    inbox: Inbox,
    /// Calls that may be taken out of the inbox, and those that were.
    announced: u32,
    taken: u32,
    /// The call that is due or in flight.
    current: Option<PlannedCall>,
    /// When the turn before it arrived in the log.
    before: Option<Duration>,
    history: History,
    /// Whether the call has been written.
    is_written: bool,
}

impl Timed {
    pub(super) fn new(texts: Texts, config: &RecordedConfig, tally: Arc<Tally>) -> Self {
        Self {
            texts,
            bodies: Bodies::new(config),
            arrivals: config.arrivals,
            tally,
            room: Room::new(config.reading.most_held),
        }
    }

    /// Appends what is new in a call as the message of a user.
    fn write_new(&self, (call, own): (&TimedCall, u64), json: &mut String) {
        let mut text = String::new();
        self.texts.append_prompt(&[], call.new_tokens, own, &mut text);
        write_message("user", json, |json| write_string(&text, json));
    }
}

impl TimedSession {
    /// A session of which so many calls are known, which are in the inbox.
    pub(super) fn new(shared: &Arc<Timed>, number: u64, (inbox, known): (Inbox, u32)) -> Self {
        Self {
            shared: Arc::clone(shared),
            number,
            inbox,
            announced: known,
            taken: 0,
            current: None,
            before: None,
            history: History::new(&shared.room),
            is_written: false,
        }
    }

    /// Takes the next call, if none is under way.
    fn advance(&mut self, due: &mut Vec<DueCall>) {
        if self.current.is_some() || self.taken == self.announced {
            return;
        }
        let next = self.inbox.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(next) = next else { return };
        due.push(self.when(&next));
        self.before = next.at.or(self.before);
        self.current = Some(next);
        self.is_written = false;
        self.taken += 1;
    }

    /// When a call is due, counted from the end of the one before it.
    fn when(&self, next: &PlannedCall) -> DueCall {
        let is_first = self.taken == 0;
        let is_of_log = self.shared.arrivals == Arrivals::Recorded;
        let gap = match (next.at, self.before) {
            // Times of the log mean nothing where the session began at another one.
            (Some(at), Some(before)) if !is_of_log => at.saturating_sub(before),
            _ => Duration::ZERO,
        };
        DueCall {
            call: self.taken,
            wait: if is_first {
                Duration::ZERO
            } else {
                next.delay.unwrap_or(gap)
            },
            not_before: next.at.filter(|_| is_of_log),
        }
    }

    fn write(&self, call: &TimedCall, text: &mut String) -> TextForm {
        let own = self.shared.texts.own(self.number, self.taken);
        let Some(said) = self.history.said().filter(|_| repeats(call)) else {
            self.shared
                .texts
                .append_prompt(&call.hash_ids, call.input_tokens, own, text);
            return TextForm::Text;
        };
        text.push('[');
        text.push_str(said);
        self.shared.write_new((call, own), text);
        text.push(']');
        TextForm::Messages
    }
}

impl Session for TimedSession {
    fn begin(&mut self, due: &mut Vec<DueCall>) {
        self.advance(due);
    }

    fn compose(&mut self, _: u32, text: &mut String) -> Result<ComposedCall, Unsendable> {
        text.clear();
        let Some(PlannedCall { call, .. }) = &self.current else {
            return Ok(ComposedCall {
                form: TextForm::Text,
                output_tokens: None,
                input_tokens: None,
            });
        };
        check_length(call.input_tokens)?;
        if repeats(call) && self.history.said().is_none() && !self.is_written {
            self.shared.tally.count_forgotten();
        }
        let mut form = self.write(call, text);
        if let Some(model) = self.shared.bodies.model_of(call.model.as_deref()) {
            form = as_payload(form, model, text);
        }
        let composed = ComposedCall {
            form,
            output_tokens: call.output_tokens.filter(|tokens| *tokens > 0).map(to_u32),
            input_tokens: Some(to_u32(call.input_tokens)),
        };
        self.is_written = true;
        Ok(composed)
    }

    fn answered(&mut self, _: u32, answer: Answer, due: &mut Vec<DueCall>) {
        if let Some(PlannedCall { call, .. }) = self.current.take()
            && repeats(&call)
        {
            let Self { shared, history, .. } = self;
            let own = shared.texts.own(self.number, self.taken);
            history.add(|json| {
                shared.write_new((&call, own), json);
                json.push(',');
                write_answer(&answer, json);
                json.push(',');
            });
        }
        self.advance(due);
    }

    fn remaining(&self) -> u64 {
        u64::from(self.announced - self.taken)
    }

    fn resumed(&mut self, due: &mut Vec<DueCall>) {
        self.announced += 1;
        self.advance(due);
    }
}

/// Whether a call repeats what was said before it.
fn repeats(call: &TimedCall) -> bool {
    call.turn.is_some() && call.hash_ids.is_empty()
}

/// The same as the body of a chat that names its model.
fn as_payload(form: TextForm, model: &str, text: &mut String) -> TextForm {
    let said = std::mem::take(text);
    text.push_str(r#"{"model":"#);
    write_string(model, text);
    text.push_str(r#","messages":"#);
    if form == TextForm::Messages {
        text.push_str(&said);
    } else {
        text.push('[');
        write_message("user", text, |json| write_string(&said, json));
        text.push(']');
    }
    text.push('}');
    TextForm::Payload
}
