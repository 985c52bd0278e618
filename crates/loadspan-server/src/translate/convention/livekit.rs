//! LiveKit Agents.

use super::super::messages;
use super::super::source::{Families, Source};
use super::{Convention, genai};

/// Events that are messages of who asks, and of who answers.
const ASKED: [(&str, &str); 3] = [
    ("gen_ai.system.message", "system"),
    ("gen_ai.user.message", "user"),
    ("gen_ai.assistant.message", "assistant"),
];
const ANSWERED: [(&str, &str); 1] = [("gen_ai.choice", "assistant")];

pub(super) const CONVENTION: Convention = Convention {
    families: Families::LIVEKIT.and(Families::GENAI),
    span_type,
    inputs: |source| {
        let said = source.json(&[
            "lk.user_input",
            "lk.user_transcript",
            "lk.chat_ctx",
            "lk.input_text",
            "lk.function_tool.arguments",
        ]);
        said.or_else(|| messages::of_events(source.events(), &ASKED))
    },
    outputs: |source| {
        let said = source.json(&[
            "lk.response.text",
            "lk.response.function_calls",
            "lk.function_tool.output",
        ]);
        said.or_else(|| messages::of_events(source.events(), &ANSWERED))
    },
    usage: genai::tokens,
    model: genai::model,
    provider: genai::provider,
    format: Some("livekit"),
    ..Convention::SILENT
};

fn span_type(source: &Source<'_>) -> Option<String> {
    if !source.families().meets(Families::LIVEKIT) {
        return None;
    }
    let has = |key: &str| source.get(key).is_some();
    let span_type = if has("gen_ai.request.model") {
        "LLM"
    } else if has("lk.function_tool.name") {
        "TOOL"
    } else if has("lk.agent_name") || has("lk.user_input") {
        "AGENT"
    } else {
        return None;
    };
    Some(span_type.to_owned())
}
