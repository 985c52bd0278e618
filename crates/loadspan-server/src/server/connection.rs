//! Connections: how they are taken, served, and ended.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use super::idle::{Activity, Watched};
use super::place::{Place, Places};
use super::rest;
use crate::app::App;
use crate::http::observe::Client;
use crate::operation::{Entrance, Made, Mistake};

/// How long a client may take for the head of its first request. Until then nobody knows who it is.
const FIRST_HEAD: Duration = Duration::from_secs(10);
/// How long it may take for the head of the next one on the same connection. Metrics are exported every 60 seconds, and find their
/// connection still there.
const HEAD: Duration = Duration::from_secs(75);
/// How long a connection that gives way may take to say so.
const FAREWELL: Duration = Duration::from_millis(100);
/// How long nothing may go over a connection at all.
const QUIET: Duration = Duration::from_secs(120);
/// How long a client may take to agree on encryption.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The head of a request.
const HEAD_BYTES: u32 = 64 << 10;
/// Requests at the same time on one connection of HTTP/2.
const STREAMS: u32 = 256;
/// How long to wait when the system has no more connections to give.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Where a server is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Serving,
    /// What is in flight is answered, and nothing more is taken.
    Draining,
    /// Nobody is waited for.
    Ended,
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one(&error) => {}
            Err(_) => tokio::time::sleep(EXHAUSTED).await,
        }
    }
}

/// Whether an error is that of one connection, which its client has given up.
fn is_of_one(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// Who is served.
struct Visit {
    client: SocketAddr,
    place: Place,
}

/// What connections of a port meet.
#[derive(Clone)]
pub(super) struct Door {
    router: Router,
    tls: Option<TlsAcceptor>,
    phases: watch::Receiver<Phase>,
    protocol: Builder<TokioExecutor>,
    /// Who is told of clients that speak what the port does not, and of which port.
    watcher: Option<(App, Entrance)>,
}

impl Door {
    pub(super) fn new(router: Router, tls: Option<TlsAcceptor>, phases: watch::Receiver<Phase>) -> Self {
        let mut protocol = Builder::new(TokioExecutor::new());
        protocol
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_BYTES as usize);
        protocol
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(HEAD_BYTES)
            .max_concurrent_streams(STREAMS);
        Self {
            router,
            tls,
            phases,
            protocol,
            watcher: None,
        }
    }

    /// With one who is told of clients that speak what the port does not.
    pub(super) fn watched(mut self, watcher: (App, Entrance)) -> Self {
        self.watcher = Some(watcher);
        self
    }

    /// Takes connections until the server stops.
    pub(super) async fn accept_all(self, listener: TcpListener, places: Places) {
        let mut phases = self.phases.clone();
        loop {
            let next = async {
                let accepted = accept(&listener).await;
                (accepted, places.take().await)
            };
            let ((stream, client), place) = tokio::select! {
                () = left(&mut phases, Phase::Serving) => return,
                next = next => next,
            };
            let visit = Visit { client, place };
            tokio::spawn(self.clone().serve(stream, visit));
        }
    }

    async fn serve(self, stream: TcpStream, visit: Visit) {
        // Without it answers wait for more to come; where it cannot be had they do.
        drop(stream.set_nodelay(true));
        let Some(tls) = &self.tls else {
            return self.speak(stream, &visit).await;
        };
        let agreed = tokio::select! {
            agreed = tls.accept(stream) => agreed,
            () = visit.place.needed(HANDSHAKE) => return,
        };
        match agreed {
            Ok(stream) => self.speak(stream, &visit).await,
            Err(error) if is_no_tls(&error) => self.tell(Mistake::PlainToTls, visit.client),
            Err(_) => {}
        }
    }

    fn tell(&self, mistake: Mistake, client: SocketAddr) {
        if let Some((app, entrance)) = &self.watcher {
            app.meters.arrivals().mistake(&Made {
                mistake,
                entrance: *entrance,
                count: 1,
                sample: &format!("from {}", client.ip()),
            });
        }
    }

    /// Serves until the client goes, has nothing to say for long, or the server stops.
    async fn speak<S>(self, stream: S, visit: &Visit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::new();
        let is_plain = self.tls.is_none();
        let told = self.clone();
        self.converse(stream, visit, activity.clone()).await;
        if is_plain && activity.began_with_tls() {
            told.tell(Mistake::TlsToPlain, visit.client);
        }
    }

    async fn converse<S>(self, stream: S, visit: &Visit, activity: Activity)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = TokioIo::new(Watched::new(stream, activity.clone()));
        let router = self.router;
        let client = Client(visit.client.ip());
        let begin = visit.place.requests();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(client);
            let in_flight = begin();
            let (request, rest) = rest::watch(request);
            let answered = router.clone().call(request);
            async move {
                let mut answer = answered.await?;
                rest.settle(&mut answer).await;
                Ok::<_, Infallible>(answer.map(|body| in_flight.with(body)))
            }
        });
        let mut phases = self.phases;
        let mut connection = std::pin::pin!(self.protocol.serve_connection(stream, service));
        tokio::select! {
            // Whatever ended it: its client knows.
            _ = connection.as_mut() => return,
            () = activity.over(QUIET) => return,
            () = visit.place.needed(FIRST_HEAD) => {
                // Whoever has never asked for anything is owed nothing, and there may be many of them.
                if visit.place.has_asked() {
                    connection.as_mut().graceful_shutdown();
                    drop(tokio::time::timeout(FAREWELL, connection).await);
                }
                return;
            }
            () = left(&mut phases, Phase::Serving) => connection.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            _ = connection => {}
            () = left(&mut phases, Phase::Draining) => {}
        }
    }
}

/// Whether a client did not even begin to speak TLS.
fn is_no_tls(error: &std::io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(error, Some(rustls::Error::InvalidMessage(_)))
}

/// Waits until the server is not in this phase any more.
async fn left(phases: &mut watch::Receiver<Phase>, phase: Phase) {
    drop(phases.wait_for(|now| *now != phase).await);
}
