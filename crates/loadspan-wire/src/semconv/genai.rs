//! Spans in the vocabulary of OpenTelemetry's GenAI conventions, in place of MLflow's. An attribute that the conventions have no name
//! for keeps MLflow's; of the request of a model only what they know is kept.

mod attributes;
mod messages;
pub mod names;
mod operation;
mod parameters;
mod part;
mod response;
#[cfg(test)]
mod tests;
mod tools;

use serde_json::{Map, Value};

pub use self::attributes::Attributes;
pub use self::operation::Operation;
pub use self::parameters::parameters;
pub use self::response::response;
pub use self::tools::definitions as tool_definitions;
use super::attributes as genai;
use super::provider;
use crate::mlflow::attributes as mlflow;
use crate::otlp::KeyValue;
use crate::otlp::trace::Span;
use crate::otlp::trace::span::SpanKind;
use crate::otlp::trace::status::StatusCode;

/// Gives a span the names of the GenAI conventions. Values of MLflow's attributes may be texts of JSON or structured.
///
/// What the span says under the conventions' names already is not written again: whoever set it knew better. A span whose type they
/// do not know keeps its name, its kind and what it says.
pub fn translate(span: &mut Span) {
    let said = Said::of(&span.attributes);
    let operation = said.operation(&span.attributes);
    let subject = span.name.clone();
    settle_status(span, &said);
    let mut target = Attributes(&mut span.attributes);
    // The conventions have the id of the trace in one place.
    target.remove(mlflow::TRACE_REQUEST_ID);
    let Some(operation) = operation else {
        session(&mut target);
        return;
    };
    target.remove(mlflow::MESSAGE_FORMAT);
    target.remove(mlflow::SPAN_TYPE);
    target.put(genai::GEN_AI_OPERATION_NAME, operation.word());
    model(&mut target, &said);
    usage(&mut target, &said, operation);
    session(&mut target);
    let mut translation = Translation {
        target,
        said: &said,
        operation,
    };
    translation.fill(&subject);
    span.name = operation.name(&subject, &Attributes(&mut span.attributes));
    if operation.is_call_of_service() {
        span.kind = SpanKind::Client.into();
    }
}

/// What a span says in MLflow's words.
#[derive(Debug, Default)]
struct Said {
    span_type: Option<String>,
    model: Option<String>,
    provider: Option<String>,
    inputs: Option<Value>,
    outputs: Option<Value>,
    usage: Option<Value>,
    tools: Option<Value>,
}

