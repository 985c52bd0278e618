//! Against a sink that takes OTLP, or does not.

use std::sync::mpsc::{Receiver, channel};

use loadspan_record::Secret;
use loadspan_testkit::{OtlpSink, RunningOtlpSink, SinkAnswer, When};
use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span};
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message};

use super::*;
use crate::operation::Outlet;

fn config(url: &str) -> Forward {
    Forward {
        url: url.parse().unwrap(),
        headers: vec![("x-key".to_owned(), Secret::new("canary"))],
    }
}

fn journal() -> (Journal, Receiver<String>) {
    let (says, heard) = channel();
    let outlet = Outlet {
        access: None,
        warnings: Box::new(move |warning| says.send(warning.to_owned()).unwrap()),
    };
    (Journal::start(outlet), heard)
}

fn spans(count: usize) -> Bytes {
    let scope_spans = vec![ScopeSpans {
        spans: vec![Span::default(); count],
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
}

fn parcel(body: Bytes) -> Parcel {
    Parcel {
        signal: Signal::Traces,
        body,
        trail: Trail::default(),
    }
}

fn sink(sink: OtlpSink) -> RunningOtlpSink {
    sink.start().unwrap()
}

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_offered_is_delivered_also_at_the_second_try() {
    let sink = sink(OtlpSink::new().on(When::Number(0), SinkAnswer::unavailable()));
    let (journal, _heard) = journal();
    let forwarder = Forwarder::start(&config(&sink.url()), &journal).unwrap();
    for _ in 0..3 {
        forwarder.offer(parcel(spans(2)));
    }
    assert_eq!(forwarder.close(PATIENCE).await, 0);
    assert_eq!(sink.accepted().len(), 3);
    let ledger = forwarder.ledger();
    assert_eq!(ledger.of(Signal::Traces, Outcome::Delivered), 3);
    // After the end nothing is taken.
    forwarder.offer(parcel(spans(1)));
    assert_eq!(ledger.of(Signal::Traces, Outcome::NoRoom), 1);
    assert_eq!(ledger.waiting(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_said_once_and_counted() {
    let sink = sink(OtlpSink::new().answer(SinkAnswer::unauthenticated()));
    let (journal, heard) = journal();
    let forwarder = Forwarder::start(&config(&sink.url()), &journal).unwrap();
    for _ in 0..5 {
        forwarder.offer(parcel(spans(1)));
    }
    assert_eq!(forwarder.close(PATIENCE).await, 0);
    assert_eq!(forwarder.ledger().of(Signal::Traces, Outcome::NotTaken), 5);
    journal.close().await;
    let said: Vec<_> = heard.try_iter().collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("401") && !said[0].contains("canary"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_away_holds_up_nothing() {
    let mut sink = sink(OtlpSink::new());
    sink.stop();
    let (journal, _heard) = journal();
    let forwarder = Forwarder::start(&config(&sink.url()), &journal).unwrap();
    let large = Bytes::from(vec![0; WAITING / 2]);
    for _ in 0..3 {
        forwarder.offer(parcel(large.clone()));
    }
    let ledger = forwarder.ledger();
    assert_eq!(ledger.of(Signal::Traces, Outcome::NoRoom), 1);
    assert_eq!(forwarder.close(Duration::from_millis(50)).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_in_part_is_counted_as_such() {
    let sink = sink(OtlpSink::new().answer(SinkAnswer::partial(1).message("too old")));
    let (journal, heard) = journal();
    let forwarder = Forwarder::start(&config(&sink.url()), &journal).unwrap();
    forwarder.offer(parcel(spans(2)));
    assert_eq!(forwarder.close(PATIENCE).await, 0);
    assert_eq!(forwarder.ledger().of(Signal::Traces, Outcome::InPart), 1);
    journal.close().await;
    let said: Vec<_> = heard.try_iter().collect();
    assert!(
        said.len() == 1 && said[0].contains("does not take 1 of what it is sent: too old"),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_from_here_goes_no_further() {
    let sink = sink(OtlpSink::new());
    let (journal, _heard) = journal();
    let forwarder = Forwarder::start(&config(&sink.url()), &journal).unwrap();
    forwarder.offer(parcel(spans(1)));
    let mut headers = http::HeaderMap::new();
    headers.insert(trail::FORWARDED_BY, Trail::default().header(forwarder.0.id));
    forwarder.offer(Parcel {
        trail: Trail::of(&headers),
        ..parcel(spans(1))
    });
    assert_eq!(forwarder.close(PATIENCE).await, 0);
    let counts = [Outcome::Offered, Outcome::Delivered, Outcome::Returned];
    assert_eq!(
        counts.map(|outcome| forwarder.ledger().of(Signal::Traces, outcome)),
        [2, 1, 1]
    );
    assert_eq!(sink.accepted().len(), 1);
}

#[tokio::test]
async fn what_is_no_backend_is_refused() {
    let (journal, _heard) = journal();
    for url in ["grpc://collector:4317", "file:///x"] {
        let error = Forwarder::start(&config(url), &journal).err().unwrap().to_string();
        assert!(error.starts_with("--forward-otlp") && error.contains(url), "{error}");
    }
}
