//! What other conventions spread over several attributes, or say twice: messages, tools, parameters.

use std::collections::BTreeMap;

use loadspan_wire::mlflow::attributes as keys;
use loadspan_wire::otlp::trace::Span;
use loadspan_wire::semconv::genai::{Attributes, parameters, response};
use serde_json::Value;

use super::super::source::{Source, Trail};
use super::super::{json, messages, tree};

/// What a span is given, and where it comes from.
pub(super) struct Material {
    /// JSON texts, by MLflow's names.
    pub(super) added: BTreeMap<&'static str, String>,
    pub(super) origins: BTreeMap<&'static str, Vec<String>>,
}

/// Parameters that are one object.
const PARAMETERS: [&str; 2] = ["llm.invocation_parameters", "langfuse.observation.model.parameters"];

/// Numbered messages, and what stands between number and field.
const MESSAGES: [(&str, &str, &str); 4] = [
    (keys::SPAN_INPUTS, "llm.input_messages.", "message."),
    (keys::SPAN_INPUTS, "gen_ai.prompt.", ""),
    (keys::SPAN_OUTPUTS, "llm.output_messages.", "message."),
    (keys::SPAN_OUTPUTS, "gen_ai.completion.", ""),
];

/// Prefers messages that are spread out over whatever else there is: they have one shape, whoever asked whom.
pub(super) fn refine(target: &mut Attributes<'_>, span: &Span, material: &mut Material) {
    let trail = Trail::default();
    let source = Source::watched(span, &trail);
    for key in PARAMETERS {
        if let Some(said) = source.get(key) {
            target.put_all(parameters(&json::tree_of(said)));
        }
    }
    trail.take();
    material.add_kinds();
    for (key, prefix, inner) in MESSAGES {
        let numbered = messages::numbered(&source, prefix, inner);
        let read = trail.take();
        if let Some(numbered) = numbered
            && let Some(whole) = material.added.get(key)
        {
            of_whole(target, (key, whole));
            material.add(key, numbered, read);
        }
    }
    let has_tools = material.added.contains_key(keys::CHAT_TOOLS) || source.get(keys::CHAT_TOOLS).is_some();
    trail.take();
    if let Some(tools) = tools(&source).filter(|_| !has_tools) {
        material.add(keys::CHAT_TOOLS, tools, trail.take());
    }
}

/// The tools of OpenLLMetry, which are numbered, or of Vercel's SDK, which are a list of texts.
fn tools(source: &Source<'_>) -> Option<String> {
    let numbered = messages::fields(source, "llm.request.functions.", "");
    if numbered.is_empty() {
        return source.json(&["ai.prompt.tools"]);
    }
    let tools = numbered.into_iter().map(Value::Object);
    Some(tools.collect::<Value>().to_string())
}

/// What stands beside messages in a request or a response that is there as a whole.
fn of_whole(target: &mut Attributes<'_>, (key, json): (&str, &str)) {
    let Some(whole) = tree::parse(json, &tree::room()) else {
        return;
    };
    target.put_all(match key {
        keys::SPAN_INPUTS => parameters(&whole),
        _ => response(&whole),
    });
}

impl Material {
    /// What kind of text a value was goes with it.
    fn add_kinds(&mut self) {
        for (value, kind) in [("input.value", "input.mime_type"), ("output.value", "output.mime_type")] {
            let mut origins = self.origins.values_mut();
            if let Some(origins) = origins.find(|origins| origins.iter().any(|origin| origin == value)) {
                origins.push(kind.to_owned());
            }
        }
    }

    fn add(&mut self, key: &'static str, json: String, read: Vec<&str>) {
        self.added.insert(key, json);
        let origins = self.origins.entry(key).or_default();
        origins.extend(read.into_iter().map(str::to_owned));
    }
}
