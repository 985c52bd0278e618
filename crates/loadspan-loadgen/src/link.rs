//! The connections of a worker: who has one, and who needs a new one.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use loadspan_record::{ConnectionUse, FailureKind, HttpVersion, RunOffset};

use crate::RunClock;
use crate::connection::{DialError, Dialed};
use crate::deadline::Watchdog;
use crate::http1::{Exchange, Http1Connection};
use crate::http2::{Http2Connection, WholeRequest};
use crate::response::{Exchanged, ResponseSink};
use crate::target::{HttpPreference, RequestHead, RequestParts, Route};

/// Streams on one HTTP/2 connection: as many as every common server allows.
const STREAMS_PER_CONNECTION: u32 = 100;

/// A connection as a request sees it.
#[derive(Debug)]
pub(crate) enum Link {
    Http1(Box<Http1Connection>),
    Http2(SharedConnection),
}

/// A seat on a shared HTTP/2 connection; leaves it when dropped.
#[derive(Debug)]
pub(crate) struct SharedConnection {
    connection: Http2Connection,
    streams: Rc<Cell<u32>>,
}

impl Drop for SharedConnection {
    fn drop(&mut self) {
        self.streams.set(self.streams.get() - 1);
    }
}

impl Link {
    pub(crate) fn version(&self) -> HttpVersion {
        match self {
            Self::Http1(_) => HttpVersion::Http11,
            Self::Http2(_) => HttpVersion::Http2,
        }
    }

    /// Whether the last exchange left the connection in a state to be kept. Asks nobody.
    pub(crate) fn is_kept_alive(&self) -> bool {
        match self {
            Self::Http1(connection) => connection.is_kept_alive(),
            Self::Http2(shared) => shared.connection.is_usable(),
        }
    }

    /// Whether the connection can carry another request now.
    pub(crate) fn is_usable(&mut self, exchange: &Exchange) -> bool {
        match self {
            Self::Http1(connection) => connection.is_usable(exchange),
            Self::Http2(shared) => shared.connection.is_usable(),
        }
    }

    /// Puts a request into the form that the connection sends. HTTP/1.1 writes it into `message`.
    pub(crate) fn compose(&self, head: &RequestHead, parts: RequestParts<'_>, message: &mut Vec<u8>) -> Outgoing {
        match self {
            Self::Http1(_) => {
                head.write_post(parts, message);
                Outgoing::Message
            }
            Self::Http2(_) => Outgoing::Whole(Box::new(head.post(parts))),
        }
    }

    /// The same for a GET.
    pub(crate) fn compose_get(&self, head: &RequestHead, message: &mut Vec<u8>) -> Outgoing {
        match self {
            Self::Http1(_) => {
                head.write_get(message);
                Outgoing::Message
            }
            Self::Http2(_) => Outgoing::Whole(Box::new(head.get())),
        }
    }

    /// Sends a composed request and hands the response to `sink`. Says when it was sent.
    pub(crate) async fn exchange(
        &mut self,
        (outgoing, message): (Outgoing, &[u8]),
        sink: &mut impl ResponseSink,
        watchdog: &mut Watchdog,
        exchange: &Exchange,
    ) -> (RunOffset, Exchanged) {
        match (self, outgoing) {
            (Self::Http2(shared), Outgoing::Whole(request)) => {
                shared.connection.exchange(*request, sink, watchdog, exchange).await
            }
            (Self::Http1(connection), _) => connection.exchange(message, sink, watchdog, exchange).await,
            (Self::Http2(_), Outgoing::Message) => unreachable!("a request is composed for the link that sends it"),
        }
    }
}

/// A request in the form that its connection sends.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// HTTP/1.1: the bytes lie in the message buffer.
    Message,
    /// HTTP/2.
    Whole(Box<WholeRequest>),
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum NoLink {
    Dial(DialError),
    /// The run ended first.
    Cutoff,
}

/// A link, and the connection as the record of the request will describe it.
pub(crate) type Opened = (Link, ConnectionUse);

