//! From what went wrong to what the user should do.

use loadspan_record::{Failure, FailureKind};

use super::Asked;
use super::probe::{Fetched, Unreached};
use crate::openai::{BodyConfig, read_error, read_models};
use crate::target::{BaseUrl, TargetError};

/// Why the load would be pointless.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// The event loop could not be started.
    #[error("cannot start an event loop: {0}")]
    Runtime(std::io::Error),
    /// The target as configured cannot be used.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Nobody answers.
    #[error("{message}\n  hint: {hint}")]
    Unreachable {
        /// What happened.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// The server answers, but not with what was asked for.
    #[error("{message}\n  hint: {hint}")]
    Refused {
        /// Its status, if it was that.
        status: Option<u16>,
        /// What happened.
        message: String,
        /// What to do.
        hint: String,
    },
    /// No model was named, and the server lists none.
    #[error("which model? The server lists none at /v1/models\n  hint: name it with -m/--model")]
    NoModelListed,
    /// No model was named, and the server lists several.
    #[error("which model? The server has several: {}\n  hint: name one with -m/--model", .0.join(", "))]
    ManyModels(Vec<String>),
}

impl PreflightError {
    /// Whether the user has to change something before another attempt can succeed.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Target(TargetError::Dns { .. }) => false,
            Self::Target(_) | Self::NoModelListed | Self::ManyModels(_) => true,
            Self::Refused { status, .. } => status.is_none_or(|status| (400..500).contains(&status) && status != 429),
            Self::Runtime(_) | Self::Unreachable { .. } => false,
        }
    }

    /// Whether a server that is still starting may say this.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NoModelListed => true,
            Self::Refused { status, .. } => {
                status.is_some_and(|status| status >= 500 || matches!(status, 404 | 408 | 425 | 429))
            }
            // A name may appear when the server does, as services of a cluster do.
            Self::Target(TargetError::Dns { .. }) => true,
            Self::Runtime(_) | Self::Target(_) | Self::ManyModels(_) => false,
        }
    }

    /// No connection, or none that lasted.
    pub(super) fn unreachable(url: &BaseUrl, unreached: Unreached) -> Self {
        let Unreached { kind, message } = unreached;
        let (message, hint) = match kind {
            FailureKind::Connect => (message, "is the server running, and is the URL (-u/--url) right?"),
            FailureKind::Tls if message.contains("corrupt message") => (
                message,
                "does the server speak TLS? One that does not needs an http:// URL",
            ),
            FailureKind::Tls => (
                message,
                "pass the CA that signed its certificate with --ca-cert, or --insecure to accept any",
            ),
            FailureKind::ConnectionLost => (
                format!("{url} closed the connection without an answer: {message}"),
                "is it an HTTP server? A server with TLS needs an https:// URL, one without HTTP/2 no --http2",
            ),
            FailureKind::Parse => (
                format!("{url} does not speak HTTP: {message}"),
                "check the port of -u/--url; a server with TLS needs an https:// URL",
            ),
            kind => (
                format!("{url} does not answer ({kind}) {message}")
                    .trim_end()
                    .to_owned(),
                "is the server overloaded or still loading its model? --wait-for-model-timeout waits for it",
            ),
        };
        Self::Unreachable { message, hint }
    }

    /// No model was named, and the server names none.
    pub(super) fn no_models(url: &BaseUrl, listing: &Fetched) -> Self {
        let status = listing.status;
        let said = || read_error(&listing.body).unwrap_or_else(|| "no reason given".to_owned());
        let (status, message, hint) = match listing.success().map(read_models) {
            Some(Some(_)) => return Self::NoModelListed,
            Some(None) => (
                None,
                format!("{url} answers /v1/models with something that is no list of models"),
                "is it an OpenAI-compatible server? If it is, name the model with -m/--model",
            ),
            None if matches!(status, 401 | 403) => return Self::unauthorized(url, status, &said()),
            None => (
                Some(status),
                format!("{url} lists no models (/v1/models answers {status}): {}", said()),
                "check -u/--url, or name the model with -m/--model",
            ),
        };
        Self::Refused {
            status,
            message,
            hint: hint.to_owned(),
        }
    }

    /// The first request failed.
    pub(super) fn failed(asked: Asked<'_>, body: &BodyConfig, failure: &Failure) -> Self {
        let said = failure.message.as_deref();
        match failure.kind {
            FailureKind::HttpStatus(status) => Self::refused(asked, body, (status, said.unwrap_or("no reason given"))),
            kind @ (FailureKind::SseErrorEvent
            | FailureKind::TruncatedStream
            | FailureKind::EmptyOutput
            | FailureKind::Parse) => Self::Refused {
                status: None,
                message: format!(
                    "{} does not answer like an OpenAI-compatible server ({kind}): {}",
                    asked.url,
                    said.unwrap_or("no reason given")
                ),
                hint: "check -u/--url, --endpoint-type and whether it can stream (--streaming)".to_owned(),
            },
            kind => Self::unreachable(
                asked.url,
                Unreached {
                    kind,
                    message: said.unwrap_or_default().to_owned(),
                },
            ),
        }
    }

    fn refused(asked: Asked<'_>, body: &BodyConfig, (status, said): (u16, &str)) -> Self {
        let Asked { url, models, .. } = asked;
        let unlisted = !models.is_empty() && models.iter().all(|model| model.id != body.model);
        let (message, hint) = match status {
            401 | 403 => return Self::unauthorized(url, status, said),
            400 | 404 | 422 if unlisted => {
                let served: Vec<_> = models.iter().map(|model| model.id.as_str()).collect();
                (
                    format!("{url} does not serve the model `{}`: {said}", body.model),
                    format!("it serves: {}", served.join(", ")),
                )
            }
            404 => (
                format!("{url} has no {} (404): {said}", body.endpoint_type.path()),
                "check -u/--url, --endpoint-type and --endpoint".to_owned(),
            ),
            status => (
                format!("{url} answered the first request with {status}: {said}"),
                "nothing was measured; if this comes and goes, run it again, else check --server, --extra-inputs and the server's log".to_owned(),
            ),
        };
        Self::Refused {
            status: Some(status),
            message,
            hint,
        }
    }

    fn unauthorized(url: &BaseUrl, status: u16, said: &str) -> Self {
        Self::Refused {
            status: Some(status),
            message: format!("{url} refuses the credentials ({status}): {said}"),
            hint: "pass the key with --api-key-file or OPENAI_API_KEY, or a header with -H".to_owned(),
        }
    }

    /// The error with other messages, where these may hold what others said.
    pub(super) fn map_messages(self, change: impl Fn(String) -> String) -> Self {
        match self {
            Self::Unreachable { message, hint } => Self::Unreachable {
                message: change(message),
                hint,
            },
            Self::Refused { status, message, hint } => Self::Refused {
                status,
                message: change(message),
                hint: change(hint),
            },
            Self::ManyModels(models) => Self::ManyModels(models.into_iter().map(change).collect()),
            other => other,
        }
    }
}
