//! Spans in a file among the artifacts of a trace (`traces.json`): what MLflow's client writes where the server's store has no place
//! for spans. Values of attributes are JSON in texts.

use serde::Deserialize;
use serde_json::{Value, json};

use super::otlp::hex;

/// The file.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TraceFile {
    pub(super) spans: Vec<Value>,
}

/// A span of either layout as OTLP/JSON: of version 2 with its ids in a `context` and other names for its times, or of version 3.
pub(super) fn span(said: &Value) -> Value {
    let first = |pointers: &[&str]| {
        let mut found = pointers.iter().filter_map(|pointer| said.pointer(pointer));
        found.find(|value| !value.is_null()).cloned().unwrap_or_default()
    };
    let status = first(&["/status/code", "/status_code"]);
    let status = status.as_str().unwrap_or_default();
    let links = said["links"].as_array().into_iter().flatten();
    let links: Vec<Value> = links
        .map(|link| json!({"traceId": id(&link["trace_id"], 32), "spanId": id(&link["span_id"], 16)}))
        .collect();
    json!({
        "traceId": id(&first(&["/context/trace_id", "/trace_id"]), 32),
        "spanId": id(&first(&["/context/span_id", "/span_id"]), 16),
        "parentSpanId": id(&first(&["/parent_id", "/parent_span_id"]), 16),
        "name": first(&["/name"]).as_str().unwrap_or_default(),
        "startTimeUnixNano": time(&first(&["/start_time", "/start_time_unix_nano"])),
        "endTimeUnixNano": time(&first(&["/end_time", "/end_time_unix_nano"])),
        "status": {"code": if status.ends_with("ERROR") { 2 } else { 0 }},
        "attributes": attributes(&said["attributes"]),
        "events": events(&said["events"]),
        "links": links,
    })
}

fn events(said: &Value) -> Vec<Value> {
    let events = said.as_array().into_iter().flatten();
    let event = |event: &Value| json!({"name": event["name"].as_str(), "attributes": attributes(&event["attributes"])});
    events.map(event).collect()
}

fn attributes(said: &Value) -> Vec<Value> {
    let said = said.as_object().into_iter().flatten();
    said.map(|(key, value)| json!({"key": key, "value": attribute(value)}))
        .collect()
}

/// What stands in the text, if that is a number or a truth; what has structure stays a text.
fn attribute(value: &Value) -> Value {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match serde_json::from_str(&text) {
        Ok(Value::Bool(truth)) => json!({"boolValue": truth}),
        Ok(Value::Number(number)) => match number.as_i64() {
            Some(whole) => json!({"intValue": whole.to_string()}),
            None => json!({"doubleValue": number}),
        },
        Ok(Value::String(text)) => json!({"stringValue": text}),
        _ => json!({"stringValue": text}),
    }
}

/// Nanoseconds, which may be a text; none for a span that has not ended.
fn time(said: &Value) -> String {
    let number = said.as_u64().or_else(|| said.as_str()?.parse().ok());
    number.unwrap_or_default().to_string()
}

/// `tr-` and digits, `0x` and digits of which zeros in front are left out, or base64.
fn id(said: &Value, digits: usize) -> String {
    let text = said.as_str().unwrap_or_default();
    let bare = text.trim_start_matches("tr-").trim_start_matches("0x");
    let is_hex = bare.len() <= digits && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    match bare {
        "" => String::new(),
        bare if is_hex => format!("{bare:0>digits$}"),
        _ => hex(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As MLflow 3 writes it.
    #[test]
    fn a_span_of_version_3_is_one_of_otlp() {
        let said = json!({
            "trace_id": "AAECAwQFBgcICQoLDA0ODw==", "span_id": "AAECAwQFBgc=", "parent_span_id": null,
            "name": "Completions", "start_time_unix_nano": 5, "end_time_unix_nano": 9, "events": [],
            "status": {"code": "STATUS_CODE_ERROR", "message": ""},
            "attributes": {"mlflow.spanType": "\"CHAT_MODEL\"", "n": "5", "x": "0.5", "mlflow.spanInputs": "{\"a\": 1}"},
        });
        let written = span(&said);
        assert_eq!(written["traceId"], "000102030405060708090a0b0c0d0e0f");
        assert_eq!(written["spanId"], "0001020304050607");
        assert_eq!(written["parentSpanId"], "");
        assert_eq!(
            (&written["startTimeUnixNano"], &written["endTimeUnixNano"]),
            (&json!("5"), &json!("9"))
        );
        assert_eq!(written["status"]["code"], 2);
        assert_eq!(
            written["attributes"],
            json!([
                {"key": "mlflow.spanInputs", "value": {"stringValue": "{\"a\": 1}"}},
                {"key": "mlflow.spanType", "value": {"stringValue": "CHAT_MODEL"}},
                {"key": "n", "value": {"intValue": "5"}},
                {"key": "x", "value": {"doubleValue": 0.5}},
            ])
        );
    }

    /// As MLflow 2 wrote it.
    #[test]
    fn a_span_of_version_2_is_one_of_otlp() {
        let said = json!({
            "name": "Completions", "context": {"span_id": "0x1f", "trace_id": "0x0123456789abcdef0123456789abcdef"},
            "parent_id": "0xab", "start_time": 5, "end_time": null, "status_code": "OK", "status_message": "",
            "attributes": {}, "events": [],
        });
        let written = span(&said);
        assert_eq!(written["traceId"], "0123456789abcdef0123456789abcdef");
        assert_eq!(written["spanId"], "000000000000001f");
        assert_eq!(written["parentSpanId"], "00000000000000ab");
        assert_eq!(
            (&written["startTimeUnixNano"], &written["endTimeUnixNano"]),
            (&json!("5"), &json!("0"))
        );
        assert_eq!(written["status"]["code"], 0);
    }
}
