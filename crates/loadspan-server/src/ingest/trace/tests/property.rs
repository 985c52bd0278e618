//! Any OTLP in is the same OTLP out.

use std::collections::BTreeMap;

use loadspan_wire::otlp::any_value::Value as Kind;
use loadspan_wire::otlp::trace::span::{Event, Link};
use loadspan_wire::otlp::{AnyValue, ArrayValue, InstrumentationScope, KeyValueList, Message};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A span with its resource, its scope, and their schemas: what is sent, and what is stored.
type Sent = (Vec<u8>, Vec<u8>, String, String, Vec<u8>);

fn value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(None),
        any::<String>().prop_map(|text| Some(Kind::StringValue(text))),
        any::<bool>().prop_map(|value| Some(Kind::BoolValue(value))),
        any::<i64>().prop_map(|number| Some(Kind::IntValue(number))),
        any::<f64>().prop_map(|number| Some(Kind::DoubleValue(number))),
        vec(any::<u8>(), 0..20).prop_map(|bytes| Some(Kind::BytesValue(bytes))),
    ];
    let leaf = leaf.prop_map(|value| AnyValue { value });
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|values| AnyValue {
                value: Some(Kind::ArrayValue(ArrayValue { values }))
            }),
            vec((any::<String>(), inner), 0..4).prop_map(|entries| AnyValue {
                value: Some(Kind::KvlistValue(KeyValueList {
                    values: entries.into_iter().map(|(key, value)| entry(key, value)).collect()
                }))
            }),
        ]
    })
}

fn entry(key: String, value: AnyValue) -> KeyValue {
    KeyValue {
        key,
        value: Some(value),
        ..KeyValue::default()
    }
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let keys = prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "mlflow.spanInputs",
            "mlflow.spanType",
            "mlflow.chat.tokenUsage",
            "mlflow.traceTag.x",
            "gen_ai.operation.name",
            "gen_ai.usage.input_tokens",
            "gen_ai.input.messages",
            "session.id",
            "input.value",
            "openinference.span.kind",
        ])
        .prop_map(str::to_owned),
    ];
    vec((keys, value()), 0..5).prop_map(|entries| entries.into_iter().map(|(key, value)| entry(key, value)).collect())
}

fn event() -> impl Strategy<Value = Event> {
    (any::<u64>(), any::<String>(), attributes(), any::<u32>()).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn link() -> impl Strategy<Value = Link> {
    (
        vec(any::<u8>(), 0..20),
        vec(any::<u8>(), 0..10),
        any::<String>(),
        attributes(),
        any::<u32>(),
    )
        .prop_map(|(trace_id, span_id, trace_state, attributes, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            flags,
            dropped_attributes_count: flags / 3,
        })
}

fn any_span() -> impl Strategy<Value = Span> {
    let ids = (1..4_u8, 1..=u8::MAX, prop::option::of(1..=u8::MAX));
    let texts = (any::<String>(), any::<String>(), any::<String>());
    let numbers = (any::<u32>(), any::<i32>(), 0..=i64::MAX as u64, 0..=i64::MAX as u64);
    let lists = (attributes(), vec(event(), 0..3), vec(link(), 0..3));
    let status = prop::option::of((any::<String>(), any::<i32>()));
    (ids, texts, numbers, lists, status).prop_map(|(ids, texts, numbers, lists, status)| Span {
        trace_id: vec![ids.0; 16],
        span_id: vec![ids.1; 8],
        trace_state: texts.0,
        parent_span_id: ids.2.map(|id| vec![id; 8]).unwrap_or_default(),
        flags: numbers.0,
        name: texts.1,
        kind: numbers.1,
        start_time_unix_nano: numbers.2,
        end_time_unix_nano: numbers.3,
        attributes: lists.0,
        dropped_attributes_count: numbers.0 / 2,
        events: lists.1,
        dropped_events_count: numbers.0 / 3,
        links: lists.2,
        dropped_links_count: numbers.0 / 5,
        status: status.map(|(message, code)| Status { message, code }),
    })
}

fn any_resource_spans() -> impl Strategy<Value = ResourceSpans> {
    let scope = (
        prop::option::of((any::<String>(), attributes())),
        vec(any_span(), 0..4),
        any::<String>(),
    );
    let scope = scope.prop_map(|(scope, spans, schema_url)| ScopeSpans {
        scope: scope.map(|(name, attributes)| InstrumentationScope {
            version: name.clone(),
            name,
            attributes,
            dropped_attributes_count: 1,
        }),
        spans,
        schema_url,
    });
    (prop::option::of(attributes()), vec(scope, 0..3), any::<String>()).prop_map(
        |(attributes, scope_spans, schema_url)| ResourceSpans {
            resource: attributes.map(|attributes| Resource {
                attributes,
                ..Resource::default()
            }),
            scope_spans,
            schema_url,
        },
    )
}

/// What is sent, by trace and span; the last word on a span counts, but that it ended is not taken back.
fn sent(request: &[ResourceSpans]) -> BTreeMap<(Vec<u8>, Vec<u8>), Sent> {
    let mut all: BTreeMap<_, (bool, Sent)> = BTreeMap::new();
    for resource in request {
        for scope in &resource.scope_spans {
            for span in &scope.spans {
                let finished = span.end_time_unix_nano != 0;
                let key = (span.trace_id.clone(), span.span_id.clone());
                if all.get(&key).is_some_and(|(known, _)| *known && !finished) {
                    continue;
                }
                let sent = (
                    resource
                        .resource
                        .as_ref()
                        .map(Message::encode_to_vec)
                        .unwrap_or_default(),
                    scope.scope.as_ref().map(Message::encode_to_vec).unwrap_or_default(),
                    resource.schema_url.clone(),
                    scope.schema_url.clone(),
                    span.encode_to_vec(),
                );
                all.insert(key, (finished, sent));
            }
        }
    }
    all.into_iter().map(|(key, (_, sent))| (key, sent)).collect()
}

async fn stored(app: &TestApp) -> BTreeMap<(Vec<u8>, Vec<u8>), Sent> {
    let sql = "SELECT r.content, c.content, r.schema_url, c.schema_url, s.content FROM spans s \
               JOIN resources r ON r.resource_key = s.resource_key JOIN scopes c ON c.scope_key = s.scope_key LIMIT 10000";
    let rows = app
        .read(move |connection| Ok(connection.query(sql, &[])?))
        .await
        .unwrap();
    let spans = rows.into_iter().map(|mut row| {
        let content = row.blob(4).unwrap();
        let span = Span::decode(&content[..]).unwrap();
        let sent = (
            row.blob(0).unwrap(),
            row.blob(1).unwrap(),
            row.text(2).unwrap(),
            row.text(3).unwrap(),
            content,
        );
        ((span.trace_id, span.span_id), sent)
    });
    spans.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_goes_in_comes_out(requests in vec(vec(any_resource_spans(), 0..3), 1..3)) {
        each_database(async |app| {
            let routing = Routing { experiment_id: Some("0".to_owned()), ..Routing::default() };
            for request in &requests {
                let accepted = export(&app, routing.clone(), request.clone()).await.unwrap();
                assert_eq!(accepted, Accepted::default());
            }
            assert_eq!(stored(&app).await, sent(&requests.concat()));
        });
    }
}
