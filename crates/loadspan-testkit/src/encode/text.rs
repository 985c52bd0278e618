//! What tokens look like: the same words each time, none of which needs escaping in JSON.

use std::ops::Range;

use super::{Channel, Span};
use crate::script::TokenText;

const ASCII: [&str; 32] = [
    " the", " server", " answers", " in", " its", " own", " time", ",", " and", " each", " word", " of", " it",
    " counts", " as", " one", " token", ".", " A", " client", " that", " reads", " them", " all", " can", " tell",
    " how", " long", " they", " took", " to", " come",
];

const UNICODE: [&str; 16] = [
    " der",
    " Schlüssel",
    " für",
    " größere",
    " Mengen",
    ":",
    " данные",
    " 東京",
    " 大阪",
    " tōkyō",
    " 🚀",
    " naïve",
    " café",
    " Ωμέγα",
    " 한국",
    " 👩‍🚀",
];

/// Appends words as they stand within a JSON string.
pub(super) fn write_words(out: &mut Vec<u8>, text: TokenText, tokens: Range<u32>) {
    match text {
        TokenText::Ascii => write_cycle(out, &ASCII, tokens),
        TokenText::Unicode => write_cycle(out, &UNICODE, tokens),
    }
}

/// Appends a span as it stands within a JSON string. All arguments of a tool call together are a JSON object.
pub(super) fn write_span(out: &mut Vec<u8>, text: TokenText, span: &Span) {
    if span.channel != Channel::ToolCall {
        return write_words(out, text, span.tokens.clone());
    }
    if span.tokens.is_empty() {
        return;
    }
    if span.tokens.start == span.bounds.start {
        out.extend_from_slice(br#"{\"query\":\""#);
    }
    write_words(out, text, span.tokens.clone());
    if span.tokens.end == span.bounds.end {
        out.extend_from_slice(br#"\"}"#);
    }
}

fn write_cycle(out: &mut Vec<u8>, words: &[&str], tokens: Range<u32>) {
    for token in tokens {
        out.extend_from_slice(words[token as usize % words.len()].as_bytes());
    }
}
