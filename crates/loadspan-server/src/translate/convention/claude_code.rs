//! Claude Code.

use super::super::json;
use super::super::source::{Families, Source};
use super::{Convention, Tokens};

/// What it writes where content is turned off.
const REDACTED: &str = "<REDACTED>";

pub(super) const CONVENTION: Convention = Convention {
    families: Families::TYPED,
    speaks: |source| span_type(source).is_some(),
    span_type,
    inputs: |source| {
        let context = if is_tool(source) { None } else { Some("new_context") };
        let keys = ["tool_input", "file_path", "command", "query"];
        let first = ["user_prompt"].into_iter().chain(context);
        first.chain(keys).find_map(|key| content(source, key))
    },
    outputs: |source| {
        // What a tool adds to the conversation is what it answered.
        let context = || content(source, "new_context").filter(|_| is_tool(source));
        let of_event = || source.event("tool.output", "output").and_then(json::content);
        content(source, "response.model_output")
            .or_else(of_event)
            .or_else(context)
    },
    usage: tokens,
    model: |source| source.any_text(&["model"]),
    ..Convention::SILENT
};

fn span_type(source: &Source<'_>) -> Option<String> {
    let kind = source.text("span.type")?;
    let span_type = match kind.strip_prefix("claude_code.").unwrap_or(kind) {
        "interaction" => "AGENT",
        "llm_request" => "LLM",
        // Bare, this is also a word of other conventions.
        "tool" if kind.starts_with("claude_code.") || source.get("tool_name").is_some() => "TOOL",
        "tool.execution" | "tool.blocked_on_user" => "TOOL",
        _ => return None,
    };
    Some(span_type.to_owned())
}

fn is_tool(source: &Source<'_>) -> bool {
    span_type(source).as_deref() == Some("TOOL")
}

fn content(source: &Source<'_>, key: &str) -> Option<String> {
    let shown = source.text(key) != Some(REDACTED);
    shown.then(|| source.json(&[key]))?
}

fn tokens(source: &Source<'_>) -> Tokens {
    let cache_read = source.int(&["cache_read_tokens"]);
    let cache_write = source.int(&["cache_creation_tokens"]);
    let cached = cache_read.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
    Tokens {
        input: source.int(&["input_tokens"]).map(|input| input.saturating_add(cached)),
        output: source.int(&["output_tokens"]),
        total: None,
        cache_read,
        cache_write,
    }
}
