//! What arrives, over real sockets: every span, once, with what was said of it; and what does not is counted.

use std::thread;
use std::time::Duration;

use loadspan_sdk::{Builder, DestinationCounts, FlushOutcome};
use loadspan_testkit::{OtlpSink, RunningOtlpSink};
use loadspan_wire::otlp::any_value::Value;
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message, json};
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::{PATIENCE, turn};

const THREADS: u64 = 8;
const SPANS_PER_THREAD: u64 = 100_000;
/// What the threads may have on its way between two flushes fits into the queue.
const SPANS_PER_FLUSH: u64 = 10_000;
/// The attribute that tells spans apart.
const NUMBER: &str = "test.number";

#[test]
fn eight_threads_with_100_000_spans_each_lose_none_and_none_arrives_twice() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let guard = builder(&sink, []).init().unwrap();

    make_spans(SPANS_PER_THREAD, |made| {
        if made % SPANS_PER_FLUSH == 0 {
            assert_eq!(loadspan_sdk::flush(PATIENCE), FlushOutcome::Complete);
        }
    });
    let (outcome, counts) = guard.shutdown(PATIENCE);

    let produced = THREADS * SPANS_PER_THREAD;
    assert_eq!(outcome, FlushOutcome::Complete);
    assert_eq!((counts[0].produced, counts[0].exported), (produced, produced));
    let numbers = numbers_at(&sink);
    assert_eq!(numbers.len() as u64, produced);
    assert!(numbers.into_iter().eq(0..produced), "a span is missing, or there twice");
}

#[test]
fn what_a_full_queue_has_no_room_for_is_counted_to_the_last_span() {
    let _turn = turn();
    let sink = OtlpSink::new().delay(Duration::from_millis(100)).start().unwrap();
    let guard = builder(&sink, [("OTEL_BSP_MAX_QUEUE_SIZE", "2048")]).init().unwrap();

    make_spans(5_000, |_| {});
    let (outcome, counts) = guard.shutdown(PATIENCE);

    assert_eq!(outcome, FlushOutcome::Complete);
    let DestinationCounts {
        produced,
        exported,
        dropped,
        rejected,
        pending,
        ..
    } = counts[0];
    assert_eq!((produced, rejected, pending), (THREADS * 5_000, 0, 0));
    assert_eq!(exported + dropped, produced);
    assert!(exported >= 2_048 && dropped > 0, "{:?}", counts[0]);
    let mut numbers = numbers_at(&sink);
    assert_eq!(numbers.len() as u64, exported);
    numbers.dedup();
    assert_eq!(numbers.len() as u64, exported, "a span is there twice");
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((any::<String>(), inner), 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_arrives_by_every_protocol(values in prop::collection::vec(any_json(), 1..100)) {
        let _turn = turn();
        for protocol in ["grpc", "http/protobuf", "http/json"] {
            let sink = OtlpSink::new().start().unwrap();
            let guard = builder(&sink, []).otlp_protocol(protocol).init().unwrap();
            for value in &values {
                loadspan_sdk::start_span("any").set_inputs(value);
            }
            guard.shutdown(PATIENCE);

            let arrived: Vec<Json> = attributes_at(&sink, "mlflow.spanInputs")
                .into_iter()
                .filter_map(|value| match value {
                    Value::StringValue(text) => serde_json::from_str(&text).ok(),
                    _ => None,
                })
                .collect();
            prop_assert_eq!(&arrived, &values, "{}", protocol);
        }
    }
}

fn builder<const N: usize>(sink: &RunningOtlpSink, environment: [(&str, &str); N]) -> Builder {
    loadspan_sdk::builder()
        .environment(environment)
        .otlp_endpoint(&format!("{}/v1/traces", sink.url()))
}

/// Spans of all threads, numbered from zero. `after` each one.
fn make_spans(per_thread: u64, after: impl Fn(u64) + Sync) {
    thread::scope(|threads| {
        for first in (0..THREADS).map(|thread| thread * per_thread) {
            let after = &after;
            threads.spawn(move || {
                for made in 0..per_thread {
                    let span = loadspan_sdk::start_span("span");
                    span.set_otel_attribute(NUMBER, (first + made) as i64);
                    drop(span);
                    after(made + 1);
                }
            });
        }
    });
}

/// The numbers of the spans that have arrived, sorted.
fn numbers_at(sink: &RunningOtlpSink) -> Vec<u64> {
    let mut numbers: Vec<u64> = attributes_at(sink, NUMBER)
        .into_iter()
        .filter_map(|value| match value {
            Value::IntValue(number) => u64::try_from(number).ok(),
            _ => None,
        })
        .collect();
    numbers.sort_unstable();
    numbers
}

/// The values of an attribute in all spans that have arrived.
fn attributes_at(sink: &RunningOtlpSink, name: &str) -> Vec<Value> {
    let requests = sink.accepted().into_iter().map(|export| match &*export.content_type {
        "application/json" => json::decode_traces(&export.body).expect("what arrives is OTLP"),
        _ => ExportTraceServiceRequest::decode(export.body).expect("what arrives is OTLP"),
    });
    let resources = requests.flat_map(|request| request.resource_spans);
    let spans = resources
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans);
    spans
        .flat_map(|span| span.attributes)
        .filter(|attribute| attribute.key == name)
        .filter_map(|attribute| attribute.value?.value)
        .collect()
}
