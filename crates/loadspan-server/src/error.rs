//! What a client is told when a request came to nothing: MLflow's error codes, with their HTTP statuses.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use loadspan_wire::mlflow::ErrorBody;
use loadspan_wire::mlflow::limits::truncated;

use crate::database::DatabaseError;
use crate::http::observe::{Fault, Refused};
use crate::operation::Mistake;
use crate::store::{StoreError, Transience};

/// MLflow's error codes, as far as this server has a use for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidParameterValue,
    BadRequest,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
    EndpointNotFound,
    MethodNotAllowed,
    Unauthenticated,
    PermissionDenied,
    RequestTooLarge,
    NotImplemented,
    TemporarilyUnavailable,
    InternalError,
}

impl Code {
    /// Its name on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidParameterValue => "INVALID_PARAMETER_VALUE",
            Self::BadRequest | Self::RequestTooLarge => "BAD_REQUEST",
            Self::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Self::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Self::EndpointNotFound => "ENDPOINT_NOT_FOUND",
            // MLflow has no code for it.
            Self::MethodNotAllowed => "BAD_REQUEST",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::NotImplemented => "NOT_IMPLEMENTED",
            Self::TemporarilyUnavailable => "TEMPORARILY_UNAVAILABLE",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }

    /// Its HTTP status.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::InvalidParameterValue | Self::BadRequest | Self::ResourceAlreadyExists => StatusCode::BAD_REQUEST,
            Self::ResourceDoesNotExist | Self::EndpointNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::RequestTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An answer that is not 2xx.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ApiError {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// What the log is told instead, because the client must not know it.
    detail: Option<String>,
    transient: bool,
    /// What its client did wrong, if that is known.
    mistake: Option<Mistake>,
}

/// What a message has at most, in characters: some repeat what a client sent.
const MESSAGE: usize = 4000;
/// What of a text of a client is repeated in one.
const REPEATED: usize = 500;

/// A text of a client in a message, which is not to be as long as a request.
pub(crate) fn short(text: &str) -> Cow<'_, str> {
    cut(text.into(), REPEATED)
}

fn cut(text: Cow<'_, str>, chars: usize) -> Cow<'_, str> {
    match truncated(&text, chars) {
        start if start.len() < text.len() => Cow::Owned(format!("{start}…")),
        _ => text,
    }
}

impl ApiError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        let message = cut(Cow::Owned(message.into()), MESSAGE).into_owned();
        Self {
            code,
            message,
            detail: None,
            transient: false,
            mistake: None,
        }
    }

    /// For what its client did wrong.
    pub(crate) fn because(mut self, mistake: Mistake) -> Self {
        self.mistake = Some(mistake);
        self
    }

    /// For who looks on: that a request was refused.
    pub(crate) fn refused(&self) -> Refused {
        Refused {
            code: self.code,
            message: self.message.clone(),
            mistake: self.mistake.clone(),
        }
    }

    /// The request makes no sense.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterValue, message)
    }

    /// For the log: what went wrong with the server, if that is it.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let said = self.detail.as_ref().unwrap_or(&self.message);
        (self.code == Code::InternalError).then(|| Fault(said.clone()))
    }

    /// For whoever owns the server: what went wrong, in full.
    pub(crate) fn in_full(self) -> String {
        self.detail.unwrap_or(self.message)
    }

    /// What it names does not exist.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(Code::ResourceDoesNotExist, message)
    }
}

impl Transience for ApiError {
    fn is_transient(&self) -> bool {
        self.transient
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy | StoreError::Closed => Self::new(Code::TemporarilyUnavailable, error.to_string()),
            StoreError::Panicked => Self::new(Code::InternalError, error.to_string()),
            StoreError::Database(error) => error.into(),
        }
    }
}

impl From<DatabaseError> for ApiError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Transient(message) => Self {
                transient: true,
                ..Self::new(Code::TemporarilyUnavailable, message)
            },
            DatabaseError::Unavailable(message) => Self::new(Code::TemporarilyUnavailable, message),
            DatabaseError::TooLarge(message) => Self::new(Code::RequestTooLarge, message),
            // The database words it, and may well quote what it was given.
            DatabaseError::Permanent(message) => Self {
                detail: Some(message),
                ..Self::new(Code::InternalError, "the database failed: the server's log says why")
            },
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let fault = self.fault();
        let refused = self.refused();
        let body = ErrorBody {
            error_code: self.code.as_str().to_owned(),
            message: self.message,
        };
        let mut response = (self.code.status(), crate::http::Json(body)).into_response();
        response.extensions_mut().insert(refused);
        if let Some(fault) = fault {
            response.extensions_mut().insert(fault);
        }
        if self.code == Code::TemporarilyUnavailable {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_database_words_is_for_the_log_and_not_for_a_client() {
        let error = ApiError::from(DatabaseError::Permanent("duplicate key (name)=(secret)".to_owned()));
        assert_eq!(error.message, "the database failed: the server's log says why");
        let Some(Fault(said)) = error.fault() else {
            panic!("it is the server's fault");
        };
        assert_eq!(said, "duplicate key (name)=(secret)");
        assert!(
            ApiError::from(DatabaseError::Unavailable("busy".to_owned()))
                .fault()
                .is_none()
        );
    }

    #[test]
    fn what_a_client_sent_is_not_repeated_in_full() {
        assert_eq!(short("as it is"), "as it is");
        assert_eq!(short(&"ü".repeat(501)), format!("{}…", "ü".repeat(500)));
        let error = ApiError::invalid("x".repeat(1 << 20));
        assert!(error.message.len() < 5000);
    }
}
