//! One span: start, type, inputs, outputs, end.

use std::hint::black_box;

use criterion::Criterion;
use loadspan_sdk::{SpanType, start_span};
use serde::Serialize;
use serde_json::json;

use crate::swallow::{SetUp, Tracing, group, time_of};

#[derive(Serialize)]
struct Query<'a> {
    query: &'a str,
}

#[derive(Serialize)]
struct Response<'a> {
    response: &'a str,
}

/// As in the first example of the documentation. Building the values is part of it.
pub(crate) fn usual() {
    let span = start_span("process_request").with_type(SpanType::Chain);
    span.set_inputs(json!({"query": "What is MLflow?"}));
    span.set_outputs(json!({"response": "MLflow is an open source platform"}));
}

/// The same with values that the application has anyway.
pub(crate) fn borrowed() {
    let span = start_span("process_request").with_type(SpanType::Chain);
    span.set_inputs(Query {
        query: black_box("What is MLflow?"),
    });
    span.set_outputs(Response {
        response: black_box("MLflow is an open source platform"),
    });
}

#[loadspan_sdk::trace(span_type = SpanType::Chain)]
fn traced(query: &str) -> &'static str {
    black_box(query);
    "MLflow is an open source platform"
}

fn call_traced() {
    traced(black_box("What is MLflow?"));
}

const CALLS: [(&str, fn()); 3] = [("json", usual), ("borrowed", borrowed), ("function", call_traced)];

pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = group(criterion, "nothing_set_up");
    for (name, call) in CALLS {
        group.bench_function(name, |bencher| bencher.iter_custom(|calls| time_of(calls, call)));
    }
    group.finish();
    measure_with(criterion, "recorded", Tracing::sampled);
    measure_with(criterion, "not_sampled", Tracing::unsampled);
}

fn measure_with(criterion: &mut Criterion, name: &str, set_up: SetUp) {
    let mut group = group(criterion, name);
    for (call_name, call) in CALLS {
        let tracing = set_up();
        group.bench_function(format!("root_{call_name}"), |bencher| {
            bencher.iter_custom(|calls| tracing.time(calls, call));
        });
        let _root = start_span("root");
        group.bench_function(format!("child_{call_name}"), |bencher| {
            bencher.iter_custom(|calls| tracing.time(calls, call));
        });
    }
    group.finish();
}
