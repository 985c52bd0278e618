//! Values of fields, as JSON.

use std::error::Error;
use std::fmt;

use opentelemetry::Value as OtelValue;
use serde_json::Value;
use tracing::field::{Field, Visit};

/// `Debug` text that is longer is not taken apart.
const LONGEST_PARSED: usize = 64 * 1024;

/// Takes the fields of a span or an event.
pub(super) struct Visitor<F>(pub(super) F);

impl<F: FnMut(&Field, Value)> Visit for Visitor<F> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0(field, value.into());
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.0(field, value.to_string().into());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.0(field, value.to_string().into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.0(field, value.to_string().into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0(field, of_debug(format!("{value:?}")));
    }
}

/// `Debug` text of numbers, strings, lists and maps with text for keys is JSON.
fn of_debug(text: String) -> Value {
    if text.len() > LONGEST_PARSED {
        return Value::String(text);
    }
    match serde_json::from_str(&text) {
        // What has more digits than a number keeps is better off as text.
        Ok(Value::Number(number)) if number.to_string() != text => Value::String(text),
        Ok(value) => value,
        Err(_) => Value::String(text),
    }
}

/// Text that is JSON as such.
pub(super) fn of_json(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    }
}

/// A value as OpenTelemetry has it.
pub(super) fn to_otel(value: &Value) -> OtelValue {
    match value {
        Value::Bool(value) => OtelValue::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => OtelValue::I64(whole),
            (None, Some(fraction)) => OtelValue::F64(fraction),
            (None, None) => OtelValue::String(number.to_string().into()),
        },
        Value::String(text) => OtelValue::String(text.clone().into()),
        other => OtelValue::String(other.to_string().into()),
    }
}

/// A value in words.
pub(super) fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn debug_text_is_taken_apart_where_it_is_json() {
        let cases = [
            (format!("{:?}", "a\"b"), json!("a\"b")),
            (format!("{:?}", vec!["a", "b"]), json!(["a", "b"])),
            (format!("{:?}", 5), json!(5)),
            (format!("{:?}", u128::MAX), json!(u128::MAX.to_string())),
            (format!("{:?}", Some(5)), json!("Some(5)")),
            ("007".to_owned(), json!("007")),
            (String::new(), json!("")),
        ];
        for (text, value) in cases {
            assert_eq!(of_debug(text.clone()), value, "{text}");
        }
    }
}