impl Said {
    fn of(span: &[KeyValue]) -> Self {
        let json = |name| attributes::json(span, name);
        let text = |name| json(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Self {
            span_type: text(mlflow::SPAN_TYPE),
            model: text(mlflow::LLM_MODEL),
            provider: text(mlflow::LLM_PROVIDER),
            inputs: json(mlflow::SPAN_INPUTS),
            outputs: json(mlflow::SPAN_OUTPUTS),
            usage: json(mlflow::CHAT_TOKEN_USAGE),
            tools: json(mlflow::CHAT_TOOLS),
        }
    }

    /// What the span says that it does, else what its type says.
    fn operation(&self, span: &[KeyValue]) -> Option<Operation> {
        let word = attributes::text(span, genai::GEN_AI_OPERATION_NAME);
        word.and_then(Operation::of_word)
            .or_else(|| self.operation_of_type(self.span_type.as_deref()?))
    }

    /// MLflow calls an `LLM` what may be any of three.
    fn operation_of_type(&self, span_type: &str) -> Option<Operation> {
        if span_type != "LLM" {
            return Operation::of_type(span_type);
        }
        let inputs = self.inputs.as_ref().unwrap_or(&Value::Null);
        let outputs = self.outputs.as_ref().unwrap_or(&Value::Null);
        Some(if messages::are_chat(inputs) {
            Operation::Chat
        } else if outputs["choices"][0]["text"].is_string() {
            Operation::TextCompletion
        } else {
            Operation::GenerateContent
        })
    }
}

/// What went well has none. Spans of MLflow are OK where nobody said anything; those of others only where somebody did.
fn settle_status(span: &mut Span, said: &Said) {
    let Some(status) = &mut span.status else {
        return;
    };
    match status.code() {
        StatusCode::Ok if said.span_type.is_some() => status.set_code(StatusCode::Unset),
        StatusCode::Error => {
            let kind = exception_type(span).unwrap_or_else(|| "_OTHER".to_owned());
            Attributes(&mut span.attributes).put(genai::ERROR_TYPE, kind);
        }
        StatusCode::Ok | StatusCode::Unset => {}
    }
}

/// The type of the exception that was recorded last.
fn exception_type(span: &Span) -> Option<String> {
    let exceptions = span.events.iter().rev().filter(|event| event.name == "exception");
    let mut types = exceptions.filter_map(|event| attributes::text(&event.attributes, "exception.type"));
    types.next().map(str::to_owned)
}

fn model(target: &mut Attributes<'_>, said: &Said) {
    if let Some(model) = &said.model {
        target.put(genai::GEN_AI_REQUEST_MODEL, model.as_str());
        target.remove(mlflow::LLM_MODEL);
    }
    if let Some(provider) = &said.provider {
        target.put(genai::GEN_AI_PROVIDER_NAME, provider::conventional(provider));
        target.remove(mlflow::LLM_PROVIDER);
    }
}

fn usage(target: &mut Attributes<'_>, said: &Said, operation: Operation) {
    let Some(usage) = &said.usage else {
        return;
    };
    let mut is_said = false;
    for (key, name) in [
        ("input_tokens", genai::GEN_AI_USAGE_INPUT_TOKENS),
        ("output_tokens", genai::GEN_AI_USAGE_OUTPUT_TOKENS),
        ("cache_read_input_tokens", genai::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS),
        (
            "cache_creation_input_tokens",
            names::GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
        ),
    ] {
        let Some(tokens) = usage[key].as_i64() else {
            continue;
        };
        is_said = true;
        // A vector is not made of tokens.
        if operation != Operation::Embeddings || name == genai::GEN_AI_USAGE_INPUT_TOKENS {
            target.put(name, tokens);
        }
    }
    if is_said {
        target.remove(mlflow::CHAT_TOKEN_USAGE);
    }
}

/// A session is a conversation. Its own attribute stays: backends know it, too.
fn session(target: &mut Attributes<'_>) {
    if let Some(session) = target.text(mlflow::SESSION_ID).map(str::to_owned) {
        target.put(genai::GEN_AI_CONVERSATION_ID, session);
    }
}

/// What is particular to an operation.
struct Translation<'a> {
    target: Attributes<'a>,
    said: &'a Said,
    operation: Operation,
}

