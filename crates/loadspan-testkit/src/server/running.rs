//! A server that runs on threads of its own until it is dropped.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use thiserror::Error;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

use super::{FakeServer, Security};
use crate::state::Shared;
use crate::transport::{Acceptor, ClientAuth, TlsIdentity, Worker};
use crate::{CapturedRequest, Stats};

/// Connections that wait to be accepted; a load generator opens thousands at once.
const BACKLOG: i32 = 8_192;

/// A server that runs. Dropping it ends it: open connections are cut.
#[derive(Debug)]
pub struct RunningServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    ca_pem: Option<String>,
    /// Dropping it tells the threads to end.
    running: Option<watch::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

/// Why a server did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is taken, or not of this host.
    #[error("cannot listen on {address}; try another port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The listener cannot be used.
    #[error("cannot accept connections on the listener")]
    Listener(#[source] io::Error),
    /// A response header cannot be sent.
    #[error("`{name}: {value}` is not a valid response header")]
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// No certificate could be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
    /// No thread could be started.
    #[error("cannot start a server thread")]
    Thread(#[source] io::Error),
}

impl RunningServer {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL, without `/v1` and without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.ca_pem.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificate of the CA that a client has to trust. `None` without TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// What the server knows now. The truth of a response is there when its last byte has been seen.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats(usize::MAX)
    }

    /// The last requests as they came, as many as [`FakeServer::capture`] keeps, in the order of their coming.
    #[must_use]
    pub fn requests(&self) -> Vec<CapturedRequest> {
        self.shared.captures.all()
    }

    /// Ends it, as dropping it does.
    pub fn shutdown(self) {}

    pub(super) fn start(settings: FakeServer, listener: TcpListener) -> Result<Self, StartError> {
        check_headers(&settings)?;
        let address = prepare_listener(&listener).map_err(StartError::Listener)?;
        let tls = match settings.security {
            Security::Plain => None,
            Security::Tls => Some(
                TlsIdentity::generate(ClientAuth::None).map_err(|error| StartError::Certificate(error.to_string()))?,
            ),
        };
        let ca_pem = tls.as_ref().map(|tls| tls.ca_pem.clone());
        let shared = Arc::new(Shared::new(settings));
        let (running, ended) = watch::channel(());
        let mut server = Self {
            address,
            shared,
            ca_pem,
            running: Some(running),
            threads: Vec::new(),
        };
        server.spawn_threads(listener, &Threads { tls, ended })?;
        Ok(server)
    }

    /// One thread accepts, and serves its share; the others serve what they are dealt.
    fn spawn_threads(&mut self, listener: TcpListener, threads: &Threads) -> Result<(), StartError> {
        let mut workers = Vec::new();
        for shard in 1..self.shared.settings.threads.get() {
            let (sender, arrivals) = mpsc::unbounded_channel();
            workers.push(sender);
            let worker = self.worker(shard, threads);
            self.spawn(threads, |_| Ok(worker.serve_all(arrivals)))?;
        }
        let own = self.worker(0, threads);
        self.spawn(threads, |runtime| {
            let _context = runtime.enter();
            Ok(Acceptor {
                listener: tokio::net::TcpListener::from_std(listener)?,
                own,
                others: workers,
            }
            .run())
        })
    }

    fn worker(&self, shard: usize, threads: &Threads) -> Worker {
        Worker::new(
            Arc::clone(&self.shared),
            shard,
            threads.tls.as_ref().map(|tls| tls.acceptor.clone()),
        )
    }

    fn spawn<F>(&mut self, threads: &Threads, task: impl FnOnce(&Runtime) -> io::Result<F>) -> Result<(), StartError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let task = task(&runtime).map_err(StartError::Listener)?;
        let mut ended = threads.ended.clone();
        let body = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = task => {}
                    _ = ended.changed() => {}
                }
            });
        };
        let thread = std::thread::Builder::new()
            .name("fake-server".to_owned())
            .spawn(body)
            .map_err(StartError::Thread)?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.running = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// What all threads are given.
struct Threads {
    tls: Option<TlsIdentity>,
    /// Changes when the server is to end.
    ended: watch::Receiver<()>,
}

fn prepare_listener(listener: &TcpListener) -> io::Result<SocketAddr> {
    // The standard library asks for a backlog that a burst of connections overflows; listening again changes it.
    rustix::net::listen(listener, BACKLOG)?;
    plain_congestion_control(listener);
    listener.set_nonblocking(true)?;
    listener.local_addr()
}

/// Some congestion controls hold bytes back to pace them, and the truth would no longer be when they left. Connections inherit
/// this one from their listener. It exists everywhere; without it the server only tells the time less well.
#[cfg(target_os = "linux")]
fn plain_congestion_control(listener: &TcpListener) {
    let _ = rustix::net::sockopt::set_tcp_congestion(listener, "reno");
}

#[cfg(not(target_os = "linux"))]
fn plain_congestion_control(_: &TcpListener) {}

fn check_headers(settings: &FakeServer) -> Result<(), StartError> {
    let invalid = settings.headers.iter().find(|(name, value)| {
        http::HeaderName::try_from(name.as_str()).is_err() || http::HeaderValue::try_from(value.as_str()).is_err()
    });
    match invalid {
        Some((name, value)) => Err(StartError::Header {
            name: name.clone(),
            value: value.clone(),
        }),
        None => Ok(()),
    }
}
