//! Numbers and bools of JSON with the types of OpenTelemetry: MLflow reads the text `7` back as a text.

use opentelemetry::Value;

/// A number or a bool as what it is. `None`: the text is something else, or a whole number that OpenTelemetry has no type for.
pub(crate) fn of_json(text: &str) -> Option<Value> {
    match text {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        number if number.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => of_number(number),
        _ => None,
    }
}

fn of_number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        // `007` is no number of JSON.
        return (whole.to_string() == text).then_some(Value::I64(whole));
    }
    let fraction: f64 = text.parse().ok()?;
    (fraction.is_finite() && text.contains(['.', 'e', 'E'])).then_some(Value::F64(fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_bools_are_what_they_are() {
        let known = [
            ("7", Value::I64(7)),
            ("-7", Value::I64(-7)),
            ("9223372036854775807", Value::I64(i64::MAX)),
            ("1.5", Value::F64(1.5)),
            ("1e300", Value::F64(1e300)),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ];
        for (text, value) in known {
            assert_eq!(of_json(text), Some(value), "{text}");
        }
        for text in [
            "\"7\"",
            "null",
            "[7]",
            "007",
            "18446744073709551615",
            "1e999",
            "-inf",
            "-",
            "",
        ] {
            assert_eq!(of_json(text), None, "{text}");
        }
    }
}
