//! From what went wrong to what the user should do.

use loadspan_record::{Failure, FailureKind};

use super::probe::Unreached;
use crate::openai::{BodyConfig, ServedModel};
use crate::target::{TargetConfig, TargetError};

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
            Self::Runtime(_) | Self::Target(_) | Self::ManyModels(_) => false,
        }
    }

    pub(super) fn unreachable(target: &TargetConfig, unreached: Unreached) -> Self {
        let url = &target.urls[0];
        let Unreached { kind, message } = unreached;
        let (message, hint) = match kind {
            FailureKind::Connect => (message, "is the server running, and is the URL (-u/--url) right?"),
            FailureKind::Tls => {
                (message, "pass the CA that signed its certificate with --ca-cert, or --insecure to accept any")
            }
            FailureKind::ConnectionLost => (
                format!("{url} closed the connection without an answer: {message}"),
                "is it an HTTP server? A server with TLS needs an https:// URL",
            ),
            FailureKind::Parse => (
                format!("{url} does not speak HTTP: {message}"),
                "check the port of -u/--url",
            ),
            kind => (
                format!("{url} does not answer ({kind}) {message}").trim_end().to_owned(),
                "is the server overloaded or still loading its model? --wait-for-model-timeout waits for it",
            ),
        };
        Self::Unreachable { message, hint }
    }

    pub(super) fn refused(target: &TargetConfig, body: &BodyConfig, models: &[ServedModel], failure: &Failure) -> Self {
        let url = &target.urls[0];
        let said = failure.message.as_deref().unwrap_or("no reason given");
        let unlisted = !models.is_empty() && models.iter().all(|model| model.id != body.model);
        let status = failure.kind.status();
        let (message, hint) = match failure.kind {
            FailureKind::HttpStatus(status @ (401 | 403)) => (
                format!("{url} refuses the credentials ({status}): {said}"),
                "pass the key with --api-key-file or OPENAI_API_KEY, or a header with -H".to_owned(),
            ),
            FailureKind::HttpStatus(_) if unlisted => {
                let served: Vec<_> = models.iter().map(|model| model.id.as_str()).collect();
                (
                    format!("{url} does not serve the model `{}`: {said}", body.model),
                    format!("it serves: {}", served.join(", ")),
                )
            }
            FailureKind::HttpStatus(404) => (
                format!("{url} has no {} (404): {said}", body.endpoint_type.path()),
                "check -u/--url, --endpoint-type and --endpoint".to_owned(),
            ),
            FailureKind::HttpStatus(status) => (
                format!("{url} answered the first request with {status}: {said}"),
                "the load would fail in the same way; check --server, --extra-inputs and the server's log".to_owned(),
            ),
            kind => (
                format!("{url} does not answer like an OpenAI-compatible server ({kind}): {said}"),
                "check -u/--url, --endpoint-type and whether it can stream (--streaming)".to_owned(),
            ),
        };
        Self::Refused { status, message, hint }
    }

    pub(super) fn map_messages(self, change: impl Fn(String) -> String) -> Self {
        match self {
            Self::Unreachable { message, hint } => Self::Unreachable { message: change(message), hint },
            Self::Refused { status, message, hint } => {
                Self::Refused { status, message: change(message), hint: change(hint) }
            }
            other => other,
        }
    }
}
