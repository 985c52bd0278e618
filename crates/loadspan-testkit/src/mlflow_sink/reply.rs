//! Answers, and failures in the shape that MLflow gives them.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use loadspan_wire::mlflow::{ErrorBody, ErrorCode};
use serde::Serialize;
use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    status: u16,
    content_type: Option<&'static str>,
    headers: Vec<(HeaderName, String)>,
    body: Bytes,
}

/// Why a request came to nothing.
#[derive(Debug)]
pub(super) struct Failure {
    status: u16,
    code: &'static str,
    message: String,
}

impl Reply {
    /// MLflow leaves empty lists out: a client must not count on them.
    pub(super) fn json(body: &impl Serialize) -> Self {
        // None of our types has keys that JSON cannot have.
        let mut body = serde_json::to_value(body).unwrap_or_default();
        leave_out_empty_lists(&mut body);
        Self::new(200, "application/json", body.to_string())
    }

    /// `{}`.
    pub(super) fn nothing() -> Self {
        Self::new(200, "application/json", "{}")
    }

    /// No body, and so no type of it.
    pub(super) fn empty() -> Self {
        Self {
            content_type: None,
            ..Self::new(200, "", "")
        }
    }

    pub(super) fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type: Some(content_type),
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// What a test wants said.
    pub(super) fn scripted(status: u16, body: String) -> Self {
        let content_type = if body.trim_start().starts_with('{') {
            "application/json"
        } else {
            "text/html; charset=utf-8"
        };
        Self::new(status, content_type, body)
    }

    /// 401, in text: so says MLflow's plugin for authentication.
    pub(super) fn unauthenticated() -> Self {
        let reply = Self::scripted(401, "You are not authenticated.".to_owned());
        reply.header(header::WWW_AUTHENTICATE, "Basic realm=\"mlflow\"".to_owned())
    }

    pub(super) fn retry_after(status: u16, delay: Duration) -> Self {
        // Rounded up: a client must not come too early.
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        Self::scripted(status, "come back later".to_owned()).header(header::RETRY_AFTER, seconds.to_string())
    }

    pub(super) fn header(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Some(content_type) = self.content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

impl Failure {
    /// 404, RESOURCE_DOES_NOT_EXIST.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, ErrorCode::ResourceDoesNotExist.as_str(), message)
    }

    /// 400, RESOURCE_ALREADY_EXISTS.
    pub(super) fn already_exists(message: impl Into<String>) -> Self {
        Self::new(400, ErrorCode::ResourceAlreadyExists.as_str(), message)
    }

    /// 400, INVALID_PARAMETER_VALUE.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, ErrorCode::InvalidParameterValue.as_str(), message)
    }

    /// 400, INVALID_PARAMETER_VALUE: a parameter that has to be there is not.
    pub(super) fn missing(name: &str) -> Self {
        Self::invalid(format!(
            "Missing value for required parameter '{name}'. See the API docs for more information about request parameters."
        ))
    }

    /// 400, BAD_REQUEST.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BAD_REQUEST", message)
    }

    /// 501, NOT_IMPLEMENTED.
    pub(super) fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(501, ErrorCode::NotImplemented.as_str(), message)
    }

    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        let body = ErrorBody {
            error_code: failure.code.to_owned(),
            message: failure.message,
        };
        let mut reply = Self::json(&body);
        reply.status = failure.status;
        reply
    }
}

fn leave_out_empty_lists(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null() && field.as_array().is_none_or(|list| !list.is_empty()));
            fields.values_mut().for_each(leave_out_empty_lists);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_empty_lists),
        _ => {}
    }
}