/// Opens connections to the routes of a worker and shares those of HTTP/2.
#[derive(Debug)]
pub(crate) struct Links {
    clock: RunClock,
    shared: RefCell<Vec<Shared>>,
    turns: Vec<Turn>,
}

/// An open HTTP/2 connection and how many seats on it are taken.
#[derive(Debug)]
struct Shared {
    target: usize,
    connection: Http2Connection,
    streams: Rc<Cell<u32>>,
}

/// Who may open an HTTP/2 connection to a target: one at a time, so that the others find a seat on what it opens.
#[derive(Debug, Default)]
struct Turn {
    lock: tokio::sync::Mutex<()>,
    /// Turns that brought no HTTP/2 connection. Those who waited for one of them wait for no other.
    in_vain: Cell<u64>,
}

impl Links {
    pub(crate) fn new(clock: RunClock, targets: usize) -> Self {
        Self {
            clock,
            shared: RefCell::default(),
            turns: (0..targets).map(|_| Turn::default()).collect(),
        }
    }

    /// A connection over `route`, which is the worker's number `target`.
    pub(crate) async fn open(&self, target: usize, route: &Route, watchdog: &mut Watchdog) -> Result<Opened, NoLink> {
        let mut opening = pin!(self.share_or_dial(target, route));
        poll_fn(|cx| match opening.as_mut().poll(cx) {
            Poll::Ready(opened) => Poll::Ready(opened.map_err(NoLink::Dial)),
            Poll::Pending => watchdog.poll_cutoff(cx).map(|()| Err(NoLink::Cutoff)),
        })
        .await
    }

    async fn share_or_dial(&self, target: usize, route: &Route) -> Result<Opened, DialError> {
        if route.prefers_http2 == HttpPreference::Http11 {
            return self.dial(target, route).await;
        }
        let turn = &self.turns[target];
        let in_vain = turn.in_vain.get();
        let my_turn = turn.lock.lock().await;
        if let Some(shared) = self.take_seat(target) {
            return Ok((Link::Http2(shared), ConnectionUse::Reused));
        }
        if turn.in_vain.get() != in_vain {
            drop(my_turn);
            return self.dial(target, route).await;
        }
        let opened = self.dial(target, route).await;
        if !matches!(opened, Ok((Link::Http2(_), _))) {
            turn.in_vain.set(in_vain + 1);
        }
        opened
    }

    async fn dial(&self, target: usize, route: &Route) -> Result<Opened, DialError> {
        let Dialed {
            stream,
            connect_ns,
            tls_ns,
            chose_http2,
        } = route.dialer.dial(&self.clock).await?;
        let connection = ConnectionUse::Opened { connect_ns, tls_ns };
        let plain = route.dialer.tls.is_none();
        if route.prefers_http2 == HttpPreference::Http11 || !(plain || chose_http2) {
            return Ok((Link::Http1(Box::new(Http1Connection::new(stream))), connection));
        }
        let http2 = Http2Connection::handshake(stream).await.map_err(|error| DialError {
            kind: FailureKind::Connect,
            message: format!("no HTTP/2 with {}: {error}", route.dialer.authority),
        })?;
        let streams = Rc::new(Cell::new(1));
        self.shared.borrow_mut().push(Shared {
            target,
            connection: http2.clone(),
            streams: Rc::clone(&streams),
        });
        Ok((
            Link::Http2(SharedConnection {
                connection: http2,
                streams,
            }),
            connection,
        ))
    }

    /// A seat on an open HTTP/2 connection that has one left.
    fn take_seat(&self, target: usize) -> Option<SharedConnection> {
        let mut shared = self.shared.borrow_mut();
        shared.retain(|shared| shared.connection.is_usable());
        let Shared {
            connection, streams, ..
        } = shared
            .iter()
            .find(|shared| shared.target == target && shared.streams.get() < STREAMS_PER_CONNECTION)?;
        streams.set(streams.get() + 1);
        Some(SharedConnection {
            connection: connection.clone(),
            streams: Rc::clone(streams),
        })
    }
}