impl Translation<'_> {
    fn fill(&mut self, subject: &str) {
        let subject = self.operation.without_word(subject);
        match self.operation {
            Operation::ExecuteTool => self.tool(subject),
            Operation::InvokeAgent | Operation::CreateAgent => {
                self.target.put(names::GEN_AI_AGENT_NAME, subject);
                self.exchange();
            }
            Operation::InvokeWorkflow => {
                self.target.put(names::GEN_AI_WORKFLOW_NAME, subject);
                self.exchange();
            }
            Operation::Retrieval => self.retrieval(),
            Operation::Embeddings => self.embeddings(),
            Operation::Chat | Operation::TextCompletion | Operation::GenerateContent => self.inference(),
        }
    }

    fn tool(&mut self, subject: &str) {
        self.target.put(names::GEN_AI_TOOL_NAME, subject);
        self.rename(mlflow::SPAN_INPUTS, names::GEN_AI_TOOL_CALL_ARGUMENTS);
        self.rename(mlflow::SPAN_OUTPUTS, names::GEN_AI_TOOL_CALL_RESULT);
    }

    fn retrieval(&mut self) {
        if let Some(query) = self.said.inputs.as_ref().and_then(query) {
            self.target.put(names::GEN_AI_RETRIEVAL_QUERY_TEXT, query);
            if self.is_alone() {
                self.target.remove(mlflow::SPAN_INPUTS);
            }
        }
        self.rename(mlflow::SPAN_OUTPUTS, names::GEN_AI_RETRIEVAL_DOCUMENTS);
    }

    fn embeddings(&mut self) {
        if let Some(inputs) = &self.said.inputs {
            self.target.put_all(parameters::of_embeddings(inputs));
        }
        if let Some(model) = self.said.outputs.as_ref().and_then(|outputs| outputs["model"].as_str()) {
            self.target.put(genai::GEN_AI_RESPONSE_MODEL, model);
        }
    }

    fn inference(&mut self) {
        if let Some(inputs) = &self.said.inputs {
            self.target.put_all(parameters(inputs));
            if let Some(instructions) = messages::instructions(inputs) {
                self.target
                    .put(genai::GEN_AI_SYSTEM_INSTRUCTIONS, instructions.to_string());
            }
        }
        if let Some(outputs) = &self.said.outputs {
            self.target.put_all(response(outputs));
        }
        let offered = || self.said.inputs.as_ref().and_then(tools::of_request);
        if let Some(tools) = self.said.tools.as_ref().or_else(offered) {
            let definitions = tools::definitions(tools).to_string();
            self.target.put(genai::GEN_AI_TOOL_DEFINITIONS, definitions);
            self.target.remove(mlflow::CHAT_TOOLS);
        }
        // What stands beside the messages of a call are its parameters.
        self.inputs(Beside::Parameters);
        self.outputs();
    }

    /// What agents and workflows were told, and what they said.
    fn exchange(&mut self) {
        self.inputs(Beside::Arguments);
        self.outputs();
    }

    fn inputs(&mut self, beside: Beside) {
        if let Some(instructions) = self.said.inputs.as_ref().and_then(messages::instructions) {
            let instructions = instructions.to_string();
            self.target.put(genai::GEN_AI_SYSTEM_INSTRUCTIONS, instructions);
        }
        if let Some(messages) = self.said.inputs.as_ref().and_then(messages::input) {
            self.target.put(genai::GEN_AI_INPUT_MESSAGES, messages.to_string());
            if beside == Beside::Parameters || self.is_alone() {
                self.target.remove(mlflow::SPAN_INPUTS);
            }
        }
    }

    fn outputs(&mut self) {
        if let Some(messages) = self.said.outputs.as_ref().and_then(messages::output) {
            self.target.put(genai::GEN_AI_OUTPUT_MESSAGES, messages.to_string());
            self.target.remove(mlflow::SPAN_OUTPUTS);
        }
    }

    /// Whether the inputs are one thing, but for instructions: other arguments beside it would be lost.
    fn is_alone(&self) -> bool {
        let inputs = self.said.inputs.as_ref().and_then(Value::as_object);
        let others = |inputs: &Map<String, Value>| {
            let names = inputs.keys();
            names
                .filter(|name| !messages::INSTRUCTIONS.contains(&name.as_str()))
                .count()
        };
        inputs.is_none_or(|inputs| others(inputs) == 1)
    }

    fn rename(&mut self, from: &str, to: &'static str) {
        let value = match from {
            mlflow::SPAN_INPUTS => &self.said.inputs,
            _ => &self.said.outputs,
        };
        if let Some(value) = value {
            self.target.put(to, value.to_string());
            self.target.remove(from);
        }
    }
}

/// What stands beside messages in the inputs of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    Parameters,
    Arguments,
}

fn query(inputs: &Value) -> Option<&str> {
    inputs.as_str().or_else(|| {
        ["query", "question", "input"]
            .iter()
            .find_map(|key| inputs[*key].as_str())
    })
}
