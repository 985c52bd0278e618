//! The two forms of a request, and of what it is answered.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use loadspan_wire::otlp::response::{self, ExportOutcome, RpcStatus};

use super::export::Export;
use super::status;
use crate::error::{ApiError, Code};
use crate::http::observe::Fault;
use crate::ingest::Accepted;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// The form of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Protobuf,
    Json,
}

impl Format {
    /// What the headers of a request say; case and parameters of the type make no difference.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let named = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str);
        let named = named.and_then(Result::ok).unwrap_or_default();
        let kind = named.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case(PROTOBUF) {
            Ok(Self::Protobuf)
        } else if kind.eq_ignore_ascii_case(JSON) {
            Ok(Self::Json)
        } else {
            let message = format!("Invalid Content-Type: {named}. Expected: {PROTOBUF} or {JSON}");
            Err(ApiError::new(Code::BadRequest, message))
        }
    }

    pub(super) fn decode<T: Export>(self, body: &[u8]) -> Result<T, ApiError> {
        let decoded = match self {
            Self::Protobuf => T::decode(body).map_err(|error| error.to_string()),
            Self::Json => T::from_json(body).map_err(|error| error.to_string()),
        };
        decoded.map_err(|error| ApiError::new(Code::BadRequest, format!("Invalid OpenTelemetry format: {error}")))
    }

    /// The request was taken.
    pub(super) fn accepted<T: Export>(self, accepted: Accepted) -> Response {
        let outcome = ExportOutcome {
            rejected: u64::try_from(accepted.rejected).unwrap_or_default(),
            message: Some(accepted.message).filter(|message| !message.is_empty()),
        };
        self.answer(match self {
            Self::Protobuf => response::encode_outcome(&outcome),
            Self::Json => response::encode_outcome_json(&outcome, T::REJECTED),
        })
    }

    /// The request was not taken: a `google.rpc.Status` in its form.
    pub(super) fn refused(self, error: ApiError) -> Response {
        let code = error.code;
        let fault = (code == Code::InternalError).then(|| Fault(error.message.clone()));
        let status: RpcStatus = status::of(error);
        let mut response = self.answer(match self {
            Self::Protobuf => response::encode_status(&status),
            Self::Json => response::encode_status_json(&status),
        });
        *response.status_mut() = code.status();
        if let Some(fault) = fault {
            response.extensions_mut().insert(fault);
        }
        if let Some(delay) = status.retry_delay {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, delay.as_secs().into());
        }
        response
    }

    fn answer(self, body: Vec<u8>) -> Response {
        let kind = match self {
            Self::Protobuf => PROTOBUF,
            Self::Json => JSON,
        };
        (
            StatusCode::OK,
            [(header::CONTENT_TYPE, HeaderValue::from_static(kind))],
            body,
        )
            .into_response()
    }
}
