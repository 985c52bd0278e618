//! The text of a response, for those who asked for it.

use loadspan_record::OutputText;

use super::answer::Answering;
use super::tool_calls::ToolCalls;
use crate::openai::{Channel, Facts, Piece};

/// The most that listeners are handed of an answer or of its reasoning, in bytes.
pub(crate) const OUTPUT_LIMIT: usize = 64 << 10;
/// As much is kept until secrets have been taken out: a key that was cut in two would not be found.
const KEPT: usize = OUTPUT_LIMIT + (16 << 10);

/// Whether the text of answers is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextCapture {
    /// It is read and forgotten.
    Off,
    /// It is kept.
    On,
}

/// What is kept of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextConfig {
    /// All of it in one, for a tokenizer.
    pub(crate) whole: TextCapture,
    /// Answer and reasoning apart, for listeners.
    pub(crate) output: TextCapture,
    /// The answer with its tool calls, for the session that repeats it.
    pub(crate) answer: TextCapture,
}

/// What a response said. Empty where nobody asked.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Everything, in the order of its coming.
    pub(crate) whole: String,
    /// The first choice, up to a limit.
    pub(crate) output: OutputText,
    /// The same for a session.
    pub(crate) answer: Answering,
    /// Tool calls of [`output`](Self::output), until all of it is there.
    tool_calls: ToolCalls,
}

impl Said {
    pub(crate) fn add(&mut self, facts: &Facts<'_>, config: TextConfig) {
        if config.answer == TextCapture::On {
            self.answer.add(facts);
        }
        let text = &facts.text;
        if config.whole == TextCapture::On {
            text.pieces().iter().for_each(|piece| self.whole.push_str(&piece.text));
        }
        if config.output == TextCapture::On {
            self.tool_calls.add_names(facts);
            for piece in text.pieces().iter().filter(|piece| piece.place.choice == 0) {
                self.add_piece(piece);
            }
        }
    }

    fn add_piece(&mut self, piece: &Piece<'_>) {
        let kept = match (piece.place.channel, piece.place.tool_call) {
            (Channel::Answer, Some(number)) => return self.tool_calls.add_arguments(number, &piece.text, KEPT),
            (Channel::Answer, None) => &mut self.output.answer,
            (Channel::Reasoning, _) => &mut self.output.reasoning,
        };
        kept.push_str(beginning(&piece.text, KEPT.saturating_sub(kept.len())));
    }

    /// Nothing more is said.
    pub(super) fn finish(mut self) -> Self {
        self.output.tool_calls = std::mem::take(&mut self.tool_calls).finish();
        self
    }
}

/// The beginning of `text`: at most `limit` bytes, and whole characters.
pub(crate) fn beginning(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openai::{NamedCall, Place, Text};

    fn say(said: &mut Said, channel: Channel, choice: u32, text: &str) {
        let place = Place {
            channel,
            ..Place::answer(choice)
        };
        let text = text.into();
        let facts = Facts {
            text: Text::One(Piece { place, text }),
            ..Facts::default()
        };
        said.add(
            &facts,
            TextConfig {
                whole: TextCapture::On,
                output: TextCapture::On,
                answer: TextCapture::Off,
            },
        );
    }

    #[test]
    fn a_tokenizer_gets_everything_and_listeners_the_first_choice() {
        let mut said = Said::default();
        say(&mut said, Channel::Reasoning, 0, "a");
        say(&mut said, Channel::Answer, 1, "b");
        say(&mut said, Channel::Answer, 0, "c");
        assert_eq!(said.whole, "abc");
        assert_eq!((&*said.output.reasoning, &*said.output.answer), ("a", "c"));
    }

    #[test]
    fn tool_calls_are_no_part_of_the_text() {
        let mut said = Said::default();
        let config = TextConfig {
            whole: TextCapture::On,
            output: TextCapture::On,
            answer: TextCapture::Off,
        };
        let named = NamedCall {
            choice: 0,
            number: 1,
            id: Some("c1".into()),
            name: Some("look".into()),
        };
        let part = |place, text: &'static str| Facts {
            text: Text::One(Piece {
                place,
                text: text.into(),
            }),
            tool_calls: vec![named.clone()],
            ..Facts::default()
        };
        said.add(&part(Place::answer(0), "let me see"), config);
        said.add(&part(Place::arguments(0, 1), r#"{"a":"#), config);
        said.add(&part(Place::arguments(0, 1), "2}"), config);
        let Said { whole, output, .. } = said.finish();
        assert_eq!((&*whole, &*output.answer), (r#"let me see{"a":2}"#, "let me see"));
        let [call] = &*output.tool_calls else {
            panic!("{output:?}")
        };
        assert_eq!((&*call.id, &*call.name, &*call.arguments), ("c1", "look", r#"{"a":2}"#));
    }

    #[test]
    fn what_is_kept_for_listeners_is_bounded_and_whole_characters() {
        let mut said = Said::default();
        for _ in 0..KEPT {
            say(&mut said, Channel::Answer, 0, "äöü");
        }
        assert_eq!((said.whole.len(), said.output.answer.len()), (6 * KEPT, KEPT));
        assert_eq!(
            (beginning("aä", 2), beginning("aä", 3), beginning("ä", 0)),
            ("a", "aä", "")
        );
    }
}
