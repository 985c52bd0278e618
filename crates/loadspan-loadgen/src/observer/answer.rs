//! What a response answered, for the session that repeats it.

use super::beginning;
use super::tool_calls::ToolCalls;
use crate::openai::{Channel, Facts};
use crate::sessions::Answer;

/// The most that is kept of an answer, in bytes: text, and arguments of tool calls.
const KEPT: usize = 1 << 20;

/// The first choice of a response, as it grows.
#[derive(Debug, Default)]
pub(crate) struct Answering {
    text: String,
    tool_calls: ToolCalls,
}

impl Answering {
    /// Takes what an event says.
    pub(super) fn add(&mut self, facts: &Facts<'_>) {
        self.tool_calls.add_names(facts);
        let pieces = facts.text.pieces().iter();
        for piece in pieces.filter(|piece| piece.place.choice == 0 && piece.place.channel == Channel::Answer) {
            let room = KEPT - self.text.len();
            match piece.place.tool_call {
                None => self
                    .text
                    .push_str(beginning(&piece.text, room - self.tool_calls.bytes())),
                Some(number) => self.tool_calls.add_arguments(number, &piece.text, room),
            }
        }
    }

    /// All that was said; nobody has counted it.
    pub(crate) fn finish(self) -> Answer {
        Answer {
            text: self.text,
            tool_calls: self.tool_calls.finish(),
            output_tokens: None,
            input_tokens: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tool_calls::CALLS;
    use super::*;
    use crate::openai::{NamedCall, Piece, Place, Text};

    fn piece(place: Place, text: &str) -> Facts<'_> {
        Facts {
            text: Text::One(Piece {
                place,
                text: text.into(),
            }),
            ..Facts::default()
        }
    }

    fn named(number: u32, id: &'static str) -> Facts<'static> {
        Facts {
            tool_calls: vec![NamedCall {
                choice: 0,
                number,
                id: Some(id.into()),
                name: Some("look".into()),
            }],
            ..Facts::default()
        }
    }

    #[test]
    fn calls_grow_apart_and_keep_their_order() {
        let mut answering = Answering::default();
        for facts in [
            piece(Place::reasoning(0), "hm"),
            piece(Place::answer(0), "let me "),
            piece(Place::answer(1), "another choice"),
            piece(Place::answer(0), "see"),
            named(7, "b"),
            named(2, "a"),
            named(2, "again"),
            piece(Place::arguments(0, 7), "[1"),
            piece(Place::arguments(0, 2), "{}"),
            piece(Place::arguments(0, 7), "]"),
        ] {
            answering.add(&facts);
        }
        let answer = answering.finish();
        assert_eq!(answer.text, "let me see");
        let calls: Vec<_> = answer
            .tool_calls
            .iter()
            .map(|call| (&*call.id, &*call.name, &*call.arguments))
            .collect();
        assert_eq!(calls, [("a", "look", "{}"), ("b", "look", "[1]")]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut answering = Answering::default();
        let long = "ä".repeat(KEPT / 2);
        for number in 0..200 {
            answering.add(&named(number, "a"));
            answering.add(&piece(Place::arguments(0, number), &long[..2000]));
        }
        answering.add(&piece(Place::answer(0), &long));
        let answer = answering.finish();
        assert_eq!(answer.tool_calls.len(), CALLS);
        let arguments: usize = answer.tool_calls.iter().map(|call| call.arguments.len()).sum();
        assert_eq!(answer.text.len() + arguments, KEPT);
    }
}
