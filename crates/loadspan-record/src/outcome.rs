//! How a request ended.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a request ended. A failed request is data, never an `Err`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The response arrived whole and carried output.
    Completed,
    /// The request failed; its latencies are in no statistic.
    Failed(Failure),
    /// loadspan gave up on it when the run ended, after the grace period. Not the server's fault.
    Cancelled,
}

impl Outcome {
    /// Whether the response arrived whole and carried output.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        matches!(self, Self::Completed)
    }

    /// The failure, if it is one.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::Completed | Self::Cancelled => None,
        }
    }
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The class, which is what is counted.
    pub kind: FailureKind,
    /// What the server or the operating system said, shortened and without secrets. For people.
    pub message: Option<Box<str>>,
}

impl Failure {
    /// A failure with nothing to add to its class.
    #[must_use]
    pub fn new(kind: FailureKind) -> Self {
        Self { kind, message: None }
    }

    /// A failure and what was said about it.
    #[must_use]
    pub fn with_message(kind: FailureKind, message: impl Into<Box<str>>) -> Self {
        Self {
            kind,
            message: Some(message.into()),
        }
    }
}

/// The classes of failure. Each request fails in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// No TCP connection, or the proxy refused the tunnel.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The host name has no address.
    Dns,
    /// The connection was lost before a response head arrived.
    ConnectionLost,
    /// No response byte within the first-byte deadline.
    TimeoutFirstByte,
    /// A stream went silent for longer than the idle deadline.
    TimeoutIdle,
    /// The request took longer than its total deadline.
    TimeoutTotal,
    /// A status outside 200–299.
    HttpStatus(u16),
    /// An `error` event, or an error object, inside a stream that began with 200.
    SseErrorEvent,
    /// The stream ended without its end: connection closed within the body, or no finish reason, usage or `[DONE]`.
    TruncatedStream,
    /// 200, complete, and not one token.
    EmptyOutput,
    /// The response is not what the endpoint promises: not HTTP, not JSON, not an event stream.
    Parse,
    /// The history of a session is longer than it may be. Nothing was sent.
    ContextTooLong,
    /// A call of a session repeats an answer that there is not. Nothing was sent.
    MissingInput,
}

impl FailureKind {
    /// The class as it stands in files, without the status code.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Dns => "dns",
            Self::ConnectionLost => "connection_lost",
            Self::TimeoutFirstByte => "timeout_first_byte",
            Self::TimeoutIdle => "timeout_idle",
            Self::TimeoutTotal => "timeout_total",
            Self::HttpStatus(_) => "http_status",
            Self::SseErrorEvent => "sse_error_event",
            Self::TruncatedStream => "truncated_stream",
            Self::EmptyOutput => "empty_output",
            Self::Parse => "parse",
            Self::ContextTooLong => "context_too_long",
            Self::MissingInput => "missing_input",
        }
    }

    /// The status code of an [`FailureKind::HttpStatus`].
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::HttpStatus(status) => Some(status),
            _ => None,
        }
    }

    /// The kind for a class name and, for `http_status`, its code. `None` for an unknown class.
    #[must_use]
    pub fn from_class(class: &str, status: Option<u16>) -> Option<Self> {
        Some(match class {
            "connect" => Self::Connect,
            "tls" => Self::Tls,
            "dns" => Self::Dns,
            "connection_lost" => Self::ConnectionLost,
            "timeout_first_byte" => Self::TimeoutFirstByte,
            "timeout_idle" => Self::TimeoutIdle,
            "timeout_total" => Self::TimeoutTotal,
            "http_status" => Self::HttpStatus(status?),
            "sse_error_event" => Self::SseErrorEvent,
            "truncated_stream" => Self::TruncatedStream,
            "empty_output" => Self::EmptyOutput,
            "parse" => Self::Parse,
            "context_too_long" => Self::ContextTooLong,
            "missing_input" => Self::MissingInput,
            _ => return None,
        })
    }
}

/// The class, with the status code behind it: `timeout_idle`, `http_status_503`. The key of `counts.by_error`.
impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())?;
        self.status().map_or(Ok(()), |status| write!(f, "_{status}"))
    }
}

/// The shape of an outcome in `records.jsonl`.
#[derive(Serialize, Deserialize)]
struct OutcomeFields<'a> {
    status: &'a str,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<std::borrow::Cow<'a, str>>,
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let failure = self.failure();
        OutcomeFields {
            status: match self {
                Self::Completed => "completed",
                Self::Failed(_) => "failed",
                Self::Cancelled => "cancelled",
            },
            error: failure.map(|failure| failure.kind.class()),
            http_status: failure.and_then(|failure| failure.kind.status()),
            message: failure.and_then(|failure| failure.message.as_deref()).map(Into::into),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Outcome {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let fields = OutcomeFields::deserialize(deserializer)?;
        match fields.status {
            "completed" => Ok(Self::Completed),
            "cancelled" => Ok(Self::Cancelled),
            "failed" => {
                let class = fields.error.ok_or_else(|| D::Error::missing_field("error"))?;
                let kind = FailureKind::from_class(class, fields.http_status)
                    .ok_or_else(|| D::Error::custom(format_args!("unknown failure class `{class}`")))?;
                Ok(Self::Failed(Failure {
                    kind,
                    message: fields.message.map(|message| message.into_owned().into()),
                }))
            }
            other => Err(D::Error::unknown_variant(other, &["completed", "failed", "cancelled"])),
        }
    }
}
