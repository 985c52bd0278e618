//! Futures within spans.

use std::future::Future;
use std::pin::Pin;
use std::task::{Poll, ready};

use opentelemetry::Context;
use pin_project_lite::pin_project;

use super::{Span, SpanStatus};
use crate::context;

/// Gives futures spans.
pub trait TracedFuture: Future + Sized {
    /// Runs within this span: it is current whenever the future is polled, and ends when the future is done.
    ///
    /// ```
    /// use loadspan_sdk::TracedFuture;
    /// # async fn example() {
    /// let span = loadspan_sdk::span("step").start();
    /// async { /* children of `step` */ }.in_span(span).await;
    /// # }
    /// ```
    fn in_span(self, span: Span) -> InSpan<Self> {
        let context = context::containing(&span, Vec::new());
        InSpan::new(self, span, context)
    }

    /// Runs within the span that is current now, wherever it is polled: for tasks that are spawned.
    ///
    /// ```
    /// use loadspan_sdk::TracedFuture;
    /// # async fn example() {
    /// # let _request = loadspan_sdk::start_span("request");
    /// tokio::spawn(async { /* children of the current span */ }.with_current_span());
    /// # }
    /// ```
    fn with_current_span(self) -> InContext<Self> {
        InContext {
            future: Some(self),
            context: Context::current(),
        }
    }
}

impl<F: Future> TracedFuture for F {}

pin_project! {
    /// A future that is polled, and dropped, within the context in which it was made: see [`TracedFuture::with_current_span`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct InContext<F> {
        #[pin]
        future: Option<F>,
        context: Context,
    }

    impl<F> PinnedDrop for InContext<F> {
        fn drop(this: Pin<&mut Self>) {
            this.discard();
        }
    }
}

impl<F> InContext<F> {
    /// Drops the future within the context: spans that it holds end as they would when it is polled.
    fn discard(self: Pin<&mut Self>) {
        let mut this = self.project();
        let _scope = this.context.clone().attach();
        this.future.set(None);
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut std::task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _scope = this.context.clone().attach();
        match this.future.as_pin_mut() {
            Some(future) => future.poll(task),
            None => Poll::Pending,
        }
    }
}

pin_project! {
    /// A future within a span that ends with it: see [`SpanBuilder::in_future`](crate::SpanBuilder::in_future) and
    /// [`TracedFuture::in_span`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct InSpan<F> {
        #[pin]
        inner: InContext<F>,
        // `None`: it is done.
        running: Option<Span>,
    }

    impl<F> PinnedDrop for InSpan<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.inner.discard();
            if let Some(span) = this.running.take() {
                span.set_status_if_none(SpanStatus::Unset);
                span.end();
            }
        }
    }
}

impl<F> InSpan<F> {
    pub(super) fn new(future: F, span: Span, context: Context) -> Self {
        Self {
            inner: InContext {
                future: Some(future),
                context,
            },
            running: Some(span),
        }
    }
}

impl<F: Future> Future for InSpan<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut std::task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let inner = this.inner;
        let output = match this.running.as_ref() {
            Some(span) => ready!(span.watch(|| inner.poll(task))),
            None => ready!(inner.poll(task)),
        };
        if let Some(span) = this.running.take() {
            span.end();
        }
        Poll::Ready(output)
    }
}
