//! What a response says of itself: id, model, why it ended.

use serde_json::Value;

use super::{genai, names};
use crate::otlp::{KeyValue, attribute};

const TEXTS: [(&str, &[&str]); 3] = [
    (genai::GEN_AI_RESPONSE_ID, &["id", "responseId", "response_id"]),
    (
        genai::GEN_AI_RESPONSE_MODEL,
        &["model", "modelId", "modelVersion", "model_version"],
    ),
    (names::OPENAI_RESPONSE_SYSTEM_FINGERPRINT, &["system_fingerprint"]),
];

/// What a response of a model says of itself, under the conventions' names.
#[must_use]
pub fn response(response: &Value) -> Vec<KeyValue> {
    let mut found = Vec::new();
    for (name, keys) in TEXTS {
        let text = keys.iter().find_map(|key| response[*key].as_str());
        found.extend(text.filter(|text| !text.is_empty()).map(|text| attribute(name, text)));
    }
    // Others than OpenAI have a service tier too, with words of their own.
    let tier = response["service_tier"].as_str();
    let tier = tier.filter(|_| response.get("object").is_some());
    found.extend(tier.map(|tier| attribute(names::OPENAI_RESPONSE_SERVICE_TIER, tier)));
    let reasons = finish_reasons(response);
    if !reasons.is_empty() {
        found.push(attribute(genai::GEN_AI_RESPONSE_FINISH_REASONS, reasons));
    }
    found
}

/// One for each choice, in the words of the maker.
fn finish_reasons(response: &Value) -> Vec<String> {
    let list = ["choices", "candidates"]
        .iter()
        .find_map(|name| response[*name].as_array());
    if let Some(choices) = list {
        return choices.iter().filter_map(finish_reason).collect();
    }
    if let Some(generations) = response["generations"][0].as_array() {
        let infos = generations.iter().map(|generation| &generation["generation_info"]);
        return infos.filter_map(finish_reason).collect();
    }
    let messages = response["messages"].as_array().or_else(|| response.as_array());
    if let Some(messages) = messages {
        return messages.iter().filter_map(finish_reason).collect();
    }
    finish_reason(response).into_iter().collect()
}

/// Why a response, or a choice of it, ended.
pub(super) fn finish_reason(said: &Value) -> Option<String> {
    let names = ["finish_reason", "finishReason", "stop_reason", "stopReason"];
    let reason = names.iter().find_map(|name| said[*name].as_str());
    reason.filter(|reason| !reason.is_empty()).map(str::to_owned)
}
