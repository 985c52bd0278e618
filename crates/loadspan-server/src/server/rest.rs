//! What an answer has left of the body of its request. Many handlers do not look at it, and clients send it after the head: a connection on
//! which it is still to come cannot be used again, and a client that does not know finds it closed when it asks next.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::HttpBody;
use axum::response::Response;
use http::{HeaderValue, Request, Version, header};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

/// The most that is read for a client whose answer does not need it.
const MOST: u64 = 64 << 10;
/// How long is waited for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// A body that leaves its rest behind when it is dropped.
pub(super) struct Watched<B> {
    body: Option<B>,
    left: Left<B>,
}

/// What was left of a body.
pub(super) struct Rest<B> {
    left: Left<B>,
    version: Version,
    /// The client sends the body when it is asked to, and not before.
    waits: bool,
}

type Left<B> = Arc<Mutex<Option<B>>>;

/// A request, and what will be left of its body.
pub(super) fn watch<B>(request: Request<B>) -> (Request<Watched<B>>, Rest<B>) {
    let left = Left::default();
    let rest = Rest {
        left: Arc::clone(&left),
        version: request.version(),
        waits: request.headers().contains_key(header::EXPECT),
    };
    let body = |body| Watched { body: Some(body), left };
    (request.map(body), rest)
}

impl<B: HttpBody + Unpin> Rest<B> {
    /// Sees to it that the client can use its connection again once it has the answer, or says that it cannot.
    pub(super) async fn settle<T>(self, answer: &mut Response<T>) {
        // Streams of HTTP/2 end one by one.
        if self.version < Version::HTTP_2 && !self.read_to_end().await {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(header::CONNECTION, close);
        }
    }

    /// Whether the end of the body was reached.
    async fn read_to_end(self) -> bool {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut body) = left.filter(|body| !body.is_end_stream()) else {
            return true;
        };
        if self.waits || body.size_hint().lower() > MOST {
            return false;
        }
        let read = async {
            let mut room = MOST;
            while let Some(frame) = body.frame().await {
                let length = frame.ok()?.data_ref().map_or(0, bytes::Buf::remaining);
                room = room.checked_sub(length as u64)?;
            }
            Some(())
        };
        matches!(tokio::time::timeout(PATIENCE, read).await, Ok(Some(())))
    }
}

impl<B: HttpBody + Unpin> HttpBody for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl<B> Drop for Watched<B> {
    fn drop(&mut self) {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Body;
    use bytes::Bytes;
    use futures_util::stream;

    use super::*;

    /// What the answer to a request says of its connection, when nobody has looked at the body.
    async fn said(request: Request<Body>) -> Option<HeaderValue> {
        let (request, rest) = watch(request);
        drop(request);
        let mut answer = Response::new(());
        rest.settle(&mut answer).await;
        answer.headers_mut().remove(header::CONNECTION)
    }

    fn pieces(pieces: usize) -> Body {
        let piece = Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1024]));
        Body::from_stream(stream::iter(vec![piece; pieces]))
    }

    #[tokio::test]
    async fn a_small_rest_is_read_and_its_connection_stays() {
        for body in [Body::empty(), Body::from("{}"), pieces(64)] {
            assert_eq!(said(Request::new(body)).await, None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_large_or_does_not_come_ends_the_connection() {
        let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        for body in [pieces(65), Body::from(vec![0; 65 << 10]), silent] {
            assert_eq!(said(Request::new(body)).await.unwrap(), "close");
        }
    }

    #[tokio::test]
    async fn a_client_that_waits_to_be_asked_is_not_asked() {
        let waits = Request::builder().header("expect", "100-continue");
        assert_eq!(said(waits.body(Body::from("{}")).unwrap()).await.unwrap(), "close");
    }

    #[tokio::test]
    async fn streams_of_http2_are_none_of_its_business() {
        let request = Request::builder().version(Version::HTTP_2);
        assert_eq!(said(request.body(pieces(65)).unwrap()).await, None);
    }

    #[tokio::test]
    async fn a_body_that_was_read_has_no_rest() {
        let (request, rest) = watch(Request::new(pieces(65)));
        request.into_body().collect().await.unwrap();
        let mut answer = Response::new(());
        rest.settle(&mut answer).await;
        assert_eq!(answer.headers().get(header::CONNECTION), None);
    }
}
