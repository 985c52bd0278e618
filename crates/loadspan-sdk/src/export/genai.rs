//! Spans in the vocabulary of OpenTelemetry's GenAI conventions, in place of MLflow's. Whatever the conventions have no name for
//! keeps MLflow's: nothing is lost.

mod messages;
#[cfg(test)]
mod tests;

use loadspan_wire::mlflow::attributes;
use loadspan_wire::semconv::attributes as names;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Array, KeyValue, Value as OtelValue};
use opentelemetry_sdk::trace::SpanData;
use serde_json::Value;

/// A span by other names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Translated {
    pub(super) name: String,
    pub(super) kind: SpanKind,
    pub(super) status: Status,
    pub(super) attributes: Vec<KeyValue>,
}

/// What the conventions call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Chat,
    GenerateContent,
    Embeddings,
    ExecuteTool,
    InvokeAgent,
    InvokeWorkflow,
    Retrieval,
}

/// A span in the vocabulary of the GenAI conventions. One whose type they do not know stays as it is.
pub(super) fn translate(span: &SpanData) -> Translated {
    let source = Source(&span.attributes);
    let operation = source
        .json(attributes::SPAN_TYPE)
        .and_then(|kind| Operation::of(kind.as_str()?));
    let status = status(span, &source);
    let mut target = Target::default();
    target.keep(span);
    target.error(span);
    // The conventions have the id of the trace in one place.
    target.replace(attributes::TRACE_REQUEST_ID);
    let Some(operation) = operation else {
        target.session();
        return Translated {
            name: span.name.clone().into_owned(),
            kind: span.span_kind.clone(),
            status,
            attributes: target.0,
        };
    };
    target.replace(attributes::MESSAGE_FORMAT);
    target.put(names::GEN_AI_OPERATION_NAME, operation.word());
    target.model(&source);
    target.usage(&source);
    target.session();
    match operation {
        Operation::ExecuteTool => target.tool(span, &source),
        Operation::InvokeAgent => target.agent(span, &source),
        Operation::InvokeWorkflow => target.workflow(span, &source),
        Operation::Retrieval => target.retrieval(&source),
        Operation::Embeddings => target.embeddings(&source),
        Operation::Chat | Operation::GenerateContent => target.inference(&source),
    }
    Translated {
        name: operation.name(span, &source),
        kind: operation.kind(span),
        status,
        attributes: target.0,
    }
}

/// What went well has none. Spans of MLflow are OK where nobody said anything; those of others only where somebody did.
fn status(span: &SpanData, source: &Source<'_>) -> Status {
    match &span.status {
        Status::Ok if source.has(attributes::SPAN_TYPE) => Status::Unset,
        status => status.clone(),
    }
}

impl Operation {
    fn of(span_type: &str) -> Option<Self> {
        match span_type {
            "CHAT_MODEL" => Some(Self::Chat),
            "LLM" => Some(Self::GenerateContent),
            "EMBEDDING" => Some(Self::Embeddings),
            "TOOL" => Some(Self::ExecuteTool),
            "AGENT" => Some(Self::InvokeAgent),
            "WORKFLOW" => Some(Self::InvokeWorkflow),
            "RETRIEVER" => Some(Self::Retrieval),
            _ => None,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::GenerateContent => "generate_content",
            Self::Embeddings => "embeddings",
            Self::ExecuteTool => "execute_tool",
            Self::InvokeAgent => "invoke_agent",
            Self::InvokeWorkflow => "invoke_workflow",
            Self::Retrieval => "retrieval",
        }
    }

    /// Operation and subject. The name of the span is the subject where it is that of a tool, an agent or a workflow.
    fn name(self, span: &SpanData, source: &Source<'_>) -> String {
        let subject = match self {
            Self::Chat | Self::GenerateContent | Self::Embeddings => source.text(attributes::LLM_MODEL),
            Self::ExecuteTool | Self::InvokeAgent | Self::InvokeWorkflow | Self::Retrieval => {
                Some(span.name.to_string())
            }
        };
        match subject {
            Some(subject) if subject.starts_with(self.word()) => subject,
            Some(subject) => format!("{} {subject}", self.word()),
            None => self.word().to_owned(),
        }
    }

    fn kind(self, span: &SpanData) -> SpanKind {
        match self {
            Self::Chat | Self::GenerateContent | Self::Embeddings | Self::Retrieval => SpanKind::Client,
            Self::ExecuteTool | Self::InvokeAgent | Self::InvokeWorkflow => span.span_kind.clone(),
        }
    }
}

/// The attributes of a span, whose values are JSON.
struct Source<'a>(&'a [KeyValue]);

