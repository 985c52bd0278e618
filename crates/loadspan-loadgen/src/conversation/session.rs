//! One conversation, while it lasts.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use loadspan_record::FailureKind;

use super::Shared;
use super::context::{ContextLimit, ContextPolicy};
use super::history::{History, NextInput};
use super::script::{Part, TurnLengths};
use super::tools::{self, ToolOffer};
use crate::sessions::{Answer, ComposedCall, DueCall, Session, TextForm, Unsendable};

/// More than this is no chat template around a turn: something else is not as it was counted.
const MOST_TEMPLATE: i64 = 64;
/// An answer may be fewer tokens when it comes back than it was when it was made: of a fifth, no more. Otherwise a part of it did
/// not come back, such as what a model thought.
const FEWER_TOKENS: i64 = 5;

/// A session. Its calls are its turns.
pub(super) struct Conversation {
    shared: Arc<Shared>,
    part: Part,
    turns: u32,
    /// Turns that were said to be due.
    due: u32,
    /// The oldest turn that is still sent.
    first: u32,
    history: History,
    /// Tokens up to the last answer and with it, as the server counted them.
    counted: Option<u32>,
    /// What the server counts of a turn besides what was said, as it was last: its chat template, less the tokens that an answer
    /// loses when it is read back. `None`: its counts make no sense, as where a model thinks, for what it thought is not repeated.
    template: Option<i32>,
}

impl Conversation {
    pub(super) fn new(shared: Arc<Shared>, number: u64) -> Self {
        let part = shared.script.part(number);
        Self {
            turns: shared.script.turns(part),
            shared,
            part,
            due: 0,
            first: 0,
            history: History::default(),
            counted: None,
            template: Some(0),
        }
    }

    fn make_due(&mut self, wait: Duration, due: &mut Vec<DueCall>) {
        due.push(DueCall {
            call: self.due,
            wait,
            not_before: None,
        });
        self.due += 1;
    }

    /// How long it takes until the next turn is said.
    fn wait(&self, turn: u32, next: NextInput) -> Duration {
        let script = &self.shared.script;
        match self.shared.tools {
            Some(tools) if next == NextInput::Tools || script.is_tools(self.part, turn, tools.share) => tools.time,
            _ => script.think_time(self.part, turn),
        }
    }

    /// The tokens of a call's input. Counts of the server are taken where there are any.
    fn input_tokens(&self, turn: u32) -> u32 {
        let template = self.template.unwrap_or(0);
        let input = self.lengths(turn).input;
        let before = match self.counted {
            Some(counted) => counted.saturating_add_signed(template),
            None => {
                let opening = self.shared.script.opening_tokens(self.part);
                let kept = (self.first..turn).map(|turn| self.turn_tokens(turn));
                kept.fold(opening, u32::saturating_add)
            }
        };
        before.saturating_add(input)
    }

    /// The tokens of a turn and its answer.
    fn turn_tokens(&self, turn: u32) -> u32 {
        let template = self.template.unwrap_or(0);
        let said = self.lengths(turn).input.saturating_add(self.history.tokens(turn));
        said.saturating_add_signed(template)
    }

    fn lengths(&self, turn: u32) -> TurnLengths {
        self.shared.script.lengths(self.part, turn)
    }

    /// Leaves out turns until a call fits into the context.
    fn shorten(&mut self, turn: u32, limit: ContextLimit) -> Result<(), Unsendable> {
        let output = self.lengths(turn).output.unwrap_or(0);
        let room = limit.tokens.get().saturating_sub(output);
        let before = self.first;
        while self.input_tokens(turn) > room {
            let next = match limit.policy {
                ContextPolicy::Fail => None,
                // Results of tools cannot stand without the calls before them.
                ContextPolicy::DropOldest => (self.first + 1..=turn).find(|turn| self.history.is_users(*turn)),
            };
            let Some(next) = next else {
                return Err(too_long(self.input_tokens(turn), output, limit));
            };
            let dropped = (self.first..next).map(|turn| self.turn_tokens(turn));
            let dropped = dropped.fold(0, u32::saturating_add);
            self.counted = self.counted.map(|counted| counted.saturating_sub(dropped));
            self.first = next;
        }
        if self.first > before {
            self.shared.shortened.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Appends the messages of a call as a JSON array.
    fn write_messages(&self, turn: u32, json: &mut String) {
        json.push('[');
        self.shared.script.write_opening(self.part, json);
        for said in self.first..=turn {
            if self.history.is_users(said) {
                if !json.ends_with('[') {
                    json.push(',');
                }
                self.shared.script.write_user(self.part, said, json);
            }
            if said < turn {
                json.push_str(self.history.messages(said));
            }
        }
        json.push(']');
    }

    /// Compares what the server counted with what it counted before.
    fn learn_template(&mut self, turn: u32, counted: Option<u32>) {
        let (Some(before), Some(after)) = (self.counted.filter(|_| turn > 0), counted) else {
            return;
        };
        let template = i64::from(after) - i64::from(before) - i64::from(self.lengths(turn).input);
        let least = -2 - i64::from(self.history.tokens(turn - 1)) / FEWER_TOKENS;
        let makes_sense = (least..=MOST_TEMPLATE).contains(&template) && self.shared.script.is_counted();
        self.template = i32::try_from(template).ok().filter(|_| makes_sense);
    }
}

impl Session for Conversation {
    fn begin(&mut self, due: &mut Vec<DueCall>) {
        self.make_due(Duration::ZERO, due);
    }

    fn compose(&mut self, call: u32, text: &mut String) -> Result<ComposedCall, Unsendable> {
        if let Some(limit) = self.shared.context {
            self.shorten(call, limit)?;
        }
        text.clear();
        let offers = self.shared.tools.is_some_and(|tools| tools.offer == ToolOffer::Offered);
        let form = if offers {
            text.push_str(r#"{"messages":"#);
            self.write_messages(call, text);
            text.push(',');
            text.push_str(tools::OFFERED);
            text.push('}');
            TextForm::Payload
        } else {
            self.write_messages(call, text);
            TextForm::Messages
        };
        // Nobody knows how many tokens tools are, before the server has counted them.
        let is_known = self.shared.script.is_counted()
            && self.template.is_some()
            && (self.shared.tools.is_none() || self.counted.is_some());
        Ok(ComposedCall {
            form,
            output_tokens: self.lengths(call).output,
            input_tokens: is_known.then(|| self.input_tokens(call)),
        })
    }

    fn answered(&mut self, call: u32, answer: Answer, due: &mut Vec<DueCall>) {
        let script = &self.shared.script;
        let tokens = answer.output_tokens.unwrap_or_else(|| script.estimate(&answer.text));
        let next = call + 1;
        if next >= self.turns {
            return;
        }
        let part = self.part;
        self.history.add(
            &answer,
            tokens,
            Some(|json: &mut String| script.write_input(part, next, json)),
        );
        self.learn_template(call, answer.input_tokens);
        self.counted = answer.input_tokens.map(|input| input.saturating_add(tokens));
        let wait = self.wait(next, self.history.next(call));
        self.make_due(wait, due);
    }

    fn remaining(&self) -> u64 {
        u64::from(self.turns - self.due)
    }
}

fn too_long(input: u32, output: u32, limit: ContextLimit) -> Unsendable {
    let and_answer = if output == 0 {
        String::new()
    } else {
        format!(" and {output} of the answer")
    };
    Unsendable {
        kind: FailureKind::ContextTooLong,
        message: format!(
            "{input} tokens of input{and_answer} do not fit into {} tokens",
            limit.tokens
        ),
    }
}
