//! Traces that are not recorded.

use std::cell::Cell;

use http::HeaderMap;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use serde::Serialize;

use crate::testing::{self, Setting};
use crate::{Span, current_span, inject, span, start_span};

const NEVER: Setting = Setting {
    sampling_ratio: 0.0,
    ..Setting::DEFAULT
};

/// Tells whether anybody has read it.
struct Watched<'a>(&'a Cell<bool>);

impl Serialize for Watched<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.set(true);
        serializer.serialize_unit()
    }
}

#[test]
fn nothing_is_serialised_and_nothing_is_recorded_below_the_root_either() {
    let memory = NEVER.state();
    let read = Cell::new(false);
    let root = start_span("root");
    let child = start_span("child");
    child.set_inputs(Watched(&read));
    child.set_attribute("a", Watched(&read));
    child.add_chunk(Watched(&read));
    drop(child);
    let below = span("below").with_parent(root.span()).start();

    assert!(!read.get());
    assert!(!below.is_recording());
    drop(below);
    drop(root);
    assert!(memory.spans().is_empty());
}

#[test]
fn the_root_decides_for_the_whole_trace() {
    let memory = Setting {
        sampling_ratio: 0.5,
        ..Setting::default()
    }
    .state();
    for _ in 0..1_000 {
        let root = start_span("root");
        let child = start_span("child");
        assert_eq!(root.is_recording(), child.is_recording());
    }

    let recorded = memory.spans().len();
    assert_eq!(recorded % 2, 0);
    assert!((700..1_300).contains(&recorded), "{recorded}");
}

#[test]
fn services_that_are_called_learn_that_the_trace_is_not_recorded() {
    let _memory = NEVER.state();
    let _root = start_span("root");
    let header = || {
        let mut headers = HeaderMap::new();
        inject(&mut headers);
        headers.remove("traceparent").unwrap()
    };
    let at_root = header();
    let _child = start_span("child");

    assert!(at_root.as_bytes().ends_with(b"-00"));
    assert_eq!(header(), at_root);
}

#[test]
fn the_sampler_of_the_applications_own_provider_has_the_last_word() {
    let memory = testing::state_around(|processor| {
        SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)))
            .with_span_processor(processor)
            .build()
    });
    let root = start_span("root");
    let child = start_span("child");

    assert!(root.span_context().is_valid());
    assert_eq!(child.span_context(), root.span_context());
    drop(child);
    drop(root);
    assert!(memory.spans().is_empty());
}

#[test]
fn a_span_that_is_not_recorded_is_current_wherever_it_is_entered() {
    let _memory = NEVER.state();
    let root = start_span("root");
    let child = span("child").start();
    let trace_id = root.span_context().trace_id();
    let id_within = |child: &Span| {
        let _scope = child.enter();
        current_span().span_context().trace_id()
    };

    assert_eq!(id_within(&child), trace_id);
    let elsewhere = std::thread::spawn(move || (id_within(&child), current_span().span_context().is_valid()));
    assert_eq!(elsewhere.join().unwrap(), (trace_id, false));
    assert_eq!(current_span().span_context().trace_id(), trace_id);
}
