//! OpenInference, of Arize Phoenix and its instrumentations.

mod documents;

use super::super::messages;
use super::super::source::{Families, Source, real};
use super::{Convention, Tokens, cost};

pub(super) const CONVENTION: Convention = Convention {
    families: Families::OPENINFERENCE,
    span_type,
    inputs: |source| {
        let whole = source.json(&["input.value"]);
        whole
            .or_else(|| messages::numbered(source, "llm.input_messages.", "message."))
            .or_else(|| documents::embedded(source))
            .or_else(|| documents::unranked(source))
    },
    outputs: |source| {
        let whole = source.json(&["output.value"]);
        whole
            .or_else(|| messages::numbered(source, "llm.output_messages.", "message."))
            .or_else(|| documents::found(source))
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
            "reranker.model_name",
        ])
    },
    provider: |source| source.any_text(&["llm.provider"]),
    cost: |source| {
        let of = |key| source.get(key).and_then(real);
        cost(of("llm.cost.prompt"), of("llm.cost.completion"), of("llm.cost.total"))
    },
    tools: documents::tools,
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
