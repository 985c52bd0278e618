//! Parameters of a request, from the shapes of OpenAI, Anthropic, Gemini, Bedrock and others.

use serde_json::Value;

use super::genai;
use crate::otlp::{KeyValue, attribute};

/// Where makers put parameters, beside the top of a request.
const PLACES: [&str; 6] = [
    "config",
    "generationConfig",
    "generation_config",
    "inferenceConfig",
    "options",
    "parameters",
];

const DOUBLES: [(&str, &[&str]); 4] = [
    (genai::GEN_AI_REQUEST_TEMPERATURE, &["temperature"]),
    (genai::GEN_AI_REQUEST_TOP_P, &["top_p", "topP"]),
    (
        genai::GEN_AI_REQUEST_FREQUENCY_PENALTY,
        &["frequency_penalty", "frequencyPenalty"],
    ),
    (
        genai::GEN_AI_REQUEST_PRESENCE_PENALTY,
        &["presence_penalty", "presencePenalty"],
    ),
];

const INTEGERS: [(&str, &[&str]); 3] = [
    (
        genai::GEN_AI_REQUEST_MAX_TOKENS,
        &[
            "max_tokens",
            "max_completion_tokens",
            "max_output_tokens",
            "maxTokens",
            "maxOutputTokens",
            "num_predict",
        ],
    ),
    (genai::GEN_AI_REQUEST_SEED, &["seed"]),
    (genai::GEN_AI_REQUEST_TOP_K, &["top_k", "topK"]),
];

/// The parameters of a call of a model. Those that the conventions have no name for are not among them.
#[must_use]
pub fn parameters(request: &Value) -> Vec<KeyValue> {
    let request = Request(request);
    let mut found = Vec::new();
    for (name, keys) in DOUBLES {
        found.extend(request.find(keys, Value::as_f64).map(|value| attribute(name, value)));
    }
    for (name, keys) in INTEGERS {
        found.extend(request.find(keys, whole).map(|value| attribute(name, value)));
    }
    let choices = request.find(&["n", "candidateCount", "candidate_count"], whole);
    let choices = choices.filter(|choices| *choices != 1);
    found.extend(choices.map(|choices| attribute(genai::GEN_AI_REQUEST_CHOICE_COUNT, choices)));
    let stop = request.find(&["stop", "stop_sequences", "stopSequences"], texts);
    found.extend(stop.map(|stop| attribute(genai::GEN_AI_REQUEST_STOP_SEQUENCES, stop)));
    let is_stream = request.find(&["stream"], Value::as_bool).filter(|is_stream| *is_stream);
    found.extend(is_stream.map(|is_stream| attribute(genai::GEN_AI_REQUEST_STREAM, is_stream)));
    found.extend(
        request
            .output_type()
            .map(|kind| attribute(genai::GEN_AI_OUTPUT_TYPE, kind)),
    );
    let level = request.find(&["reasoning_effort", "reasoningEffort"], text);
    let level = level.or_else(|| text(&request.0["reasoning"]["effort"]));
    found.extend(level.map(|level| attribute(genai::GEN_AI_REQUEST_REASONING_LEVEL, level)));
    let previous = request.find(&["previous_response_id"], text);
    found.extend(previous.map(|id| attribute(genai::GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID, id)));
    found
}

/// Those of a request for embeddings.
pub(super) fn of_embeddings(request: &Value) -> Vec<KeyValue> {
    let request = Request(request);
    let formats = request.find(&["encoding_format", "encoding_formats"], texts);
    let formats = formats.map(|formats| attribute(genai::GEN_AI_REQUEST_ENCODING_FORMATS, formats));
    let dimensions = request.find(&["dimensions", "output_dimensionality"], whole);
    let dimensions = dimensions.map(|count| attribute(genai::GEN_AI_EMBEDDINGS_DIMENSION_COUNT, count));
    formats.into_iter().chain(dimensions).collect()
}

struct Request<'a>(&'a Value);

impl Request<'_> {
    fn find<T>(&self, keys: &[&str], read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let places = PLACES.iter().filter_map(|place| self.0.get(*place));
        let mut places = std::iter::once(self.0).chain(places);
        places.find_map(|place| keys.iter().find_map(|key| read(place.get(*key)?)))
    }

    /// The kind of output that is asked for by a format.
    fn output_type(&self) -> Option<&'static str> {
        let format = self
            .0
            .get("response_format")
            .or_else(|| self.0.get("text")?.get("format"))?;
        match format["type"].as_str().or(format.as_str())? {
            "json_object" | "json_schema" => Some("json"),
            "text" => Some("text"),
            _ => None,
        }
    }
}

/// A whole number: makers write some with a point.
fn whole(value: &Value) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "as long as it is whole and small, nothing is cut"
    )]
    let of_double = |number: f64| (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64);
    value.as_i64().or_else(|| of_double(value.as_f64()?))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// One text or several, but not none.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    let texts: Vec<String> = match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().filter_map(text).collect(),
        _ => Vec::new(),
    };
    (!texts.is_empty()).then_some(texts)
}
