//! The bodies of requests.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{EndpointType, ServerKind};
use crate::workload::{Content, RequestSpec};

/// What all bodies of a run have in common.
#[derive(Debug, Clone, Serialize)]
pub struct BodyConfig {
    /// The model's name as the server knows it.
    pub model: String,
    /// Which API.
    pub endpoint_type: EndpointType,
    /// Whether the answer is asked for as a stream.
    pub streaming: bool,
    /// The dialect.
    pub server: ServerKind,
    /// Whether usage is asked for in streams.
    pub stream_usage: StreamUsage,
    /// The field that bounds the output of a chat.
    pub max_tokens_field: MaxTokensField,
    /// Fields of the user's own, which win over ours.
    pub extra: Map<String, Value>,
}

/// What is asked for about the usage of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamUsage {
    /// Once, at the end.
    AtEnd,
    /// With each chunk, and at the end. vLLM has it.
    PerChunk,
    /// Nothing: the server refuses `stream_options`.
    NotAsked,
}

/// The name of the field that bounds the output of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    /// `max_completion_tokens`, OpenAI's present name.
    MaxCompletionTokens,
    /// `max_tokens`, its older one.
    MaxTokens,
}

/// Writes bodies.
#[derive(Debug, Clone)]
pub(crate) struct BodyBuilder {
    endpoint_type: EndpointType,
    max_tokens_field: &'static str,
    exact_length: bool,
    /// Length fields that the user set: ours would come twice.
    length_is_set: bool,
    /// The fields that never change, each with a comma before it, and the closing brace.
    constant: String,
    constant_fields: Map<String, Value>,
}

impl BodyConfig {
    pub(crate) fn build(&self) -> BodyBuilder {
        let mut fields = Map::new();
        fields.insert("model".to_owned(), json!(self.model));
        if self.endpoint_type != EndpointType::Embeddings {
            fields.insert("stream".to_owned(), json!(self.streaming));
        }
        // The responses API sends usage with its last event, unasked.
        if self.streaming && self.endpoint_type != EndpointType::Responses {
            let options = match self.stream_usage {
                StreamUsage::AtEnd => Some(json!({"include_usage": true})),
                StreamUsage::PerChunk => Some(json!({"include_usage": true, "continuous_usage_stats": true})),
                StreamUsage::NotAsked => None,
            };
            fields.extend(options.map(|options| ("stream_options".to_owned(), options)));
        }
        fields.extend(self.extra.clone());
        let constant = fields
            .iter()
            .map(|(name, value)| format!(",{}:{value}", json!(name)))
            .collect::<String>()
            + "}";
        let max_tokens_field = match (self.endpoint_type, self.max_tokens_field) {
            (EndpointType::Responses, _) => "max_output_tokens",
            (EndpointType::Chat, MaxTokensField::MaxCompletionTokens) => "max_completion_tokens",
            _ => "max_tokens",
        };
        BodyBuilder {
            endpoint_type: self.endpoint_type,
            max_tokens_field,
            exact_length: self.server.enforces_output_length(),
            length_is_set: ["max_tokens", "max_completion_tokens", "max_output_tokens"]
                .iter()
                .any(|name| self.extra.contains_key(*name)),
            constant,
            constant_fields: fields,
        }
    }
}

