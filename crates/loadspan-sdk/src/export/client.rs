//! Sends encoded requests to one endpoint: one attempt, and what came of it. Retries and queues are the lane's.
//!
//! Not opentelemetry-otlp's exporters: they keep the count of rejected spans to themselves, retry on the thread that exports,
//! read no certificates, and take spans by value, which two destinations would have to copy.

mod answer;
mod censor;
mod grpc;
mod http;
mod tls;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

pub(super) use self::answer::cut;
pub(super) use self::censor::Censor;
use self::grpc::GrpcClient;
pub(super) use self::http::{Connection, HttpClient, failure, read_whole};
use crate::config::{OtlpDestination, Protocol, Signal};
use crate::error::InitError;

/// The second product is that of the specification for exporters.
const USER_AGENT: &str = concat!(
    "loadspan-sdk/",
    env!("CARGO_PKG_VERSION"),
    " OTel-OTLP-Exporter-Rust/",
    env!("CARGO_PKG_VERSION")
);
/// The most that is read of an answer.
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// The most that the specification allows a request.
pub(crate) const MAX_REQUEST_BYTES: usize = 64 << 20;

/// What came of an attempt. Reasons are short and hold nothing of what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Taken, but for so many items.
    Accepted { rejected: u64, message: Option<String> },
    /// Another time it may go well; `after`: the backend says when.
    Retry { after: Option<Duration>, reason: String },
    /// There is too much in it.
    TooLarge { reason: String },
    /// Something in it is not taken. Without that the rest may be.
    Spoiled { reason: String },
    /// It never goes well.
    Refused { reason: String },
}

/// A request, compressed once for all attempts.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    body: Bytes,
    /// Before it was compressed.
    plain_bytes: usize,
}

impl Packed {
    /// As it is.
    pub(super) fn plain(body: Bytes) -> Self {
        Self {
            plain_bytes: body.len(),
            body,
        }
    }

    pub(super) fn body(&self) -> Bytes {
        self.body.clone()
    }
}

/// A client of one OTLP endpoint, for one signal. It lives on the runtime that first sends with it.
pub(crate) struct Client {
    speaker: Speaker,
    timeout: Duration,
    censor: Censor,
}

enum Speaker {
    Http(HttpClient),
    Grpc(Box<GrpcClient>),
}

impl Client {
    /// Reads certificates; connects to nothing yet.
    ///
    /// # Errors
    ///
    /// A certificate cannot be used.
    pub(crate) fn build(destination: &OtlpDestination, signal: Signal) -> Result<Self, InitError> {
        let speaker = match destination.protocol {
            Protocol::Grpc => Speaker::Grpc(Box::new(GrpcClient::build(destination, signal)?)),
            Protocol::HttpProtobuf | Protocol::HttpJson => Speaker::Http(HttpClient::otlp(destination)?),
        };
        Ok(Self {
            speaker,
            timeout: destination.timeout,
            censor: Censor::new(&destination.headers),
        })
    }

    /// Whether bodies are to be OTLP/JSON.
    pub(crate) fn wants_json(&self) -> bool {
        matches!(&self.speaker, Speaker::Http(client) if client.is_json())
    }

    /// A request as it is sent, each time.
    pub(crate) fn pack(&self, body: Bytes) -> Packed {
        let plain_bytes = body.len();
        match &self.speaker {
            Speaker::Http(client) if plain_bytes <= MAX_REQUEST_BYTES => Packed {
                body: client.pack(body),
                plain_bytes,
            },
            // The other compresses by itself, in frames.
            Speaker::Http(_) | Speaker::Grpc(_) => Packed::plain(body),
        }
    }

    /// Sends a request once.
    pub(crate) async fn send(&self, request: &Packed) -> Delivery {
        if request.plain_bytes > MAX_REQUEST_BYTES {
            return Delivery::TooLarge {
                reason: format!("the request has {} bytes", request.plain_bytes),
            };
        }
        let body = request.body();
        let attempt = async {
            match &self.speaker {
                Speaker::Http(client) => client.send(body, &[]).await,
                Speaker::Grpc(client) => client.send(body).await,
            }
        };
        let delivery = tokio::time::timeout(self.timeout, attempt).await;
        self.censor
            .clean(delivery.unwrap_or_else(|_| answer::timeout(self.timeout)))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