impl Source<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|attribute| attribute.key.as_str() == name)
    }

    fn json(&self, name: &str) -> Option<Value> {
        let attribute = self.0.iter().find(|attribute| attribute.key.as_str() == name)?;
        match &attribute.value {
            OtelValue::String(text) => serde_json::from_str(text.as_str()).ok(),
            _ => None,
        }
    }

    /// A string, without the quotes of JSON.
    fn text(&self, name: &str) -> Option<String> {
        self.json(name)?.as_str().map(str::to_owned)
    }
}

/// The attributes that come of it. What is there already is not written again: whoever set it knew better.
#[derive(Default)]
struct Target(Vec<KeyValue>);

impl Target {
    fn put(&mut self, name: &'static str, value: impl Into<OtelValue>) {
        if self.get(name).is_none() {
            self.0.push(KeyValue::new(name, value));
        }
    }

    /// As a string of JSON, as spans carry structure.
    fn put_json(&mut self, name: &'static str, value: &Value) {
        self.put(name, value.to_string());
    }

    fn get(&self, name: &str) -> Option<&OtelValue> {
        self.0
            .iter()
            .find(|attribute| attribute.key.as_str() == name)
            .map(|attribute| &attribute.value)
    }

    /// It says the same by another name now.
    fn replace(&mut self, mlflow: &str) {
        self.0.retain(|attribute| attribute.key.as_str() != mlflow);
    }

    fn keep(&mut self, span: &SpanData) {
        self.0.extend(span.attributes.iter().cloned());
    }

    /// What went wrong: the type of the exception that was recorded last.
    fn error(&mut self, span: &SpanData) {
        if !matches!(span.status, Status::Error { .. }) {
            return;
        }
        let exceptions = span.events.iter().filter(|event| event.name == "exception");
        let mut types = exceptions.flat_map(|event| &event.attributes);
        let last = types.rfind(|attribute| attribute.key.as_str() == "exception.type");
        let word = last.map_or_else(|| "_OTHER".into(), |attribute| attribute.value.clone());
        self.put(names::ERROR_TYPE, word);
    }

    fn model(&mut self, source: &Source<'_>) {
        for (mlflow, name) in [
            (attributes::LLM_MODEL, names::GEN_AI_REQUEST_MODEL),
            (attributes::LLM_PROVIDER, names::GEN_AI_PROVIDER_NAME),
        ] {
            if let Some(text) = source.text(mlflow) {
                self.put(name, text);
                self.replace(mlflow);
            }
        }
        self.replace(attributes::SPAN_TYPE);
    }

    fn usage(&mut self, source: &Source<'_>) {
        let Some(usage) = source.json(attributes::CHAT_TOKEN_USAGE) else {
            return;
        };
        for (key, name) in [
            ("input_tokens", names::GEN_AI_USAGE_INPUT_TOKENS),
            ("output_tokens", names::GEN_AI_USAGE_OUTPUT_TOKENS),
            ("cache_read_input_tokens", names::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS),
            ("cache_creation_input_tokens", "gen_ai.usage.cache_write.input_tokens"),
        ] {
            if let Some(tokens) = usage[key].as_i64() {
                self.put(name, tokens);
            }
        }
        self.replace(attributes::CHAT_TOKEN_USAGE);
    }

    /// A session is a conversation. Its own attribute stays: backends know it, too.
    fn session(&mut self) {
        if let Some(session) = self.get(attributes::SESSION_ID).cloned() {
            self.put(names::GEN_AI_CONVERSATION_ID, session);
        }
    }

    fn tool(&mut self, span: &SpanData, source: &Source<'_>) {
        self.put("gen_ai.tool.name", span.name.to_string());
        self.rename(source, attributes::SPAN_INPUTS, "gen_ai.tool.call.arguments");
        self.rename(source, attributes::SPAN_OUTPUTS, "gen_ai.tool.call.result");
    }

    fn agent(&mut self, span: &SpanData, source: &Source<'_>) {
        self.put("gen_ai.agent.name", span.name.to_string());
        self.said(source);
    }

    fn workflow(&mut self, span: &SpanData, source: &Source<'_>) {
        self.put("gen_ai.workflow.name", span.name.to_string());
        self.said(source);
    }

    fn retrieval(&mut self, source: &Source<'_>) {
        let inputs = source.json(attributes::SPAN_INPUTS);
        if let Some(query) = inputs.as_ref().and_then(query) {
            self.put("gen_ai.retrieval.query.text", query.to_owned());
            // Other arguments beside it would be lost.
            if inputs
                .as_ref()
                .and_then(Value::as_object)
                .is_none_or(|inputs| inputs.len() == 1)
            {
                self.replace(attributes::SPAN_INPUTS);
            }
        }
        self.rename(source, attributes::SPAN_OUTPUTS, "gen_ai.retrieval.documents");
    }

