//! What is no YAML, in words that say what to do. The parser's own are about its inside, and its place may be a line too far.

use super::super::mistake::{Mistake, Place};

/// What the parser says of `text`, and where it stopped.
pub(super) fn explain(info: &str, at: Place, text: &str) -> Mistake {
    if info.starts_with("simple key expect") {
        let at = begin_of_line_before(at, text).unwrap_or(at);
        return Mistake::at(at, "not YAML: expected a key with its value")
            .with_hint("a colon and a blank follow the key, as in `concurrency: 8`");
    }
    let known = EXPLAINED.iter().find(|(part, ..)| info.contains(part));
    match known {
        Some((_, message, hint)) => Mistake::at(at, format!("not YAML: {message}")).with_hint(*hint),
        None => Mistake::at(at, format!("not YAML: {info}")),
    }
}

/// A part of what the parser says, the same in other words, and what to do.
const EXPLAINED: [(&str, &str, &str); 14] = [
    (
        "block mapping, did not find expected key",
        "expected a key here",
        "keys of one level begin in the same column, and a value ends with its line",
    ),
    (
        "block collection, did not find expected '-'",
        "expected `- ` here",
        "items of one list begin in the same column",
    ),
    ("tab", "a tab", "indent with blanks"),
    (
        "followed by a valid YAML whitespace",
        "no blank follows the colon",
        "put a blank there, not a tab",
    ),
    (
        "expected ',' or '}'",
        "expected `,` or `}`",
        "a `{` before it is not closed, or a comma is missing",
    ),
    (
        "expected ',' or ']'",
        "expected `,` or `]`",
        "a `[` before it is not closed, or a comma is missing",
    ),
    (
        "quoted scalar, found unexpected end",
        "a quote is not closed",
        "put the same quote behind the value",
    ),
    (
        "indentation in quoted scalar",
        "a quote is not closed",
        "put the same quote behind the value",
    ),
    (
        "indentation in flow construct",
        "expected `,`, `]` or `}`",
        "a `[` or `{` before it is not closed",
    ),
    (
        "illegal placement of ':'",
        "a key cannot be here",
        "a `[` or `{` before it is not closed, or a comma is missing",
    ),
    (
        "mapping values are not allowed",
        "a second colon in one line",
        "put a value that has `: ` in it into quotes, or begin a new line",
    ),
    (
        "invalid trailing content",
        "something follows the value",
        "put all of the value into one pair of quotes",
    ),
    (
        "unknown anchor",
        "there is no anchor of this name before it",
        "write `&name` before the value that `*name` stands for",
    ),
    (
        "unexpected character",
        "a value cannot begin with this character",
        "put the value into quotes",
    ),
];

/// Where the last line before `at` begins that says something.
fn begin_of_line_before(at: Place, text: &str) -> Option<Place> {
    let before = text.lines().take(at.line.saturating_sub(1)).enumerate();
    let says = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let (number, line) = before.filter(|(_, line)| says(line)).last()?;
    Some(Place {
        line: number + 1,
        column: line.chars().take_while(|c| c.is_whitespace()).count() + 1,
    })
}
