//! Vercel's AI SDK.

use serde_json::{Map, Value};

use super::super::source::{Families, Source};
use super::super::{json, tree};
use super::Convention;

pub(super) const CONVENTION: Convention = Convention {
    families: Families::VERCEL,
    span_type,
    inputs: |source| {
        let whole = source.json(&["ai.prompt", "ai.toolCall.args", "ai.value", "ai.values"]);
        gathered(source, "ai.prompt.").or(whole)
    },
    outputs: |source| {
        let whole = source.json(&[
            "ai.response.text",
            "ai.toolCall.result",
            "ai.response.object",
            "ai.embedding",
            "ai.embeddings",
        ]);
        gathered(source, "ai.response.").or(whole)
    },
    format: Some("vercel_ai"),
    ..Convention::SILENT
};

fn span_type(source: &Source<'_>) -> Option<String> {
    let operation = source.text("ai.operationId")?.strip_prefix("ai.")?;
    let span_type = match operation.split('.').next()? {
        "generateText" | "streamText" | "generateObject" | "streamObject" => "LLM",
        "toolCall" => "TOOL",
        "embed" | "embedMany" => "EMBEDDING",
        _ => return None,
    };
    Some(span_type.to_owned())
}

/// All attributes below a prefix as one object, of spans that call a model themselves.
fn gathered(source: &Source<'_>, prefix: &str) -> Option<String> {
    let operation = source.text("ai.operationId")?;
    if !(operation.ends_with(".doGenerate") || operation.ends_with(".doStream")) {
        return None;
    }
    let room = tree::room();
    let fields = source.below(prefix);
    let fields: Map<String, Value> = fields
        .map(|(field, value)| (field.to_owned(), json::tree_within(value, &room)))
        .collect();
    (!fields.is_empty()).then(|| Value::Object(fields).to_string())
}
