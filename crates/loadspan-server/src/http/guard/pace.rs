//! How slowly a client may send a body. Whoever sends a byte now and then would hold what others wait for.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};

use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// A client is waited for in windows of this length.
const WINDOW: Duration = Duration::from_secs(20);
/// What must come in each: 16 KiB a second. What came in one does not count in the next, so that nobody can send much and then wait.
const LEAST: u64 = 20 * (16 << 10);

/// A body that fails if its client is too slow. Time that the server takes itself does not count.
#[derive(Debug)]
pub(super) struct Paced {
    body: Body,
    /// What came in this window.
    bytes: u64,
    /// How long the client was waited for in this window, before what it is waited for now.
    waited: Duration,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    since: Instant,
    over: Pin<Box<Sleep>>,
}

/// The client was too slow.
#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
struct TooSlow;

impl Paced {
    pub(super) fn new(body: Body) -> Self {
        Self {
            body,
            bytes: 0,
            waited: Duration::ZERO,
            waiting: None,
        }
    }

    /// Waits until the client is too slow.
    fn poll_slowness(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let left = WINDOW.saturating_sub(self.waited);
            let waiting = self.waiting.get_or_insert_with(|| Waiting {
                since: Instant::now(),
                over: Box::pin(tokio::time::sleep(left)),
            });
            ready!(waiting.over.as_mut().poll(context));
            if self.bytes < LEAST {
                return Poll::Ready(());
            }
            self.waiting = None;
            self.waited = Duration::ZERO;
            self.bytes = 0;
        }
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            ready!(self.poll_slowness(context));
            return Poll::Ready(Some(Err(axum::Error::new(TooSlow))));
        };
        if let Some(waiting) = self.waiting.take() {
            self.waited += waiting.since.elapsed();
        }
        if let Some(Ok(frame)) = &frame {
            self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        Poll::Ready(frame)
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
    use futures_util::stream;
    use http_body_util::BodyExt;

    use super::*;

    /// Bytes that come by and by: how many at a time, and after which pause.
    fn sent(bytes: usize, pause: Duration) -> Body {
        Body::from_stream(stream::unfold(0, move |number| async move {
            tokio::time::sleep(pause).await;
            (number < 60).then(|| (Ok::<_, axum::Error>(vec![0; bytes]), number + 1))
        }))
    }

    async fn taken(body: Body) -> Result<usize, axum::Error> {
        Ok(Paced::new(body).collect().await?.to_bytes().len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_client_is_waited_for_and_one_that_drips_is_not() {
        let second = Duration::from_secs(1);
        assert_eq!(taken(sent(20_000, second)).await.unwrap(), 1_200_000);
        let begun = Instant::now();
        assert!(taken(sent(1, second)).await.is_err());
        assert_eq!(begun.elapsed().as_secs(), 20);
        assert!(taken(sent(20_000, 30 * second)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_sent_at_once_buys_no_time() {
        let much = stream::once(async { Ok::<_, axum::Error>(Bytes::from(vec![0; 64 << 20])) });
        let drips = sent(1, Duration::from_secs(15)).into_data_stream();
        let body = Body::from_stream(futures_util::StreamExt::chain(much, drips));
        let begun = Instant::now();
        assert!(taken(body).await.is_err());
        assert_eq!(begun.elapsed().as_secs(), 40);
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_the_server_is_its_own() {
        let mut body = Paced::new(sent(1000, Duration::from_millis(10)));
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame.unwrap().into_data().unwrap().len();
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        assert_eq!(bytes, 60_000);
    }
}
