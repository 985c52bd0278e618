//! LiveKit Agents.

use super::super::source::{Families, Source};
use super::{Convention, genai, genai_events};

pub(super) const CONVENTION: Convention = Convention {
    families: Families::LIVEKIT,
    span_type,
    inputs: |source| {
        let said = source.json(&[
            "lk.user_input",
            "lk.user_transcript",
            "lk.chat_ctx",
            "lk.input_text",
            "lk.function_tool.arguments",
        ]);
        said.or_else(|| genai_events::inputs(source))
    },
    outputs: |source| {
        let said = source.json(&[
            "lk.response.text",
            "lk.response.function_calls",
            "lk.function_tool.output",
        ]);
        said.or_else(|| genai_events::outputs(source))
    },
    usage: genai::tokens,
    model: genai::model,
    provider: genai::provider,
    format: Some("livekit"),
    ..Convention::SILENT
};

fn span_type(source: &Source<'_>) -> Option<String> {
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
