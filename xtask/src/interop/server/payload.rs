//! OTLP/JSON whose items are numbers: the same numbers make the same items, so that they can be sent again, and counted.

use std::ops::Range;

use serde_json::{Value, json};

/// Nanoseconds since 1970 at which item 0 is.
const START_NS: u64 = 1_700_000_000_000_000_000;
/// From one item to the next.
const STEP_NS: u64 = 1_000_000;

/// The numbers of a trace. Its first one is that of the root.
const OF_A_TRACE: u64 = 5;

/// Spans of a service, five to a trace.
pub(super) fn spans(service: &str, numbers: Range<u64>) -> String {
    let spans: Vec<Value> = numbers.map(span).collect();
    json!({"resourceSpans": [{"resource": resource(service), "scopeSpans": [{"scope": scope(), "spans": spans}]}]})
        .to_string()
}

/// Points of a gauge.
pub(super) fn points(service: &str, numbers: Range<u64>) -> String {
    let point = |number: u64| json!({"timeUnixNano": time(number).to_string(), "asInt": number.to_string()});
    let points: Vec<Value> = numbers.map(point).collect();
    let metric = json!({"name": "interop.gauge", "unit": "1", "gauge": {"dataPoints": points}});
    json!({"resourceMetrics": [{"resource": resource(service), "scopeMetrics": [{"scope": scope(), "metrics": [metric]}]}]})
        .to_string()
}

/// Log records, each of the trace of the span with its number.
pub(super) fn logs(service: &str, numbers: Range<u64>) -> String {
    let record = |number: u64| {
        json!({
            "timeUnixNano": time(number).to_string(),
            "severityNumber": 9,
            "body": {"stringValue": format!("record {number}")},
            "traceId": trace_id(number),
            "spanId": format!("{:016x}", number + 1),
        })
    };
    let records: Vec<Value> = numbers.map(record).collect();
    json!({"resourceLogs": [{"resource": resource(service), "scopeLogs": [{"scope": scope(), "logRecords": records}]}]})
        .to_string()
}

/// As [`super::served::Served::spans`] names the span of a number.
pub(super) fn span_id(number: u64) -> String {
    format!("{}/{:016x}", trace_id(number), number + 1)
}

/// The trace that a number belongs to.
pub(super) fn trace_id(number: u64) -> String {
    format!("{:032x}", number / OF_A_TRACE + 1)
}

fn span(number: u64) -> Value {
    let root = number / OF_A_TRACE * OF_A_TRACE;
    let mut span = json!({
        "traceId": trace_id(number),
        "spanId": format!("{:016x}", number + 1),
        "name": if number == root { "answer" } else { "chat" },
        "kind": 3,
        "startTimeUnixNano": time(number).to_string(),
        "endTimeUnixNano": (time(number) + STEP_NS).to_string(),
        "attributes": [
            {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
            {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o-mini"}},
            {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "10"}},
            {"key": "number", "value": {"intValue": number.to_string()}},
        ],
    });
    if number != root {
        span["parentSpanId"] = json!(format!("{:016x}", root + 1));
    }
    span
}

/// Nanoseconds since 1970 at which an item is.
pub(super) fn time(number: u64) -> u64 {
    START_NS + number * STEP_NS
}

fn resource(service: &str) -> Value {
    json!({"attributes": [{"key": "service.name", "value": {"stringValue": service}}]})
}

fn scope() -> Value {
    json!({"name": "interop", "version": "1"})
}
