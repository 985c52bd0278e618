//! OpenTelemetry's conventions for generative AI.

use super::super::source::{Families, Source};
use super::{Convention, Tokens};

pub(super) const CONVENTION: Convention = Convention {
    families: Families::GENAI,
    span_type: |source| of_operation(source.text("gen_ai.operation.name")?).map(str::to_owned),
    inputs: |source| source.json(&["gen_ai.input.messages", "gen_ai.tool.call.arguments"]),
    outputs: |source| source.json(&["gen_ai.output.messages", "gen_ai.tool.call.result"]),
    usage: tokens,
    model,
    provider,
    tools: |source| source.json(&["gen_ai.tool.definitions"]),
    ..Convention::SILENT
};

/// The type of a span that does this.
pub(super) fn of_operation(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "chat" => "CHAT_MODEL",
        "create_agent" | "invoke_agent" => "AGENT",
        "invoke_workflow" => "WORKFLOW",
        "embeddings" => "EMBEDDING",
        "execute_tool" => "TOOL",
        "retrieval" => "RETRIEVER",
        "generate_content" | "text_completion" | "response" => "LLM",
        _ => return None,
    })
}

pub(super) fn tokens(source: &Source<'_>) -> Tokens {
    Tokens {
        input: source.int(&["gen_ai.usage.input_tokens"]),
        output: source.int(&["gen_ai.usage.output_tokens"]),
        total: source.int(&["gen_ai.usage.total_tokens"]),
        cache_read: source.int(&[
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
        ]),
        cache_write: source.int(&[
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
        ]),
    }
}

pub(super) fn model(source: &Source<'_>) -> Option<String> {
    source.any_text(&["gen_ai.response.model", "gen_ai.request.model"])
}

pub(super) fn provider(source: &Source<'_>) -> Option<String> {
    source.any_text(&["gen_ai.provider.name"])
}
