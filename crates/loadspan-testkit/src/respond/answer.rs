//! Answers that need no script: information, and errors in the shape that OpenAI gives them.

use serde::Serialize;

use crate::reply::{BodyLength, Head};

pub(super) const JSON: &str = "application/json";

/// An answer that is known at once.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) retry_after: Option<u64>,
    pub(super) body: Vec<u8>,
}

/// The object that OpenAI and its imitators put under `error`.
#[derive(Serialize)]
struct ErrorObject<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorObject<'a>,
}

impl Answer {
    pub(crate) fn head(&self) -> Head {
        Head {
            status: self.status,
            content_type: self.content_type,
            length: BodyLength::Known(self.body.len()),
            retry_after: self.retry_after,
        }
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(super) fn new(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            content_type,
            retry_after: None,
            body: body.into(),
        }
    }

    pub(super) fn json(value: &impl Serialize) -> Self {
        // Only maps with keys that are no strings could fail, and there are none.
        Self::new(JSON, serde_json::to_vec(value).unwrap_or_default())
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::invalid(413, &format!("the request body is larger than {limit} bytes"), None)
    }

    pub(crate) fn malformed(what: &str) -> Self {
        Self::invalid(400, what, None)
    }

    pub(crate) fn head_too_large() -> Self {
        Self::invalid(431, "the request head is too large", None)
    }

    pub(super) fn bad_request(message: &str, param: Option<&'static str>) -> Self {
        Self::invalid(400, message, param)
    }

    pub(super) fn unknown_path(path: &str) -> Self {
        Self::invalid(404, &format!("unknown path: {path}"), None)
    }

    pub(super) fn wrong_method(method: &str, path: &str) -> Self {
        Self::invalid(405, &format!("method {method} is not allowed for {path}"), None)
    }

    pub(super) fn unknown_model(model: &str) -> Self {
        let message = format!("The model `{model}` does not exist or you do not have access to it.");
        Self::error(
            404,
            ErrorObject {
                message: &message,
                kind: "invalid_request_error",
                param: Some("model"),
                code: Some("model_not_found"),
            },
        )
    }

    /// Repeats the key, as OpenAI does: clients must not log what servers say without looking.
    pub(super) fn wrong_api_key(given: &str) -> Self {
        let message = format!("Incorrect API key provided: {given}.");
        Self::error(
            401,
            ErrorObject {
                message: &message,
                kind: "invalid_request_error",
                param: None,
                code: Some("invalid_api_key"),
            },
        )
    }

    pub(super) fn missing_api_key() -> Self {
        Self::invalid(401, "You didn't provide an API key in the Authorization header.", None)
    }

    /// The status that a script wants.
    pub(super) fn scripted(status: u16, retry_after: Option<u64>) -> Self {
        let (kind, message) = match status {
            429 => ("rate_limit_error", "Rate limit reached: scripted error"),
            500.. => ("server_error", "The server had an error: scripted error"),
            _ => ("invalid_request_error", "scripted error"),
        };
        Self {
            retry_after,
            ..Self::error(
                status,
                ErrorObject {
                    message,
                    kind,
                    param: None,
                    code: None,
                },
            )
        }
    }

    fn invalid(status: u16, message: &str, param: Option<&'static str>) -> Self {
        Self::error(
            status,
            ErrorObject {
                message,
                kind: "invalid_request_error",
                param,
                code: None,
            },
        )
    }

    fn error(status: u16, error: ErrorObject<'_>) -> Self {
        Self {
            status,
            ..Self::json(&ErrorBody { error })
        }
    }
}
