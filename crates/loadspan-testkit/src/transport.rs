//! Connections: how they come, how they are secured, and which version of HTTP they speak.

mod accept;
mod http1;
mod http2;
mod rewind;
mod tls;

use std::sync::Arc;

pub(crate) use accept::Acceptor;
pub use tls::ClientCertificate;
pub(crate) use tls::{ClientAuth, TlsIdentity};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::state::Shared;

/// A connection on its way to the thread that will serve it.
pub(crate) type Arrival = std::net::TcpStream;

/// What an HTTP/2 connection begins with, and no HTTP/1.1 request can.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves connections on one thread.
#[derive(Clone)]
pub(crate) struct Worker {
    shared: Arc<Shared>,
    /// Where it records its truths.
    shard: usize,
    tls: Option<TlsAcceptor>,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, shard: usize, tls: Option<TlsAcceptor>) -> Self {
        Self { shared, shard, tls }
    }

    /// Serves the connections that another thread accepted.
    pub(crate) async fn serve_all(self, mut arrivals: mpsc::UnboundedReceiver<Arrival>) {
        while let Some(arrival) = arrivals.recv().await {
            if let Ok(stream) = TcpStream::from_std(arrival) {
                self.spawn(stream);
            }
        }
    }

    /// Serves a connection in a task of its own.
    fn spawn(&self, stream: TcpStream) {
        let worker = self.clone();
        tokio::spawn(async move {
            let shared = Arc::clone(&worker.shared);
            let _open = shared.ledger.open_connection();
            match worker.tls.clone() {
                None => worker.serve(stream).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        // The state of a TLS session is large: on the heap, so that plain connections stay small.
                        Box::pin(worker.serve(stream)).await;
                    }
                }
            }
        });
    }

    /// Looks at the first bytes, and serves what they say. The client's choice in ALPN shows in them too.
    async fn serve<S>(self, mut stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut first = Vec::with_capacity(http1::INPUT_SIZE);
        loop {
            match stream.read_buf(&mut first).await {
                Ok(0) | Err(_) => return,
                Ok(_) if first.starts_with(HTTP2_PREFACE) => {
                    let stream = rewind::Rewind::new(stream, first);
                    return Box::pin(http2::serve(self.shared, self.shard, stream)).await;
                }
                Ok(_) if HTTP2_PREFACE.starts_with(&first) => {}
                Ok(_) => {
                    return http1::Connection::new(&self.shared, self.shard, stream)
                        .serve(first)
                        .await;
                }
            }
        }
    }
}
