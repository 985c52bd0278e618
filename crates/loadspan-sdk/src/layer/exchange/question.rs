//! The request: its body becomes the inputs, its parameters become attributes.

use std::sync::Arc;

use loadspan_wire::semconv::attributes;
use opentelemetry::{Array, StringValue, Value};
use serde_json::value::RawValue;

use super::api::Api;
use super::bounded::{Bounded, Kept};
use super::call::Call;
use super::object::{Object, raw};

/// Parameters that are numbers with a fraction.
const FRACTIONS: [(&str, &str); 4] = [
    ("temperature", attributes::GEN_AI_REQUEST_TEMPERATURE),
    ("top_p", attributes::GEN_AI_REQUEST_TOP_P),
    ("frequency_penalty", attributes::GEN_AI_REQUEST_FREQUENCY_PENALTY),
    ("presence_penalty", attributes::GEN_AI_REQUEST_PRESENCE_PENALTY),
];

/// Parameters that are whole numbers. Each API has its own name for the most tokens.
const WHOLE_NUMBERS: [(&str, &str); 6] = [
    ("max_tokens", attributes::GEN_AI_REQUEST_MAX_TOKENS),
    ("max_completion_tokens", attributes::GEN_AI_REQUEST_MAX_TOKENS),
    ("max_output_tokens", attributes::GEN_AI_REQUEST_MAX_TOKENS),
    ("top_k", attributes::GEN_AI_REQUEST_TOP_K),
    ("seed", attributes::GEN_AI_REQUEST_SEED),
    ("dimensions", attributes::GEN_AI_EMBEDDINGS_DIMENSION_COUNT),
];

/// The request of a call.
#[derive(Debug)]
pub(in crate::layer) struct Question {
    call: Arc<Call>,
    body: Bounded,
}

impl Question {
    pub(super) fn new(call: Arc<Call>) -> Self {
        let body = Bounded::new(call.reading_limit());
        Self { call, body }
    }

    /// The next bytes of the body.
    pub(in crate::layer) fn chunk(&mut self, bytes: &[u8]) {
        self.body.push(bytes);
    }

    /// The body is over.
    pub(in crate::layer) fn end(self) {
        self.call.set_request_size(self.body.size());
        match self.body.kept() {
            Kept::Whole(body) => self.call.ask(body),
            Kept::Tail(_) => self.call.set_truncated(),
        }
    }

    /// The whole body, in place of chunks. Parameters are read of one that is too long to be recorded, too.
    #[cfg(feature = "reqwest")]
    pub(in crate::layer) fn whole(self, body: &[u8]) {
        self.call.set_request_size(body.len() as u64);
        self.call.ask(body);
    }
}

impl Call {
    fn set_request_size(&self, bytes: u64) {
        self.span
            .set_otel_attribute("http.request.body.size", i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    fn ask(&self, body: &[u8]) {
        let Some(request) = Object::parse(body) else {
            return;
        };
        if self.records_content(body.len()) {
            self.span.set_inputs(raw(body));
            self.set_tools(&request);
        }
        if let Some(model) = request.text("model") {
            self.set_requested_model(&model);
        }
        self.set_numbers(&request);
        self.set_choices(&request);
        self.set_words(&request);
    }

    fn set_numbers(&self, request: &Object<'_>) {
        for (parameter, name) in FRACTIONS {
            if let Some(value) = request.get::<f64>(parameter) {
                self.span.set_otel_attribute(name, value);
            }
        }
        for (parameter, name) in WHOLE_NUMBERS {
            if let Some(value) = request.get::<i64>(parameter) {
                self.span.set_otel_attribute(name, value);
            }
        }
    }

    /// Parameters that matter only where they are not what they usually are.
    fn set_choices(&self, request: &Object<'_>) {
        if let Some(count) = request.get::<i64>("n").filter(|count| *count != 1) {
            self.span
                .set_otel_attribute(attributes::GEN_AI_REQUEST_CHOICE_COUNT, count);
        }
        if request.get::<bool>("stream") == Some(true) {
            self.span.set_otel_attribute(attributes::GEN_AI_REQUEST_STREAM, true);
        }
        if let Some(tier) = request.text("service_tier").filter(|tier| tier != "auto") {
            self.span
                .set_otel_attribute(attributes::OPENAI_REQUEST_SERVICE_TIER, tier);
        }
    }

    fn set_words(&self, request: &Object<'_>) {
        let effort = || request.object("reasoning")?.text("effort");
        let words = [
            (
                attributes::GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID,
                request.text("previous_response_id"),
            ),
            (
                attributes::GEN_AI_REQUEST_REASONING_LEVEL,
                request.text("reasoning_effort").or_else(effort),
            ),
            (attributes::GEN_AI_OUTPUT_TYPE, output_type(request).map(str::to_owned)),
        ];
        for (name, word) in words {
            if let Some(word) = word {
                self.span.set_otel_attribute(name, word);
            }
        }
        let lists = [
            (attributes::GEN_AI_REQUEST_STOP_SEQUENCES, one_or_many(request, "stop")),
            (
                attributes::GEN_AI_REQUEST_ENCODING_FORMATS,
                one_or_many(request, "encoding_format"),
            ),
        ];
        for (name, list) in lists {
            if let Some(list) = list {
                self.span.set_otel_attribute(name, texts(list));
            }
        }
    }

    fn set_tools(&self, request: &Object<'_>) {
        let Some(tools) = request.raw("tools") else {
            return;
        };
        match self.api {
            Api::Responses => self.span.set_chat_tools(nested(tools)),
            _ => self.span.set_chat_tools(tools),
        }
    }
}

/// The tools of the API of responses in the shape of those of chats, the one that MLflow shows.
fn nested(tools: &RawValue) -> Vec<serde_json::Value> {
    let tools: Vec<serde_json::Value> = serde_json::from_str(tools.get()).unwrap_or_default();
    let nest = |mut tool: serde_json::Value| match tool.as_object_mut() {
        Some(members)
            if members.get("type").is_some_and(|kind| kind == "function") && !members.contains_key("function") =>
        {
            members.remove("type");
            serde_json::json!({"type": "function", "function": members})
        }
        _ => tool,
    };
    tools.into_iter().map(nest).collect()
}

/// The format that is asked for, in the words of the convention.
fn output_type(request: &Object<'_>) -> Option<&'static str> {
    let format = request
        .object("response_format")
        .or_else(|| request.object("text")?.object("format"))?;
    match format.text("type")?.as_str() {
        "json_object" | "json_schema" => Some("json"),
        "text" => Some("text"),
        _ => None,
    }
}

fn one_or_many(request: &Object<'_>, name: &str) -> Option<Vec<String>> {
    request
        .get::<Vec<String>>(name)
        .or_else(|| request.text(name).map(|one| vec![one]))
}

pub(super) fn texts(list: Vec<String>) -> Value {
    Value::Array(Array::String(list.into_iter().map(StringValue::from).collect()))
}
