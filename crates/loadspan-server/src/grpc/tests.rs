//! Calls, as clients of gRPC make them.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt;
use loadspan_wire::otlp::response::{decode_outcome, decode_status};
use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span};
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message};
use tower::ServiceExt;

use super::*;
use crate::testing::{TestApp, on_sqlite};

fn request(span_id: Vec<u8>) -> Vec<u8> {
    let span = Span {
        trace_id: vec![1; 16],
        span_id,
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

/// The headers, the message without its frame, and the trailers.
struct Answer {
    headers: HeaderMap,
    message: Bytes,
    trailers: HeaderMap,
}

impl Answer {
    /// The status of the call, wherever it stands.
    fn status(&self) -> &str {
        let status = self
            .trailers
            .get("grpc-status")
            .or_else(|| self.headers.get("grpc-status"));
        status.unwrap().to_str().unwrap()
    }

    fn said(&self) -> &str {
        self.headers["grpc-message"].to_str().unwrap()
    }
}

async fn call(app: &TestApp, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let request = Request::post(path).header("content-type", "application/grpc");
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = send(app, request.body(body.into()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let (parts, body) = answer.into_parts();
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let body = collected.to_bytes();
    Answer {
        headers: parts.headers,
        message: body.slice(body.len().min(frame::HEAD)..),
        trailers,
    }
}

async fn send(app: &TestApp, request: Request<Body>) -> Response<Body> {
    routes(app.app().clone()).oneshot(request).await.unwrap()
}

fn compressed(message: &[u8]) -> Bytes {
    let mut body = frame::render(&zstd::encode_all(message, 3).unwrap()).to_vec();
    body[0] = 1;
    body.into()
}

#[test]
fn a_call_is_answered_with_a_message_and_trailers() {
    on_sqlite(async |app| {
        let answer = call(&app, TRACES, &[], frame::render(&request(vec![2; 8]))).await;
        assert_eq!(
            (answer.status(), answer.trailers.len(), answer.message.len()),
            ("0", 1, 0)
        );
        let answer = call(&app, TRACES, &[], frame::render(&request(Vec::new()))).await;
        let outcome = decode_outcome(&answer.message).unwrap();
        assert_eq!((answer.status(), outcome.rejected), ("0", 1));
        assert_eq!(outcome.message.as_deref(), Some("1 × the span id is empty"));
        for path in [METRICS, LOGS] {
            assert_eq!(call(&app, path, &[], frame::render(b"")).await.status(), "0", "{path}");
        }
    });
}

#[test]
fn messages_may_be_compressed() {
    on_sqlite(async |app| {
        let message = request(vec![2; 8]);
        let headers = [("grpc-encoding", "zstd")];
        assert_eq!(call(&app, TRACES, &headers, compressed(&message)).await.status(), "0");
        // Each message says for itself whether it is compressed.
        assert_eq!(
            call(&app, TRACES, &headers, frame::render(&message)).await.status(),
            "0"
        );
        let answer = call(&app, TRACES, &[("grpc-encoding", "snappy")], compressed(&message)).await;
        assert_eq!(answer.status(), "12");
        assert_eq!(answer.headers["grpc-accept-encoding"], "identity,gzip,deflate,zstd");
        let bomb = compressed(&vec![0; app.app().limits.body_bytes + 1]);
        assert_eq!(call(&app, TRACES, &headers, bomb).await.status(), "8");
    });
}

#[test]
fn what_is_wrong_has_a_status() {
    on_sqlite(async |app| {
        let body = || frame::render(&request(vec![2; 8]));
        let answer = call(&app, TRACES, &[("x-mlflow-experiment-id", "999999")], body()).await;
        assert_eq!(
            (answer.status(), answer.said()),
            ("5", "No Experiment with id=999999 exists")
        );
        assert_eq!(
            call(&app, TRACES, &[("x-mlflow-experiment-id", "ü")], body())
                .await
                .status(),
            "3"
        );
        assert_eq!(call(&app, TRACES, &[], "short").await.status(), "3");
        assert_eq!(call(&app, TRACES, &[], frame::render(b"garbage")).await.status(), "3");
        assert_eq!(
            call(&app, "/opentelemetry.proto.Nothing/Export", &[], body())
                .await
                .status(),
            "12"
        );
        app.store().close().await;
        let answer = call(&app, TRACES, &[], body()).await;
        assert_eq!(answer.status(), "14");
        let details = answer.headers["grpc-status-details-bin"].to_str().unwrap();
        let details = base64::Engine::decode(&base64::engine::general_purpose::STANDARD_NO_PAD, details).unwrap();
        assert!(decode_status(&details).unwrap().retry_delay.is_some());
    });
}

#[test]
fn what_is_said_fits_into_a_head() {
    on_sqlite(async |app| {
        let long = "9".repeat(60_000);
        let headers = [("x-mlflow-experiment-id", long.as_str())];
        let answer = call(&app, TRACES, &headers, frame::render(&request(vec![2; 8]))).await;
        assert_eq!(answer.status(), "3");
        assert!(answer.said().len() < 4000, "{}", answer.said().len());
        let failure = Failure::invalid("ü".repeat(60_000));
        assert!(answer::failed(&failure).headers()["grpc-message"].len() < 8000);
    });
}

#[test]
fn messages_that_are_small_only_on_the_wire_are_not_decoded() {
    on_sqlite(async |app| {
        let resources = b"\x0a\x00".repeat(4 << 20);
        let answer = call(&app, TRACES, &[("grpc-encoding", "zstd")], compressed(&resources)).await;
        assert_eq!(answer.status(), "8");
        assert!(answer.said().contains("bytes of memory"), "{}", answer.said());
    });
}

#[test]
fn what_is_no_grpc_is_told_so() {
    on_sqlite(async |app| {
        let request = Request::post(TRACES)
            .header("content-type", "application/json")
            .body(Body::empty());
        assert_eq!(
            send(&app, request.unwrap()).await.status(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        );
    });
}
