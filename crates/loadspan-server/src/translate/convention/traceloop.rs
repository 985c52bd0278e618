//! Traceloop's OpenLLMetry.

use super::super::messages;
use super::super::source::{Families, Source};
use super::{Convention, Tokens};

pub(super) const CONVENTION: Convention = Convention {
    families: Families::TRACELOOP.and(Families::GENAI).and(Families::OPENINFERENCE),
    span_type,
    inputs: |source| {
        let whole = source.json(&["traceloop.entity.input"]);
        whole.or_else(|| messages::numbered(source, "gen_ai.prompt.", ""))
    },
    outputs: |source| {
        let whole = source.json(&["traceloop.entity.output"]);
        whole.or_else(|| messages::numbered(source, "gen_ai.completion.", ""))
    },
    usage: |source| Tokens {
        input: source.int(&["gen_ai.usage.prompt_tokens"]),
        output: source.int(&["gen_ai.usage.completion_tokens"]),
        total: source.int(&["llm.usage.total_tokens"]),
        cache_read: source.int(&["gen_ai.usage.cache_read_input_tokens"]),
        cache_write: source.int(&["gen_ai.usage.cache_creation_input_tokens"]),
    },
    provider: |source| source.any_text(&["gen_ai.system"]),
    ..Convention::SILENT
};

fn span_type(source: &Source<'_>) -> Option<String> {
    if let Some(kind) = source.text("traceloop.span.kind") {
        let kind = kind.to_ascii_uppercase();
        let known = ["WORKFLOW", "TASK", "AGENT", "TOOL", "UNKNOWN"];
        return known.contains(&kind.as_str()).then_some(kind);
    }
    match source.text("llm.request.type")? {
        "chat" => Some("CHAT_MODEL".to_owned()),
        "completion" => Some("LLM".to_owned()),
        "embedding" => Some("EMBEDDING".to_owned()),
        "rerank" => Some("RERANKER".to_owned()),
        _ => None,
    }
}