    fn embeddings(&mut self, source: &Source<'_>) {
        let outputs = source.json(attributes::SPAN_OUTPUTS).unwrap_or_default();
        if let Some(model) = outputs["model"].as_str() {
            self.put(names::GEN_AI_RESPONSE_MODEL, model.to_owned());
        }
    }

    fn inference(&mut self, source: &Source<'_>) {
        let inputs = source.json(attributes::SPAN_INPUTS).unwrap_or_default();
        let outputs = source.json(attributes::SPAN_OUTPUTS).unwrap_or_default();
        self.parameters(&inputs);
        self.response(&outputs);
        if let Some(tools) = source
            .json(attributes::CHAT_TOOLS)
            .or_else(|| inputs.get("tools").cloned())
        {
            self.put_json("gen_ai.tool.definitions", &messages::tool_definitions(&tools));
            self.replace(attributes::CHAT_TOOLS);
        }
        if let Some(instructions) = messages::instructions(&inputs) {
            self.put_json(names::GEN_AI_SYSTEM_INSTRUCTIONS, &instructions);
        }
        self.said(source);
    }

    fn parameters(&mut self, inputs: &Value) {
        for (key, name) in [
            ("temperature", names::GEN_AI_REQUEST_TEMPERATURE),
            ("top_p", names::GEN_AI_REQUEST_TOP_P),
        ] {
            if let Some(value) = inputs[key].as_f64() {
                self.put(name, value);
            }
        }
        let most = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
        if let Some(most) = most.iter().find_map(|key| inputs[*key].as_i64()) {
            self.put(names::GEN_AI_REQUEST_MAX_TOKENS, most);
        }
        if let Some(seed) = inputs["seed"].as_i64() {
            self.put(names::GEN_AI_REQUEST_SEED, seed);
        }
        if let Some(choices) = inputs["n"].as_i64().filter(|choices| *choices != 1) {
            self.put(names::GEN_AI_REQUEST_CHOICE_COUNT, choices);
        }
        let stop = match inputs.get("stop").or_else(|| inputs.get("stop_sequences")) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(all)) => strings(all.iter()),
            _ => Vec::new(),
        };
        self.put_strings(names::GEN_AI_REQUEST_STOP_SEQUENCES, stop);
    }

    fn response(&mut self, outputs: &Value) {
        for (key, name) in [
            ("id", names::GEN_AI_RESPONSE_ID),
            ("model", names::GEN_AI_RESPONSE_MODEL),
        ] {
            if let Some(text) = outputs[key].as_str() {
                self.put(name, text.to_owned());
            }
        }
        let choices = outputs["choices"].as_array();
        let choices = choices.map(|choices| strings(choices.iter().map(|choice| &choice["finish_reason"])));
        let reasons = choices.unwrap_or_else(|| strings([&outputs["stop_reason"]].into_iter()));
        self.put_strings(names::GEN_AI_RESPONSE_FINISH_REASONS, reasons);
    }

    /// Inputs and outputs as messages, where they are some; otherwise they keep their names.
    fn said(&mut self, source: &Source<'_>) {
        for (mlflow, name, read) in [
            (
                attributes::SPAN_INPUTS,
                names::GEN_AI_INPUT_MESSAGES,
                messages::input as fn(&Value) -> Option<Value>,
            ),
            (
                attributes::SPAN_OUTPUTS,
                names::GEN_AI_OUTPUT_MESSAGES,
                messages::output,
            ),
        ] {
            if let Some(read) = source.json(mlflow).as_ref().and_then(read) {
                self.put_json(name, &read);
                self.replace(mlflow);
            }
        }
    }

    fn rename(&mut self, source: &Source<'_>, mlflow: &str, name: &'static str) {
        if let Some(value) = source.json(mlflow) {
            self.put_json(name, &value);
            self.replace(mlflow);
        }
    }

    fn put_strings(&mut self, name: &'static str, values: Vec<String>) {
        if !values.is_empty() {
            let values = values.into_iter().map(Into::into).collect();
            self.put(name, OtelValue::Array(Array::String(values)));
        }
    }
}

fn strings<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

fn query(inputs: &Value) -> Option<&str> {
    inputs.as_str().or_else(|| {
        ["query", "question", "input"]
            .iter()
            .find_map(|key| inputs[*key].as_str())
    })
}
