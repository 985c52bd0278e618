//! Attributes as plain JSON, for those who only look at them.

use serde_json::{Map, Value};

use super::any_value::base64;
use crate::otlp::{AnyValue, KeyValue, any_value};

/// Attributes as a JSON object. Of several with one name the last counts.
#[must_use]
pub fn described_attributes(attributes: &[KeyValue]) -> Map<String, Value> {
    let entries = attributes.iter().map(|attribute| {
        (
            attribute.key.clone(),
            attribute.value.as_ref().map_or(Value::Null, described_value),
        )
    });
    entries.collect()
}

/// A value as JSON: bytes in base64, numbers that JSON has not as texts. How deep it may be was settled when it was decoded.
#[must_use]
pub fn described_value(value: &AnyValue) -> Value {
    match &value.value {
        Some(any_value::Value::StringValue(text)) => Value::from(text.as_str()),
        Some(any_value::Value::BoolValue(flag)) => Value::from(*flag),
        Some(any_value::Value::IntValue(number)) => Value::from(*number),
        Some(any_value::Value::DoubleValue(number)) if number.is_finite() => Value::from(*number),
        Some(any_value::Value::DoubleValue(number)) => Value::from(number.to_string()),
        Some(any_value::Value::BytesValue(bytes)) => Value::from(base64(bytes)),
        Some(any_value::Value::ArrayValue(array)) => array.values.iter().map(described_value).collect(),
        Some(any_value::Value::KvlistValue(list)) => Value::Object(described_attributes(&list.values)),
        Some(any_value::Value::StringValueStrindex(_)) | None => Value::Null,
    }
}
