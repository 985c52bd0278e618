//! What a request asked for, as its body says it.

use serde::Deserialize;
use serde_json::Value;

use super::content::InputContent;
use crate::Operation;

/// What a request asked for. What its body does not say is `None` or empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RequestParameters {
    /// The model.
    pub model: Option<String>,
    /// The bound on output tokens, under whichever of its names it was sent.
    pub max_tokens: Option<i64>,
    /// Where the bound of a single request stands.
    pub length_source: LengthSource,
    /// `temperature`.
    pub temperature: Option<f64>,
    /// `top_p`.
    pub top_p: Option<f64>,
    /// `top_k`.
    pub top_k: Option<i64>,
    /// `frequency_penalty`.
    pub frequency_penalty: Option<f64>,
    /// `presence_penalty`.
    pub presence_penalty: Option<f64>,
    /// `seed`.
    pub seed: Option<i64>,
    /// `stop`, the first 64 of them.
    pub stop_sequences: Vec<String>,
    /// `n`.
    pub choices: Option<i64>,
    /// The format of the answer, if one is asked for.
    pub output_type: Option<OutputType>,
    /// `reasoning_effort`, or `reasoning.effort`.
    pub reasoning_level: Option<String>,
    /// `service_tier`.
    pub service_tier: Option<String>,
    /// `previous_response_id`.
    pub previous_response_id: Option<String>,
    /// `encoding_format` of embeddings.
    pub encoding_format: Option<String>,
    /// `dimensions` of embeddings.
    pub dimensions: Option<i64>,
    /// `stream`.
    pub stream: Option<bool>,
    /// The prompt. Only where somebody asked for content: [`RequestParameters::with_content`].
    pub content: Option<InputContent>,
}

/// Where the bound on the output of a single request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LengthSource {
    /// In [`RequestParameters::max_tokens`], which was read from the body of that request.
    #[default]
    Body,
    /// In the record of the request, if it has one: the parameters were read from the body of another.
    Record,
}

/// The formats of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputType {
    /// Text.
    Text,
    /// JSON, with a schema or without.
    Json,
}

/// More stop sequences than any server takes.
const MOST_STOP_SEQUENCES: usize = 64;

/// The fields of a body that are of interest, whatever their types. Others, prompts among them, are skipped unread.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Fields {
    model: Value,
    max_completion_tokens: Value,
    max_output_tokens: Value,
    max_tokens: Value,
    temperature: Value,
    top_p: Value,
    top_k: Value,
    frequency_penalty: Value,
    presence_penalty: Value,
    seed: Value,
    stop: Value,
    n: Value,
    response_format: Value,
    text: Value,
    reasoning_effort: Value,
    reasoning: Value,
    service_tier: Value,
    previous_response_id: Value,
    encoding_format: Value,
    dimensions: Value,
    stream: Value,
}

impl RequestParameters {
    /// The parameters in the JSON body of a request. A field of the wrong type counts as absent, and so do all when the body is
    /// no JSON: the server was sent it all the same.
    #[must_use]
    pub fn from_body(body: &[u8], operation: Operation) -> Self {
        let fields: Fields = serde_json::from_slice(body).unwrap_or_default();
        let is_embedding = operation == Operation::Embeddings;
        Self {
            model: text(&fields.model),
            max_tokens: [
                &fields.max_completion_tokens,
                &fields.max_output_tokens,
                &fields.max_tokens,
            ]
            .into_iter()
            .find_map(Value::as_i64),
            length_source: LengthSource::Body,
            temperature: fields.temperature.as_f64(),
            top_p: fields.top_p.as_f64(),
            top_k: whole(&fields.top_k),
            frequency_penalty: fields.frequency_penalty.as_f64(),
            presence_penalty: fields.presence_penalty.as_f64(),
            seed: fields.seed.as_i64(),
            stop_sequences: texts(&fields.stop),
            choices: fields.n.as_i64(),
            output_type: output_type(&fields),
            reasoning_level: text(&fields.reasoning_effort).or_else(|| text(&fields.reasoning["effort"])),
            service_tier: text(&fields.service_tier),
            previous_response_id: text(&fields.previous_response_id),
            encoding_format: text(&fields.encoding_format).filter(|_| is_embedding),
            dimensions: fields.dimensions.as_i64().filter(|_| is_embedding),
            stream: fields.stream.as_bool(),
            content: None,
        }
    }

