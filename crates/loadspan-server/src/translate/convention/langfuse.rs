//! Langfuse.

use serde_json::Value;

use super::super::source::{Families, Source};
use super::super::{Cost, json};
use super::{Convention, Tokens, cost};

pub(super) const CONVENTION: Convention = Convention {
    families: Families::LANGFUSE,
    span_type,
    inputs: |source| source.json(&["langfuse.observation.input"]),
    outputs: |source| source.json(&["langfuse.observation.output"]),
    usage: tokens,
    cost: dollars,
    model: |source| source.any_text(&["langfuse.observation.model.name"]),
    ..Convention::SILENT
};

fn span_type(source: &Source<'_>) -> Option<String> {
    let span_type = match source.text("langfuse.observation.type")? {
        "generation" => "LLM",
        "embedding" => "EMBEDDING",
        "tool" => "TOOL",
        "retriever" => "RETRIEVER",
        "agent" => "AGENT",
        "chain" => "CHAIN",
        "evaluator" => "EVALUATOR",
        "guardrail" => "GUARDRAIL",
        "span" => "UNKNOWN",
        _ => return None,
    };
    Some(span_type.to_owned())
}

fn tokens(source: &Source<'_>) -> Tokens {
    let Some(details) = source.get("langfuse.observation.usage_details").map(json::tree_of) else {
        return Tokens::NONE;
    };
    let of = |name: &str| details.get(name).and_then(Value::as_i64).filter(|tokens| *tokens >= 0);
    Tokens {
        input: of("input"),
        output: of("output"),
        total: of("total"),
        ..Tokens::NONE
    }
}

fn dollars(source: &Source<'_>) -> Option<Cost> {
    let details = json::tree_of(source.get("langfuse.observation.cost_details")?);
    let of = |name: &str| details.get(name).and_then(Value::as_f64);
    cost(of("input"), of("output"), of("total"))
}
