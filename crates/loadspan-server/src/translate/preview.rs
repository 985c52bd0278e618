//! What a trace is about, in a line: the last thing that was asked, the last thing that was answered.

use serde_json::{Map, Value};

use super::tree;

/// Whose preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Response,
}

/// Characters of a preview.
const LONGEST: usize = 1_000;
/// What stands at the end of one that was cut.
const ELLIPSIS: &str = "...";
/// How deep `request` may be nested in `request`.
const DEPTH: usize = 4;

/// The line for inputs or outputs, which are JSON text: at most 1,000 characters. `None`: there is nothing to show.
///
/// Of messages it is the text of the last one of the right role; of anything else the JSON itself. A text by itself has quotes then:
/// so do previews that MLflow's clients make, and a list shows both.
pub(crate) fn preview(json: &str, side: Side) -> Option<String> {
    let line = match tree::parse(json, &tree::room()) {
        // Written anew: nobody reads what is written `\u00fc`.
        Some(text @ Value::String(_)) => text.to_string(),
        Some(value) => message(&value, side, DEPTH).unwrap_or_else(|| json.to_owned()),
        None => json.to_owned(),
    };
    (!matches!(line.as_str(), "" | "\"\"" | "null")).then(|| shortened(line))
}

/// Cuts a text to the length of a preview.
pub(crate) fn shortened(text: String) -> String {
    if text.len() <= LONGEST || text.chars().count() <= LONGEST {
        return text;
    }
    let kept = text.chars().take(LONGEST - ELLIPSIS.len());
    kept.chain(ELLIPSIS.chars()).collect()
}

/// The text of the message that counts.
fn message(value: &Value, side: Side, depth: usize) -> Option<String> {
    match value {
        Value::Array(messages) => last(messages, side),
        Value::Object(object) => {
            let lists = ["messages", "input", "output", "contents", "candidates"];
            let of_list = lists.iter().find_map(|name| last(object.get(*name)?.as_array()?, side));
            of_list
                .or_else(|| text(object.get("choices")?.get(0)?.get("message")?))
                .or_else(|| message(object.get("request").filter(|_| depth > 0)?, side, depth - 1))
                .or_else(|| is_message(object).then(|| text(value))?)
        }
        _ => None,
    }
}

/// Whether an object is a message itself; one of Gemini's has its role inside.
fn is_message(object: &Map<String, Value>) -> bool {
    let has_parts = || Some(object.get("content")?.get("parts")?.is_array());
    object.contains_key("role") || has_parts().unwrap_or_default()
}

/// The text of the last message of the role that asks or answers; of any role if there is none.
fn last(messages: &[Value], side: Side) -> Option<String> {
    let roles: &[&str] = match side {
        Side::Request => &["user", "human"],
        Side::Response => &["assistant", "model", "ai"],
    };
    let role = |message: &Value| message.get("role").and_then(Value::as_str).map(str::to_ascii_lowercase);
    let right = |message: &&Value| role(message).is_some_and(|role| roles.contains(&role.as_str()));
    let with_role = messages.iter().rev().filter(right).find_map(text);
    with_role.or_else(|| {
        messages
            .iter()
            .rev()
            .filter(|message| role(message).is_some())
            .find_map(text)
    })
}

/// The text of a message: a string, or the texts of its parts.
fn text(message: &Value) -> Option<String> {
    let content = ["content", "parts"].iter().find_map(|name| message.get(*name));
    let spoken = match content {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Array(parts)) => of_parts(parts),
        // A candidate of Gemini has its parts one level below.
        Some(content @ Value::Object(_)) => text(content),
        _ => None,
    };
    spoken.filter(|text| !text.is_empty()).or_else(|| called(message))
}