    /// These parameters for every request of a run whose bodies differ in prompt and length alone: the length is that of the
    /// record.
    #[must_use]
    pub fn for_every_request(self) -> Self {
        Self {
            length_source: LengthSource::Record,
            ..self
        }
    }

    /// These parameters and the prompt of `body`.
    #[must_use]
    pub fn with_content(self, body: &[u8], operation: Operation) -> Self {
        Self {
            content: InputContent::from_body(body, operation),
            ..self
        }
    }
}

/// Some clients write whole numbers as `5.0`.
fn whole(value: &Value) -> Option<i64> {
    let from_float = || {
        value
            .as_f64()
            .filter(|float| float.fract() == 0.0)
            .map(|float| float as i64)
    };
    value.as_i64().or_else(from_float)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// One text, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().filter_map(text).take(MOST_STOP_SEQUENCES).collect(),
        _ => Vec::new(),
    }
}

/// `response_format.type` of chats, `text.format.type` of responses.
fn output_type(fields: &Fields) -> Option<OutputType> {
    let format = fields.response_format["type"].as_str();
    match format.or(fields.text["format"]["type"].as_str())? {
        "text" => Some(OutputType::Text),
        "json_object" | "json_schema" => Some(OutputType::Json),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(body: &Value, operation: Operation) -> RequestParameters {
        RequestParameters::from_body(body.to_string().as_bytes(), operation)
    }

    #[test]
    fn a_chat_says_what_it_asks_for() {
        let body = json!({
            "model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9, "max_completion_tokens": 8,
            "temperature": 1, "top_p": 0.5, "top_k": 4, "frequency_penalty": 0.1, "presence_penalty": -0.1, "seed": -3,
            "stop": ["a", "b"], "n": 2, "response_format": {"type": "json_schema"}, "reasoning_effort": "low",
            "service_tier": "flex", "stream": true,
        });
        assert_eq!(
            of(&body, Operation::Chat),
            RequestParameters {
                model: Some("m".to_owned()),
                max_tokens: Some(8),
                temperature: Some(1.0),
                top_p: Some(0.5),
                top_k: Some(4),
                frequency_penalty: Some(0.1),
                presence_penalty: Some(-0.1),
                seed: Some(-3),
                stop_sequences: vec!["a".to_owned(), "b".to_owned()],
                choices: Some(2),
                output_type: Some(OutputType::Json),
                reasoning_level: Some("low".to_owned()),
                service_tier: Some("flex".to_owned()),
                stream: Some(true),
                ..RequestParameters::default()
            }
        );
    }

    #[test]
    fn responses_and_embeddings_have_fields_of_their_own() {
        let body = json!({"max_output_tokens": 5, "reasoning": {"effort": "high"}, "text": {"format": {"type": "text"}},
            "previous_response_id": "r1", "dimensions": 3});
        let response = of(&body, Operation::Responses);
        assert_eq!(
            (response.max_tokens, response.output_type, response.dimensions),
            (Some(5), Some(OutputType::Text), None)
        );
        assert_eq!(
            (
                response.reasoning_level.as_deref(),
                response.previous_response_id.as_deref()
            ),
            (Some("high"), Some("r1"))
        );
        let embedding = of(
            &json!({"dimensions": 256, "encoding_format": "base64"}),
            Operation::Embeddings,
        );
        assert_eq!(
            (embedding.dimensions, embedding.encoding_format.as_deref()),
            (Some(256), Some("base64"))
        );
    }

    #[test]
    fn what_makes_no_sense_is_not_there() {
        let body = json!({"model": 7, "temperature": "warm", "stop": 1, "n": null, "seed": 3});
        let parameters = of(&body, Operation::Chat);
        assert_eq!(
            parameters,
            RequestParameters {
                seed: Some(3),
                ..RequestParameters::default()
            }
        );
        assert_eq!(
            RequestParameters::from_body(b"{", Operation::Chat),
            RequestParameters::default()
        );
    }
}
