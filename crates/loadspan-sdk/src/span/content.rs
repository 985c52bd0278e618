//! What MLflow shows of a span.

use std::borrow::Cow;

use loadspan_wire::mlflow::attributes;
use opentelemetry::{Key, Value};
use serde::Serialize;

use super::{Span, TokenUsage, to_json};
use crate::scalar;
use crate::span_type::SpanType;

/// The shape in which [`Span::set_chat_messages`] expects messages.
const OPENAI: &str = "openai";

impl Span {
    /// What it is.
    pub fn set_type(&self, span_type: impl Into<SpanType>) {
        if self.is_recorded() {
            self.put(attributes::SPAN_TYPE, span_type.into().to_json());
        }
    }

    /// What goes in: anything that can be written as JSON. Borrowed values do, too: `span.set_inputs(&request)`.
    pub fn set_inputs(&self, inputs: impl Serialize) {
        self.put_json(attributes::SPAN_INPUTS, &inputs);
    }

    /// What comes out: anything that can be written as JSON.
    pub fn set_outputs(&self, outputs: impl Serialize) {
        self.put_json(attributes::SPAN_OUTPUTS, &outputs);
    }

    /// An attribute as MLflow keeps it: numbers and bools as such, everything else as JSON text, so that MLflow shows objects and lists
    /// as such. Set again, the last value counts.
    pub fn set_attribute(&self, key: impl Into<Cow<'static, str>>, value: impl Serialize) {
        if !self.is_recorded() {
            return;
        }
        let (key, text) = (key.into(), to_json(&value));
        // MLflow's own are JSON on every path.
        match scalar::of_json(text.0.as_str()).filter(|_| !key.starts_with("mlflow.")) {
            Some(scalar) => self.put(key, scalar),
            None => self.put(key, text),
        }
    }

    /// An attribute as OpenTelemetry has it: a text, a number, a bool or a list of them. This is the method for attributes of its
    /// conventions, such as `gen_ai.request.temperature`.
    pub fn set_otel_attribute(&self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        if self.is_recorded() {
            self.put(key.into(), value);
        }
    }

    /// The function that it is a call of.
    pub fn set_function_name(&self, name: &str) {
        self.put_json(attributes::SPAN_FUNCTION_NAME, name);
    }

    /// The model that is called. MLflow takes its price from it.
    pub fn set_model(&self, model: &str) {
        self.put_json(attributes::LLM_MODEL, model);
    }

    /// Whose model it is: `openai`, `anthropic`, …
    pub fn set_provider(&self, provider: &str) {
        self.put_json(attributes::LLM_PROVIDER, provider);
    }

    /// The tokens of a call of a model. The usage of a trace is the sum over its spans; a span with usage hides that of spans below.
    pub fn set_token_usage(&self, usage: TokenUsage) {
        self.put_json(attributes::CHAT_TOKEN_USAGE, &usage);
    }

    /// The messages of a chat, in the shape of OpenAI's API, as the inputs: `{"messages": […]}`. MLflow shows them as a chat.
    pub fn set_chat_messages(&self, messages: impl Serialize) {
        #[derive(Serialize)]
        struct Inputs<T> {
            messages: T,
        }
        self.put_json(attributes::SPAN_INPUTS, &Inputs { messages });
        self.set_message_format(OPENAI);
    }

    /// The tools that a model is offered, in the shape of OpenAI's API.
    pub fn set_chat_tools(&self, tools: impl Serialize) {
        self.put_json(attributes::CHAT_TOOLS, &tools);
    }

    /// The shape of inputs and outputs: `openai`, `anthropic`, `gemini`, … MLflow shows a chat where it knows the shape.
    pub fn set_message_format(&self, format: &str) {
        self.put_json(attributes::MESSAGE_FORMAT, format);
    }

    fn put_json(&self, key: impl Into<Key>, value: &(impl Serialize + ?Sized)) {
        if self.is_recorded() {
            self.put(key, to_json(value));
        }
    }
}
