//! From a target to an open connection, with the time that each step took.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use loadspan_record::FailureKind;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{ProxyRoute, Stream};
use crate::RunClock;

/// Opens connections to one target. Names are looked up once, before the load, so that no request waits for a resolver.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    /// `host:port` of the target, for the proxy.
    pub(crate) authority: String,
    /// Addresses of the target, or of the proxy in front of it. Tried in order.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) tunnel: Option<ProxyRoute>,
    pub(crate) tls: Option<Tls>,
    pub(crate) timeout: Duration,
}

/// TLS to one host.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) connector: TlsConnector,
    pub(crate) server_name: ServerName<'static>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Dialed {
    pub(crate) stream: Stream,
    /// TCP connect, and the proxy's tunnel where there is one.
    pub(crate) connect_ns: u64,
    pub(crate) tls_ns: u64,
    /// The server chose HTTP/2 in the handshake.
    pub(crate) chose_http2: bool,
}

/// Why there is no connection.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub(crate) struct DialError {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

impl DialError {
    fn connect(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Connect,
            message: message.into(),
        }
    }
}

impl Dialer {
    /// Opens a connection within the connect deadline.
    pub(crate) async fn dial(&self, clock: &RunClock) -> Result<Dialed, DialError> {
        let seconds = self.timeout.as_secs_f64();
        let timed_out = || DialError::connect(format!("no connection to {} within {seconds} s", self.authority));
        timeout(self.timeout, self.dial_without_deadline(clock))
            .await
            .unwrap_or_else(|_| Err(timed_out()))
    }

    async fn dial_without_deadline(&self, clock: &RunClock) -> Result<Dialed, DialError> {
        let began = clock.now();
        let mut stream = self.connect().await?;
        if let Some(proxy) = &self.tunnel {
            proxy
                .open_tunnel(&mut stream, &self.authority)
                .await
                .map_err(DialError::connect)?;
        }
        let connected = clock.now();
        let connect_ns = connected.nanos_since(began);
        let Some(tls) = &self.tls else {
            return Ok(Dialed {
                stream: Stream::Plain(stream),
                connect_ns,
                tls_ns: 0,
                chose_http2: false,
            });
        };
        let stream = tls
            .connector
            .connect(tls.server_name.clone(), stream)
            .await
            .map_err(|error| DialError {
                kind: FailureKind::Tls,
                message: format!("TLS handshake with {} failed: {error}", self.authority),
            })?;
        let chose_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let tls_ns = clock.now().nanos_since(connected);
        Ok(Dialed {
            stream: Stream::Tls(Box::new(stream)),
            connect_ns,
            tls_ns,
            chose_http2,
        })
    }

    async fn connect(&self) -> Result<TcpStream, DialError> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in &self.addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Requests are written whole; waiting to fill a segment would only add to what is measured.
                    stream
                        .set_nodelay(true)
                        .map_err(|error| DialError::connect(error.to_string()))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(DialError::connect(format!(
            "cannot connect to {}: {last}{}",
            self.authority,
            advice(&last)
        )))
    }
}

/// What to do about errors that the operating system words badly.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable => {
            " (no local port is free: widen net.ipv4.ip_local_port_range, or use more than one target address)"
        }
        _ if error.raw_os_error() == Some(24) => " (too many open files: raise `ulimit -n`)",
        _ => "",
    }
}
