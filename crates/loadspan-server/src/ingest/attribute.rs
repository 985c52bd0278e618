//! Attributes of OTLP as texts, for tags and names.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loadspan_wire::otlp::any_value::Value;
use loadspan_wire::otlp::{AnyValue, KeyValue};
use serde_json::Value as Json;

/// The value of an attribute. The last one counts, should there be several, as in a map that is filled in order.
pub(super) fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let attribute = attributes.iter().rev().find(|attribute| attribute.key == key)?;
    attribute.value.as_ref()?.value.as_ref()
}

/// A text that is not empty. Clients of MLflow send texts as JSON too, with their quotes.
pub(super) fn find_text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<Cow<'a, str>> {
    match find(attributes, key)? {
        Value::StringValue(text) => Some(unquoted(text)).filter(|text| !text.is_empty()),
        _ => None,
    }
}

/// A value for people: texts as they are, everything else as JSON.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::StringValue(text) => Cow::Borrowed(text),
        value => Cow::Owned(json(value).to_string()),
    }
}

/// A text without the quotes that it has as JSON.
pub(super) fn unquoted(text: &str) -> Cow<'_, str> {
    crate::translate::unquoted(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A value as JSON; bytes in base64. What JSON has no number for is null. How deep it may be was settled when it was decoded.
pub(super) fn json(value: &Value) -> Json {
    match value {
        Value::StringValue(text) => Json::from(text.as_str()),
        Value::BoolValue(value) => Json::from(*value),
        Value::IntValue(number) => Json::from(*number),
        Value::DoubleValue(number) => Json::from(*number),
        Value::BytesValue(bytes) => Json::from(STANDARD.encode(bytes)),
        Value::ArrayValue(array) => array.values.iter().map(any_json).collect(),
        Value::KvlistValue(list) => object(&list.values),
        // Of profiles, whose dictionary nothing here has.
        Value::StringValueStrindex(_) => Json::Null,
    }
}

/// Attributes as a JSON object.
pub(super) fn object(attributes: &[KeyValue]) -> Json {
    let entries = attributes.iter().map(|attribute| {
        (
            attribute.key.clone(),
            attribute.value.as_ref().map_or(Json::Null, any_json),
        )
    });
    Json::Object(entries.collect())
}

fn any_json(value: &AnyValue) -> Json {
    value.value.as_ref().map_or(Json::Null, json)
}

/// The beginning of a text: at most so many characters.
pub(super) fn cut(text: &str, characters: usize) -> &str {
    text.char_indices()
        .nth(characters)
        .map_or(text, |(end, _)| &text[..end])
}
