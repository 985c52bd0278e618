//! What a client is told when a request came to nothing: MLflow's error codes, with their HTTP statuses.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use loadspan_wire::mlflow::ErrorBody;

use crate::database::DatabaseError;
use crate::http::observe::Fault;
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
    transient: bool,
}

impl ApiError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            code,
            message,
            transient: false,
        }
    }

    /// The request makes no sense.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterValue, message)
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
            DatabaseError::Permanent(message) => Self::new(Code::InternalError, message),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            error_code: self.code.as_str().to_owned(),
            message: self.message,
        };
        let fault = (self.code == Code::InternalError).then(|| Fault(body.message.clone()));
        let mut response = (self.code.status(), crate::http::Json(body)).into_response();
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
