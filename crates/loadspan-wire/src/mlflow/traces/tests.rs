//! Golden JSON: what MLflow 3.17.2 answers for the same span, with what it leaves out (kind, links, bytes) put in.

use serde_json::{Value, json};

use super::*;
use crate::otlp::trace::span::{Event, Link};
use crate::otlp::trace::{Span, Status};
use crate::otlp::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value, attribute};

fn valued(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn span() -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        parent_span_id: vec![3; 8],
        name: "chat".to_owned(),
        kind: 3,
        start_time_unix_nano: 1_700_000_000_000_000_000,
        end_time_unix_nano: 1_700_000_001_500_000_000,
        attributes: vec![
            attribute("text", "a"),
            attribute("int", 7_i64),
            attribute("nan", f64::NAN),
            attribute("list", vec!["b".to_owned()]),
            valued("bytes", any_value::Value::BytesValue(vec![0, 1])),
            valued(
                "map",
                any_value::Value::KvlistValue(KeyValueList {
                    values: vec![attribute("x", true)],
                }),
            ),
            valued("empty", any_value::Value::ArrayValue(ArrayValue::default())),
            KeyValue {
                key: "none".to_owned(),
                ..KeyValue::default()
            },
        ],
        events: vec![Event {
            time_unix_nano: 5,
            name: "ev".to_owned(),
            attributes: vec![attribute("k", 1.5)],
            ..Event::default()
        }],
        links: vec![Link {
            trace_id: vec![10; 16],
            span_id: vec![11; 8],
            attributes: vec![attribute("l", "v")],
            ..Link::default()
        }],
        status: Some(Status {
            code: 2,
            message: "broke".to_owned(),
        }),
        ..Span::default()
    }
}

#[test]
fn a_span_is_what_protobuf_makes_of_it_in_json() {
    let json = serde_json::to_value(ProtoSpan(span())).unwrap();
    assert_eq!(
        json,
        json!({
            "trace_id": "AQEBAQEBAQEBAQEBAQEBAQ==",
            "span_id": "AgICAgICAgI=",
            "parent_span_id": "AwMDAwMDAwM=",
            "name": "chat",
            "kind": "SPAN_KIND_CLIENT",
            "start_time_unix_nano": 1_700_000_000_000_000_000_u64,
            "end_time_unix_nano": 1_700_000_001_500_000_000_u64,
            "attributes": [
                {"key": "text", "value": {"string_value": "a"}},
                {"key": "int", "value": {"int_value": 7}},
                {"key": "nan", "value": {"double_value": "NaN"}},
                {"key": "list", "value": {"array_value": {"values": [{"string_value": "b"}]}}},
                {"key": "bytes", "value": {"bytes_value": "AAE="}},
                {"key": "map", "value": {"kvlist_value": {"values": [{"key": "x", "value": {"bool_value": true}}]}}},
                {"key": "empty", "value": {"array_value": {"values": []}}},
                {"key": "none"},
            ],
            "events": [{"time_unix_nano": 5, "name": "ev", "attributes": [{"key": "k", "value": {"double_value": 1.5}}]}],
            "links": [{
                "trace_id": "CgoKCgoKCgoKCgoKCgoKCg==",
                "span_id": "CwsLCwsLCws=",
                "attributes": [{"key": "l", "value": {"string_value": "v"}}],
            }],
            "status": {"message": "broke", "code": "STATUS_CODE_ERROR"},
        })
    );
}

#[test]
fn in_a_file_of_traces_attributes_are_texts_of_json() {
    let json = serde_json::to_value(DescribedSpan(span())).unwrap();
    assert_eq!(
        json["attributes"],
        json!({
            "text": "\"a\"", "int": "7", "nan": "\"NaN\"", "list": "[\"b\"]", "bytes": "\"AAE=\"", "map": "{\"x\":true}",
            "empty": "[]", "none": "null",
        })
    );
    assert_eq!(
        json["links"][0]["trace_id"],
        json!("tr-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a")
    );
    assert_eq!(json["status"], json!({"code": "STATUS_CODE_ERROR", "message": "broke"}));
    let root = Span {
        parent_span_id: Vec::new(),
        ..span()
    };
    assert_eq!(
        serde_json::to_value(DescribedSpan(root)).unwrap()["parent_span_id"],
        Value::Null
    );
}

#[test]
fn a_value_that_is_null_is_not_one_that_is_absent() {
    let of = |json: Value| serde_json::from_value::<Expectation>(json).unwrap();
    assert_eq!(of(json!({"value": null})).value, Some(Value::Null));
    assert_eq!(of(json!({})).value, None);
    assert_eq!(
        serde_json::to_value(of(json!({"value": null}))).unwrap(),
        json!({"value": null})
    );
}
