//! Spans.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzEncoder;
use loadspan_testkit::{MlflowSink, RunningMlflowSink};

use crate::harness::{Client, Reply};

/// Two spans and one, in two scopes: `ResourceSpans { ScopeSpans { Span, Span }, ScopeSpans { Span } }`.
const THREE_SPANS: &[u8] = b"\x0a\x10\x12\x08\x12\x02\x2a\x00\x12\x02\x2a\x00\x12\x04\x12\x02\x2a\x00";
const PROTOBUF: &str = "content-type: application/x-protobuf\r\n";

/// `headers` are whole lines.
fn post(sink: &RunningMlflowSink, headers: &str, body: &[u8]) -> Reply {
    let mut client = Client::connect_to(sink.address());
    let length = body.len();
    client.send(&format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n"
    ));
    client.stream.write_all(body).unwrap();
    client.reply().unwrap()
}

#[test]
fn spans_are_counted_for_their_experiment_and_their_run() {
    let sink = MlflowSink::new().start().unwrap();
    let id = sink.add_run("e", "r");
    let experiment = format!("{PROTOBUF}x-mlflow-experiment-id: 1\r\n");
    let run = format!("{experiment}x-mlflow-run-id: {id}\r\ncontent-encoding: gzip\r\n");
    let mut packed = Vec::new();
    GzEncoder::new(THREE_SPANS, Compression::fast())
        .read_to_end(&mut packed)
        .unwrap();
    assert_eq!(post(&sink, &run, &packed).status, 200);
    let unlinked = post(&sink, &experiment, THREE_SPANS);
    assert_eq!((unlinked.status, unlinked.body()), (200, String::new()));
    assert_eq!(
        post(&sink, &format!("{experiment}x-mlflow-run-id: abc\r\n"), THREE_SPANS).status,
        200
    );
    assert_eq!((sink.spans_in("1"), sink.runs()[0].traces), (9, 3));
}

#[test]
fn what_are_no_spans_of_an_experiment_is_refused() {
    let sink = MlflowSink::new().start().unwrap();
    sink.add_run("e", "r");
    let experiment = "x-mlflow-experiment-id: 1\r\n";
    for (headers, body, status) in [
        (PROTOBUF.to_owned(), THREE_SPANS, 422),
        (format!("{PROTOBUF}x-mlflow-experiment-id: 9\r\n"), THREE_SPANS, 404),
        (format!("{PROTOBUF}{experiment}"), b"abc", 400),
        (format!("{PROTOBUF}{experiment}"), b"", 400),
        (
            format!("{PROTOBUF}{experiment}content-encoding: gzip\r\n"),
            THREE_SPANS,
            400,
        ),
        (
            format!("{PROTOBUF}{experiment}content-encoding: zstd\r\n"),
            THREE_SPANS,
            400,
        ),
        (
            format!("content-type: application/protobuf\r\n{experiment}"),
            THREE_SPANS,
            400,
        ),
    ] {
        assert_eq!(post(&sink, &headers, body).status, status, "{headers}");
    }
    assert_eq!(sink.spans_in("1"), 0);
}
