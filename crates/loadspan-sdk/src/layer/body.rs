//! Bodies that are watched as they pass: the same frames, at the same time.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::exchange::{Answer, Failure, Question};

pin_project! {
    /// The body of a request to a model, unchanged.
    #[derive(Debug)]
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        // `None`: nobody watches it.
        question: Option<Question>,
    }
}

pin_project! {
    /// The body of a response of a model, unchanged. Dropped before its end, the span says so.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        // `None`: nobody watches it, or it has ended.
        answer: Option<Answer>,
    }
}

impl<B: Body> RequestBody<B> {
    pub(super) fn new(inner: B, question: Option<Question>) -> Self {
        let mut body = Self { inner, question };
        if body.inner.is_end_stream() {
            body.question.take().into_iter().for_each(Question::end);
        }
        body
    }
}

impl<B: Body> ResponseBody<B> {
    pub(super) fn new(inner: B, answer: Option<Answer>) -> Self {
        let mut body = Self { inner, answer };
        if body.inner.is_end_stream() {
            body.answer.take().into_iter().for_each(Answer::end);
        }
        body
    }
}

impl<B: Body> Body for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(task));
        if let (Some(question), Some(Ok(frame))) = (this.question.as_mut(), &frame) {
            question.chunk(data(frame));
        }
        if frame.is_none() || this.inner.is_end_stream() {
            this.question.take().into_iter().for_each(Question::end);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: Body> Body for ResponseBody<B>
where
    B::Error: Display,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(task));
        if let (Some(answer), Some(Ok(frame))) = (this.answer.as_mut(), &frame) {
            answer.chunk(data(frame));
        }
        if let Some(Err(error)) = &frame {
            this.answer
                .take()
                .into_iter()
                .for_each(|answer| answer.fail(Failure::of_body(error)));
        }
        // Many callers stop here, and never ask for the end.
        if frame.is_none() || this.inner.is_end_stream() {
            this.answer.take().into_iter().for_each(Answer::end);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The bytes of a frame, in one piece. Empty: it has none, or they are scattered, which those of HTTP clients never are.
fn data<D: Buf>(frame: &Frame<D>) -> &[u8] {
    match frame.data_ref() {
        Some(data) if data.chunk().len() == data.remaining() => data.chunk(),
        _ => &[],
    }
}
