//! The attributes of a span: what they say as JSON, and how more are added.

use serde_json::Value;

use crate::mlflow::traces::described_value;
use crate::otlp::{self, KeyValue, any_value};

/// The attributes of a span, while more are added.
#[derive(Debug)]
pub struct Attributes<'a>(pub &'a mut Vec<KeyValue>);

impl Attributes<'_> {
    /// Adds an attribute, unless it is there.
    pub fn put(&mut self, name: &str, value: impl Into<otlp::Value>) {
        if !self.has(name) {
            self.0.push(otlp::attribute(name, value));
        }
    }

    /// Adds those that are not there.
    pub fn put_all(&mut self, attributes: Vec<KeyValue>) {
        for attribute in attributes {
            if !self.has(&attribute.key) {
                self.0.push(attribute);
            }
        }
    }

    /// Takes an attribute away.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|attribute| attribute.key != name);
    }

    /// Whether an attribute is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|attribute| attribute.key == name)
    }

    /// The value of an attribute, if it is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        text(self.0, name)
    }
}

pub(super) fn text<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    match value(attributes, name)?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// What an attribute says: the JSON in its text, the text if it is none, or its structure.
pub(super) fn json(attributes: &[KeyValue], name: &str) -> Option<Value> {
    let value = value(attributes, name)?;
    let json = match value.value.as_ref()? {
        any_value::Value::StringValue(text) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
        }
        _ => described_value(value),
    };
    (!json.is_null()).then_some(json)
}

fn value<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a otlp::AnyValue> {
    let attribute = attributes.iter().find(|attribute| attribute.key == name)?;
    attribute.value.as_ref()
}
