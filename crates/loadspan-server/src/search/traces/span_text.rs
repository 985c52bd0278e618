//! Texts of a stored span: of its attributes, and all of it.

use std::fmt::Write as _;

use loadspan_wire::otlp::any_value::Value;
use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::{AnyValue, KeyValue, Message as _, weight};
use serde_json::Map;

use crate::answer;

/// A span as the database has it, decoded.
#[derive(Debug, Clone, Default)]
pub(crate) struct StoredSpan {
    span: Span,
    translated: Map<String, serde_json::Value>,
}

impl StoredSpan {
    /// From its columns. What cannot be decoded, or would take more memory than a page, has no text.
    pub(crate) fn decode(content: &[u8], translated: Option<&str>) -> Self {
        Self {
            span: Some(content)
                .filter(|content| weight::of_span(content) <= answer::DECODED_PAGE)
                .and_then(|content| Span::decode(content).ok())
                .unwrap_or_default(),
            translated: translated
                .and_then(|json| serde_json::from_str(json).ok())
                .unwrap_or_default(),
        }
    }

    /// The value of an attribute, under its own name or MLflow's. Of JSON text that is a quoted text, what is quoted.
    pub(crate) fn attribute(&self, key: &str) -> Option<String> {
        let text = match self.translated.get(key) {
            Some(serde_json::Value::String(json)) => json.clone(),
            Some(value) => value.to_string(),
            None => return text_of_attribute(&self.span.attributes, key),
        };
        Some(without_quotes(text))
    }

    /// Everything in it that is text: names, keys, values, of the span and its events.
    pub(super) fn content(&self) -> String {
        let Self { span, translated } = self;
        let mut text = format!("{}\n", span.name);
        push_attributes(&span.attributes, &mut text);
        for (key, value) in translated {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let _ = writeln!(text, "{key}: {value}");
        }
        for event in &span.events {
            let _ = writeln!(text, "{}", event.name);
            push_attributes(&event.attributes, &mut text);
        }
        text.push_str(span.status.as_ref().map_or("", |status| &status.message));
        text
    }
}

/// The value of an attribute as text. Of JSON text that is a quoted text, what is quoted.
pub(crate) fn text_of_attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let attribute = attributes.iter().rev().find(|attribute| attribute.key == key)?;
    let mut text = String::new();
    push_value(attribute.value.as_ref(), &mut text);
    Some(without_quotes(text))
}

fn without_quotes(text: String) -> String {
    let quoted = text.starts_with('"').then(|| serde_json::from_str(&text).ok());
    quoted.flatten().unwrap_or(text)
}

fn push_attributes(attributes: &[KeyValue], text: &mut String) {
    for attribute in attributes {
        let _ = write!(text, "{}: ", attribute.key);
        push_value(attribute.value.as_ref(), text);
        text.push('\n');
    }
}

/// Lists and maps are written like JSON, with their texts as they are. How deep they go was limited when they were decoded.
fn push_value(value: Option<&AnyValue>, text: &mut String) {
    let Some(value) = value.and_then(|value| value.value.as_ref()) else {
        return;
    };
    // Writing to a text cannot fail.
    let _ = match value {
        Value::StringValue(value) => text.write_str(value),
        Value::BoolValue(value) => write!(text, "{value}"),
        Value::IntValue(value) => write!(text, "{value}"),
        Value::DoubleValue(value) => write!(text, "{value}"),
        Value::ArrayValue(array) => {
            text.push('[');
            for (place, value) in array.values.iter().enumerate() {
                text.push_str(if place == 0 { "" } else { ", " });
                push_value(Some(value), text);
            }
            text.write_char(']')
        }
        Value::KvlistValue(list) => {
            text.push('{');
            for (place, pair) in list.values.iter().enumerate() {
                let comma = if place == 0 { "" } else { ", " };
                let _ = write!(text, "{comma}{}: ", pair.key);
                push_value(pair.value.as_ref(), text);
            }
            text.write_char('}')
        }
        Value::BytesValue(_) | Value::StringValueStrindex(_) => Ok(()),
    };
}

#[cfg(test)]
mod tests {
    use loadspan_wire::otlp::attribute;

    use super::*;

    fn stored() -> StoredSpan {
        let span = Span {
            name: "chat".to_owned(),
            attributes: vec![
                attribute("gen_ai.request.model", "gpt-4"),
                attribute("mlflow.spanInputs", "\"hi\""),
                attribute("n", 7_i64),
            ],
            ..Span::default()
        };
        StoredSpan::decode(
            &span.encode_to_vec(),
            Some(r#"{"mlflow.llm.model":"\"gpt-4\"","x":"{\"a\":1}"}"#),
        )
    }

    #[test]
    fn attributes_are_found_under_both_names_and_without_quotes() {
        let stored = stored();
        let attribute = |key| stored.attribute(key);
        assert_eq!(attribute("gen_ai.request.model").as_deref(), Some("gpt-4"));
        assert_eq!(attribute("mlflow.llm.model").as_deref(), Some("gpt-4"));
        assert_eq!(attribute("mlflow.spanInputs").as_deref(), Some("hi"));
        assert_eq!(attribute("n").as_deref(), Some("7"));
        assert_eq!(attribute("x").as_deref(), Some("{\"a\":1}"));
        assert_eq!(attribute("y"), None);
    }

    #[test]
    fn the_content_has_names_keys_and_values() {
        let content = stored().content();
        for part in ["chat", "gen_ai.request.model: gpt-4", "n: 7", "mlflow.llm.model"] {
            assert!(content.contains(part), "{part:?} is in {content:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_span_have_no_text() {
        let stored = StoredSpan::decode(b"\xff\xff\xff", Some("no json"));
        assert_eq!(stored.attribute("a"), None);
        assert_eq!(stored.content(), "\n");
    }
}
