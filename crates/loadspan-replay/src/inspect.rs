//! A graph as text.

use std::fmt::Write;
use std::time::Duration;

use crate::graph::{Edge, Graph, Refused, Start};
use crate::recording::{Call, Recording, Session};
use crate::source::BadLines;

/// The calls of a session, what each waits for and why, and what looked like a reason to wait and was none.
#[must_use]
pub fn render_text(session: &Session, graph: &Graph) -> String {
    let mut text = String::new();
    let calls = session.calls();
    put(
        &mut text,
        format_args!(
            "session {}: {}, {}\n",
            Plain(session.id()),
            counted(calls.len(), "call"),
            counted(graph.edges.len(), "edge")
        ),
    );
    let numbers = calls.len().saturating_sub(1).to_string().len();
    for (place, call) in calls.iter().enumerate() {
        put(
            &mut text,
            format_args!(
                "  #{place:<numbers$}  {}\n",
                About {
                    call,
                    start: graph.starts[place]
                }
            ),
        );
        for Edge { from, reason, .. } in graph.before(place) {
            put(
                &mut text,
                format_args!("       after #{from}: {}\n", Plain(&reason.to_string())),
            );
        }
    }
    for Refused {
        from,
        to,
        reason,
        overlap,
    } in &graph.refused
    {
        let (reason, overlap) = (reason.to_string(), Seconds(*overlap));
        put(
            &mut text,
            format_args!(
                "  no edge from #{from} to #{to} ({}): they overlap by {overlap}\n",
                Plain(&reason)
            ),
        );
    }
    text
}

/// What of a recording cannot be sent again: spans, and lines that could not be read. Nothing where there is none.
#[must_use]
pub fn render_unused(recording: &Recording) -> String {
    let mut text = String::new();
    for unused in &recording.unused {
        let (name, id, reason) = (Plain(&unused.name), Plain(&unused.id), &unused.reason);
        put(&mut text, format_args!("not used: {name} ({id}): {reason}\n"));
    }
    text + &render_bad(&recording.bad)
}

/// Lines that were not read, one in a line: the first of them, and how many more there are.
#[must_use]
pub fn render_bad(bad: &BadLines) -> String {
    let mut text = String::new();
    for line in &bad.first {
        put(
            &mut text,
            format_args!(
                "not read: {}:{}: {}\n",
                Plain(&line.file),
                line.line,
                Plain(&line.reason)
            ),
        );
    }
    let others = bad.total.saturating_sub(bad.first.len() as u64);
    if others > 0 {
        put(&mut text, format_args!("not read: {others} more\n"));
    }
    text
}

/// Writing to a `String` cannot fail.
fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
}

/// A call in a line.
struct About<'a> {
    call: &'a Call,
    start: Start,
}

impl std::fmt::Display for About<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { call, start } = self;
        match start {
            Start::Offset(offset) => write!(f, "at {}", Seconds(*offset))?,
            Start::Wait(wait) => write!(f, "wait {}", Seconds(*wait))?,
        }
        let took = Duration::from_nanos(call.end_ns - call.start_ns);
        write!(f, ", took {}: {}", Seconds(took), call.operation.word())?;
        if let Some(model) = &call.model {
            write!(f, " {}", Plain(model))?;
        }
        write!(f, " [{}]", Plain(&call.id))?;
        if let (Some(input), Some(output)) = (call.input_tokens, call.output_tokens) {
            write!(f, ", {input} → {output} tokens")?;
        }
        if call.messages.is_empty() {
            f.write_str(", without content")?;
        }
        if call.failed {
            f.write_str(", failed")?;
        }
        Ok(())
    }
}

pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Seconds with three decimals.
pub(crate) struct Seconds(pub(crate) Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3} s", self.0.as_secs_f64())
    }
}

/// Whether a letter turns the direction of what follows it, so that a line reads as another one.
const fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text of a recording, without what would move a terminal's cursor or turn its lines, and not too much of it.
pub(crate) struct Plain<'a>(pub(crate) &'a str);

impl std::fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 200;
        for letter in self.0.chars().take(SHOWN) {
            let is_plain = !letter.is_control() && !turns_direction(letter);
            f.write_char(if is_plain { letter } else { '\u{fffd}' })?;
        }
        if self.0.chars().nth(SHOWN).is_some() {
            f.write_str("…")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::BadLine;

    #[test]
    fn lines_that_were_not_read_are_named_and_cannot_move_the_cursor() {
        let line = |line| BadLine {
            file: "log\u{1b}[2J".to_owned(),
            line,
            reason: "no\nnumber".to_owned(),
        };
        let bad = BadLines {
            total: 4,
            first: vec![line(2), line(7)],
        };
        assert_eq!(
            render_bad(&bad),
            "not read: log\u{fffd}[2J:2: no\u{fffd}number\nnot read: log\u{fffd}[2J:7: no\u{fffd}number\nnot read: 2 more\n"
        );
        assert_eq!(render_bad(&BadLines::default()), "");
    }

    #[test]
    fn text_of_a_recording_cannot_turn_its_line_around() {
        assert_eq!(
            Plain("a\u{202e}b\u{2066}\u{1b}c").to_string(),
            "a\u{fffd}b\u{fffd}\u{fffd}c"
        );
    }
}
