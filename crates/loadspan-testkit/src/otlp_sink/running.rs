//! A sink that runs on a thread of its own until it is stopped or dropped.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpSocket;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::store::Store;
use super::{Accepted, ClientCertificate, OtlpSink, Security, SinkAnswer, SinkCounts, serve};
use crate::transport::TlsIdentity;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;

/// A sink that runs. Dropping it ends it.
#[derive(Debug)]
pub struct RunningOtlpSink {
    address: SocketAddr,
    store: Arc<Store>,
    tls: Option<Tls>,
    state: State,
}

/// What is kept of the TLS identity, so that a restarted sink has the same.
struct Tls {
    acceptor: TlsAcceptor,
    ca_pem: String,
    client: Option<ClientCertificate>,
}

#[derive(Debug)]
enum State {
    Serving {
        /// Dropping it tells the thread to end.
        running: oneshot::Sender<()>,
        thread: JoinHandle<()>,
    },
    /// The socket keeps the port for a restart. It does not listen: connections are refused.
    Stopped { port: Option<TcpSocket> },
}

/// Why a sink did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The port cannot be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// No certificate could be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
    /// No thread could be started.
    #[error("cannot start a sink thread")]
    Thread(#[source] io::Error),
}

/// What it is and has.
impl RunningOtlpSink {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL, without a slash at its end. Both gRPC and HTTP are spoken there.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificate of the CA that a client has to trust. `None` without TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.tls.as_ref().map(|tls| tls.ca_pem.as_str())
    }

    /// What a client has to show. `None` but for [`OtlpSink::mutual_tls`].
    #[must_use]
    pub fn client_certificate(&self) -> Option<&ClientCertificate> {
        self.tls.as_ref()?.client.as_ref()
    }

    /// What it has accepted, in the order of its answers; also when it is stopped. Empty with [`OtlpSink::count_only`].
    #[must_use]
    pub fn accepted(&self) -> Vec<Accepted> {
        self.store.accepted()
    }

    /// What it has seen so far.
    #[must_use]
    pub fn counts(&self) -> SinkCounts {
        self.store.counts()
    }

    /// Blocks until `enough` is true of the counts, but no longer than `patience`; the counts then.
    #[must_use]
    pub fn wait_until(&self, patience: Duration, enough: impl Fn(&SinkCounts) -> bool) -> SinkCounts {
        self.store.wait_until(patience, enough)
    }
}

/// What can be done with it.
impl RunningOtlpSink {
    /// The answer to exports that no rule is for, from now on.
    pub fn set_answer(&self, answer: SinkAnswer) {
        self.store.set_answer(answer);
    }

    /// Ends it as a killed process ends: connections are cut, further ones refused. What it accepted is kept. The port stays its
    /// own until it is dropped.
    pub fn stop(&mut self) {
        let stopped = State::Stopped { port: None };
        if let State::Serving { running, thread } = std::mem::replace(&mut self.state, stopped) {
            drop(running);
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
        // When somebody else was quicker, the restart says so.
        let port = bind(self.address).ok();
        self.state = State::Stopped { port };
    }

    /// Starts again on the same port after [`RunningOtlpSink::stop`]. What it accepted before is still there.
    pub fn restart(&mut self) -> Result<(), SinkError> {
        let stopped = State::Stopped { port: None };
        let port = match std::mem::replace(&mut self.state, stopped) {
            State::Stopped { port: Some(port) } => port,
            State::Stopped { port: None } => self.bind()?,
            serving @ State::Serving { .. } => {
                self.state = serving;
                return Ok(());
            }
        };
        self.serve(port)
    }

    pub(super) fn start(settings: OtlpSink) -> Result<Self, SinkError> {
        let tls = match settings.security {
            Security::Plain => None,
            Security::Tls(client_auth) => Some(
                TlsIdentity::generate(client_auth)
                    .map(Tls::from)
                    .map_err(|error| SinkError::Certificate(error.to_string()))?,
            ),
        };
        let mut sink = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            store: Arc::new(Store::new(settings.script, settings.keep)),
            tls,
            state: State::Stopped { port: None },
        };
        let port = sink.bind()?;
        sink.address = port.local_addr().map_err(|source| sink.cannot_listen(source))?;
        sink.serve(port)?;
        Ok(sink)
    }

    fn bind(&self) -> Result<TcpSocket, SinkError> {
        bind(self.address).map_err(|source| self.cannot_listen(source))
    }

    fn cannot_listen(&self, source: io::Error) -> SinkError {
        SinkError::Listen {
            address: self.address,
            source,
        }
    }

    fn serve(&mut self, port: TcpSocket) -> Result<(), SinkError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(SinkError::Thread)?;
        let listener = {
            let _context = runtime.enter();
            port.listen(BACKLOG).map_err(|source| self.cannot_listen(source))?
        };
        let (running, ended) = oneshot::channel::<()>();
        let acceptor = self.tls.as_ref().map(|tls| tls.acceptor.clone());
        let accepting = serve::accept_all(listener, acceptor, Arc::clone(&self.store));
        let body = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accepting => {}
                    _ = ended => {}
                }
            });
        };
        let thread = std::thread::Builder::new()
            .name("otlp-sink".to_owned())
            .spawn(body)
            .map_err(SinkError::Thread)?;
        self.state = State::Serving { running, thread };
        Ok(())
    }
}

impl Drop for RunningOtlpSink {
    fn drop(&mut self) {
        self.stop();
    }
}

impl From<TlsIdentity> for Tls {
    fn from(identity: TlsIdentity) -> Self {
        Self {
            acceptor: identity.acceptor,
            ca_pem: identity.ca_pem,
            client: identity.client,
        }
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// A socket that has the port and does not listen yet.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
