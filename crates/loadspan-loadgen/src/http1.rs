//! One HTTP/1.1 connection of the load path.
//!
//! Written for this tool rather than taken from hyper, because the time of a read is what is measured: each read is stamped before
//! a byte of it is looked at, all events of one read share that stamp, and all connections of a worker share one read buffer.
//! HTTP/2 goes through hyper ([`crate::http2`]).

mod decoder;

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use loadspan_record::{FailureKind, RunOffset};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::decoder::{Progress, ResponseDecoder};
use crate::RunClock;
use crate::connection::Stream;
use crate::deadline::{Deadline, Deadlines, Expiry, Watchdog};
use crate::response::{BreakCause, Broken, Exchanged, Received, ResponseSink};

/// What all exchanges of a worker share.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) clock: RunClock,
    pub(crate) deadlines: Deadlines,
    pub(crate) read_buffer: ReadBuffer,
}

/// The read buffer of a worker: large, so that a burst is one read, and one, because only one connection reads at a time.
#[derive(Debug, Clone)]
pub(crate) struct ReadBuffer(Rc<RefCell<Box<[u8]>>>);

impl ReadBuffer {
    const SIZE: usize = 256 << 10;

    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(vec![0; Self::SIZE].into())))
    }
}

/// A connection that carries one request at a time.
#[derive(Debug)]
pub(crate) struct Http1Connection {
    stream: Stream,
    decoder: ResponseDecoder,
    usable: bool,
}

