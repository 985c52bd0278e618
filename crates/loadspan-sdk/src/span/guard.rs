//! Spans that are current on a thread.

use std::ops::Deref;
use std::thread;

use opentelemetry::ContextGuard;

use super::Span;
use crate::context;
use crate::span_type::SpanType;

/// A span that is current on this thread until the guard is dropped, which ends it: spans that are started meanwhile are its
/// children. It cannot be held across an `.await` of a task that may move: use [`SpanBuilder::in_future`] there.
///
/// When a panic drops it, the span ends with an error.
///
/// [`SpanBuilder::in_future`]: crate::SpanBuilder::in_future
#[derive(Debug)]
#[must_use = "the span ends when its guard is dropped: bind it to a name, such as `let _span`"]
pub struct SpanGuard {
    span: Span,
    scope: SpanScope,
    /// A guard that is made while the thread unwinds is not ended by the panic.
    unwinding: bool,
}

/// While it is there, a span is current on this thread. Its end does not end the span.
#[derive(Debug)]
#[must_use = "the span is current until the scope is dropped: bind it to a name, such as `let _scope`"]
pub struct SpanScope {
    /// Not `Send`. `None`: it was current already, or there is nothing to be current.
    attached: Option<ContextGuard>,
}

impl SpanScope {
    pub(crate) fn of(span: &Span) -> Self {
        Self {
            attached: context::attach(span),
        }
    }

    pub(crate) fn from_context(attached: Option<ContextGuard>) -> Self {
        Self { attached }
    }

    fn leave(&mut self) {
        self.attached = None;
    }
}

impl SpanGuard {
    pub(crate) fn new(span: Span, scope: SpanScope) -> Self {
        Self {
            span,
            scope,
            unwinding: thread::panicking(),
        }
    }

    /// Says what it is.
    pub fn with_type(self, span_type: impl Into<SpanType>) -> Self {
        self.span.set_type(span_type);
        self
    }

    /// A handle to the span, which may be sent to other threads. The guard still ends it.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span.clone()
    }
}

impl Deref for SpanGuard {
    type Target = Span;

    fn deref(&self) -> &Span {
        &self.span
    }
}

impl Drop for SpanGuard {
    fn drop(&mut self) {
        self.scope.leave();
        if self.span.is_recorded() {
            if !self.unwinding && thread::panicking() && self.span.is_recording() {
                self.span.record_panic("the thread panicked");
            }
            self.span.end();
        }
    }
}
