//! Answers as HTTP responses, in the dialect of the request.

use std::convert::Infallible;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use serde_json::json;

use super::SinkAnswer;
use super::answer::{AnswerKind, RetryAfter};
use super::encode;

/// The body of an answer.
pub(super) type SinkBody = BoxBody<Bytes, Infallible>;

/// How a request speaks, and wants to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Grpc,
    Protobuf,
    Json,
}

impl Dialect {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let content_type = headers
            .get(header::CONTENT_TYPE)
            .map_or(&b""[..], HeaderValue::as_bytes);
        if content_type.starts_with(b"application/grpc") {
            Self::Grpc
        } else if content_type.starts_with(b"application/json") {
            Self::Json
        } else {
            Self::Protobuf
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Grpc => "application/grpc",
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        })
    }
}

/// Says that the export was accepted, all of it or in part.
pub(super) fn success(dialect: Dialect, answer: &SinkAnswer) -> Response<SinkBody> {
    let AnswerKind::Accept { rejected } = answer.kind else {
        return failure(dialect, answer);
    };
    let body = match dialect {
        Dialect::Grpc => grpc_message(&encode::partial_success(rejected, &answer.message)),
        Dialect::Protobuf => Full::new(encode::partial_success(rejected, &answer.message)).boxed(),
        Dialect::Json if rejected == 0 && answer.message.is_empty() => text("{}".to_owned()),
        // Both names stand there: a client reads the one of its signal.
        Dialect::Json => text(
            json!({"partialSuccess": {
                "rejectedSpans": rejected.to_string(),
                "rejectedDataPoints": rejected.to_string(),
                "errorMessage": answer.message,
            }})
            .to_string(),
        ),
    };
    respond(dialect, answer, body)
}

/// Says why the export was not accepted.
pub(super) fn failure(dialect: Dialect, answer: &SinkAnswer) -> Response<SinkBody> {
    match (answer.kind, dialect) {
        (AnswerKind::Fail { code, .. }, Dialect::Grpc) => grpc_failure(code, answer),
        (AnswerKind::Fail { status, code }, Dialect::Protobuf) => {
            let body = Full::new(encode::status(code, &answer.message, None)).boxed();
            http_failure(dialect, answer, status, body)
        }
        (AnswerKind::Fail { status, code }, Dialect::Json) => {
            let body = text(json!({"code": code, "message": answer.message}).to_string());
            http_failure(dialect, answer, status, body)
        }
        (AnswerKind::Foreign { status }, _) => http_failure(dialect, answer, status, Empty::new().boxed()),
        // Neither is ever answered with a failure.
        (AnswerKind::Accept { .. } | AnswerKind::Hang | AnswerKind::Close, _) => {
            respond(dialect, answer, Empty::new().boxed())
        }
    }
}

fn http_failure(dialect: Dialect, answer: &SinkAnswer, status: u16, body: SinkBody) -> Response<SinkBody> {
    let body = match &answer.page {
        Some(page) => text(page.body.clone()),
        None => body,
    };
    let mut response = respond(dialect, answer, body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(value) = answer.retry_after.as_ref().and_then(retry_after_header) {
        headers.insert(header::RETRY_AFTER, value);
    }
    if let Some(value) = answer.page.as_ref().and_then(|page| page.content_type.parse().ok()) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    response
}

/// In the head, since nothing else comes: what gRPC calls "trailers-only".
fn grpc_failure(code: u8, answer: &SinkAnswer) -> Response<SinkBody> {
    let mut response = respond(Dialect::Grpc, answer, Empty::new().boxed());
    let headers = response.headers_mut();
    headers.insert("grpc-status", HeaderValue::from(u16::from(code)));
    if let Ok(message) = HeaderValue::try_from(encode::percent(&answer.message)) {
        headers.insert("grpc-message", message);
    }
    if let Some(RetryAfter::Delay(delay)) = answer.retry_after {
        let details = STANDARD_NO_PAD.encode(encode::status(code, &answer.message, Some(delay)));
        if let Ok(details) = HeaderValue::try_from(details) {
            headers.insert("grpc-status-details-bin", details);
        }
    }
    response
}

fn respond(dialect: Dialect, answer: &SinkAnswer, body: SinkBody) -> Response<SinkBody> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, dialect.content_type());
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    response
}

/// A message in its frame, and the trailers that end a call well.
fn grpc_message(message: &[u8]) -> SinkBody {
    let mut frame = BytesMut::with_capacity(5 + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    Full::new(frame.freeze())
        .with_trailers(std::future::ready(Some(Ok(trailers))))
        .boxed()
}

fn retry_after_header(retry_after: &RetryAfter) -> Option<HeaderValue> {
    match retry_after {
        RetryAfter::Delay(delay) => Some(HeaderValue::from(whole_seconds(*delay))),
        RetryAfter::Text(text) => HeaderValue::try_from(text).ok(),
    }
}

/// Rounded up: a client must not come too early.
fn whole_seconds(delay: Duration) -> u64 {
    delay.as_secs() + u64::from(delay.subsec_nanos() > 0)
}

fn text(body: String) -> SinkBody {
    Full::new(Bytes::from(body)).boxed()
}
