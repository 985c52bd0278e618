//! Spans of `tracing`, with the layer of this crate and with one that does nothing. The difference is what the layer costs.

use std::hint::black_box;

use criterion::Criterion;
use tracing::Subscriber;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, registry};

use crate::swallow::{SetUp, Tracing, group, time_of};

/// An application that uses `tracing` has a layer of some kind already.
struct Idle;

impl<S: Subscriber> Layer<S> for Idle {}

fn call() {
    let span = tracing::info_span!(
        "process_request",
        query = black_box("What is MLflow?"),
        number = black_box(7_u64)
    );
    drop(span.entered());
}

pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = group(criterion, "tracing");
    tracing::subscriber::with_default(registry().with(Idle), || {
        group.bench_function("idle_root", |bencher| bencher.iter_custom(|calls| time_of(calls, call)));
        let _root = tracing::info_span!("root").entered();
        group.bench_function("idle_child", |bencher| {
            bencher.iter_custom(|calls| time_of(calls, call))
        });
    });
    let with_layer: [(&str, SetUp); 2] = [("not_sampled", Tracing::unsampled), ("recorded", Tracing::sampled)];
    for (name, set_up) in with_layer {
        let tracing = set_up();
        tracing::subscriber::with_default(registry().with(loadspan_sdk::tracing_layer()), || {
            group.bench_function(format!("{name}_root"), |bencher| {
                bencher.iter_custom(|calls| tracing.time(calls, call));
            });
            let _root = tracing::info_span!("root").entered();
            group.bench_function(format!("{name}_child"), |bencher| {
                bencher.iter_custom(|calls| tracing.time(calls, call));
            });
        });
    }
    group.finish();
}
