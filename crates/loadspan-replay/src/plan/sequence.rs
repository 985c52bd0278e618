//! The hash of what is sent.
//!
//! Each field goes in with its length, so that no two sequences are one text.

use std::fmt::Write;
use std::num::NonZeroU32;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use serde::Serialize;

use super::{PlannedCall, PlannedSession};
use crate::graph::Start;
use crate::recording::Call;

pub(super) struct Sequence {
    digest: Context,
    /// What texts are made up from, where the recording has none.
    seed: u64,
}

impl std::fmt::Debug for Sequence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sha256())
    }
}

impl Sequence {
    pub(super) fn new(seed: u64) -> Self {
        let digest = Context::new(&SHA256);
        Self { digest, seed }
    }

    /// Of a log: all of its texts are made up, those of blocks of so many tokens each.
    pub(super) fn of_log(seed: u64, block_tokens: NonZeroU32) -> Self {
        let mut sequence = Self::new(seed);
        sequence.text("log");
        sequence.number(seed);
        sequence.number(u64::from(block_tokens.get()));
        sequence
    }

    pub(super) fn session(&mut self, planned: &PlannedSession) {
        self.text("session");
        self.text(planned.session.id());
        self.time(planned.arrival);
        self.number(planned.events.len() as u64);
        for (event, call) in planned.events.iter().zip(planned.session.calls()) {
            self.number(event.after.len() as u64);
            for from in &event.after {
                self.number(*from as u64);
            }
            let (kind, time) = match event.start {
                Start::Offset(offset) => ("offset", offset),
                Start::Wait(wait) => ("wait", wait),
            };
            self.text(kind);
            self.time(Some(time));
            self.content(call);
        }
    }

    pub(super) fn call(&mut self, planned: &PlannedCall) {
        let call = &planned.call;
        self.text("call");
        self.time(planned.at);
        self.time(planned.delay);
        match &call.turn {
            Some(turn) => {
                self.text(&turn.session);
                self.number(u64::from(turn.number));
            }
            None => self.text(""),
        }
        self.text(call.model.as_deref().unwrap_or_default());
        self.number(call.input_tokens);
        self.number(call.new_tokens);
        self.maybe(call.output_tokens);
        self.number(call.hash_ids.len() as u64);
        for id in &call.hash_ids {
            self.number(*id);
        }
    }

    pub(super) fn sha256(&self) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.digest.clone().finish().as_ref() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// What is sent, and what the answer was: its length may be asked for.
    fn content(&mut self, call: &Call) {
        self.text(call.operation.word());
        self.text(call.model.as_deref().unwrap_or_default());
        self.number(call.messages.len() as u64);
        for message in &call.messages {
            self.json(message.as_ref());
        }
        if call.messages.is_empty() {
            self.number(self.seed);
        }
        self.json(&call.tools);
        self.json(&call.parameters);
        self.json(&call.output);
        self.maybe(call.input_tokens);
        self.maybe(call.output_tokens);
    }

    fn json(&mut self, value: &impl Serialize) {
        // What was read from JSON can be written as such.
        let bytes = serde_json::to_vec(value).unwrap_or_default();
        self.bytes(&bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.digest.update(bytes);
    }

    fn time(&mut self, time: Option<Duration>) {
        self.maybe(time.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)));
    }

    fn maybe(&mut self, number: Option<u64>) {
        self.digest.update(&[u8::from(number.is_some())]);
        self.number(number.unwrap_or(0));
    }

    fn number(&mut self, number: u64) {
        self.digest.update(&number.to_be_bytes());
    }
}
