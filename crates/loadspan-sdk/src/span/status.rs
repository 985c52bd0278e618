//! How a span went.

use std::borrow::Cow;

use opentelemetry::trace::{Status, TraceContextExt};

use super::{Handle, Span};

/// How a span went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpanStatus {
    /// Nobody knows.
    Unset,
    /// Well. A span that nobody gave a status ends like this.
    Ok,
    /// It failed, with a message.
    Error(Cow<'static, str>),
}

impl SpanStatus {
    /// It failed, with a message.
    pub fn error(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Error(message.into())
    }
}

impl Span {
    /// Says how it went; the last word counts.
    pub fn set_status(&self, status: SpanStatus) {
        match &self.handle {
            Handle::Off | Handle::Unsampled(_) => {}
            Handle::Recording(recording) => {
                recording.change(|live| live.set_status(status));
            }
            Handle::Foreign(context) => context.span().set_status(match status {
                SpanStatus::Unset => Status::Unset,
                SpanStatus::Ok => Status::Ok,
                SpanStatus::Error(message) => Status::error(message),
            }),
        }
    }

    /// Says how it went, unless something was said already.
    pub(crate) fn set_status_if_none(&self, status: SpanStatus) {
        if let Handle::Recording(recording) = &self.handle {
            recording.change(|live| {
                if !live.has_status() {
                    live.set_status(status);
                }
            });
        }
    }
}
