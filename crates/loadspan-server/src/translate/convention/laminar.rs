//! Laminar.

use super::super::source::{Families, Source};
use super::{Convention, genai};

pub(super) const CONVENTION: Convention = Convention {
    families: Families::LAMINAR,
    span_type,
    inputs: |source| source.json(&["lmnr.span.input"]),
    outputs: |source| source.json(&["lmnr.span.output"]),
    usage: genai::tokens,
    model: genai::model,
    provider: |source| genai::provider(source).or_else(|| source.any_text(&["gen_ai.system"])),
    format: Some("openai"),
    ..Convention::SILENT
};

fn span_type(source: &Source<'_>) -> Option<String> {
    let span_type = match source.text("lmnr.span.type")? {
        "LLM" => "LLM",
        "TOOL" => "TOOL",
        "EVALUATOR" | "HUMAN_EVALUATOR" => "EVALUATOR",
        "EXECUTOR" | "PIPELINE" => "CHAIN",
        _ => return None,
    };
    Some(span_type.to_owned())
}
