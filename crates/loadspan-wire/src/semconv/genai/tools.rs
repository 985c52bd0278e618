//! Tools that a model is offered, from the shapes of their makers.

use serde_json::{Map, Value};

/// Where a request has its tools.
pub(super) fn of_request(request: &Value) -> Option<&Value> {
    request
        .get("tools")
        .or_else(|| request.get("config")?.get("tools"))
        .or_else(|| request.get("toolConfig")?.get("tools"))
        .filter(|tools| tools.as_array().is_some_and(|tools| !tools.is_empty()))
}

/// Tools without the envelopes that makers have: `{type, name, description, parameters}`. What is none of theirs stays as it is.
#[must_use]
pub fn definitions(tools: &Value) -> Value {
    match tools {
        Value::Array(tools) => tools.iter().flat_map(flat).collect(),
        other => other.clone(),
    }
}

/// One tool, or the several of one envelope of Gemini.
fn flat(tool: &Value) -> Vec<Value> {
    if let Value::String(text) = tool {
        // Vercel's SDK has a text of JSON for each.
        return match serde_json::from_str::<Value>(text) {
            Ok(inner @ Value::Object(_)) => flat(&inner),
            _ => vec![tool.clone()],
        };
    }
    let several = ["functionDeclarations", "function_declarations"];
    if let Some(declared) = several.iter().find_map(|name| tool[*name].as_array()) {
        return declared.iter().map(definition).collect();
    }
    vec![definition(tool)]
}

fn definition(tool: &Value) -> Value {
    let inner = tool["function"].as_object().or_else(|| tool["toolSpec"].as_object());
    let Some(said) = inner.or_else(|| tool.as_object()) else {
        return tool.clone();
    };
    let mut flat = Map::new();
    for (name, value) in said {
        match name.as_str() {
            "input_schema" | "inputSchema" => {
                flat.insert("parameters".to_owned(), value.get("json").unwrap_or(value).clone())
            }
            _ => flat.insert(name.clone(), value.clone()),
        };
    }
    let kind = tool.get("type").cloned().unwrap_or_else(|| "function".into());
    // A maker's own tools keep their kind; with Anthropic, one that is declared may be called custom.
    let kind = if kind == "custom" && flat.contains_key("parameters") {
        "function".into()
    } else {
        kind
    };
    flat.insert("type".to_owned(), kind);
    Value::Object(flat)
}
