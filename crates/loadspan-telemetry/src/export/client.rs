//! Sends payloads to an OTLP endpoint: one attempt, and what came of it. Retries, queues and the spool are the pipeline's.

mod channel;
mod classify;
mod grpc;
mod headers;
mod http;
mod reason;
#[cfg(test)]
mod tests;
mod tls;

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use loadspan_record::{TelemetrySignal, redact_url};
use thiserror::Error;

pub(crate) use self::classify::{accepted, parse_retry_after, redirected, root_cause};
use self::grpc::GrpcClient;
pub(crate) use self::headers::header_value;
use self::http::HttpClient;
pub(crate) use self::http::{client_builder, header, is_loopback};
pub(crate) use self::reason::Censor;
pub(crate) use self::tls::{PemFiles, TlsVariables};
use super::{Delivery, Payload};
use crate::config::{OtlpConfig, Protocol};

/// What backends are told of who is asking.
const USER_AGENT: &str = concat!("loadspan/", env!("CARGO_PKG_VERSION"), " OTel-OTLP-Exporter-Rust");

/// The most that is read of an answer.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// A client of one OTLP endpoint, for one signal. Several [`OtlpClient::send`]s may run at once; all of them on one runtime, since
/// connections belong to it.
pub(crate) struct OtlpClient {
    speaker: Speaker,
    destination: String,
    /// Longest time until there is an answer. `None`: no limit.
    timeout: Option<Duration>,
    censor: Censor,
}

/// A client of one protocol.
enum Speaker {
    Http(HttpClient),
    Grpc(Box<GrpcClient>),
}

/// An endpoint cannot be used as it is configured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// It is not one of OTLP.
    #[error("`{url}` is no OTLP endpoint: {reason}")]
    Endpoint {
        /// The endpoint, without credentials.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A header cannot be sent.
    #[error("the header `{name}` cannot be sent: {reason}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong with it; not its value.
        reason: String,
    },
    /// A PEM file cannot be used.
    #[error("cannot use the {role} {} ({variable}): {reason}", path.display())]
    PemFile {
        /// What it was to be.
        role: &'static str,
        /// The file.
        path: PathBuf,
        /// The variable that names it.
        variable: &'static str,
        /// Why not.
        reason: String,
    },
    /// A client certificate without its key, or a key without its certificate.
    #[error("the {given} {} needs the {missing} that belongs to it ({variable})", path.display())]
    HalfIdentity {
        /// What is there.
        given: &'static str,
        /// Its file.
        path: PathBuf,
        /// What is not.
        missing: &'static str,
        /// The variable that would name it.
        variable: &'static str,
    },
    /// The system refuses an event loop.
    #[error("cannot start the exports: {0}")]
    EventLoop(std::io::Error),
    /// TLS cannot be set up.
    #[error("cannot set up TLS towards {url}: {reason}")]
    Tls {
        /// The endpoint, without credentials.
        url: String,
        /// Why not.
        reason: String,
    },
}

impl OtlpClient {
    /// A client of an endpoint. Reads PEM files; connects to nothing yet.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the configuration. A backend that is not there shows when something is sent.
    pub(crate) fn build(config: &OtlpConfig, signal: TelemetrySignal) -> Result<Self, ClientError> {
        let speaker = match config.protocol {
            Protocol::Grpc => Speaker::Grpc(Box::new(GrpcClient::build(config, signal)?)),
            Protocol::HttpProtobuf | Protocol::HttpJson => Speaker::Http(HttpClient::build(config)?),
        };
        Ok(Self {
            speaker,
            destination: destination(config),
            timeout: config.timeout,
            censor: Censor::new(config),
        })
    }

    /// Where it sends to, without credentials.
    pub(crate) fn destination(&self) -> String {
        self.destination.clone()
    }

    /// Sends a payload once. Nothing is retried here. Reasons are single lines, short and free of secrets; they do not repeat the
    /// destination.
    pub(crate) async fn send(&self, payload: &Payload) -> Delivery {
        let delivery = self.attempt(payload).await.unwrap_or_else(|failure| failure);
        self.censor.clean(delivery)
    }

    /// What came of an attempt, as an error when there was no answer.
    async fn attempt(&self, payload: &Payload) -> Result<Delivery, Delivery> {
        match &self.speaker {
            Speaker::Http(client) => {
                // The head says whether the payload was taken. No time limit may take that back.
                let response = self.in_time(client.post(payload)).await??;
                Ok(client.read(response).await)
            }
            Speaker::Grpc(client) => self.in_time(client.send(payload)).await,
        }
    }

    async fn in_time<T>(&self, answer: impl Future<Output = T>) -> Result<T, Delivery> {
        match self.timeout {
            None => Ok(answer.await),
            Some(timeout) => tokio::time::timeout(timeout, answer)
                .await
                .map_err(|_| classify::timeout(timeout)),
        }
    }
}

impl fmt::Debug for OtlpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpClient")
            .field("destination", &self.destination)
            .finish_non_exhaustive()
    }
}

/// The endpoint for people: over gRPC its path has no meaning.
fn destination(config: &OtlpConfig) -> String {
    match config.protocol {
        Protocol::Grpc => redact_url(&grpc::origin(&config.endpoint)),
        Protocol::HttpProtobuf | Protocol::HttpJson => redact_url(config.endpoint.as_str()),
    }
}

fn endpoint_error(config: &OtlpConfig, reason: impl Into<String>) -> ClientError {
    ClientError::Endpoint {
        url: destination(config),
        reason: reason.into(),
    }
}

/// Whether the endpoint wants TLS.
fn is_tls(config: &OtlpConfig) -> Result<bool, ClientError> {
    match config.endpoint.scheme() {
        "http" => Ok(false),
        "https" => Ok(true),
        other => Err(endpoint_error(config, format!("use http or https, not {other}"))),
    }
}
