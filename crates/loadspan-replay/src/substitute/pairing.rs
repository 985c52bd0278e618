//! Which tool call of an answer stands for which recorded one.

use std::collections::HashMap;

use crate::recording::{Output, Part, ToolCall};

/// An answer of this run, and the recorded tool calls.
#[derive(Debug)]
pub(super) struct Pairing<'o> {
    live: &'o Output,
    /// Of each recorded tool call, the place of the one of the answer.
    places: Vec<Option<usize>>,
}

impl<'o> Pairing<'o> {
    /// Pairs the n-th call of a tool with the n-th call of it.
    pub(super) fn of(recorded: &[ToolCall], live: &'o Output) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, call) in live.tool_calls.iter().enumerate().rev() {
            by_name.entry(&call.name).or_default().push(place);
        }
        let places = recorded.iter().map(|call| by_name.get_mut(call.name.as_str())?.pop());
        Self {
            live,
            places: places.collect(),
        }
    }

    /// The tool call of the answer that stands for a recorded one.
    pub(super) fn live(&self, recorded: usize) -> Option<&'o ToolCall> {
        let place = (*self.places.get(recorded)?)?;
        self.live.tool_calls.get(place)
    }

    pub(super) fn text(&self) -> &'o str {
        &self.live.text
    }

    /// Whether no tool call of the answer stands for one.
    pub(super) fn is_empty(&self) -> bool {
        self.places.iter().all(Option::is_none)
    }

    /// How many tool calls of the answer stand for none.
    pub(super) fn left_out(&self) -> usize {
        self.live.tool_calls.len() - self.places.iter().flatten().count()
    }

    /// The parts of the answer as a message, its tool calls in the order of the recording.
    pub(super) fn parts(&self) -> Vec<Part> {
        let text = (!self.live.text.is_empty()).then(|| Part::Text(self.live.text.clone()));
        let calls = (0..self.places.len()).filter_map(|recorded| self.live(recorded));
        text.into_iter().chain(calls.cloned().map(Part::ToolCall)).collect()
    }
}
