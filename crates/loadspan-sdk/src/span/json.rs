//! Values as MLflow keeps them: JSON text in a string attribute.

use std::cell::Cell;

use opentelemetry::{StringValue, Value};
use serde::Serialize;

use crate::diagnostics;

/// JSON text, as the value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonText(pub(crate) StringValue);

impl From<JsonText> for Value {
    fn from(text: JsonText) -> Self {
        Self::String(text.0)
    }
}

thread_local! {
    /// Kept between calls: the text is copied out at its final size, in one allocation.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// More than this is not kept between calls.
const LARGEST_KEPT: usize = 64 * 1024;

/// A value as JSON text. One that cannot be written as JSON becomes a text that says so.
pub(crate) fn to_json(value: &(impl Serialize + ?Sized)) -> JsonText {
    with_buffer(|buffer| write_json(buffer, value))
}

/// What `write` leaves in an empty buffer, which must be JSON.
pub(crate) fn with_buffer(write: impl FnOnce(&mut Vec<u8>)) -> JsonText {
    // Taken rather than borrowed: a value may set inputs of another span while it is being serialised.
    let mut buffer = BUFFER.take();
    buffer.clear();
    write(&mut buffer);
    let text = match std::str::from_utf8(&buffer) {
        Ok(text) => Box::<str>::from(text),
        Err(_) => Box::from("null"),
    };
    if buffer.capacity() <= LARGEST_KEPT {
        BUFFER.set(buffer);
    }
    JsonText(String::from(text).into())
}

/// Appends a value as JSON.
pub(crate) fn write_json(buffer: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let before = buffer.len();
    if let Err(error) = serde_json::to_writer(&mut *buffer, value) {
        buffer.truncate(before);
        diagnostics::warn(
            diagnostics::Kind::NotSerializable,
            &format!("a value cannot be written as JSON: {error}; keys of maps must be strings or numbers"),
        );
        let told = serde_json::Value::String(format!("<not serializable: {error}>"));
        buffer.extend_from_slice(told.to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn strings_keep_their_quotes() {
        assert_eq!(to_json("CHAIN"), JsonText("\"CHAIN\"".into()));
    }

    #[test]
    fn what_json_cannot_say_is_told() {
        let value = HashMap::from([((1, 2), 3)]);

        assert_eq!(
            to_json(&value),
            JsonText("\"<not serializable: key must be a string>\"".into())
        );
    }

    #[test]
    fn a_value_may_be_serialised_within_another() {
        struct Nested;
        impl Serialize for Nested {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(to_json(&1).0.as_str())
            }
        }

        assert_eq!(to_json(&[Nested, Nested]), JsonText("[\"1\",\"1\"]".into()));
    }
}
