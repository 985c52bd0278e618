//! A call of a model, from its span.

use std::sync::Arc;

use loadspan_wire::semconv::attributes::{GEN_AI_OPERATION_NAME, LOADSPAN_TURN};
use loadspan_wire::semconv::genai::Operation;
use serde_json::{Map, Value};

use super::SpanRecord;
use super::content::{self, Content};
use super::tree::first_text;
use crate::recording::{Call, Interner};
use crate::source::budget::{self, BUDGET, too_heavy};

/// What a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A call of a model.
    Call(Operation),
    Embeddings,
    Tool,
    Other,
}

const MODELS: [&str; 9] = [
    "gen_ai.request.model",
    "llm.request.model_name",
    "llm.model_name",
    "mlflow.llm.model",
    "ai.model.id",
    "gen_ai.response.model",
    "llm.response.model_name",
    "ai.response.model",
    "model",
];
const INPUT_TOKENS: [&str; 4] = [
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
];
const OUTPUT_TOKENS: [&str; 4] = [
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "llm.usage.completion_tokens",
];

impl Kind {
    pub(super) fn of(span: &SpanRecord) -> Self {
        let text = |name| first_text(&span.attributes, &[name]);
        if let Some(operation) = text(GEN_AI_OPERATION_NAME).and_then(|word| Operation::of_word(&word)) {
            return Self::of_operation(Some(operation));
        }
        let kinds = ["openinference.span.kind", "mlflow.spanType", "traceloop.span.kind"];
        if let Some(kind) = kinds.iter().find_map(|name| text(name)) {
            match kind.to_ascii_uppercase().as_str() {
                "LLM" | "CHAT_MODEL" => return Self::Call(Operation::Chat),
                "EMBEDDING" => return Self::Embeddings,
                "TOOL" => return Self::Tool,
                "UNKNOWN" => {}
                _ => return Self::Other,
            }
        }
        match text("llm.request.type").as_deref() {
            Some("chat" | "chat.completions" | "responses") => return Self::Call(Operation::Chat),
            Some("completion" | "completions" | "text_completion") => return Self::Call(Operation::TextCompletion),
            Some("embedding" | "embeddings") => return Self::Embeddings,
            _ => {}
        }
        Self::of_name(span)
    }

    fn of_operation(operation: Option<Operation>) -> Self {
        match operation {
            Some(call @ (Operation::Chat | Operation::TextCompletion | Operation::GenerateContent)) => Self::Call(call),
            Some(Operation::Embeddings) => Self::Embeddings,
            Some(Operation::ExecuteTool) => Self::Tool,
            _ => Self::Other,
        }
    }

    /// Of what says nothing else: the conventions' names of spans, if something of a model is there as well.
    fn of_name(span: &SpanRecord) -> Self {
        let word = span.name.split(' ').next().unwrap_or_default();
        let has = |prefix: &str| span.attributes.keys().any(|name| name.starts_with(prefix));
        match Self::of_operation(Operation::of_word(word)) {
            Self::Call(operation) if has("gen_ai.") || has("llm.") => Self::Call(operation),
            Self::Tool if has("gen_ai.tool.") => Self::Tool,
            _ if has("gen_ai.input.messages") || has("gen_ai.prompt") || has("llm.input_messages.") => {
                Self::Call(Operation::Chat)
            }
            _ => Self::Other,
        }
    }
}

/// # Errors
///
/// Why the call cannot be sent again.
pub(super) fn read(span: &SpanRecord, operation: Operation, interner: &mut Interner) -> Result<Call, String> {
    if span.start_ns == 0 {
        return Err("it does not say when it began".to_owned());
    }
    if budget::of_attributes(&span.attributes) > BUDGET {
        return Err(too_heavy());
    }
    let Content {
        messages,
        output,
        tools,
        said,
    } = content::read(&span.attributes);
    let input_tokens = first_count(&said, &INPUT_TOKENS);
    if messages.is_empty() && input_tokens.is_none() {
        return Err("it has neither messages nor the number of their tokens".to_owned());
    }
    let messages = messages.into_iter().map(|message| interner.intern(Arc::new(message)));
    Ok(Call {
        id: span.id.clone(),
        operation,
        start_ns: span.start_ns,
        end_ns: span.end_ns.max(span.start_ns),
        model: first_text(&said, &MODELS),
        messages: messages.collect(),
        tools,
        output,
        input_tokens,
        output_tokens: first_count(&said, &OUTPUT_TOKENS),
        parameters: parameters(&said),
        after: Vec::new(),
        turn: first_count(&said, &[LOADSPAN_TURN]),
        failed: span.failed,
    })
}

/// The first of several attributes that is a number, or a text of one.
fn first_count(attributes: &Map<String, Value>, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| {
        let value = attributes.get(*name)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    })
}

fn parameters(said: &Map<String, Value>) -> Map<String, Value> {
    let named = said.iter().filter_map(|(name, value)| {
        let name = name.strip_prefix("gen_ai.request.")?;
        (name != "model").then(|| (name.to_owned(), value.clone()))
    });
    named.collect()
}
