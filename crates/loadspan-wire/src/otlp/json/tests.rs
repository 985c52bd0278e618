//! The JSON mapping, against text that other implementations of OTLP/JSON take and send.

use serde_json::{Value, json};

use super::super::metrics::{Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point};
use super::super::trace::{ResourceSpans, ScopeSpans, Span, Status};
use super::super::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value, attribute};
use super::*;

fn span_document() -> Value {
    json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "my.service"}}]},
        "scopeSpans": [{
            "scope": {"name": "my.library", "version": "1.0.0"},
            "spans": [{
                "traceId": "5b8efff798038103d269b633813fc60c",
                "spanId": "eee19b7ec3c1b174",
                "parentSpanId": "eee19b7ec3c1b173",
                "flags": 257,
                "name": "I'm a \"server\" span\n",
                "kind": 2,
                "startTimeUnixNano": "1544712660000000000",
                "endTimeUnixNano": "1544712661000000000",
                "attributes": [
                    {"key": "text", "value": {"stringValue": "ü"}},
                    {"key": "int", "value": {"intValue": "-9007199254740993"}},
                    {"key": "double", "value": {"doubleValue": 0.1}},
                    {"key": "no", "value": {"boolValue": false}},
                    {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "stop"}]}}},
                    {"key": "map", "value": {"kvlistValue": {"values": [
                        {"key": "zero", "value": {"intValue": "0"}}
                    ]}}},
                    {"key": "bytes", "value": {"bytesValue": "AAH/"}}
                ],
                "droppedAttributesCount": 1,
                "events": [{"timeUnixNano": "1544712660300000000", "name": "first_token"}],
                "links": [{"traceId": "5b8efff798038103d269b633813fc60d", "spanId": "eee19b7ec3c1b175", "flags": 1}],
                "status": {"message": "timeout", "code": 2}
            }]
        }],
        "schemaUrl": "https://opentelemetry.io/schemas/1.41.0"
    }]})
}

fn metric_document() -> Value {
    let times = |mut point: Value| {
        point["startTimeUnixNano"] = "1544712660300000000".into();
        point["timeUnixNano"] = "1544712661300000000".into();
        point
    };
    json!({"resourceMetrics": [{
        "resource": {},
        "scopeMetrics": [{
            "scope": {"name": "my.library"},
            "metrics": [
                {"name": "sum", "unit": "1", "description": "a counter", "sum": {
                    "aggregationTemporality": 2,
                    "isMonotonic": true,
                    "dataPoints": [times(json!({"asDouble": 5.0})), times(json!({"asInt": "0"}))]
                }},
                {"name": "gauge", "gauge": {"dataPoints": [times(json!({"asInt": "-7", "flags": 1}))]}},
                {"name": "histogram", "histogram": {
                    "aggregationTemporality": 1,
                    "dataPoints": [times(json!({
                        "count": "2", "sum": 2.0, "bucketCounts": ["1", "0", "1"], "explicitBounds": [1.0, 2.5],
                        "min": 0.0, "max": 2.0,
                        "exemplars": [{
                            "timeUnixNano": "1544712661300000000", "asDouble": 2.0,
                            "spanId": "eee19b7ec3c1b174", "traceId": "5b8efff798038103d269b633813fc60c"
                        }]
                    }))]
                }},
                {"name": "exponential", "exponentialHistogram": {
                    "aggregationTemporality": 2,
                    "dataPoints": [times(json!({
                        "count": "3", "sum": 10.0, "scale": -2, "zeroCount": "1",
                        "positive": {"offset": 1, "bucketCounts": ["0", "2"]}, "min": 0.0, "max": 5.0
                    }))]
                }}
            ]
        }]
    }]})
}

#[test]
fn spans_have_the_form_that_the_specification_gives_them() {
    let document = span_document();
    let decoded = decode_traces(document.to_string().as_bytes()).unwrap();
    let encoded = encode_traces(&decoded);
    assert_eq!(serde_json::from_slice::<Value>(&encoded).unwrap(), document);
    assert!(!encoded.contains(&b'\n'));
}

#[test]
fn metrics_have_the_form_that_the_specification_gives_them() {
    let document = metric_document();
    let decoded = decode_metrics(document.to_string().as_bytes()).unwrap();
    let encoded = encode_metrics(&decoded);
    assert_eq!(serde_json::from_slice::<Value>(&encoded).unwrap(), document);
}

#[test]
fn a_span_in_full_reads_like_this() {
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![Span {
                    trace_id: vec![0xab; 16],
                    span_id: vec![0x01; 8],
                    name: "chat m".to_owned(),
                    kind: 3,
                    start_time_unix_nano: u64::MAX,
                    attributes: vec![attribute("gen_ai.usage.input_tokens", 7_i64)],
                    status: Some(Status::default()),
                    ..Span::default()
                }],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    let expected = concat!(
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"abababababababababababababababab","#,
        r#""spanId":"0101010101010101","name":"chat m","kind":3,"startTimeUnixNano":"18446744073709551615","#,
        r#""attributes":[{"key":"gen_ai.usage.input_tokens","value":{"intValue":"7"}}],"status":{}}]}]}]}"#,
    );
    assert_eq!(String::from_utf8(encode_traces(&request)).unwrap(), expected);
    assert_eq!(decode_traces(expected.as_bytes()).unwrap(), request);
}

