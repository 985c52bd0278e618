//! VoltAgent.

use super::super::source::{Families, Source};
use super::{Convention, Tokens};

pub(super) const CONVENTION: Convention = Convention {
    families: Families::TYPED,
    speaks: |source| span_type(source).is_some(),
    span_type,
    inputs: |source| source.json(&["agent.messages", "llm.messages", "input"]),
    outputs: |source| source.json(&["output"]),
    usage: |source| Tokens {
        input: source.int(&["usage.prompt_tokens", "llm.usage.prompt_tokens"]),
        output: source.int(&["usage.completion_tokens", "llm.usage.completion_tokens"]),
        total: source.int(&["usage.total_tokens", "llm.usage.total_tokens"]),
        ..Tokens::NONE
    },
    format: Some("voltagent"),
    ..Convention::SILENT
};

fn span_type(source: &Source<'_>) -> Option<String> {
    let of = |kind: &str| match kind {
        "agent" => Some("AGENT"),
        "llm" => Some("LLM"),
        "tool" => Some("TOOL"),
        "memory" => Some("MEMORY"),
        _ => None,
    };
    let said = [source.text("span.type"), source.text("entity.type")];
    said.into_iter().flatten().find_map(of).map(str::to_owned)
}
