//! A recorded session, while it is sent again.

use std::sync::Arc;
use std::time::Duration;

use loadspan_record::FailureKind;
use loadspan_replay::{Exchange, MissingToolCall, Output, PlannedSession, Start};

use super::RecordedConfig;
use super::answer::output;
use super::body::{Bodies, output_tokens};
use super::tally::Tally;
use super::texts::{Texts, check_length, to_u32};
use crate::sessions::{Answer, ComposedCall, DueCall, Session, TextForm, Unsendable};

/// All sessions of a recording.
#[derive(Debug)]
pub(super) struct Planned {
    sessions: Vec<PlannedSession>,
    bodies: Bodies,
    missing: MissingToolCall,
    texts: Texts,
    tally: Arc<Tally>,
}

/// One of them. Its calls are those of the recording.
pub(super) struct RecordedSession {
    planned: Arc<Planned>,
    number: usize,
    /// Calls that each call waits for and that have not ended.
    waits: Vec<u32>,
    /// Calls that wait for each.
    followers: Vec<Vec<u32>>,
    /// Calls whose input each answer is in, and that have not ended.
    readers: Vec<u32>,
    answers: Vec<Option<Output>>,
    /// Whether each call has been written.
    written: Vec<bool>,
    /// Calls that were said to be due.
    due: usize,
}

impl Planned {
    pub(super) fn new(
        sessions: Vec<PlannedSession>,
        config: &RecordedConfig,
        (texts, tally): (Texts, Arc<Tally>),
    ) -> Self {
        Self {
            sessions,
            bodies: Bodies::new(config),
            missing: config.missing,
            texts,
            tally,
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.sessions.len() as u64
    }

    pub(super) fn arrival(&self, number: u64) -> Option<Duration> {
        self.at(number)?.arrival
    }

    fn at(&self, number: u64) -> Option<&PlannedSession> {
        self.sessions.get(usize::try_from(number).ok()?)
    }
}

impl RecordedSession {
    /// `None`: there is no such session.
    pub(super) fn new(planned: &Arc<Planned>, number: u64) -> Option<Self> {
        let events = &planned.at(number)?.events;
        let waits = events.iter().map(|event| to_u32(event.after.len() as u64)).collect();
        let calls = events.len();
        let mut followers = vec![Vec::new(); calls];
        for (call, event) in events.iter().enumerate() {
            event
                .after
                .iter()
                .for_each(|before| followers[*before].push(to_u32(call as u64)));
        }
        let mut session = Self {
            planned: Arc::clone(planned),
            number: usize::try_from(number).ok()?,
            waits,
            followers,
            readers: vec![0; calls],
            answers: vec![None; calls],
            written: vec![false; calls],
            due: 0,
        };
        for call in 0..calls {
            for of in session.exchange().needs(call) {
                session.readers[of] += 1;
            }
        }
        Some(session)
    }

    fn recorded(&self) -> &PlannedSession {
        &self.planned.sessions[self.number]
    }

    fn exchange(&self) -> Exchange<'_> {
        let PlannedSession { session, graph, .. } = self.recorded();
        Exchange::new(session, graph, self.planned.missing)
    }

    /// Adds a call for which nothing is waited any more.
    fn make_due(&mut self, call: usize, due: &mut Vec<DueCall>) {
        let (Start::Offset(wait) | Start::Wait(wait)) = self.recorded().events[call].start;
        self.due += 1;
        due.push(DueCall {
            call: to_u32(call as u64),
            wait,
            not_before: None,
        });
    }

    /// Forgets the answers that nobody will repeat any more, now that a call has its own.
    fn forget(&mut self, call: usize) {
        for of in self.exchange().needs(call) {
            self.readers[of] = self.readers[of].saturating_sub(1);
            if self.readers[of] == 0 {
                self.answers[of] = None;
            }
        }
    }

    /// A text of the length of a call that has none.
    fn make_up(&self, call: usize, text: &mut String) -> Result<ComposedCall, Unsendable> {
        let recorded = &self.recorded().session.calls()[call];
        let Some(tokens) = recorded.input_tokens else {
            return Err(Unsendable {
                kind: FailureKind::MissingInput,
                message: format!(
                    "call {} was recorded without content and without its length",
                    recorded.id
                ),
            });
        };
        check_length(tokens)?;
        text.clear();
        let own = self.planned.texts.own(self.number as u64, to_u32(call as u64));
        self.planned.texts.append_prompt(&[], tokens, own, text);
        Ok(ComposedCall {
            form: TextForm::Text,
            output_tokens: output_tokens(recorded, &self.planned.texts),
            input_tokens: Some(to_u32(tokens)),
        })
    }
}

impl Session for RecordedSession {
    fn begin(&mut self, due: &mut Vec<DueCall>) {
        for call in 0..self.waits.len() {
            if self.waits[call] == 0 {
                self.make_due(call, due);
            }
        }
    }

    fn compose(&mut self, call: u32, text: &mut String) -> Result<ComposedCall, Unsendable> {
        let call = call as usize;
        let is_first_time = !std::mem::replace(&mut self.written[call], true);
        if self.recorded().session.calls()[call].messages.is_empty() {
            if is_first_time {
                self.planned.tally.count_made_up();
            }
            return self.make_up(call, text);
        }
        let sent = self.exchange().messages(call, |of| self.answers[of].as_ref());
        let sent = sent.map_err(|error| Unsendable {
            kind: FailureKind::MissingInput,
            message: error.to_string(),
        })?;
        if is_first_time {
            self.planned.tally.count_notes(&sent.notes);
        }
        let recorded = &self.recorded().session.calls()[call];
        *text = self.planned.bodies.chat(recorded, &sent.messages);
        Ok(ComposedCall {
            form: TextForm::Payload,
            output_tokens: output_tokens(recorded, &self.planned.texts),
            input_tokens: recorded.input_tokens.map(to_u32),
        })
    }

    fn answered(&mut self, call: u32, answer: Answer, due: &mut Vec<DueCall>) {
        let call = call as usize;
        if self.readers[call] > 0 {
            self.answers[call] = Some(output(answer));
        }
        self.forget(call);
        for follower in std::mem::take(&mut self.followers[call]) {
            let follower = follower as usize;
            self.waits[follower] -= 1;
            if self.waits[follower] == 0 {
                self.make_due(follower, due);
            }
        }
    }

    fn remaining(&self) -> u64 {
        (self.waits.len() - self.due) as u64
    }
}
