//! Gemini CLI: names of the GenAI conventions, operations and messages of its own.

use super::super::source::{Families, Source};
use super::{Convention, genai};

pub(super) const CONVENTION: Convention = Convention {
    families: Families::GENAI,
    speaks: |source| source.text("gen_ai.agent.name") == Some("gemini-cli"),
    span_type: |source| {
        let span_type = match source.text("gen_ai.operation.name")? {
            "llm_call" => "LLM",
            "tool_call" => "TOOL",
            "agent_call" => "AGENT",
            _ => return None,
        };
        Some(span_type.to_owned())
    },
    inputs: |source| wrapped(source, "gen_ai.input.messages", "contents"),
    outputs: |source| wrapped(source, "gen_ai.output.messages", "candidates"),
    usage: genai::tokens,
    model: genai::model,
    provider: genai::provider,
    format: Some("gemini"),
    ..Convention::SILENT
};

fn wrapped(source: &Source<'_>, key: &str, name: &str) -> Option<String> {
    let messages = source.json(&[key])?;
    Some(if messages.starts_with('[') {
        format!("{{\"{name}\":{messages}}}")
    } else {
        messages
    })
}
