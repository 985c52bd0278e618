//! The tool calls of the first choice of a response, as they grow.

use std::collections::BTreeMap;

use loadspan_record::AnsweredToolCall;

use super::beginning;
use crate::openai::Facts;

/// The most that are kept of an answer.
pub(super) const CALLS: usize = 128;

/// Tool calls, and how much of their arguments is kept.
#[derive(Debug, Default)]
pub(super) struct ToolCalls {
    /// By their numbers, which may have gaps.
    calls: BTreeMap<u32, AnsweredToolCall>,
    bytes: usize,
}

impl ToolCalls {
    /// Takes the ids and names that an event says.
    pub(super) fn add_names(&mut self, facts: &Facts<'_>) {
        for named in facts.tool_calls.iter().filter(|call| call.choice == 0) {
            if let Some(call) = self.call(named.number) {
                // Some servers repeat both with each part, and some leave them empty there.
                let fill = |word: &mut String, said: Option<&str>| {
                    if let Some(said) = said.filter(|_| word.is_empty()) {
                        word.push_str(beginning(said, 1024));
                    }
                };
                fill(&mut call.id, named.id.as_deref());
                fill(&mut call.name, named.name.as_deref());
            }
        }
    }

    /// Takes a part of the arguments of a call, as long as those of all have no more than `limit` bytes.
    pub(super) fn add_arguments(&mut self, number: u32, text: &str, limit: usize) {
        let kept = beginning(text, limit.saturating_sub(self.bytes));
        if let Some(call) = self.call(number) {
            call.arguments.push_str(kept);
            self.bytes += kept.len();
        }
    }

    /// Bytes of arguments that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn finish(self) -> Vec<AnsweredToolCall> {
        self.calls.into_values().collect()
    }

    fn call(&mut self, number: u32) -> Option<&mut AnsweredToolCall> {
        let has_room = self.calls.len() < CALLS || self.calls.contains_key(&number);
        has_room.then(|| self.calls.entry(number).or_default())
    }
}
