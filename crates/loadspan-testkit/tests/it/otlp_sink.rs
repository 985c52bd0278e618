//! The OTLP sink, as a plain HTTP client sees it. What it says over gRPC is tested with the OTLP client of loadspan.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use loadspan_testkit::{DurationExt, OtlpSink, RunningOtlpSink, SinkAnswer, SinkSignal, When};

const PATIENCE: Duration = Duration::from_secs(10);

/// Two spans and one, in two scopes: `ResourceSpans { ScopeSpans { Span, Span }, ScopeSpans { Span } }`.
const THREE_SPANS: &[u8] = b"\x0a\x10\x12\x08\x12\x02\x2a\x00\x12\x02\x2a\x00\x12\x04\x12\x02\x2a\x00";

/// Posts a body; the whole answer. Empty when the connection was closed without one.
fn post(sink: &RunningOtlpSink, path: &str, content_type: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(sink.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn post_spans(sink: &RunningOtlpSink) -> String {
    post(sink, "/v1/traces", "application/x-protobuf", THREE_SPANS)
}

#[test]
fn what_is_accepted_is_kept_as_it_came() {
    let sink = OtlpSink::new().start().unwrap();
    assert!(post(&sink, "/prefix/v1/traces", "application/x-protobuf", THREE_SPANS).starts_with("HTTP/1.1 200"));
    let accepted = sink.accepted();
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0].signal, SinkSignal::Traces);
    assert_eq!(accepted[0].path, "/prefix/v1/traces");
    assert_eq!(&accepted[0].body[..], THREE_SPANS);
    assert_eq!(accepted[0].header("content-type"), Some("application/x-protobuf"));
    assert_eq!(sink.counts().spans, 3);
}

#[test]
fn data_points_are_counted_in_json_too() {
    let sink = OtlpSink::new().count_only().start().unwrap();
    let json = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
        {"name":"a","gauge":{"dataPoints":[{},{}]}},{"name":"b","sum":{"dataPoints":[{}]}},{"name":"c"}]}]}]}"#;
    let answer = post(&sink, "/v1/metrics", "application/json", json.as_bytes());
    assert!(answer.ends_with("\r\n\r\n{}"), "{answer}");
    let counts = sink.counts();
    assert_eq!((counts.accepted, counts.data_points, counts.spans), (1, 3, 0));
    assert!(sink.accepted().is_empty());
}

#[test]
fn rules_go_by_the_number_of_the_export() {
    let sink = OtlpSink::new()
        .on(When::Number(1), SinkAnswer::unavailable().retry_after(1500.ms()))
        .refuse(SinkSignal::Metrics)
        .start()
        .unwrap();
    assert!(post_spans(&sink).starts_with("HTTP/1.1 200"));
    let unavailable = post_spans(&sink);
    assert!(unavailable.starts_with("HTTP/1.1 503"), "{unavailable}");
    assert!(unavailable.contains("retry-after: 2\r\n"), "{unavailable}");
    assert!(post(&sink, "/v1/metrics", "application/x-protobuf", b"").starts_with("HTTP/1.1 404"));
    assert!(post(&sink, "/v1/logs", "application/x-protobuf", b"").starts_with("HTTP/1.1 404"));
    let counts = sink.counts();
    assert_eq!((counts.requests, counts.accepted), (3, 1));
}

#[test]
fn rejected_items_are_not_counted() {
    let sink = OtlpSink::new().answer(SinkAnswer::partial(2)).start().unwrap();
    post_spans(&sink);
    assert_eq!(sink.counts().spans, 1);
    assert_eq!(sink.accepted()[0].rejected, 2);
}

#[test]
fn a_stopped_sink_refuses_connections_and_comes_back_with_what_it_had() {
    let mut sink = OtlpSink::new().start().unwrap();
    post_spans(&sink);
    sink.stop();
    assert!(TcpStream::connect(sink.address()).is_err());
    assert_eq!(sink.counts().accepted, 1);
    sink.restart().unwrap();
    assert!(post_spans(&sink).starts_with("HTTP/1.1 200"));
    assert_eq!(sink.counts().accepted, 2);
}

#[test]
fn a_closed_connection_brings_no_answer() {
    let sink = OtlpSink::new().answer(SinkAnswer::close()).start().unwrap();
    assert_eq!(post_spans(&sink), "");
}

#[test]
fn stopping_does_not_wait_for_exports_that_hang() {
    let mut sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    let mut stream = TcpStream::connect(sink.address()).unwrap();
    stream
        .write_all(b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    assert_eq!(sink.wait_until(PATIENCE, |counts| counts.requests == 1).requests, 1);
    sink.stop();
    assert_eq!(sink.counts().accepted, 0);
}

#[test]
fn waiting_ends_when_patience_does() {
    let sink = OtlpSink::new().start().unwrap();
    assert_eq!(sink.wait_until(10.ms(), |counts| counts.accepted > 0).accepted, 0);
}
