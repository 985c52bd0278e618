//! Tells the MLflow server what is known of traces whose roots it has: a request for each.
//!
//! What waits is bodies, small and limited in number: the spans themselves are let go when they are delivered.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::super::client::{Censor, Delivery, failure};
use super::super::retry;
use crate::diagnostics::{self, Kind, Trouble};

/// Requests about traces at a time.
const IN_FLIGHT: usize = 4;
/// Traces that may wait to be described: what is only there is lost for the others, their spans are not.
const WAITING: usize = 4_096;

/// Posts descriptions of traces.
pub(super) struct Describer {
    client: reqwest::Client,
    url: Url,
    censor: Censor,
    /// Longest time of one attempt.
    timeout: Duration,
    in_flight: Semaphore,
    waiting: Semaphore,
}

/// Where to post.
pub(super) struct Address {
    pub(super) client: reqwest::Client,
    pub(super) url: Url,
    pub(super) censor: Censor,
    pub(super) timeout: Duration,
}

/// What is known of a trace, on its way.
pub(super) struct Description<'a> {
    body: Bytes,
    _place: Place<'a>,
}

/// A place among those that wait.
pub(super) struct Place<'a>(#[expect(dead_code, reason = "given back when it is dropped")] SemaphorePermit<'a>);

impl<'a> Place<'a> {
    /// Takes the place.
    pub(super) fn hold(self, body: Vec<u8>) -> Description<'a> {
        Description {
            body: body.into(),
            _place: self,
        }
    }
}

impl Describer {
    pub(super) fn new(address: Address) -> Self {
        Self {
            client: address.client,
            url: address.url,
            censor: address.censor,
            timeout: address.timeout,
            in_flight: Semaphore::new(IN_FLIGHT),
            waiting: Semaphore::new(WAITING),
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// A place for one more. `None`: too many wait, which is said.
    pub(super) fn admit(&self) -> Option<Place<'_>> {
        let place = self.waiting.try_acquire().ok();
        if place.is_none() {
            diagnostics::warn(
                Kind::TooManyTraces,
                "too many traces wait to be described to the MLflow server: previews and metadata of some are lost",
            );
        }
        place.map(Place)
    }

    /// Sends them beside each other, until they are there or time is up.
    pub(super) async fn send(&self, descriptions: Vec<Description<'_>>, deadline: Instant) {
        let send = |description| Box::pin(self.send_one(description, deadline));
        all(descriptions.into_iter().map(send).collect()).await;
    }

    async fn send_one(&self, description: Description<'_>, deadline: Instant) {
        let sent = timeout_at(deadline, self.persist(&description.body)).await;
        if sent.is_err() {
            warn(
                Trouble::Lost,
                "the MLflow server does not answer in time: previews and metadata of traces are lost",
            );
        }
    }

    /// Tries until there is an answer that counts.
    async fn persist(&self, body: &Bytes) {
        let Ok(_slot) = self.in_flight.acquire().await else {
            return;
        };
        let mut failures = 0;
        while let Posted::NotYet { after } = self.post(body.clone()).await {
            failures += 1;
            sleep(retry::wait_after(failures, after)).await;
        }
    }

    async fn post(&self, body: Bytes) -> Posted {
        let request = self.client.post(self.url.clone()).timeout(self.timeout);
        let request = request
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body);
        let Ok(response) = request.send().await else {
            return Posted::NotYet { after: None };
        };
        match response.status() {
            status if status.is_success() => {}
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => warn(
                Trouble::Refused,
                "the MLflow server has no API for traces: spans are there, previews and metadata are not",
            ),
            _ => match self.censor.clean(failure(response).await) {
                Delivery::Retry { after, .. } => return Posted::NotYet { after },
                Delivery::TooLarge { reason } | Delivery::Spoiled { reason } | Delivery::Refused { reason } => warn(
                    Trouble::Refused,
                    &format!("the MLflow server does not take what is known of traces: {reason}"),
                ),
                Delivery::Accepted { .. } => {}
            },
        }
        Posted::Done
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Posted {
    Done,
    /// It may go well another time: after this, if the server says when.
    NotYet {
        after: Option<Duration>,
    },
}

/// Runs them beside each other.
async fn all<F: Future<Output = ()> + Unpin>(mut tasks: Vec<F>) {
    std::future::poll_fn(|cx| {
        tasks.retain_mut(|task| std::pin::Pin::new(task).poll(cx).is_pending());
        if tasks.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

fn warn(trouble: Trouble, message: &str) {
    diagnostics::warn(Kind::TraceInfo(trouble), message);
}
