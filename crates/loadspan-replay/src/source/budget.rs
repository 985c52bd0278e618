//! What one document or one span may take in memory while it is read, beside what is kept of it.

use serde_json::{Map, Value};

/// Bytes. Documents of OTLP are measured as they become messages, texts of JSON before they become values.
pub(super) const BUDGET: usize = 1 << 30;

/// What an object takes, with its values and what they are brought into: maps have room for eleven entries from the first on.
const OBJECT: usize = 2_600;
/// What an element of a list takes, likewise.
const ELEMENT: usize = 64;
/// As often is a text there at once.
const COPIES: usize = 4;

/// Why something is not read.
pub(super) fn too_heavy() -> String {
    format!("it would take more than {} MiB of memory", BUDGET >> 20)
}

/// Bytes that attributes take once the JSON in their texts is read, about, and from above.
pub(super) fn of_attributes(attributes: &Map<String, Value>) -> usize {
    attributes
        .iter()
        .map(|(name, value)| COPIES * name.len() + of_value(value))
        .sum()
}

fn of_value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => of_json(text),
        Value::Array(values) => values.iter().map(|value| ELEMENT + of_value(value)).sum(),
        Value::Object(map) => OBJECT + of_attributes(map),
    }
}

/// Bytes that a text of JSON takes once it is read, about, and from above. What is in quotes counts as well: it may be JSON again.
pub(super) fn of_json(text: &str) -> usize {
    let marks = text.bytes().map(|byte| match byte {
        b'{' => OBJECT,
        b'[' | b',' => ELEMENT,
        _ => 0,
    });
    COPIES * text.len() + marks.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_counts_wherever_it_is() {
        let text = r#"[{"a":0},{"a":0}]"#;
        assert_eq!(of_json(text), 4 * 17 + 2 * OBJECT + 2 * ELEMENT);
        let Value::Object(attributes) = serde_json::json!({"n": text, "l": [1, {"k": "{"}]}) else {
            unreachable!("it is one")
        };
        let nested = 2 * ELEMENT + OBJECT + 4 + (4 + OBJECT);
        assert_eq!(of_attributes(&attributes), 8 + of_json(text) + nested);
    }
}
