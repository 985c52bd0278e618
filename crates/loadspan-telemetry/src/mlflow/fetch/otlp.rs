//! Spans of the API of traces, which are OTLP in another spelling: names with underscores, ids in base64.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loadspan_wire::mlflow::attributes::SESSION_METADATA;
use loadspan_wire::semconv::attributes::GEN_AI_CONVERSATION_ID;
use serde_json::{Map, Value, json};

/// A span in the spelling of OTLP/JSON.
pub(super) fn span(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>()),
        Value::Array(values) => values.into_iter().map(span).collect(),
        other => other,
    }
}

/// All names within a span are of the protocol: those of attributes are values of `key`.
fn field((name, value): (String, Value)) -> (String, Value) {
    let value = match (name.as_str(), &value) {
        ("trace_id" | "span_id" | "parent_span_id", Value::String(id)) => hex(id).into(),
        _ => span(value),
    };
    (camel_case(&name), value)
}

/// Says of which session a trace is, on the spans that have none above them; unless a span says it itself.
pub(super) fn put_session(spans: &mut [Value], session: &str) {
    let names = |span: &Value| {
        let attributes = span["attributes"].as_array().into_iter().flatten();
        let mut keys = attributes.filter_map(|attribute| attribute["key"].as_str().map(str::to_owned));
        keys.any(|key| key == GEN_AI_CONVERSATION_ID || key == "session.id")
    };
    if spans.iter().any(names) {
        return;
    }
    let is_root = |span: &&mut Value| span["parentSpanId"].as_str().is_none_or(str::is_empty);
    for root in spans.iter_mut().filter(is_root) {
        let attribute = json!({"key": SESSION_METADATA, "value": {"stringValue": session}});
        match root["attributes"].as_array_mut() {
            Some(attributes) => attributes.push(attribute),
            None => root["attributes"] = json!([attribute]),
        }
    }
}

/// An id in base64 as digits; one that is something else as it is.
pub(super) fn hex(id: &str) -> String {
    let Ok(bytes) = STANDARD.decode(id) else {
        return id.to_owned();
    };
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut joined = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        joined.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        joined.push_str(letters.as_str());
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_the_api_are_spelled_as_in_otlp() {
        let said = json!({
            "trace_id": "AAECAwQFBgcICQoLDA0ODw==", "parent_span_id": "", "start_time_unix_nano": 5,
            "attributes": [{"key": "a_b", "value": {"kvlist_value": {"values": [
                {"key": "c_d", "value": {"string_value": "e_f"}},
            ]}}}],
        });
        assert_eq!(
            span(said),
            json!({
                "traceId": "000102030405060708090a0b0c0d0e0f", "parentSpanId": "", "startTimeUnixNano": 5,
                "attributes": [{"key": "a_b", "value": {"kvlistValue": {"values": [
                    {"key": "c_d", "value": {"stringValue": "e_f"}},
                ]}}}],
            })
        );
    }

    #[test]
    fn a_session_is_said_at_the_top_where_no_span_says_one() {
        let mut spans = [json!({"name": "top"}), json!({"name": "below", "parentSpanId": "ab"})];
        put_session(&mut spans, "s");
        let said = json!([{"key": "mlflow.trace.session", "value": {"stringValue": "s"}}]);
        assert_eq!(
            spans,
            [
                json!({"name": "top", "attributes": said}),
                json!({"name": "below", "parentSpanId": "ab"}),
            ]
        );
        let own = json!([{"key": "gen_ai.conversation.id", "value": {"stringValue": "own"}}]);
        let mut spans = [json!({"name": "top"}), json!({"parentSpanId": "ab", "attributes": own})];
        let before = spans.clone();
        put_session(&mut spans, "s");
        assert_eq!(spans, before);
    }
}
