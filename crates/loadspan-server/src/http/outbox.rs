//! Answers on their way: what clients have not read yet, they keep in the memory of the server.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answer;
use crate::error::ApiError;
use crate::store::StoreError;

/// Where answers wait for their clients. Cloning it is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Outbox(Arc<Semaphore>);

impl Default for Outbox {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(answer::IN_FLIGHT)))
    }
}

impl Outbox {
    /// Counts the answers of a router.
    pub(crate) fn watch<S: Clone + Send + Sync + 'static>(&self, router: Router<S>) -> Router<S> {
        router.layer(from_fn_with_state(self.clone(), counted))
    }

    /// An answer with its place. There is no waiting for one: the answer would take its memory meanwhile.
    fn put(&self, response: Response) -> Response {
        // Without an exact size it is a stream, of which no more is in memory than its client takes.
        let size = response.body().size_hint().exact().unwrap_or(0);
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        if size as usize <= answer::SMALL {
            return response;
        }
        match Arc::clone(&self.0).try_acquire_many_owned(size) {
            Ok(place) => response.map(|body| Body::new(Placed { body, _place: place })),
            Err(_) => ApiError::from(StoreError::Busy).into_response(),
        }
    }
}

async fn counted(State(outbox): State<Outbox>, request: Request, next: Next) -> Response {
    outbox.put(next.run(request).await)
}

/// A body that has its place until it is gone.
struct Placed {
    body: Body,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Placed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn answer(bytes: usize) -> Response {
        Response::new(Body::from(vec![b' '; bytes]))
    }

    #[test]
    fn answers_that_nobody_reads_leave_no_room_for_large_ones() {
        let outbox = Outbox::default();
        let large = answer::IN_FLIGHT / 2;
        let (first, second) = (outbox.put(answer(large)), outbox.put(answer(large)));
        assert_eq!(first.body().size_hint().exact(), u64::try_from(large).ok());
        assert_eq!(second.status(), StatusCode::OK);
        let refused = outbox.put(answer(large));
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.headers().contains_key("retry-after"));
        assert_eq!(outbox.put(answer(answer::SMALL)).status(), StatusCode::OK);
        drop(first);
        assert_eq!(outbox.put(answer(large)).status(), StatusCode::OK);
    }
}
