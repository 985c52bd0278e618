//! The JSON schema of run files, for editors: made from the flags, as the keys are.

use clap::Arg;
use serde_json::{Map, Value, json};

use super::entries::STAGES;
use super::keys::{Form, Key, Keys, Shape, ValueKind, value_kind};

const ID: &str = "https://github.com/loadspan/loadspan/blob/main/docs/schema/run.schema.json";

/// The schema, draft 2020-12.
pub(crate) fn schema() -> Value {
    let keys = Keys::of_profile();
    let mut definitions = Map::new();
    for key in keys.all() {
        if let Some(arg) = keys.argument(key) {
            definitions.insert(key.name.clone(), of_key(key, arg));
        }
    }
    let of_run = Section {
        keys: &keys,
        fits: |_| true,
        reference: |key| json!({ "$ref": format!("#/$defs/{}", key.name) }),
    };
    let of_stage = Section {
        keys: &keys,
        fits: |key| key.is_for_stages,
        reference: |key| json!({ "anyOf": [{ "$ref": format!("#/$defs/{}", key.name) }, { "type": "null" }] }),
    };
    definitions.insert("stage".to_owned(), stage(&of_stage));
    let mut properties = of_run.properties();
    let stages = json!({
        "description": "Parts of the run with a load of their own, one after the other.",
        "type": "array",
        "minItems": 1,
        "items": { "$ref": "#/$defs/stage" },
    });
    properties.insert(STAGES.to_owned(), stages);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "A run of loadspan",
        "description": "Everything that the flags of `loadspan profile` can say, and stages.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": definitions,
    })
}

fn stage(section: &Section<'_>) -> Value {
    let mut properties = section.properties();
    let own = json!({
        "name": { "description": "What it is called.", "type": "string", "minLength": 1, "maxLength": 64 },
        "role": {
            "description": "Whether its requests are in the figures.",
            "enum": ["measured", "warmup"],
            "default": "measured",
        },
        "pause": {
            "description": "How long nothing is sent before it: seconds, or a time with its unit.",
            "type": ["number", "string"],
            "default": 0,
        },
    });
    properties.extend(own.as_object().cloned().unwrap_or_default());
    json!({
        "description": "A part of the run. Its own settings hold before those of the run; null takes one of the run back.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

/// The settings that may stand at a place.
struct Section<'a> {
    keys: &'a Keys,
    fits: fn(&Key) -> bool,
    reference: fn(&Key) -> Value,
}

impl Section<'_> {
    /// Keys by themselves, and in their groups. A name may be both.
    fn properties(&self) -> Map<String, Value> {
        let keys = || self.keys.all().iter().filter(|key| (self.fits)(key));
        let mut properties: Map<String, Value> = keys().map(|key| (key.name.clone(), (self.reference)(key))).collect();
        for group in self.keys.groups() {
            let members = keys().filter(|key| key.group == group);
            let members: Map<String, Value> = members.map(|key| (key.name.clone(), (self.reference)(key))).collect();
            if members.is_empty() {
                continue;
            }
            let mut schema = json!({
                "type": ["object", "null"],
                "properties": members,
                "additionalProperties": false,
            });
            if let Some(key) = properties.remove(group) {
                schema = json!({ "anyOf": [key, schema] });
            }
            properties.insert(group.to_owned(), schema);
        }
        properties
    }
}

fn of_key(key: &Key, arg: &Arg) -> Value {
    let mut schema = match key.shape {
        Shape::Switch => json!({ "type": "boolean" }),
        Shape::One => of_value(arg),
        Shape::Many => json!({
            "anyOf": [of_value(arg), { "type": "array", "minItems": 1, "items": of_value(arg) }],
        }),
    };
    if let Some(form) = key.map {
        let any = form == Form::Json;
        let item = if any {
            json!({})
        } else {
            json!({ "type": ["string", "number", "boolean"] })
        };
        schema = json!({ "anyOf": [schema, { "type": "object", "additionalProperties": item }] });
    }
    schema["description"] = description(arg).into();
    if let Some(default) = default(arg) {
        schema["default"] = default;
    }
    schema
}

/// A single value. Numbers and choices may also come from a variable.
fn of_value(arg: &Arg) -> Value {
    let choices = arg.get_possible_values();
    let variable = json!({ "type": "string", "pattern": "\\$\\{" });
    if !choices.is_empty() && arg.get_action().takes_values() {
        let names: Vec<&str> = choices.iter().map(clap::builder::PossibleValue::get_name).collect();
        return json!({ "anyOf": [{ "enum": names }, variable] });
    }
    match value_kind(arg.get_value_parser()) {
        ValueKind::Integer(least) => json!({ "anyOf": [{ "type": "integer", "minimum": least }, variable] }),
        ValueKind::Number => json!({ "anyOf": [{ "type": "number" }, variable] }),
        ValueKind::Time => json!({ "type": ["number", "string"] }),
        ValueKind::Text => json!({ "type": ["string", "number", "boolean"] }),
    }
}

fn default(arg: &Arg) -> Option<Value> {
    let default = arg.get_default_values().first()?.to_str()?.to_owned();
    Some(match value_kind(arg.get_value_parser()) {
        _ if !arg.get_action().takes_values() => return None,
        ValueKind::Integer(_) | ValueKind::Number | ValueKind::Time => {
            serde_json::from_str(&default).unwrap_or(Value::String(default))
        }
        ValueKind::Text => Value::String(default),
    })
}

fn description(arg: &Arg) -> String {
    arg.get_help().map(ToString::to_string).unwrap_or_default()
}
