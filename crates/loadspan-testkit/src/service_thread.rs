//! A thread that serves a port until it is told to end, and can come back on the same port.

use std::io;
use std::net::SocketAddr;
use std::thread::JoinHandle;

use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;

/// A port and the thread that serves it, unless it is stopped. Dropping it ends both.
#[derive(Debug)]
pub(crate) struct ServiceThread {
    name: &'static str,
    address: SocketAddr,
    state: State,
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

impl ServiceThread {
    /// Takes the port and does not listen yet. `name` is that of the thread.
    pub(crate) fn bind(name: &'static str, address: SocketAddr) -> Result<Self, SinkError> {
        let cannot_listen = |source| SinkError::Listen { address, source };
        let port = bind(address).map_err(cannot_listen)?;
        Ok(Self {
            name,
            address: port.local_addr().map_err(cannot_listen)?,
            state: State::Stopped { port: Some(port) },
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves, on a thread of its own. Does nothing if it does that already.
    pub(crate) fn serve<F>(&mut self, accept: impl FnOnce(TcpListener) -> F + Send + 'static) -> Result<(), SinkError>
    where
        F: Future<Output = ()>,
    {
        let State::Stopped { port } = &mut self.state else {
            return Ok(());
        };
        let listen = |source| SinkError::Listen {
            address: self.address,
            source,
        };
        let port = match port.take() {
            Some(port) => port,
            None => bind(self.address).map_err(listen)?,
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(SinkError::Thread)?;
        let listener = {
            let _context = runtime.enter();
            port.listen(BACKLOG).map_err(listen)?
        };
        let (running, ended) = oneshot::channel::<()>();
        let body = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener) => {}
                    _ = ended => {}
                }
            });
        };
        let thread = std::thread::Builder::new()
            .name(self.name.to_owned())
            .spawn(body)
            .map_err(SinkError::Thread)?;
        self.state = State::Serving { running, thread };
        Ok(())
    }

    /// Ends it as a killed process ends: connections are cut, further ones refused. The port stays its own until it is dropped.
    pub(crate) fn stop(&mut self) {
        let stopped = State::Stopped { port: None };
        let State::Serving { running, thread } = std::mem::replace(&mut self.state, stopped) else {
            return;
        };
        drop(running);
        // A thread that panicked has said so already.
        let _ = thread.join();
        // When somebody else was quicker, the restart says so.
        let port = bind(self.address).ok();
        self.state = State::Stopped { port };
    }
}

impl Drop for ServiceThread {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A socket that has the port and does not listen yet.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
