//! Connections: how they are taken, served, and ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use super::idle::{Activity, Watched};
use crate::app::App;
use crate::http::observe::Client;
use crate::operation::Gauge;

/// How long a client may take for the head of a request, and for the next one on the same connection. Metrics are exported every 60
/// seconds, and find their connection still there.
const HEAD: Duration = Duration::from_secs(75);
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

/// All connections of a server.
#[derive(Clone)]
pub(super) struct Connections {
    room: Arc<Semaphore>,
    most: u32,
    app: App,
}

/// The place of a connection among them.
struct Place {
    _room: OwnedSemaphorePermit,
    _counted: Gauge,
}

impl Connections {
    pub(super) fn new(app: &App) -> Self {
        let most = app.limits.connections.max(1);
        Self {
            room: Arc::new(Semaphore::new(most as usize)),
            most,
            app: app.clone(),
        }
    }

    /// Waits until all have ended, but not for ever; how many have not.
    pub(super) async fn drained(&self, patience: Duration) -> usize {
        let all = self.room.acquire_many(self.most);
        match tokio::time::timeout(patience, all).await {
            Ok(_) => 0,
            Err(_) => (self.most as usize).saturating_sub(self.room.available_permits()),
        }
    }

    /// The next connection, when there is room for it.
    async fn next(&self, listener: &TcpListener) -> (TcpStream, SocketAddr, Place) {
        let (stream, client) = accept(listener).await;
        let Ok(room) = Arc::clone(&self.room).acquire_owned().await else {
            // Nobody closes the semaphore.
            std::future::pending().await
        };
        let place = Place {
            _room: room,
            _counted: self.app.meters.connection(),
        };
        (stream, client, place)
    }
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

/// What connections of a port meet.
#[derive(Clone)]
pub(super) struct Door {
    router: Router,
    tls: Option<TlsAcceptor>,
    phases: watch::Receiver<Phase>,
    protocol: Builder<TokioExecutor>,
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
        }
    }

    /// Takes connections until the server stops.
    pub(super) async fn accept_all(self, listener: TcpListener, connections: Connections) {
        let mut phases = self.phases.clone();
        loop {
            let (stream, client, place) = tokio::select! {
                () = left(&mut phases, Phase::Serving) => return,
                accepted = connections.next(&listener) => accepted,
            };
            let door = self.clone();
            tokio::spawn(async move {
                door.serve(stream, client).await;
                drop(place);
            });
        }
    }

    async fn serve(self, stream: TcpStream, client: SocketAddr) {
        // Without it answers wait for more to come; where it cannot be had they do.
        drop(stream.set_nodelay(true));
        let Some(tls) = &self.tls else {
            return self.speak(stream, client).await;
        };
        if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
            self.speak(stream, client).await;
        }
    }

    /// Serves until the client goes, has nothing to say for long, or the server stops.
    async fn speak<S>(self, stream: S, client: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::new();
        let stream = TokioIo::new(Watched::new(stream, activity.clone()));
        let router = self.router;
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Client(client.ip()));
            router.clone().call(request)
        });
        let mut phases = self.phases;
        let mut connection = std::pin::pin!(self.protocol.serve_connection(stream, service));
        tokio::select! {
            // Whatever ended it: its client knows.
            _ = connection.as_mut() => return,
            () = activity.over(QUIET) => return,
            () = left(&mut phases, Phase::Serving) => connection.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            _ = connection => {}
            () = left(&mut phases, Phase::Draining) => {}
        }
    }
}

/// Waits until the server is not in this phase any more.
async fn left(phases: &mut watch::Receiver<Phase>, phase: Phase) {
    drop(phases.wait_for(|now| *now != phase).await);
}
