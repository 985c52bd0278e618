//! HTTP/2 connections of the load path, spoken by hyper.
//!
//! Many requests share a connection. A frame is stamped when hyper hands it over, which is later than the read by what hyper does
//! in between; ARCHITECTURE.md says why that is accepted.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, Request};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::TokioIo;
use loadspan_record::{FailureKind, RunOffset};

use crate::connection::Stream;
use crate::deadline::{Deadline, Watchdog};
use crate::http1::Exchange;
use crate::response::{BreakCause, Broken, Exchanged, Reading, Received, ResponseHead, ResponseSink};

/// A connection that carries many requests. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Http2Connection {
    sender: SendRequest<Full<Bytes>>,
}

/// A request with its whole body.
pub(crate) type WholeRequest = Request<Full<Bytes>>;

/// Spawns hyper's tasks beside the requests, on the worker's own thread.
#[derive(Debug, Clone, Copy)]
struct LocalExecutor;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

impl Http2Connection {
    /// Speaks the preface on `stream`. Must be called on a `LocalSet`.
    pub(crate) async fn handshake(stream: Stream) -> Result<Self, hyper::Error> {
        let (sender, connection) = http2::Builder::new(LocalExecutor)
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(8 << 20)
            .handshake(TokioIo::new(stream))
            .await?;
        // Its error reaches every request on the connection; there is nobody else to tell.
        tokio::task::spawn_local(async move { drop(connection.await) });
        Ok(Self { sender })
    }

    pub(crate) fn is_usable(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends `request` and hands the response to `sink` as it arrives.
    pub(crate) async fn exchange(
        &mut self,
        request: WholeRequest,
        sink: &mut impl ResponseSink,
        watchdog: &mut Watchdog,
        exchange: &Exchange,
    ) -> (RunOffset, Exchanged) {
        let mut reading = Reading::begin(exchange.clock.now(), &exchange.deadlines);
        let received = self.receive(request, &mut reading, sink, watchdog, exchange).await;
        let (sent_at, bytes) = (reading.sent_at, reading.bytes);
        let result = match received {
            Ok(finished_at) => Ok(Received { finished_at, bytes }),
            Err(cause) => Err(Broken {
                finished_at: exchange.clock.now(),
                bytes,
                cause,
            }),
        };
        (sent_at, result)
    }

    async fn receive(
        &mut self,
        request: WholeRequest,
        reading: &mut Reading,
        sink: &mut impl ResponseSink,
        watchdog: &mut Watchdog,
        exchange: &Exchange,
    ) -> Result<RunOffset, BreakCause> {
        let mut response = pin!(self.sender.send_request(request));
        let response = guarded(watchdog, reading.deadline(sink), |cx| response.as_mut().poll(cx)).await?;
        let response = response.map_err(|error| lost(FailureKind::ConnectionLost, &error))?;
        reading.advance(0, exchange.clock.now(), &exchange.deadlines);
        let (head, mut body) = response.into_parts();
        sink.on_head(ResponseHead {
            status: head.status.as_u16(),
            content_type: text(&head.headers, CONTENT_TYPE),
            request_id: text(&head.headers, HeaderName::from_static("x-request-id")),
        });
        loop {
            let frame = match guarded(watchdog, reading.deadline(sink), |cx| poll_frame(&mut body, cx)).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(None) => return Ok(reading.last_read_at),
                Ok(Some(Err(error))) => return reading.broken_off(lost(FailureKind::TruncatedStream, &error), sink),
                Err(cause) => return reading.broken_off(cause, sink),
            };
            reading.advance(frame.len(), exchange.clock.now(), &exchange.deadlines);
            if !frame.is_empty() {
                sink.on_body(&frame, reading.last_read_at);
            }
        }
    }
}

/// Waits for `poll`, but not beyond the deadline or the end of the run.
async fn guarded<T>(
    watchdog: &mut Watchdog,
    deadline: Deadline,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Result<T, BreakCause> {
    poll_fn(|cx| match poll(cx) {
        Poll::Ready(value) => Poll::Ready(Ok(value)),
        Poll::Pending => watchdog.poll(cx, deadline).map(|expiry| Err(expiry.into())),
    })
    .await
}

/// The bytes of the next frame; empty for trailers.
fn poll_frame(body: &mut Incoming, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, hyper::Error>>> {
    Pin::new(body)
        .poll_frame(cx)
        .map_ok(|frame| frame.into_data().unwrap_or_default())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn lost(kind: FailureKind, error: &hyper::Error) -> BreakCause {
    use std::error::Error;
    let cause = error.source().map_or(String::new(), |source| format!(": {source}"));
    BreakCause::Failure(kind, Some(format!("{error}{cause}")))
}
