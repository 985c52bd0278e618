//! Messages of a chat, as JSON.

use std::io::{self, Write};

use crate::sessions::{Answer, AnsweredToolCall};

/// Lets JSON be written to the end of a text.
struct Appending<'a>(&'a mut String);

impl Write for Appending<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.push_str(text);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Appends a text as a JSON string.
pub(crate) fn write_string(text: &str, json: &mut String) {
    // serde_json writes whole characters: neither of the two can fail.
    let _ = serde_json::to_writer(Appending(json), text);
}

/// Appends a message of a role, whose content `write_content` appends as JSON.
pub(crate) fn write_message(role: &str, json: &mut String, write_content: impl FnOnce(&mut String)) {
    json.push_str(r#"{"role":""#);
    json.push_str(role);
    json.push_str(r#"","content":"#);
    write_content(json);
    json.push('}');
}

/// Appends what the server said, as its message.
pub(crate) fn write_answer(answer: &Answer, json: &mut String) {
    json.push_str(r#"{"role":"assistant","content":"#);
    if answer.text.is_empty() && !answer.tool_calls.is_empty() {
        json.push_str("null");
    } else {
        write_string(&answer.text, json);
    }
    for (number, call) in answer.tool_calls.iter().enumerate() {
        json.push_str(if number == 0 { r#","tool_calls":["# } else { "," });
        write_tool_call(call, json);
    }
    json.push_str(if answer.tool_calls.is_empty() { "}" } else { "]}" });
}

fn write_tool_call(call: &AnsweredToolCall, json: &mut String) {
    json.push_str(r#"{"id":"#);
    write_string(&call.id, json);
    json.push_str(r#","type":"function","function":{"name":"#);
    write_string(&call.name, json);
    json.push_str(r#","arguments":"#);
    write_string(&call.arguments, json);
    json.push_str("}}");
}

/// Appends what a tool said to a call, whose content `write_content` appends as JSON.
pub(super) fn write_tool_result(id: &str, json: &mut String, write_content: impl FnOnce(&mut String)) {
    json.push_str(r#"{"role":"tool","tool_call_id":"#);
    write_string(id, json);
    json.push_str(r#","content":"#);
    write_content(json);
    json.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn written(answer: &Answer) -> Value {
        let mut json = String::new();
        write_answer(answer, &mut json);
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn an_answer_is_repeated_word_for_word() {
        let text = "\"a\"\n\\ \u{1} café 🚀";
        let answer = Answer {
            text: text.to_owned(),
            ..Answer::default()
        };
        assert_eq!(written(&answer), json!({"role": "assistant", "content": text}));
    }

    #[test]
    fn tool_calls_are_repeated_with_their_ids() {
        let call = |id: &str| AnsweredToolCall {
            id: id.to_owned(),
            name: "search".to_owned(),
            arguments: r#"{"query":"x"}"#.to_owned(),
        };
        let answer = Answer {
            tool_calls: vec![call("a"), call("b")],
            ..Answer::default()
        };
        let said = |id: &str| json!({"id": id, "type": "function", "function": {"name": "search", "arguments": "{\"query\":\"x\"}"}});
        assert_eq!(
            written(&answer),
            json!({"role": "assistant", "content": null, "tool_calls": [said("a"), said("b")]})
        );
    }
}
