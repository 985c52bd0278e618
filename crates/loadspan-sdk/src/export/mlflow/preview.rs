//! What a list of traces shows of inputs and outputs: the last thing that somebody said, else the JSON, as MLflow's own SDK has it: a
//! text by itself is in quotes.

use serde_json::Value;

const MAX_CHARACTERS: usize = 1_000;

/// Who speaks in what is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
}

/// The preview of a JSON text.
pub(super) fn of(json: &str, side: Side) -> String {
    let value: Option<Value> = serde_json::from_str(json).ok();
    let text = value.as_ref().and_then(|value| find(value, side));
    cut(text.as_deref().unwrap_or(json))
}

fn find(value: &Value, side: Side) -> Option<String> {
    let messages = ["messages", "input", "output"]
        .iter()
        .find_map(|name| value[*name].as_array());
    if let Some(messages) = messages {
        return last_of(messages, side);
    }
    if let Some(message) = value["choices"].get(0).and_then(|choice| choice.get("message")) {
        return content(message);
    }
    value.get("request").and_then(|request| find(request, side))
}

fn last_of(messages: &[Value], side: Side) -> Option<String> {
    let role = match side {
        Side::Request => "user",
        Side::Response => "assistant",
    };
    let spoken = messages.iter().rev().filter(|message| message["role"] == role);
    spoken.filter_map(content).next()
}

/// The text of a message: a string, or the texts among its parts.
fn content(message: &Value) -> Option<String> {
    match &message["content"] {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let texts: Vec<_> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            (!texts.is_empty()).then(|| texts.join(" "))
        }
        _ => None,
    }
}

fn cut(text: &str) -> String {
    if text.chars().nth(MAX_CHARACTERS).is_none() {
        return text.to_owned();
    }
    let start: String = text.chars().take(MAX_CHARACTERS - 3).collect();
    format!("{start}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_thing_that_was_said_is_shown() {
        let request = r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},
            {"role":"user","content":[{"type":"text","text":"c"},{"type":"image_url"}]}]}"#;
        assert_eq!(of(request, Side::Request), "c");
        assert_eq!(
            of(
                r#"{"choices":[{"message":{"role":"assistant","content":"d"}}]}"#,
                Side::Response
            ),
            "d"
        );
        assert_eq!(
            of(
                r#"{"output":[{"role":"assistant","content":[{"text":"e"}]}]}"#,
                Side::Response
            ),
            "e"
        );
        assert_eq!(of(r#"{"query":"f"}"#, Side::Request), r#"{"query":"f"}"#);
        assert_eq!(of("\"g\"", Side::Request), "\"g\"");
        assert_eq!(of("no json", Side::Request), "no json");
    }

    #[test]
    fn a_long_one_is_cut_between_characters() {
        let preview = of(&format!("\"{}\"", "ä".repeat(2_000)), Side::Request);
        assert_eq!(preview.chars().count(), 1_000);
        assert!(preview.ends_with("ä..."));
    }
}
