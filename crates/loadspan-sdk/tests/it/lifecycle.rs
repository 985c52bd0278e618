//! What happens around the life of a set-up: flushing through a provider, the end, and what comes after. There is one set-up in a
//! process: tests take turns.

use std::time::Duration;

use loadspan_sdk::{Attachment, FlushOutcome};
use loadspan_testkit::{OtlpSink, SinkAnswer};
use opentelemetry::trace::{Span, Tracer, TracerProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::{PATIENCE, builder, turn};

#[test]
fn flushing_the_applications_provider_flushes_the_exports() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let mut provider = None;
    let guard = builder(&sink)
        .init_with_provider(|mlflow| {
            let built = SdkTracerProvider::builder().with_span_processor(mlflow).build();
            provider = Some(built.clone());
            built
        })
        .unwrap();
    let provider = provider.unwrap();
    drop(provider.tracer("application").start("work"));
    provider.force_flush().unwrap();
    assert_eq!(sink.counts().spans, 1);

    drop(loadspan_sdk::start_span("more"));
    provider.shutdown().unwrap();
    assert_eq!(sink.counts().spans, 2);
    drop(guard);
}

#[test]
fn a_flush_of_the_provider_that_takes_too_long_is_no_success() {
    let _turn = turn();
    let sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    let mut provider = None;
    let guard = builder(&sink)
        .flush_timeout(Duration::from_millis(10))
        .init_with_provider(|mlflow| {
            let built = SdkTracerProvider::builder().with_span_processor(mlflow).build();
            provider = Some(built.clone());
            built
        })
        .unwrap();
    drop(loadspan_sdk::start_span("work"));
    let shutdown = provider.unwrap().shutdown_with_timeout(Duration::from_millis(50));
    assert!(shutdown.is_err());
    drop(guard);
}

#[test]
fn a_processor_that_is_part_of_no_provider_is_an_error() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let error = builder(&sink)
        .init_with_provider(|_forgotten| SdkTracerProvider::builder().build())
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("Builder::init_with_provider: the processor was not added")
    );
    drop(builder(&sink).init().unwrap());
}

#[test]
fn after_the_end_nobody_records_and_the_counts_stay() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let guard = builder(&sink).attachment(Attachment::Global).init().unwrap();
    let late = loadspan_sdk::span("late").start();
    drop(loadspan_sdk::start_span("work"));
    assert_eq!(guard.shutdown(PATIENCE).0, FlushOutcome::Complete);

    let foreign = opentelemetry::global::tracer("application").start("foreign");
    assert!(!foreign.is_recording());
    late.end();
    drop(loadspan_sdk::start_span("no-op"));
    let counts = &loadspan_sdk::counts()[0];
    assert_eq!((counts.produced, counts.exported, counts.dropped), (2, 1, 1));
}

#[test]
fn no_time_is_too_long_to_wait() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let guard = builder(&sink).flush_timeout(Duration::MAX).init().unwrap();
    drop(loadspan_sdk::start_span("work"));
    assert_eq!(guard.flush(Duration::MAX), FlushOutcome::Complete);
    drop(guard);
    assert_eq!(sink.counts().spans, 1);
}

#[test]
fn a_name_that_is_none_of_a_header_does_not_become_two_headers() {
    let _turn = turn();
    let sink = OtlpSink::new().start().unwrap();
    let error = builder(&sink).otlp_headers(&[("a=b,c", "d")]).init().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("Builder::otlp_headers: item 1 is no header")
    );
}
