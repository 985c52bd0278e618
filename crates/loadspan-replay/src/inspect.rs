//! A graph as text.

use std::fmt::Write;
use std::time::Duration;

use crate::graph::{Edge, Graph, Refused, Start};
use crate::recording::{Call, Recording, Session};

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
    for bad in &recording.bad.first {
        put(
            &mut text,
            format_args!("not read: {}:{}: {}\n", Plain(&bad.file), bad.line, Plain(&bad.reason)),
        );
    }
    let others = recording.bad.total.saturating_sub(recording.bad.first.len() as u64);
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

/// Text of a recording, without what would move a terminal's cursor, and not too much of it.
pub(crate) struct Plain<'a>(pub(crate) &'a str);

impl std::fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 200;
        for letter in self.0.chars().take(SHOWN) {
            f.write_char(if letter.is_control() { '\u{fffd}' } else { letter })?;
        }
        if self.0.chars().nth(SHOWN).is_some() {
            f.write_str("…")?;
        }
        Ok(())
    }
}
