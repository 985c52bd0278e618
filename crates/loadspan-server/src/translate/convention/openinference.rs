//! OpenInference, of Arize Phoenix and its instrumentations.

use super::super::messages;
use super::super::source::{Families, Source};
use super::{Convention, Tokens};

pub(super) const CONVENTION: Convention = Convention {
    families: Families::OPENINFERENCE,
    span_type,
    inputs: |source| {
        let whole = source.json(&["input.value"]);
        whole.or_else(|| messages::numbered(source, "llm.input_messages.", "message."))
    },
    outputs: |source| {
        let whole = source.json(&["output.value"]);
        whole.or_else(|| messages::numbered(source, "llm.output_messages.", "message."))
    },
    usage: |source| Tokens {
        input: source.int(&["llm.token_count.prompt"]),
        output: source.int(&["llm.token_count.completion"]),
        total: source.int(&["llm.token_count.total"]),
        cache_read: source.int(&["llm.token_count.prompt_details.cache_read"]),
        cache_write: source.int(&["llm.token_count.prompt_details.cache_write"]),
    },
    model: |source| {
        source.any_text(&[
            "llm.response.model_name",
            "llm.model_name",
            "llm.request.model_name",
            "embedding.model_name",
        ])
    },
    provider: |source| source.any_text(&["llm.provider"]),
    ..Convention::SILENT
};

fn span_type(source: &Source<'_>) -> Option<String> {
    let kind = source.text("openinference.span.kind")?.to_ascii_uppercase();
    let known = [
        "TOOL",
        "CHAIN",
        "LLM",
        "RETRIEVER",
        "EMBEDDING",
        "AGENT",
        "RERANKER",
        "GUARDRAIL",
        "EVALUATOR",
        "UNKNOWN",
    ];
    known.contains(&kind.as_str()).then_some(kind)
}
