//! One HTTP/1.1 connection of the load path.
//!
//! Written for this tool rather than taken from hyper, because the time of a read is what is measured: each read is stamped before
//! a byte of it is looked at, all events of one read share that stamp, and all connections of a worker share one read buffer.
//! HTTP/2 goes through hyper ([`crate::http2`]).

mod decoder;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use loadspan_record::{FailureKind, RunOffset};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::decoder::{Progress, ResponseDecoder};
use crate::RunClock;
use crate::connection::Stream;
use crate::deadline::{Deadlines, Watchdog};
use crate::response::{BreakCause, Broken, Exchanged, Reading, Received, ResponseSink};

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
        Self {
            stream,
            decoder: ResponseDecoder::default(),
            usable: true,
        }
    }

    /// Whether the connection can carry another request. Looks for a close by the server that came in the meantime, so that a
    /// stale connection is replaced before a request is sent on it; after that, nothing is ever sent twice.
    pub(crate) fn is_usable(&mut self, exchange: &Exchange) -> bool {
        let mut buffer = exchange.read_buffer.0.borrow_mut();
        let mut context = Context::from_waker(std::task::Waker::noop());
        // Bytes that nobody asked for make the connection as useless as its end.
        self.usable = self.usable
            && Pin::new(&mut self.stream)
                .poll_read(&mut context, &mut ReadBuf::new(&mut buffer))
                .is_pending();
        self.usable
    }

    /// Whether the connection was left in a state to carry another request.
    pub(crate) fn is_kept_alive(&self) -> bool {
        self.usable
    }

    /// Sends `request` and hands the response to `sink` as it arrives, which may be before the request is sent whole: a server
    /// that turns a large request away need not read it to its end.
    pub(crate) async fn exchange(
        &mut self,
        request: &[u8],
        sink: &mut impl ResponseSink,
        watchdog: &mut Watchdog,
        exchange: &Exchange,
    ) -> (RunOffset, Exchanged) {
        self.usable = false;
        self.decoder.reset();
        let mut sending = Sending::Rest(request);
        let mut reading = Reading::begin(exchange.clock.now(), &exchange.deadlines);
        let received = poll_fn(|cx| {
            self.poll_send(cx, &mut sending);
            self.poll_response(cx, &mut reading, sink, watchdog, exchange)
        })
        .await;
        // What is left of a request would be read as the beginning of the next.
        self.usable = received.is_ok() && self.decoder.keep_alive() && matches!(sending, Sending::Done);
        let (sent_at, bytes) = (reading.sent_at, reading.bytes);
        let result = match received {
            Ok(finished_at) => Ok(Received { finished_at, bytes }),
            Err(cause) => Err(Broken {
                finished_at: exchange.clock.now(),
                bytes,
                cause: sending.explain(cause),
            }),
        };
        (sent_at, result)
    }

    /// Sends as much as the connection takes now.
    fn poll_send(&mut self, cx: &mut Context<'_>, sending: &mut Sending<'_>) {
        loop {
            *sending = match *sending {
                Sending::Rest([]) if self.stream.needs_flush() => Sending::Flush,
                Sending::Rest([]) => Sending::Done,
                Sending::Rest(rest) => match Pin::new(&mut self.stream).poll_write(cx, rest) {
                    Poll::Ready(Ok(0)) => Sending::Lost(ErrorKind::WriteZero),
                    Poll::Ready(Ok(written)) => Sending::Rest(&rest[written..]),
                    Poll::Ready(Err(error)) => Sending::Lost(error.kind()),
                    Poll::Pending => return,
                },
                Sending::Flush => match Pin::new(&mut self.stream).poll_flush(cx) {
                    Poll::Ready(Ok(())) => Sending::Done,
                    Poll::Ready(Err(error)) => Sending::Lost(error.kind()),
                    Poll::Pending => return,
                },
                // A server may answer and close before it has read the whole request: reading goes on, since that answer is
                // worth more than the error.
                Sending::Done | Sending::Lost(_) => return,
            }
        }
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
            let Poll::Ready(result) = Pin::new(&mut self.stream).poll_read(cx, &mut read) else {
                let expiry = ready!(watchdog.poll(cx, reading.deadline(sink)));
                return Poll::Ready(reading.broken_off(expiry.into(), sink));
            };
            let at = exchange.clock.now();
            let bytes = read.filled();
            if result.is_err() || bytes.is_empty() {
                let end = self.end_of_connection(result.err());
                return Poll::Ready(end.map_or(Ok(at), |cause| reading.broken_off(cause, sink)));
            }
            reading.advance(bytes.len(), at, &exchange.deadlines);
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

    /// What the end of the connection breaks off; `None` when it is the proper end of the response.
    fn end_of_connection(&mut self, error: Option<std::io::Error>) -> Option<BreakCause> {
        if error.is_none() && self.decoder.end_of_connection() == Progress::Complete {
            return None;
        }
        let kind = if self.decoder.has_head() {
            FailureKind::TruncatedStream
        } else {
            FailureKind::ConnectionLost
        };
        let message = match error {
            Some(error) => error.to_string(),
            None if self.decoder.has_begun() => "the connection was closed within the response".to_owned(),
            None => "the connection was closed before a response".to_owned(),
        };
        Some(BreakCause::Failure(kind, Some(message)))
    }
}

/// How far a request has been sent.
#[derive(Debug, Clone, Copy)]
enum Sending<'a> {
    /// This much has yet to be handed to the connection.
    Rest(&'a [u8]),
    /// All of it lies in buffers.
    Flush,
    Done,
    /// The connection takes no more.
    Lost(ErrorKind),
}

impl Sending<'_> {
    /// The cause of a break, with what became of the request where that says more.
    fn explain(self, cause: BreakCause) -> BreakCause {
        match (self, cause) {
            (Self::Lost(error), BreakCause::Failure(FailureKind::ConnectionLost, _)) => {
                BreakCause::Failure(FailureKind::ConnectionLost, Some(format!("while sending: {error}")))
            }
            (_, cause) => cause,
        }
    }
}
