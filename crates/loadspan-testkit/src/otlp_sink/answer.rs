//! What an OTLP sink answers, in terms of HTTP and gRPC at once.

use std::time::Duration;

/// What an OTLP sink answers. The same answer serves both protocols, each in its own terms.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct SinkAnswer {
    pub(super) kind: AnswerKind,
    pub(super) delay: Duration,
    pub(super) message: String,
    pub(super) retry_after: Option<RetryAfter>,
    /// Sent in place of the message, over HTTP only.
    pub(super) page: Option<Page>,
    pub(super) headers: Vec<(String, String)>,
}

/// What becomes of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerKind {
    /// Accepted, but for so many items.
    Accept {
        rejected: u64,
    },
    Fail {
        status: u16,
        code: u8,
    },
    /// This status, over gRPC too: the answer of something in between.
    Foreign {
        status: u16,
    },
    Hang,
    Close,
}

/// When the client may come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RetryAfter {
    /// The header in whole seconds, and RetryInfo.
    Delay(Duration),
    /// The header alone.
    Text(String),
}

/// A body that is not OTLP's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) content_type: String,
    pub(super) body: String,
}

/// What becomes of the export.
impl SinkAnswer {
    /// Accepted.
    pub fn ok() -> Self {
        Self::new(AnswerKind::Accept { rejected: 0 })
    }

    /// Accepted, but for so many spans or data points. What was sent is kept whole.
    pub fn partial(rejected: u64) -> Self {
        Self::new(AnswerKind::Accept { rejected })
    }

    /// Fails with this HTTP status, over gRPC with this code.
    pub fn fail(status: u16, code: u8) -> Self {
        Self::new(AnswerKind::Fail { status, code })
    }

    /// 400, INVALID_ARGUMENT.
    pub fn invalid() -> Self {
        Self::fail(400, 3).message("that is no telemetry")
    }

    /// 401, UNAUTHENTICATED.
    pub fn unauthenticated() -> Self {
        Self::fail(401, 16).message("who are you")
    }

    /// 404, UNIMPLEMENTED: this signal is not known here.
    pub fn not_taken() -> Self {
        Self::fail(404, 12).message("unknown service")
    }

    /// 413, RESOURCE_EXHAUSTED with the words of gRPC servers.
    pub fn too_large() -> Self {
        Self::fail(413, 8).message("grpc: received message larger than max (9000000 vs. 4194304)")
    }

    /// 429, RESOURCE_EXHAUSTED. Over gRPC it may be retried only with [`SinkAnswer::retry_after`].
    pub fn throttled() -> Self {
        Self::fail(429, 8).message("too much at once")
    }

    /// 500, INTERNAL.
    pub fn internal() -> Self {
        Self::fail(500, 13).message("something broke")
    }

    /// 503, UNAVAILABLE.
    pub fn unavailable() -> Self {
        Self::fail(503, 14).message("come back later")
    }

    /// This HTTP status with the page alone, to gRPC calls too: what a proxy in between would answer.
    pub fn foreign(status: u16) -> Self {
        Self::new(AnswerKind::Foreign { status }).page("text/plain", "")
    }

    /// Nothing is ever answered, and the connection stays open.
    pub fn hang() -> Self {
        Self::new(AnswerKind::Hang)
    }

    /// The connection is closed without an answer; with it, over HTTP/2, all that it carries.
    pub fn close() -> Self {
        Self::new(AnswerKind::Close)
    }

    fn new(kind: AnswerKind) -> Self {
        Self {
            kind,
            delay: Duration::ZERO,
            message: String::new(),
            retry_after: None,
            page: None,
            headers: Vec::new(),
        }
    }
}

/// How it is said.
impl SinkAnswer {
    /// Waits so long first.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// What it says: the error message, that of the partial success included.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// When to come again: over HTTP a `Retry-After` in whole seconds, rounded up; over gRPC RetryInfo.
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(RetryAfter::Delay(delay));
        self
    }

    /// A `Retry-After` header with this text.
    pub fn retry_after_text(mut self, text: impl Into<String>) -> Self {
        self.retry_after = Some(RetryAfter::Text(text.into()));
        self
    }

    /// This body over HTTP, in place of what OTLP prescribes: what proxies and web servers say.
    pub fn page(mut self, content_type: impl Into<String>, body: impl Into<String>) -> Self {
        self.page = Some(Page {
            content_type: content_type.into(),
            body: body.into(),
        });
        self
    }

    /// A further header. One that is not valid in HTTP is left out.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}
