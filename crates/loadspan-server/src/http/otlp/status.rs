//! Errors as `google.rpc.Status`.

use std::time::Duration;

use loadspan_wire::otlp::response::RpcStatus;

use crate::error::{ApiError, Code};

/// When a client may come again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// An error with the code that gRPC has for it.
pub(crate) fn of(error: ApiError) -> RpcStatus {
    let code = match error.code {
        Code::InvalidParameterValue | Code::BadRequest => 3,
        Code::ResourceDoesNotExist => 5,
        Code::ResourceAlreadyExists => 6,
        Code::PermissionDenied => 7,
        Code::RequestTooLarge => 8,
        Code::EndpointNotFound | Code::MethodNotAllowed | Code::NotImplemented => 12,
        Code::InternalError => 13,
        Code::TemporarilyUnavailable => 14,
        Code::Unauthenticated => 16,
    };
    RpcStatus {
        code,
        message: error.message,
        retry_delay: (error.code == Code::TemporarilyUnavailable).then_some(RETRY_AFTER),
    }
}
