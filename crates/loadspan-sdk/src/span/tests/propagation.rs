//! Traces that cross services.

use std::collections::HashMap;

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::SpanId;

use crate::config::Propagators;
use crate::testing::{self, Setting};
use crate::{current_span, extract, extract_from, inject, inject_into, span, start_span};

fn headers(traceparent: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", traceparent.parse().unwrap());
    headers
}

#[test]
fn a_trace_goes_on_in_the_service_that_is_called() {
    let memory = testing::state();
    let mut headers = HeaderMap::new();
    {
        let _client = start_span("client");
        inject(&mut headers);
    }
    span("server").with_parent(extract(&headers)).enter().end();

    let (client, server) = (memory.span("client"), memory.span("server"));
    assert_eq!(server.span_context.trace_id(), client.span_context.trace_id());
    assert_eq!(server.parent_span_id, client.span_context.span_id());
    assert!(server.parent_span_is_remote);
    assert!(!headers.contains_key("tracestate"));
}

#[test]
fn a_trace_whose_context_leaves_is_known_to_do_so() {
    let memory = testing::state();
    for leaves in [false, true] {
        let span = start_span("request");
        let mut headers = HeaderMap::new();
        match leaves {
            true => inject(&mut headers),
            // As calls of models do: the server has no spans with tokens.
            false => span.write_trace_context(&mut HashMap::new()),
        }
    }
    let known: Vec<_> = memory.traces().iter().map(|trace| trace.is_propagated).collect();
    assert_eq!(known, [false, true]);
}

#[test]
fn only_what_the_propagators_know_crosses_the_border() {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (trace_context, baggage) in [(true, false), (false, true), (false, false)] {
        let memory = Setting {
            propagators: Propagators { trace_context, baggage },
            ..Setting::default()
        }
        .state();
        let mut incoming = headers(parent);
        incoming.insert("baggage", "tenant=a".parse().unwrap());
        let caller = extract(&incoming);
        assert_eq!(caller.span_context().is_some(), trace_context);

        let _span = span("handle").with_parent(caller).enter();
        let mut outgoing = HeaderMap::new();
        inject(&mut outgoing);
        let written = ["traceparent", "baggage"].map(|name| outgoing.contains_key(name));
        assert_eq!(written, [trace_context, baggage]);
        drop(memory);
    }
}

#[test]
fn a_remote_parent_decides_whether_the_trace_is_recorded() {
    let memory = testing::state();
    let headers = headers("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
    let server = span("server").with_parent(extract(&headers)).enter();
    assert!(!start_span("child").is_recording());
    let mut onward = HeaderMap::new();
    inject(&mut onward);
    drop(server);

    assert!(memory.spans().is_empty());
    assert_eq!(onward["traceparent"], headers["traceparent"]);
}

#[test]
fn a_parent_that_makes_no_sense_changes_nothing() {
    let memory = testing::state();
    let nonsense = extract(&headers("00-nonsense"));
    span("root").with_parent(nonsense.clone()).start().end();
    let _current = start_span("current");
    span("child").with_parent(nonsense).start().end();
    let current = current_span().span_context().span_id();

    assert_eq!(memory.span("root").parent_span_id, SpanId::INVALID);
    assert_eq!(memory.span("child").parent_span_id, current);
}

#[test]
fn baggage_passes_through() {
    let _memory = testing::state();
    let mut headers = headers("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    headers.insert("baggage", "tenant=a%20b".parse().unwrap());
    headers.insert("tracestate", "vendor=1".parse().unwrap());
    let _server = span("server").with_parent(extract(&headers)).enter();
    let mut onward = HeaderMap::new();
    inject(&mut onward);

    assert_eq!(onward["baggage"], "tenant=a%20b");
    assert_eq!(onward["tracestate"], "vendor=1");
    assert_eq!(Context::current().baggage().len(), 1);
}

#[test]
fn any_carrier_will_do() {
    let memory = testing::state();
    let mut carrier = HashMap::new();
    let client = span("client").start();
    client.inject_into(&mut carrier);
    span("server").with_parent(extract_from(&carrier)).start().end();
    client.end();
    let mut nothing = HashMap::new();
    inject_into(&mut nothing);

    assert_eq!(
        memory.span("server").parent_span_id,
        memory.span("client").span_context.span_id()
    );
    assert!(nothing.is_empty());
}
