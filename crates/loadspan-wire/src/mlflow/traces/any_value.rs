//! Attributes in protobuf's own JSON: names in snake case, 64-bit integers as numbers, bytes in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::otlp::{AnyValue, KeyValue, any_value};

/// Bytes in base64.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Attributes as a list of `{"key", "value"}`.
pub(super) struct Attributes<'a>(pub(super) &'a [KeyValue]);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Attribute))
    }
}

struct Attribute<'a>(&'a KeyValue);

impl Serialize for Attribute<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.0.key)?;
        if let Some(value) = self.0.value.as_ref().filter(|value| value.value.is_some()) {
            map.serialize_entry("value", &Any(value))?;
        }
        map.end()
    }
}

struct Any<'a>(&'a AnyValue);

impl Serialize for Any<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use any_value::Value;

        let mut map = serializer.serialize_map(None)?;
        match &self.0.value {
            Some(Value::StringValue(text)) => map.serialize_entry("string_value", text)?,
            Some(Value::BoolValue(flag)) => map.serialize_entry("bool_value", flag)?,
            Some(Value::IntValue(number)) => map.serialize_entry("int_value", number)?,
            Some(Value::DoubleValue(number)) if number.is_finite() => map.serialize_entry("double_value", number)?,
            Some(Value::DoubleValue(number)) => map.serialize_entry("double_value", not_finite(*number))?,
            Some(Value::BytesValue(bytes)) => map.serialize_entry("bytes_value", &base64(bytes))?,
            Some(Value::ArrayValue(array)) => map.serialize_entry("array_value", &Values(&array.values))?,
            Some(Value::KvlistValue(list)) => map.serialize_entry("kvlist_value", &Entries(&list.values))?,
            // Of profiles, whose dictionary nothing here has.
            Some(Value::StringValueStrindex(_)) | None => {}
        }
        map.end()
    }
}

struct Values<'a>(&'a [AnyValue]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values: Vec<_> = self.0.iter().map(Any).collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("values", &values)?;
        map.end()
    }
}

struct Entries<'a>(&'a [KeyValue]);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("values", &Attributes(self.0))?;
        map.end()
    }
}

fn not_finite(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}
