//! What the server has said in a session.

use super::message::{write_answer, write_tool_result};
use super::tools;
use crate::sessions::Answer;

/// The answers of a session, as they go back to the server. What the user said is not here: it is made again.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The messages end to end, with a comma before each.
    messages: String,
    answers: Vec<Answered>,
}

/// An answer.
#[derive(Debug, Clone, Copy)]
struct Answered {
    /// Where its messages end.
    end: usize,
    tokens: u32,
    next: NextInput,
}

/// What follows an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextInput {
    /// What the user says next.
    User,
    /// The results of its tool calls, which are in the history with it.
    Tools,
}

impl History {
    /// Adds an answer of so many tokens. If it called tools, the result that `write_result` writes as JSON goes with it; otherwise
    /// nothing is written.
    pub(super) fn add(&mut self, answer: &Answer, tokens: u32, write_result: Option<impl FnOnce(&mut String)>) {
        self.messages.push(',');
        write_answer(answer, &mut self.messages);
        let mut next = NextInput::User;
        if let (Some((first, others)), Some(write_result)) = (answer.tool_calls.split_first(), write_result) {
            next = NextInput::Tools;
            self.messages.push(',');
            write_tool_result(&first.id, &mut self.messages, write_result);
            for call in others {
                self.messages.push(',');
                write_tool_result(&call.id, &mut self.messages, |json| json.push_str(tools::NOTHING_MORE));
            }
        }
        // Conversations differ in length: room for the next answer would be more than what is there.
        self.messages.shrink_to_fit();
        self.answers.push(Answered {
            end: self.messages.len(),
            tokens,
            next,
        });
    }

    /// The messages of an answer, with a comma before each.
    pub(super) fn messages(&self, turn: u32) -> &str {
        let start = turn
            .checked_sub(1)
            .and_then(|before| self.answers.get(before as usize))
            .map_or(0, |before| before.end);
        let end = self.answers.get(turn as usize).map_or(start, |answer| answer.end);
        &self.messages[start..end]
    }

    /// What follows an answer.
    pub(super) fn next(&self, turn: u32) -> NextInput {
        self.answers
            .get(turn as usize)
            .map_or(NextInput::User, |answer| answer.next)
    }

    /// The tokens of an answer, as far as is known.
    pub(super) fn tokens(&self, turn: u32) -> u32 {
        self.answers.get(turn as usize).map_or(0, |answer| answer.tokens)
    }

    /// What it takes up besides itself.
    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.messages.capacity() + self.answers.capacity() * size_of::<Answered>()
    }

    /// Whether the user has the word in a turn.
    pub(super) fn is_users(&self, turn: u32) -> bool {
        turn.checked_sub(1)
            .is_none_or(|before| self.next(before) == NextInput::User)
    }
}
