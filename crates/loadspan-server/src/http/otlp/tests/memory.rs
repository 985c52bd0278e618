//! Small bodies that would become large in memory.

use super::*;

/// A field with a length.
fn delimited(number: u8, content: &[u8]) -> Vec<u8> {
    let head = Span {
        // The name is field 5, whose tag is replaced.
        name: String::from_utf8(vec![b'x'; content.len()]).unwrap(),
        ..Span::default()
    };
    let mut field = head.encode_to_vec();
    let start = field.len() - content.len();
    field[0] = number << 3 | 2;
    field[start..].copy_from_slice(content);
    field
}

/// Four million messages of two bytes each, gzipped.
fn empty_messages(field: u8, around: &[u8]) -> Bytes {
    let messages = [field << 3 | 2, 0].repeat(4 << 20);
    gzip(&around.iter().fold(messages, |inner, &field| delimited(field, &inner)))
}

#[test]
fn messages_that_are_small_only_on_the_wire_are_not_decoded() {
    on_sqlite(async |app| {
        for (what, body) in [
            ("resources", empty_messages(1, &[])),
            ("scopes", empty_messages(2, &[1])),
            ("spans", empty_messages(2, &[2, 1])),
            ("events", empty_messages(11, &[2, 2, 1])),
            ("links", empty_messages(13, &[2, 2, 1])),
            ("attributes", empty_messages(9, &[2, 2, 1])),
        ] {
            assert!(body.len() < 1 << 18, "{what}");
            let headers = [("content-type", PROTOBUF), ("content-encoding", "gzip")];
            let (status, kind, said) = told_owned(&post(&app, &headers, body).await);
            assert_eq!((status, kind.as_str()), (413, PROTOBUF), "{what}: {said}");
            assert!(said.contains("bytes of memory"), "{what}: {said}");
        }
        let ledger = app.app().meters.ledger(Signal::Traces);
        assert_eq!(ledger.received(), 0, "nothing was decoded");
    });
}

#[test]
fn objects_that_are_small_only_in_json_are_not_read_to_the_end() {
    on_sqlite(async |app| {
        let objects = "{},".repeat(1 << 20);
        for body in [
            format!("{{\"resourceSpans\":[{objects}{{}}]}}"),
            format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{objects}{{}}]}}]}}]}}"),
        ] {
            let answer = post(&app, &[("content-type", "application/json")], body).await;
            let (status, _, said) = told_owned(&answer);
            assert_eq!(status, 413, "{said}");
            assert!(said.contains("bytes of memory"), "{said}");
        }
    });
}

#[test]
fn what_is_only_large_is_taken() {
    on_sqlite(async |app| {
        let spans = (1..=2000_u64).map(|id| Span {
            span_id: id.to_be_bytes().to_vec(),
            attributes: (0..10)
                .map(|number| loadspan_wire::otlp::attribute(format!("attribute.{number}"), "some value"))
                .collect(),
            ..span()
        });
        let request = traces(spans.collect());
        for (kind, body) in [
            (PROTOBUF, request.encode_to_vec()),
            ("application/json", json::encode_traces(&request)),
        ] {
            let headers = [("content-type", kind), ("content-encoding", "gzip")];
            let answer = post(&app, &headers, gzip(&body)).await;
            assert_eq!(answer.status(), StatusCode::OK, "{kind}");
        }
        assert_eq!(count(&app, "spans").await, 2000);
    });
}

#[test]
fn long_values_are_not_sent_back() {
    on_sqlite(async |app| {
        let long = "9".repeat(60_000);
        for headers in [
            [("content-type", PROTOBUF), ("x-mlflow-experiment-id", long.as_str())],
            [("content-type", PROTOBUF), ("content-encoding", long.as_str())],
            [("content-type", long.as_str()), ("x-none", "")],
        ] {
            let answer = post(&app, &headers, traces(vec![span()]).encode_to_vec()).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
            assert!(answer.body().len() < 1000, "{}", answer.body().len());
        }
        let body = format!("{{\"resourceSpans\":\"{long}\"}}");
        let answer = post(&app, &[("content-type", "application/json")], body).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert!(answer.body().len() < 5000, "{}", answer.body().len());
    });
}

fn told_owned(answer: &Response<Bytes>) -> (u16, String, String) {
    let (status, kind, said) = told(answer);
    (status, kind.to_owned(), said)
}