impl BodyBuilder {
    /// Writes the body for `spec` into `buffer`, replacing what it held.
    pub(crate) fn write(&self, spec: &RequestSpec<'_>, buffer: &mut Vec<u8>) {
        buffer.clear();
        match (spec.content, self.endpoint_type) {
            (Content::Payload(payload), _) => return self.write_payload(payload, spec, buffer),
            (Content::Text(text), EndpointType::Chat) => {
                buffer.extend_from_slice(br#"{"messages":[{"role":"user","content":"#);
                write_text(text, buffer);
                buffer.extend_from_slice(b"}]");
            }
            (Content::Messages(messages), EndpointType::Chat) => write_field(r#"{"messages":"#, messages, buffer),
            (Content::Messages(messages), _) => write_field(r#"{"input":"#, messages, buffer),
            (Content::Text(text), EndpointType::Completions) => {
                buffer.extend_from_slice(br#"{"prompt":"#);
                write_text(text, buffer);
            }
            (Content::Text(text), EndpointType::Responses | EndpointType::Embeddings) => {
                buffer.extend_from_slice(br#"{"input":"#);
                write_text(text, buffer);
            }
        }
        self.write_length(spec, buffer);
        buffer.extend_from_slice(self.constant.as_bytes());
    }

    /// The fields that ask for an output length, each with a comma before it.
    fn write_length(&self, spec: &RequestSpec<'_>, buffer: &mut Vec<u8>) {
        let Some(tokens) = spec.output_tokens else { return };
        if self.length_is_set || self.endpoint_type == EndpointType::Embeddings {
            return;
        }
        let mut digits = itoa::Buffer::new();
        let tokens = digits.format(tokens).as_bytes();
        buffer.extend_from_slice(b",\"");
        buffer.extend_from_slice(self.max_tokens_field.as_bytes());
        buffer.extend_from_slice(b"\":");
        buffer.extend_from_slice(tokens);
        if self.exact_length {
            for (name, value) in [("min_tokens", tokens), ("ignore_eos", b"true")] {
                if !self.constant_fields.contains_key(name) {
                    buffer.extend_from_slice(b",\"");
                    buffer.extend_from_slice(name.as_bytes());
                    buffer.extend_from_slice(b"\":");
                    buffer.extend_from_slice(value);
                }
            }
        }
    }

    /// A body of the user's own: its fields stay as they are, and ours fill what it lacks.
    fn write_payload(&self, payload: &str, spec: &RequestSpec<'_>, buffer: &mut Vec<u8>) {
        let fields: BTreeMap<&str, &RawValue> = serde_json::from_str(payload).unwrap_or_default();
        let body = payload.trim_end();
        buffer.extend_from_slice(body.strip_suffix('}').unwrap_or(body).trim_end().as_bytes());
        let start = buffer.len();
        if !fields.contains_key(self.max_tokens_field) {
            self.write_length(spec, buffer);
        }
        for (name, value) in self
            .constant_fields
            .iter()
            .filter(|(name, _)| !fields.contains_key(name.as_str()))
        {
            // A field without a comma before it would end the JSON of an object that has others; an empty one has none.
            write_field(&format!(",{}:", json!(name)), &value.to_string(), buffer);
        }
        if fields.is_empty() && buffer.len() > start {
            buffer.remove(start);
        }
        buffer.push(b'}');
    }
}

fn write_field(name: &str, json: &str, buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(name.as_bytes());
    buffer.extend_from_slice(json.as_bytes());
}

/// A JSON string. Prompts that we make need no escapes, and looking is cheaper than escaping.
fn write_text(text: &str, buffer: &mut Vec<u8>) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        buffer.push(b'"');
        buffer.extend_from_slice(text.as_bytes());
        buffer.push(b'"');
    } else {
        serde_json::to_writer(buffer, text).expect("a string can be written to memory");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(endpoint_type: EndpointType, server: ServerKind) -> BodyConfig {
        BodyConfig {
            model: "m".to_owned(),
            endpoint_type,
            streaming: true,
            server,
            stream_usage: StreamUsage::AtEnd,
            max_tokens_field: MaxTokensField::MaxCompletionTokens,
            extra: Map::new(),
        }
    }

    fn body(config: &BodyConfig, content: Content<'_>, output_tokens: Option<u32>) -> Value {
        let mut buffer = Vec::new();
        config.build().write(
            &RequestSpec {
                content,
                output_tokens,
                input_tokens: None,
            },
            &mut buffer,
        );
        serde_json::from_slice(&buffer).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&buffer)))
    }

    #[test]
    fn vllm_is_told_to_produce_exactly_the_length() {
        let body = body(
            &config(EndpointType::Chat, ServerKind::Vllm),
            Content::Text("say \"hi\""),
            Some(8),
        );
        assert_eq!(
            body,
            json!({"messages":[{"role":"user","content":"say \"hi\""}], "max_completion_tokens":8, "min_tokens":8,
                "ignore_eos":true, "model":"m", "stream":true, "stream_options":{"include_usage":true}})
        );
    }

    #[test]
    fn openai_is_sent_no_field_it_would_refuse() {
        let body = body(
            &config(EndpointType::Completions, ServerKind::OpenAi),
            Content::Text("hi"),
            Some(8),
        );
        assert_eq!(
            body,
            json!({"prompt":"hi", "max_tokens":8, "model":"m", "stream":true, "stream_options":{"include_usage":true}})
        );
    }

    #[test]
    fn the_users_fields_win() {
        let mut config = config(EndpointType::Responses, ServerKind::Vllm);
        let extra = json!({"max_output_tokens": 3, "temperature": 0.0, "model": "other"});
        config.extra = extra.as_object().unwrap().clone();
        let body = body(&config, Content::Text("hi"), Some(8));
        assert_eq!(
            body,
            json!({"input":"hi", "max_output_tokens":3, "temperature":0.0, "model":"other", "stream":true})
        );
    }

    #[test]
    fn a_payload_is_only_completed() {
        let config = config(EndpointType::Chat, ServerKind::OpenAi);
        let whole = body(
            &config,
            Content::Payload(r#" {"model":"x","messages":[],"max_completion_tokens":1} "#),
            Some(8),
        );
        assert_eq!(
            whole,
            json!({"model":"x","messages":[],"max_completion_tokens":1,"stream":true,"stream_options":{"include_usage":true}})
        );
        assert_eq!(body(&config, Content::Payload("{}"), None)["model"], json!("m"));
    }

    #[test]
    fn embeddings_are_asked_for_nothing_but_vectors() {
        let mut config = config(EndpointType::Embeddings, ServerKind::Vllm);
        config.streaming = false;
        assert_eq!(
            body(&config, Content::Text("hi"), Some(8)),
            json!({"input":"hi","model":"m"})
        );
    }
}
