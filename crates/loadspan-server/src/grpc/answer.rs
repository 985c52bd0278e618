//! Answers: a message and a status in the trailers, or a status alone.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Full};
use loadspan_wire::mlflow::limits::truncated;
use loadspan_wire::otlp::response::{ExportOutcome, RpcStatus, encode_outcome, encode_status};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::frame;
use crate::error::{ApiError, Code};
use crate::http::observe::{Fault, Refused};
use crate::http::otlp::status;
use crate::ingest::Accepted;
use crate::operation::Mistake;

/// What `grpc-message` has escaped: all but printable ASCII, and the percent sign.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// What `grpc-message` has at most, in characters, before it is escaped: clients take heads of 8 KiB.
const MESSAGE: usize = 1000;

/// A status that is not OK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    status: RpcStatus,
    /// What the log is told, if it is the server's own fault.
    fault: Option<String>,
    /// For who looks on.
    code: Code,
    mistake: Option<Mistake>,
}

impl Failure {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(3, message)
    }

    pub(super) fn unimplemented(message: impl Into<String>) -> Self {
        Self::new(12, message)
    }

    fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            status: RpcStatus {
                code,
                message: message.into(),
                retry_delay: None,
            },
            fault: None,
            code: Code::BadRequest,
            mistake: None,
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self {
            fault: error.fault().map(|Fault(message)| message),
            code: error.code,
            mistake: error.refused().mistake,
            status: status::of(error),
        }
    }
}

/// The call was taken.
pub(super) fn accepted(accepted: Accepted) -> Response {
    let outcome = ExportOutcome {
        rejected: u64::try_from(accepted.rejected).unwrap_or_default(),
        message: Some(accepted.message).filter(|message| !message.is_empty()),
    };
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let message = Full::new(frame::render(&encode_outcome(&outcome)));
    let body = Body::new(message.with_trailers(std::future::ready(Some(Ok(trailers)))));
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"))],
        body,
    )
        .into_response()
}

/// The call was not taken.
pub(super) fn failed(failure: &Failure) -> Response {
    let status = RpcStatus {
        message: truncated(&failure.status.message, MESSAGE).to_owned(),
        ..failure.status.clone()
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", status.code.into());
    headers.insert(
        "grpc-accept-encoding",
        HeaderValue::from_static("identity,gzip,deflate,zstd"),
    );
    let message = utf8_percent_encode(&status.message, ESCAPED).to_string();
    headers.extend(
        HeaderValue::from_str(&message).map(|message| (http::HeaderName::from_static("grpc-message"), message)),
    );
    if status.retry_delay.is_some() {
        // When to come again is among the details.
        let details = HeaderValue::from_str(&STANDARD_NO_PAD.encode(encode_status(&status)));
        headers.extend(details.map(|details| (http::HeaderName::from_static("grpc-status-details-bin"), details)));
    }
    let mut response = (headers, Body::empty()).into_response();
    response.extensions_mut().insert(Refused {
        code: failure.code,
        message: failure.status.message.clone(),
        mistake: failure.mistake.clone(),
    });
    if let Some(fault) = &failure.fault {
        response.extensions_mut().insert(Fault(fault.clone()));
    }
    response
}

/// The request is none of gRPC.
pub(super) fn not_grpc() -> Response {
    let message = "this port speaks gRPC: OTLP over HTTP has a port of its own";
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response()
}
