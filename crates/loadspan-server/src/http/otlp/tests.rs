//! What clients are answered, case by case.

mod damage;
mod memory;
mod points;

use std::io::Write;

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Request, Response, StatusCode, header};
use loadspan_wire::otlp::response::{ExportOutcome, RpcStatus, decode_outcome, decode_status};
use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span};
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message, json};

use crate::operation::Signal;
use crate::testing::{TestApp, each_database, on_sqlite};

const PROTOBUF: &str = "application/x-protobuf";

fn span() -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "span".to_owned(),
        start_time_unix_nano: 1_700_000_000_000_000_000,
        end_time_unix_nano: 1_700_000_001_000_000_000,
        ..Span::default()
    }
}

fn traces(spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

/// A request with a body; each header is a name and a value.
async fn post(app: &TestApp, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response<Bytes> {
    post_to(app, "/v1/traces", headers, body).await
}

async fn post_to(app: &TestApp, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response<Bytes> {
    let request = headers.iter().fold(Request::post(path), |request, (name, value)| {
        request.header(*name, *value)
    });
    app.send(request.body(Body::from(body.into())).unwrap()).await
}

/// Status, type, and what the body says for people, if it is a status of either form.
fn told(answer: &Response<Bytes>) -> (u16, &str, String) {
    let kind = answer.headers()[header::CONTENT_TYPE].to_str().unwrap();
    let said = match kind {
        _ if answer.status().is_success() => format!("{:?}", answer.body()),
        PROTOBUF => decode_status(answer.body()).unwrap().message,
        _ => serde_json::from_slice::<serde_json::Value>(answer.body()).unwrap()["message"]
            .as_str()
            .unwrap()
            .to_owned(),
    };
    (answer.status().as_u16(), kind, said)
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

async fn count(app: &TestApp, table: &'static str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    let row = app
        .read(move |connection| Ok(connection.query_one(&sql, &[])?))
        .await
        .unwrap();
    row.unwrap().int(0).unwrap()
}

#[test]
fn a_request_is_answered_in_its_own_form() {
    each_database(async |app| {
        let body = traces(vec![span()]);
        let answer = post(&app, &[("content-type", PROTOBUF)], body.encode_to_vec()).await;
        assert_eq!(told(&answer), (200, PROTOBUF, "b\"\"".to_owned()));
        let answer = post(
            &app,
            &[("content-type", "application/json")],
            json::encode_traces(&body),
        )
        .await;
        assert_eq!(told(&answer), (200, "application/json", "b\"{}\"".to_owned()));
        assert_eq!(count(&app, "spans").await, 1);
    });
}

#[test]
fn types_are_known_in_any_case_and_with_parameters() {
    on_sqlite(async |app| {
        for kind in [
            "Application/X-Protobuf",
            "application/x-protobuf; charset=utf-8",
            " application/x-protobuf ",
        ] {
            let answer = post(&app, &[("content-type", kind)], traces(vec![span()]).encode_to_vec()).await;
            assert_eq!(told(&answer).0, 200, "{kind}");
        }
        for kind in ["application/protobuf", "text/plain", ""] {
            let answer = post(&app, &[("content-type", kind)], traces(vec![span()]).encode_to_vec()).await;
            let expected =
                format!("Invalid Content-Type: {kind}. Expected: application/x-protobuf or application/json");
            assert_eq!(told(&answer), (400, "application/json", expected));
        }
    });
}

#[test]
fn every_encoding_is_read_and_others_are_refused() {
    on_sqlite(async |app| {
        let body = traces(vec![span()]).encode_to_vec();
        let zstd = zstd::encode_all(&body[..], 3).unwrap();
        for (encoding, body) in [
            ("gzip", gzip(&body)),
            ("GZIP", gzip(&body)),
            ("identity", body.clone().into()),
            ("zstd", zstd.into()),
        ] {
            let answer = post(
                &app,
                &[("content-type", PROTOBUF), ("content-encoding", encoding)],
                body,
            )
            .await;
            assert_eq!(told(&answer).0, 200, "{encoding}");
        }
        let answer = post(
            &app,
            &[("content-type", PROTOBUF), ("content-encoding", "br")],
            body.clone(),
        )
        .await;
        assert_eq!(
            told(&answer),
            (400, PROTOBUF, "Unsupported Content-Encoding: br".to_owned())
        );
        for encoding in ["gzip", "deflate", "zstd"] {
            let answer = post(
                &app,
                &[("content-type", PROTOBUF), ("content-encoding", encoding)],
                body.clone(),
            )
            .await;
            assert_eq!(
                told(&answer),
                (400, PROTOBUF, format!("Failed to decompress {encoding} payload"))
            );
        }
    });
}

#[test]
fn what_is_too_large_is_refused_and_a_bomb_stopped() {
    on_sqlite(async |app| {
        let limit = app.app().limits.body_bytes;
        let bomb = gzip(&vec![0; limit + 1]);
        let answer = post(&app, &[("content-type", PROTOBUF), ("content-encoding", "gzip")], bomb).await;
        let (status, kind, said) = told(&answer);
        assert_eq!((status, kind), (413, PROTOBUF));
        assert_eq!(
            said,
            format!("the body has more than {limit} bytes when it is decompressed")
        );
        let length = (limit + 1).to_string();
        let answer = post(
            &app,
            &[("content-type", "application/json"), ("content-length", &length)],
            "{}",
        )
        .await;
        assert_eq!(told(&answer).0, 413);
    });
}

#[test]
fn what_is_no_otlp_is_refused() {
    on_sqlite(async |app| {
        let whole = traces(vec![span()]).encode_to_vec();
        for body in [b"garbage".as_slice(), &whole[..whole.len() - 3]] {
            let (status, kind, said) = {
                let answer = post(&app, &[("content-type", PROTOBUF)], body.to_vec()).await;
                let (status, kind, said) = told(&answer);
                (status, kind.to_owned(), said)
            };
            assert_eq!((status, kind.as_str()), (400, PROTOBUF));
            assert!(said.starts_with("Invalid OpenTelemetry format"), "{said}");
        }
        let span = |id: &str| format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{id}"}}]}}]}}]}}"#);
        for body in [
            "[]".to_owned(),
            "{".to_owned(),
            "".to_owned(),
            span("xyz"),
            span("W47/95gDgQPSabYzgT/GDA=="),
        ] {
            let answer = post(&app, &[("content-type", "application/json")], body.clone()).await;
            let (status, kind, said) = told(&answer);
            assert_eq!((status, kind), (400, "application/json"), "{body}");
            assert!(said.starts_with("Invalid OpenTelemetry format"), "{said}");
        }
    });
}

#[test]
fn nothing_at_all_is_a_success() {
    on_sqlite(async |app| {
        for body in ["{}", r#"{"resourceSpans":[]}"#, r#"{"resourceSpans":[{}]}"#] {
            let answer = post(&app, &[("content-type", "application/json")], body).await;
            assert_eq!(told(&answer), (200, "application/json", "b\"{}\"".to_owned()));
        }
        let answer = post(&app, &[("content-type", PROTOBUF)], "").await;
        assert_eq!(told(&answer).0, 200);
        let answer = post(&app, &[("content-type", PROTOBUF)], traces(Vec::new()).encode_to_vec()).await;
        assert_eq!(told(&answer).0, 200);
    });
}

#[test]
fn spans_that_are_none_are_counted_and_their_neighbours_kept() {
    on_sqlite(async |app| {
        let flawed = |flaw: fn(&mut Span)| {
            let mut span = span();
            flaw(&mut span);
            span
        };
        let spans = vec![
            span(),
            flawed(|span| span.trace_id.clear()),
            flawed(|span| span.span_id.clear()),
            flawed(|span| span.trace_id.push(1)),
            flawed(|span| span.span_id.push(1)),
            flawed(|span| span.trace_id = vec![0; 16]),
            flawed(|span| span.start_time_unix_nano = u64::MAX),
            flawed(|span| span.trace_id.truncate(8)),
        ];
        let answer = post(&app, &[("content-type", PROTOBUF)], traces(spans).encode_to_vec()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let message = "1 × the trace id is empty; 1 × the span id is empty; 1 × the trace id has more than 16 bytes; \
                       1 × the span id has more than 8 bytes; 1 × the trace id is all zeros; 1 × a time is out of range";
        let expected = ExportOutcome {
            rejected: 6,
            message: Some(message.to_owned()),
        };
        assert_eq!(decode_outcome(answer.body()).unwrap(), expected);
        assert_eq!(count(&app, "spans").await, 2);

        let json = r#"{"resource_spans":[{"scope_spans":[{"spans":[{"trace_id":"01","span_id":""}]}]}]}"#;
        let answer = post(&app, &[("content-type", "application/json")], json).await;
        let said: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        let expected =
            serde_json::json!({"partialSuccess": {"rejectedSpans": "1", "errorMessage": "1 × the span id is empty"}});
        assert_eq!((answer.status(), said), (StatusCode::OK, expected));
    });
}

#[test]
fn what_was_received_is_stored_or_rejected() {
    on_sqlite(async |app| {
        let mut flawed = span();
        flawed.span_id.clear();
        let body = traces(vec![span(), flawed, span()]).encode_to_vec();
        post(&app, &[("content-type", PROTOBUF)], body.clone()).await;
        post(
            &app,
            &[("content-type", PROTOBUF), ("x-mlflow-experiment-id", "abc")],
            body.clone(),
        )
        .await;
        post(
            &app,
            &[("content-type", PROTOBUF), ("x-mlflow-experiment-id", "999")],
            body.clone(),
        )
        .await;
        app.store().close().await;
        post(&app, &[("content-type", PROTOBUF)], body).await;
        let ledger = app.app().meters.ledger(Signal::Traces);
        assert_eq!((ledger.received(), ledger.stored(), ledger.rejected()), (12, 2, 10));
    });
}

#[test]
fn an_experiment_that_is_none_is_an_error() {
    on_sqlite(async |app| {
        let body = traces(vec![span()]).encode_to_vec();
        let to = async |id: &'static str| {
            let answer = post(
                &app,
                &[("content-type", PROTOBUF), ("x-mlflow-experiment-id", id)],
                body.clone(),
            )
            .await;
            (answer.status().as_u16(), decode_status(answer.body()).unwrap())
        };
        let status = |code, message: &str| RpcStatus {
            code,
            message: message.to_owned(),
            retry_delay: None,
        };
        assert_eq!(
            to("999999").await,
            (404, status(5, "No Experiment with id=999999 exists"))
        );
        assert_eq!(to("-3").await, (404, status(5, "No Experiment with id=-3 exists")));
        let invalid = "Invalid experiment ID 'abc'. Experiment ID must be a valid integer.";
        assert_eq!(to("abc").await, (400, status(3, invalid)));
    });
}

#[test]
fn the_run_need_not_exist() {
    each_database(async |app| {
        let headers = [
            ("content-type", PROTOBUF),
            ("x-mlflow-run-id", "nobody"),
            ("x-mlflow-experiment-name", "named"),
        ];
        let answer = post(&app, &headers, traces(vec![span()]).encode_to_vec()).await;
        assert_eq!(told(&answer).0, 200);
        assert_eq!(count(&app, "trace_runs").await, 1);
        assert_eq!(count(&app, "experiments").await, 2);
    });
}

#[test]
fn other_methods_are_not_allowed() {
    on_sqlite(async |app| {
        for method in ["GET", "PUT", "DELETE"] {
            let request = Request::builder()
                .method(method)
                .uri("/v1/traces")
                .body(Body::empty())
                .unwrap();
            assert_eq!(
                app.send(request).await.status(),
                StatusCode::METHOD_NOT_ALLOWED,
                "{method}"
            );
        }
    });
}

#[test]
fn a_store_that_is_closed_says_when_to_come_again() {
    on_sqlite(async |app| {
        app.store().close().await;
        let answer = post(
            &app,
            &[("content-type", PROTOBUF)],
            traces(vec![span()]).encode_to_vec(),
        )
        .await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
        let status = decode_status(answer.body()).unwrap();
        assert_eq!((status.code, status.retry_delay.is_some()), (14, true));
    });
}
