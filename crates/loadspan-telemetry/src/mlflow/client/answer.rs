//! What an answer of a tracking server, or the lack of one, means.

use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use loadspan_wire::mlflow::{ErrorBody, ErrorCode};
use reqwest::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ApiError;
use crate::config::NamedBy;
use crate::export::client::{header, parse_retry_after, redirected, root_cause};

/// The most that is read of an answer: a page of a metric's history has some megabytes.
const MAX_ANSWER_BYTES: usize = 64 << 20;
/// The most that is read of an error.
const MAX_ERROR_BYTES: usize = 256 << 10;

const CHECK_CREDENTIALS: &str =
    "check the credentials: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN";

/// Reads an answer to its end. `named_by` is who has said that it comes from an MLflow server.
pub(super) async fn read(response: Response, named_by: NamedBy) -> Result<Vec<u8>, ApiError> {
    let status = response.status();
    if status.is_success() {
        let is_page = is_web_page(&response);
        let body = read_body(response, MAX_ANSWER_BYTES).await?;
        return if is_page {
            Err(no_mlflow(status, named_by))
        } else {
            Ok(body)
        };
    }
    let after = header(&response, RETRY_AFTER).and_then(|text| parse_retry_after(&text));
    let location = header(&response, LOCATION).map(|text| text.into_owned());
    let is_page = is_web_page(&response);
    // The status says what is the matter; the body only says it in more words.
    let body = read_body(response, MAX_ERROR_BYTES).await.unwrap_or_default();
    let failure = Failure {
        status,
        said: (!is_page || !body.starts_with(b"<")).then(|| said(&body)),
    };
    Err(match status.as_u16() {
        300..=399 => ApiError::Refused {
            reason: redirected(&failure.line(), location.as_deref()),
        },
        501 => failure.into_api(Some(ErrorCode::NotImplemented)),
        408 | 429 | 500..=599 => ApiError::Unavailable {
            reason: failure.line(),
            status: Some(status.as_u16()),
            after,
        },
        401 | 403 | 407 => failure.into_refusal(),
        404 | 405 if !failure.is_of_mlflow() => no_mlflow(status, named_by),
        _ => failure.into_api(None),
    })
}

/// Reads the JSON of an answer. No body at all is `{}`.
pub(super) fn parse<A: DeserializeOwned>(body: &[u8], named_by: NamedBy) -> Result<A, ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| ApiError::Refused {
        reason: format!("its answer is none of MLflow ({error}): check {}", flag(named_by)),
    })
}

/// No connection, or none that lasted until the answer.
pub(super) fn broken(error: reqwest::Error) -> ApiError {
    let reason = if error.is_timeout() {
        "no answer in time (MLFLOW_HTTP_REQUEST_TIMEOUT)".to_owned()
    } else {
        let cause = root_cause(&error.without_url());
        match hint(&cause) {
            Some(hint) => format!("{cause}; {hint}"),
            None => cause,
        }
    };
    ApiError::Unavailable {
        reason,
        status: None,
        after: None,
    }
}

/// An answer that is an error.
struct Failure {
    status: StatusCode,
    /// What its body says. `None`: a web page, which says nothing that fits a line.
    said: Option<ErrorBody>,
}

impl Failure {
    fn is_of_mlflow(&self) -> bool {
        self.said.as_ref().is_some_and(|said| !said.error_code.is_empty())
    }

    fn line(&self) -> String {
        match &self.said {
            Some(said) if !said.message.is_empty() => format!("HTTP {}: {}", self.status, said.message),
            _ => format!("HTTP {}", self.status),
        }
    }

    fn into_refusal(self) -> ApiError {
        let line = self.line();
        let reason = if line.contains("Invalid Host header") {
            format!("{line}; start the server with --allowed-hosts that names this host")
        } else {
            format!("{line}; {CHECK_CREDENTIALS}")
        };
        ApiError::Refused { reason }
    }

    fn into_api(self, code: Option<ErrorCode>) -> ApiError {
        let message = self.line();
        let mut body = self.said.unwrap_or_default();
        if let Some(code) = code {
            code.as_str().clone_into(&mut body.error_code);
        }
        ApiError::Api {
            status: self.status.as_u16(),
            body: ErrorBody { message, ..body },
        }
    }
}

fn no_mlflow(status: StatusCode, named_by: NamedBy) -> ApiError {
    ApiError::Refused {
        reason: format!(
            "HTTP {status}: what answers is no MLflow server: check {}",
            flag(named_by)
        ),
    }
}

/// What a user corrects who has named the wrong server.
const fn flag(named_by: NamedBy) -> &'static str {
    match named_by {
        NamedBy::User | NamedBy::Folder => "--mlflow-tracking-uri",
        NamedBy::Replay => "the URL of the recording (--replay)",
    }
}

/// What the body of an error says: MLflow's own, FastAPI's `detail`, or text.
fn said(body: &[u8]) -> ErrorBody {
    #[derive(Deserialize)]
    struct Detail {
        detail: serde_json::Value,
    }
    if let Ok(error) = serde_json::from_slice::<ErrorBody>(body)
        && !(error.error_code.is_empty() && error.message.is_empty())
    {
        return error;
    }
    let message = match serde_json::from_slice(body) {
        Ok(Detail {
            detail: serde_json::Value::String(text),
        }) => text,
        Ok(Detail { detail }) => detail.to_string(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    ErrorBody {
        message,
        ..ErrorBody::default()
    }
}

fn is_web_page(response: &Response) -> bool {
    header(response, CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"))
}

async fn read_body(mut response: Response, most: usize) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > most {
            return Err(ApiError::Refused {
                reason: format!("its answer is longer than {most} bytes"),
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What to do about an error of the connection, where it is known.
fn hint(cause: &str) -> Option<&'static str> {
    const HINTS: [(&str, &str); 5] = [
        ("Connection refused", "is the MLflow server running?"),
        ("failed to lookup address", "is the host name right?"),
        (
            "UnknownIssuer",
            "name the authority of its certificate: MLFLOW_TRACKING_SERVER_CERT_PATH",
        ),
        ("InvalidContentType", "if this port does not speak TLS, try http://"),
        ("CertificateRequired", "it wants MLFLOW_TRACKING_CLIENT_CERT_PATH"),
    ];
    HINTS
        .iter()
        .find(|(words, _)| cause.contains(words))
        .map(|(_, hint)| *hint)
}