#[test]
fn numbers_that_are_not_finite_have_names() {
    let points = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|value| NumberDataPoint {
        value: Some(number_data_point::Value::AsDouble(value)),
        ..NumberDataPoint::default()
    });
    let gauge = Gauge {
        data_points: points.into(),
    };
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![Metric {
                    data: Some(metric::Data::Gauge(gauge)),
                    ..Metric::default()
                }],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    };
    let expected = concat!(
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":["#,
        r#"{"asDouble":"NaN"},{"asDouble":"Infinity"},{"asDouble":"-Infinity"}]}}]}]}]}"#,
    );
    assert_eq!(String::from_utf8(encode_metrics(&request)).unwrap(), expected);
}

#[test]
fn empty_values_stay_what_they_are() {
    let attributes = [
        any_value::Value::StringValue(String::new()),
        any_value::Value::ArrayValue(ArrayValue::default()),
        any_value::Value::KvlistValue(KeyValueList::default()),
        any_value::Value::BytesValue(Vec::new()),
    ]
    .map(|value| KeyValue {
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    });
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![Span {
                    attributes: attributes.into(),
                    ..Span::default()
                }],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    assert_eq!(decode_traces(&encode_traces(&request)).unwrap(), request);
}

#[test]
fn nothing_at_all_is_an_empty_object() {
    assert_eq!(encode_traces(&ExportTraceServiceRequest::default()), b"{}");
    assert_eq!(decode_metrics(b"{}").unwrap(), ExportMetricsServiceRequest::default());
}

#[test]
fn what_protobuf_allows_besides_is_read_too() {
    let json = json!({"resource_spans": [{"scope_spans": [{"spans": [{
        "trace_id": "5B8EFFF798038103D269B633813FC60C",
        "span_id": "eee19b7ec3c1b174",
        "kind": "SPAN_KIND_CLIENT",
        "start_time_unix_nano": 1_544_712_660_000_000_000_u64,
        "endTimeUnixNano": null,
        "status": {"code": "STATUS_CODE_ERROR", "message": null},
        "attributes": [{"key": "ratio", "value": {"doubleValue": "NaN"}}, {"key": "n", "value": {"intValue": 7}}],
        "from_the_future": [{"any": "thing"}]
    }]}]}]});
    let request = decode_traces(json.to_string().as_bytes()).unwrap();
    let span = &request.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(span.trace_id[..3], [0x5b, 0x8e, 0xff]);
    assert_eq!((span.span_id.len(), span.kind), (8, 3));
    assert_eq!(
        (span.start_time_unix_nano, span.end_time_unix_nano),
        (1_544_712_660_000_000_000, 0)
    );
    assert_eq!(span.status.as_ref().unwrap().code, 2);
    let value = |place: usize| span.attributes[place].value.as_ref().unwrap().value.clone().unwrap();
    assert!(matches!(value(0), any_value::Value::DoubleValue(number) if number.is_nan()));
    assert_eq!(value(1), any_value::Value::IntValue(7));
}

#[test]
fn what_is_no_request_is_an_error() {
    for json in [
        "[]",
        "null",
        "{",
        r#"{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "W47/95gDgQPSabYzgT/GDA=="}]}]}]}"#,
        r#"{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "18446744073709551616"}]}]}]}"#,
        r#"{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": -1}]}]}]}"#,
    ] {
        assert!(decode_traces(json.as_bytes()).is_err(), "{json}");
    }
    let nested = format!(
        "{}{}",
        r#"{"arrayValue":{"values":["#.repeat(10_000),
        "]}}".repeat(10_000)
    );
    let deep = format!(r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"k","value":{nested}}}]}}}}]}}"#);
    assert!(decode_traces(deep.as_bytes()).is_err());
}

#[test]
fn log_records_are_what_they_were() {
    let json = json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "my.service"}}]},
        "scopeLogs": [{"scope": {"name": "my.library"}, "logRecords": [{
            "timeUnixNano": "1544712660300000000",
            "observedTimeUnixNano": "1544712660300000001",
            "severityNumber": 9,
            "severityText": "INFO",
            "body": {"kvlistValue": {"values": [{"key": "role", "value": {"stringValue": "user"}}]}},
            "attributes": [{"key": "n", "value": {"intValue": "1"}}],
            "droppedAttributesCount": 1,
            "flags": 1,
            "traceId": "5b8efff798038103d269b633813fc60c",
            "spanId": "eee19b7ec3c1b174",
            "eventName": "gen_ai.user.message"
        }]}]
    }]});
    let request = decode_logs(json.to_string().as_bytes()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&encode_logs(&request)).unwrap(), json);
}

#[test]
fn a_document_takes_no_more_memory_than_it_may() {
    let of_resources = format!(r#"{{"resourceSpans":[{}{{}}]}}"#, "{},".repeat(100_000));
    let of_links = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"links":[{}{{}}]}}]}}]}}]}}"#,
        "{},".repeat(100_000)
    );
    for json in [&of_resources, &of_links] {
        let within = |bytes| decode_within(bytes, || decode_traces(json.as_bytes()));
        assert!(matches!(within(1 << 20), Err(DecodeError::TooHeavy(_))));
        assert!(within(100 << 20).is_ok());
        assert!(matches!(
            decode_within(1 << 20, || decode_traces(b"[]")),
            Err(DecodeError::Json(_))
        ));
        // The budget is that of one document.
        assert!(decode_traces(json.as_bytes()).is_ok());
    }
}
