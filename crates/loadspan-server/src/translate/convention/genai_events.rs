//! OpenTelemetry's older conventions for generative AI: messages are events. A span that asks a model in an operation that nobody knows
//! is a call of it.

use super::super::messages;
use super::super::source::{Families, Source};
use super::Convention;

/// Events that are messages of who asks, and of who answers.
const ASKED: [(&str, &str); 3] = [
    ("gen_ai.system.message", "system"),
    ("gen_ai.user.message", "user"),
    ("gen_ai.assistant.message", "assistant"),
];
const ANSWERED: [(&str, &str); 1] = [("gen_ai.choice", "assistant")];

pub(super) const CONVENTION: Convention = Convention {
    families: Families::GENAI,
    span_type: |source| source.get("gen_ai.request.model").map(|_| "LLM".to_owned()),
    inputs,
    outputs,
    ..Convention::SILENT
};

pub(super) fn inputs(source: &Source<'_>) -> Option<String> {
    messages::of_events(source.events(), &ASKED)
}

pub(super) fn outputs(source: &Source<'_>) -> Option<String> {
    messages::of_events(source.events(), &ANSWERED)
}
