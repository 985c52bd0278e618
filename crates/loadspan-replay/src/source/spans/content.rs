//! What was said in a call, in whichever convention its span has it.
//!
//! All are brought into the shapes that makers of models have; from these `loadspan_wire` knows the way into that of the GenAI
//! conventions.

use loadspan_wire::mlflow::attributes as mlflow;
use loadspan_wire::mlflow::traces::described_attributes;
use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::{AnyValue, KeyValue, any_value, attribute};
use loadspan_wire::semconv::attributes::*;
use loadspan_wire::semconv::genai::{self, Operation};
use serde_json::{Map, Value, json};

use super::deltas;
use super::messages::{self, numbered};
use crate::recording::{Message, Output, Role};

/// What a span says of a call.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) messages: Vec<Message>,
    pub(super) output: Option<Output>,
    pub(super) tools: Option<Value>,
    /// All that it says, in the words of the conventions where they have some.
    pub(super) said: Map<String, Value>,
}

const INPUTS: [&str; 5] = [
    GEN_AI_INPUT_MESSAGES,
    "gen_ai.prompt",
    mlflow::SPAN_INPUTS,
    "input.value",
    "traceloop.entity.input",
];
const OUTPUTS: [&str; 7] = [
    GEN_AI_OUTPUT_MESSAGES,
    GEN_AI_OUTPUT_TEXT,
    "gen_ai.completion",
    "gen_ai.output",
    mlflow::SPAN_OUTPUTS,
    "output.value",
    "traceloop.entity.output",
];

pub(super) fn read(attributes: &Map<String, Value>) -> Content {
    let mut span = Span {
        attributes: attributes
            .iter()
            .filter(|(name, _)| is_said_plainly(name))
            .map(|(name, value)| plain(name, value))
            .collect(),
        ..Span::default()
    };
    let mut put = |name: &str, value: Value| span.attributes.push(attribute(name, value.to_string()));
    put(mlflow::SPAN_TYPE, "CHAT_MODEL".into());
    put(GEN_AI_OPERATION_NAME, Operation::Chat.word().into());
    if let Some(inputs) = inputs(attributes) {
        put(mlflow::SPAN_INPUTS, inputs);
    }
    if let Some(outputs) = outputs(attributes) {
        put(mlflow::SPAN_OUTPUTS, outputs);
    }
    if let Some(parameters) = attributes.get("llm.invocation_parameters").map(unpacked) {
        span.attributes.extend(genai::parameters(&parameters));
    }
    genai::translate(&mut span);
    let said = described_attributes(&span.attributes);
    let json = |name: &str| said.get(name).map(unpacked);
    let instructions = json(GEN_AI_SYSTEM_INSTRUCTIONS).and_then(|parts| messages::of_parts(Role::System, &parts));
    let asked = json(GEN_AI_INPUT_MESSAGES).map(|all| messages::all(&all));
    Content {
        messages: instructions.into_iter().chain(asked.into_iter().flatten()).collect(),
        output: json(GEN_AI_OUTPUT_MESSAGES).and_then(|all| messages::output(&all)),
        tools: json(GEN_AI_TOOL_DEFINITIONS)
            .filter(Value::is_array)
            .or_else(|| numbered_tools(attributes)),
        said,
    }
}

/// Content is put in under one name, whatever it had; everything else stays.
fn is_said_plainly(name: &str) -> bool {
    let numbered = [
        "gen_ai.prompt.",
        "gen_ai.completion.",
        "llm.input_messages.",
        "llm.output_messages.",
    ];
    let replaced = [GEN_AI_OPERATION_NAME, mlflow::SPAN_TYPE, deltas::OUTPUT_MESSAGE];
    !INPUTS.contains(&name)
        && !OUTPUTS.contains(&name)
        && !replaced.contains(&name)
        && !numbered.iter().any(|prefix| name.starts_with(prefix))
}

fn inputs(attributes: &Map<String, Value>) -> Option<Value> {
    let convention = attributes.get(GEN_AI_INPUT_MESSAGES).map(unpacked);
    convention
        .filter(is_content)
        .or_else(|| numbered(attributes, "gen_ai.prompt."))
        .or_else(|| numbered(attributes, "llm.input_messages."))
        .or_else(|| first(attributes, &INPUTS[1..]))
}

fn outputs(attributes: &Map<String, Value>) -> Option<Value> {
    let convention = attributes.get(GEN_AI_OUTPUT_MESSAGES).map(unpacked);
    let message = || {
        attributes
            .get(deltas::OUTPUT_MESSAGE)
            .map(unpacked)
            .and_then(|said| deltas::message(&said))
    };
    convention
        .filter(is_content)
        .or_else(message)
        .or_else(|| numbered(attributes, "gen_ai.completion."))
        .or_else(|| numbered(attributes, "llm.output_messages."))
        .or_else(|| first(attributes, &OUTPUTS[1..]))
}

fn first(attributes: &Map<String, Value>, names: &[&str]) -> Option<Value> {
    let mut found = names.iter().filter_map(|name| attributes.get(*name).map(unpacked));
    found.find(is_content)
}

fn is_content(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(_) => true,
        _ => false,
    }
}

/// The JSON in a text, or the text.
fn unpacked(value: &Value) -> Value {
    let Some(text) = value.as_str() else {
        return value.clone();
    };
    // A text that happens to be a number is a text.
    match serde_json::from_str(text) {
        Ok(json @ (Value::Object(_) | Value::Array(_) | Value::String(_))) => json,
        _ => value.clone(),
    }
}

/// OpenInference has each tool in an attribute, OpenLLMetry in several.
fn numbered_tools(attributes: &Map<String, Value>) -> Option<Value> {
    let tools = (0..).map_while(|number| {
        let name = format!("llm.tools.{number}.tool.json_schema");
        attributes.get(&name).map(unpacked)
    });
    let tools: Vec<Value> = tools.collect();
    if !tools.is_empty() {
        return Some(json!(tools));
    }
    let mut functions = numbered(attributes, "llm.request.functions.")?;
    for function in functions.as_array_mut()? {
        if let Some(parameters) = function.get_mut("parameters") {
            *parameters = unpacked(parameters);
        }
    }
    Some(functions)
}

/// A plain value as an attribute; what has structure is a text of JSON.
fn plain(name: &str, value: &Value) -> KeyValue {
    use any_value::Value as Any;

    let value = match value {
        Value::Bool(flag) => Any::BoolValue(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Any::IntValue(whole),
            None => Any::DoubleValue(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Any::StringValue(text.clone()),
        other => Any::StringValue(other.to_string()),
    };
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}