impl Http1Connection {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, decoder: ResponseDecoder::default(), usable: true }
    }

    /// Whether the connection can carry another request. Looks for a close by the server that came in the meantime, so that a
    /// stale connection is replaced before a request is sent on it; after that, nothing is ever sent twice.
    pub(crate) fn is_usable(&mut self, exchange: &Exchange) -> bool {
        let mut buffer = exchange.read_buffer.0.borrow_mut();
        let mut context = Context::from_waker(std::task::Waker::noop());
        // Bytes that nobody asked for make the connection as useless as its end.
        self.usable = self.usable
            && Pin::new(&mut self.stream).poll_read(&mut context, &mut ReadBuf::new(&mut buffer)).is_pending();
        self.usable
    }

    /// Sends `request` and hands the response to `sink` as it arrives.
    pub(crate) async fn exchange(
        &mut self,
        request: &[u8],
        sink: &mut impl ResponseSink,
        watchdog: &mut Watchdog,
        exchange: &Exchange,
    ) -> (RunOffset, Exchanged) {
        self.usable = false;
        self.decoder.reset();
        let sent_at = exchange.clock.now();
        let deadline = exchange.deadlines.before_first_byte(sent_at);
        let mut reading = Reading { sent_at, last_read_at: sent_at, bytes: 0, deadline };
        let written = self.write(request, watchdog, reading.deadline).await;
        let received = match written {
            // A server may answer and close before it has read the whole request: that answer is worth more than the error.
            Ok(()) | Err(WriteEnd::Lost(_)) => {
                poll_fn(|cx| self.poll_response(cx, &mut reading, sink, watchdog, exchange)).await
            }
            Err(WriteEnd::Expired(expiry)) => Err(expiry.into()),
        };
        let finished_at = exchange.clock.now();
        let result = match (received, written) {
            (Ok(finished_at), _) => {
                self.usable = self.decoder.keep_alive();
                Ok(Received { finished_at, bytes: reading.bytes })
            }
            (Err(BreakCause::Failure(FailureKind::ConnectionLost, _)), Err(WriteEnd::Lost(error))) => {
                let cause = BreakCause::Failure(FailureKind::ConnectionLost, Some(format!("while sending: {error}")));
                Err(Broken { finished_at, bytes: reading.bytes, cause })
            }
            (Err(cause), _) => Err(Broken { finished_at, bytes: reading.bytes, cause }),
        };
        (sent_at, result)
    }

    async fn write(&mut self, request: &[u8], watchdog: &mut Watchdog, deadline: Deadline) -> Result<(), WriteEnd> {
        let mut rest = request;
        poll_fn(|cx| {
            while !rest.is_empty() {
                match Pin::new(&mut self.stream).poll_write(cx, rest) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(WriteEnd::Lost(std::io::ErrorKind::WriteZero))),
                    Poll::Ready(Ok(written)) => rest = &rest[written..],
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(WriteEnd::Lost(error.kind()))),
                    Poll::Pending => {
                        let expiry = ready!(watchdog.poll(cx, deadline));
                        return Poll::Ready(Err(WriteEnd::Expired(expiry)));
                    }
                }
            }
            if !self.stream.needs_flush() {
                return Poll::Ready(Ok(()));
            }
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(flushed) => Poll::Ready(flushed.map_err(|error| WriteEnd::Lost(error.kind()))),
                Poll::Pending => watchdog.poll(cx, deadline).map(|expiry| Err(WriteEnd::Expired(expiry))),
            }
        })
        .await
    }

    fn poll_response(
        &mut self,
        cx: &mut Context<'_>,
        reading: &mut Reading,
        sink: &mut impl ResponseSink,
        watchdog: &mut Watchdog,
        exchange: &Exchange,
    ) -> Poll<Result<RunOffset, BreakCause>> {
        let mut buffer = exchange.read_buffer.0.borrow_mut();
        loop {
            let mut read = ReadBuf::new(&mut buffer);
            let result = match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
                Poll::Ready(result) => result,
                Poll::Pending if sink.has_enough() => {
                    // All that counts has come; only the end of the body is missing, for which nobody waits for long.
                    return match ready!(watchdog.poll(cx, reading.deadline_of_tail())) {
                        Expiry::Deadline(_) => Poll::Ready(Ok(reading.last_read_at)),
                        Expiry::Cutoff => Poll::Ready(Err(BreakCause::Cutoff)),
                    };
                }
                Poll::Pending => return watchdog.poll(cx, reading.deadline).map(|expiry| Err(expiry.into())),
            };
            let at = exchange.clock.now();
            let bytes = read.filled();
            if result.is_err() || bytes.is_empty() {
                return Poll::Ready(self.end_of_connection(at, result.err()));
            }
            reading.bytes += bytes.len() as u64;
            reading.last_read_at = at;
            reading.deadline = exchange.deadlines.after_read(reading.sent_at, at);
            match self.decoder.push(bytes, at, sink) {
                Ok(Progress::More) => {}
                Ok(Progress::Complete) => return Poll::Ready(Ok(at)),
                Err(error) => {
                    let cause = BreakCause::Failure(FailureKind::Parse, Some(error.to_string()));
                    return Poll::Ready(Err(cause));
                }
            }
        }
    }

    fn end_of_connection(&mut self, at: RunOffset, error: Option<std::io::Error>) -> Result<RunOffset, BreakCause> {
        if error.is_none() && self.decoder.end_of_connection() == Progress::Complete {
            return Ok(at);
        }
        let kind =
            if self.decoder.has_head() { FailureKind::TruncatedStream } else { FailureKind::ConnectionLost };
        let message = match error {
            Some(error) => error.to_string(),
            None if self.decoder.has_begun() => "the connection was closed within the response".to_owned(),
            None => "the connection was closed before a response".to_owned(),
        };
        Err(BreakCause::Failure(kind, Some(message)))
    }
}

/// The reading of one response.
struct Reading {
    sent_at: RunOffset,
    last_read_at: RunOffset,
    bytes: u64,
    deadline: Deadline,
}

impl Reading {
    /// How long the end of the body may take after all that counts has come.
    const TAIL: std::time::Duration = std::time::Duration::from_secs(1);

    fn deadline_of_tail(&self) -> Deadline {
        let tail = Deadline { at: self.last_read_at.after(Self::TAIL), kind: FailureKind::TimeoutIdle };
        if tail.at < self.deadline.at { tail } else { self.deadline }
    }
}

#[derive(Debug, Clone, Copy)]
enum WriteEnd {
    Lost(std::io::ErrorKind),
    Expired(Expiry),
}

impl From<Expiry> for BreakCause {
    fn from(expiry: Expiry) -> Self {
        match expiry {
            Expiry::Deadline(kind) => Self::Failure(kind, None),
            Expiry::Cutoff => Self::Cutoff,
        }
    }
}
