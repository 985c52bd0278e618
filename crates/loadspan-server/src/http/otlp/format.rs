//! The two forms of a request, and of what it is answered.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use loadspan_wire::otlp::json::{DecodeError, decode_within};
use loadspan_wire::otlp::response::{self, ExportOutcome, RpcStatus};
use loadspan_wire::otlp::salvage::{Salvaged, salvage};

use super::export::Export;
use super::status;
use crate::error::{ApiError, Code, short};
use crate::ingest::{Accepted, Unreadable};
use crate::operation::Mistake;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// How many times its size JSON may become in memory: the shortest log records take 14 times theirs.
const JSON_GROWTH: usize = 16;
/// What it may in any case.
const JSON_LEAST: usize = 1 << 20;

/// The form of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Protobuf,
    Json,
}

/// A request that was read.
pub(super) struct Decoded<T> {
    pub(super) request: T,
    /// What of it could not be.
    pub(super) unreadable: Option<Unreadable>,
}

impl<T: Export> Decoded<T> {
    fn whole(request: T) -> Self {
        Self {
            request,
            unreadable: None,
        }
    }

    fn salvaged(body: &[u8]) -> Result<Self, ApiError> {
        let Salvaged { request, lost, reason } = salvage(body, &T::CHECKS).map_err(|error| no_otlp(&error))?;
        Ok(Self {
            request: T::decode(&request[..]).map_err(|error| no_otlp(&error))?,
            unreadable: Some(Unreadable { items: lost, reason }),
        })
    }
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
            let message = format!("Invalid Content-Type: {}. Expected: {PROTOBUF} or {JSON}", short(named));
            Err(ApiError::new(Code::BadRequest, message).because(Mistake::ContentType))
        }
    }

    /// What a body takes in memory, itself and decoded, which is `limit` bytes at most. For JSON that is what it may take then: names are
    /// longer than what they stand for, so that what is honest stays below.
    pub(super) fn weigh<T: Export>(self, body: &[u8], limit: usize) -> Result<usize, ApiError> {
        match self {
            Self::Json => Ok(body
                .len()
                .saturating_mul(JSON_GROWTH)
                .clamp(JSON_LEAST.min(limit), limit)),
            Self::Protobuf => match T::weigh(body) {
                weight if weight <= limit => Ok(weight),
                _ => Err(too_heavy(&DecodeError::TooHeavy(limit))),
            },
        }
    }

    /// Decodes a body that takes at most that much memory. Of protobuf in which something is damaged, all that is not.
    pub(super) fn decode<T: Export>(self, body: &[u8], weight: usize) -> Result<Decoded<T>, ApiError> {
        match self {
            Self::Protobuf => T::decode(body).map(Decoded::whole).or_else(|_| Decoded::salvaged(body)),
            Self::Json => decode_within(weight, || T::from_json(body))
                .map(Decoded::whole)
                .map_err(|error| match &error {
                    DecodeError::Json(error) => no_otlp(error),
                    DecodeError::TooHeavy(_) => too_heavy(&error),
                }),
        }
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
        let fault = error.fault();
        let refused = error.refused();
        let status: RpcStatus = status::of(error);
        let mut response = self.answer(match self {
            Self::Protobuf => response::encode_status(&status),
            Self::Json => response::encode_status_json(&status),
        });
        *response.status_mut() = code.status();
        response.extensions_mut().insert(refused);
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

fn no_otlp(error: &impl std::fmt::Display) -> ApiError {
    let message = format!("Invalid OpenTelemetry format: {error}");
    ApiError::new(Code::BadRequest, message).because(Mistake::Damaged)
}

fn too_heavy(error: &DecodeError) -> ApiError {
    ApiError::new(Code::RequestTooLarge, error.to_string()).because(Mistake::TooLarge)
}