fn of_parts(parts: &[Value]) -> Option<String> {
    let texts = parts.iter().filter_map(|part| match part {
        Value::String(text) => Some(text.clone()),
        part => ["text", "content", "output_text"]
            .iter()
            .find_map(|name| part.get(*name)?.as_str().map(str::to_owned))
            .or_else(|| called(part)),
    });
    let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// The tools that a message calls, or the tool that a part calls.
fn called(message: &Value) -> Option<String> {
    let name = |call: &Value| {
        let name = call.get("name").or_else(|| call.get("function")?.get("name"))?;
        Some(format!("{}()", name.as_str()?))
    };
    let names: Vec<String> = match message.get("tool_calls").and_then(Value::as_array) {
        Some(calls) => calls.iter().filter_map(name).collect(),
        None => name(message).into_iter().collect(),
    };
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(value: &Value) -> Option<String> {
        preview(&value.to_string(), Side::Request)
    }

    fn response(value: &Value) -> Option<String> {
        preview(&value.to_string(), Side::Response)
    }

    #[test]
    fn of_a_conversation_it_is_the_last_question() {
        let asked = json!({"model": "m", "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is MLflow?"},
            {"role": "assistant", "content": "A platform."},
        ]});
        assert_eq!(request(&asked).as_deref(), Some("What is MLflow?"));
        assert_eq!(request(&json!({"request": asked})).as_deref(), Some("What is MLflow?"));
    }

    #[test]
    fn of_a_completion_it_is_the_answer() {
        let answer = json!({"choices": [{"message": {"role": "assistant", "content": "42"}}]});
        assert_eq!(response(&answer).as_deref(), Some("42"));
        let responses = json!({"output": [{"role": "assistant", "content": [{"type": "output_text", "text": "43"}]}]});
        assert_eq!(response(&responses).as_deref(), Some("43"));
    }

    #[test]
    fn of_messages_with_parts_it_is_their_text_or_the_tool_they_call() {
        let asked = json!([{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}]);
        assert_eq!(request(&asked).as_deref(), Some("Weather?"));
        let called = json!([{"role": "assistant", "parts": [{"type": "tool_call", "id": "1", "name": "weather"}]}]);
        assert_eq!(response(&called).as_deref(), Some("weather()"));
        let openai = json!({"choices": [{"message": {"role": "assistant", "content": null,
            "tool_calls": [{"function": {"name": "a"}}, {"function": {"name": "b"}}]}}]});
        assert_eq!(response(&openai).as_deref(), Some("a(), b()"));
    }

    #[test]
    fn of_a_message_alone_it_is_its_text() {
        let said = json!({"role": "assistant", "content": "yo"});
        assert_eq!(response(&said).as_deref(), Some("yo"));
        let of_gemini = json!({"content": {"role": "model", "parts": [{"text": "Hello"}]}, "finish_reason": "STOP"});
        assert_eq!(response(&of_gemini).as_deref(), Some("Hello"));
        let document = json!({"content": "a page"});
        assert_eq!(response(&document).as_deref(), Some(r#"{"content":"a page"}"#));
    }

    #[test]
    fn anything_else_is_shown_as_it_is() {
        assert_eq!(request(&json!({"query": "q"})).as_deref(), Some(r#"{"query":"q"}"#));
        assert_eq!(preview("7", Side::Request).as_deref(), Some("7"));
        assert_eq!(preview("\"text\"", Side::Request).as_deref(), Some("\"text\""));
        let written = r#""gr\u00fc\u00dfe \"x\"""#;
        assert_eq!(preview(written, Side::Request).as_deref(), Some(r#""grüße \"x\"""#));
        assert_eq!(request(&json!({"request": "q"})).as_deref(), Some(r#"{"request":"q"}"#));
        assert_eq!(preview("not json", Side::Request).as_deref(), Some("not json"));
        for nothing in ["null", "\"\"", ""] {
            assert_eq!(preview(nothing, Side::Request), None);
        }
    }

    #[test]
    fn it_has_a_thousand_characters_at_most() {
        let long = "ä".repeat(1_001);
        let line = preview(&Value::from(long).to_string(), Side::Request).unwrap();
        assert_eq!(line.chars().count(), 1_000);
        assert!(line.ends_with("ä..."));
        let exact = Value::from("ä".repeat(998)).to_string();
        assert_eq!(preview(&exact, Side::Request), Some(exact));
    }
}
