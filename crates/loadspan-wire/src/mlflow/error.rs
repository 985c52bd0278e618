//! What an error looks like.

use serde::{Deserialize, Serialize};

/// The body of an answer that is not 2xx.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorBody {
    /// One of MLflow's names, such as `RESOURCE_DOES_NOT_EXIST`: see [`ErrorCode`].
    pub error_code: String,
    /// For people.
    pub message: String,
}

/// The error codes that mean something to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The resource does not exist. 404.
    ResourceDoesNotExist,
    /// It exists already. 400.
    ResourceAlreadyExists,
    /// The request makes no sense. 400.
    InvalidParameterValue,
    /// The server does not do that. 501.
    NotImplemented,
}

impl ErrorCode {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Self::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Self::InvalidParameterValue => "INVALID_PARAMETER_VALUE",
            Self::NotImplemented => "NOT_IMPLEMENTED",
        }
    }
}

impl ErrorBody {
    /// Whether it is this error.
    #[must_use]
    pub fn is(&self, code: ErrorCode) -> bool {
        self.error_code == code.as_str()
    }
}
