//! A sink that runs on a thread of its own until it is stopped or dropped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::TlsAcceptor;

use super::store::Store;
use super::{Accepted, ClientCertificate, OtlpSink, Security, SinkAnswer, SinkCounts, serve};
use crate::SinkError;
use crate::service_thread::ServiceThread;
use crate::transport::TlsIdentity;

/// A sink that runs. Dropping it ends it.
#[derive(Debug)]
pub struct RunningOtlpSink {
    thread: ServiceThread,
    store: Arc<Store>,
    tls: Option<Tls>,
}

/// What is kept of the TLS identity, so that a restarted sink has the same.
struct Tls {
    acceptor: TlsAcceptor,
    ca_pem: String,
    client: Option<ClientCertificate>,
}

/// What it is and has.
impl RunningOtlpSink {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.thread.address()
    }

    /// The base URL, without a slash at its end. Both gRPC and HTTP are spoken there.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address())
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
        self.thread.stop();
    }

    /// Starts again on the same port after [`RunningOtlpSink::stop`]. What it accepted before is still there.
    pub fn restart(&mut self) -> Result<(), SinkError> {
        let acceptor = self.tls.as_ref().map(|tls| tls.acceptor.clone());
        let store = Arc::clone(&self.store);
        self.thread
            .serve(|listener| serve::accept_all(listener, acceptor, store))
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
            thread: ServiceThread::bind("otlp-sink", SocketAddr::from(([127, 0, 0, 1], 0)))?,
            store: Arc::new(Store::new(settings.script, settings.keep)),
            tls,
        };
        sink.restart()?;
        Ok(sink)
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
