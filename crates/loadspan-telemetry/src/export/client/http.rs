//! OTLP over HTTP, with bodies in protobuf or JSON.

use std::borrow::Cow;
use std::io::Write;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression as Level;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use loadspan_record::TelemetrySignal;
use loadspan_wire::otlp::response::{
    RpcStatus, decode_outcome, decode_outcome_json, decode_status, decode_status_json,
};
use loadspan_wire::otlp::{DecodeError, ExportMetricsServiceRequest, ExportTraceServiceRequest, Message, json};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response};
use url::{Host, Url};

use super::classify::{self, HttpFailure};
use super::tls::{PemFiles, TlsVariables};
use super::{ClientError, MAX_ANSWER_BYTES, USER_AGENT, destination, headers, is_tls};
use crate::config::{Compression, OtlpConfig, Protocol};
use crate::export::{Delivery, Payload};

/// How long the rest of an answer is waited for when its head is there.
const BODY_PATIENCE: Duration = Duration::from_secs(1);

/// Over HTTP/2, which TLS may come to, all requests share a connection. After this share of the time of an attempt the peer is asked
/// for a sign of life, and has as long to give one: if it has gone silent, the next attempt has a new connection.
const PING_SHARE: f64 = 0.4;

/// A client of an endpoint of OTLP/HTTP.
pub(super) struct HttpClient {
    client: Client,
    url: Url,
    format: Format,
    compression: Compression,
}

/// The encoding of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Protobuf,
    Json,
}

impl HttpClient {
    pub(super) fn build(config: &OtlpConfig) -> Result<Self, ClientError> {
        let failed = |error: reqwest::Error| ClientError::Tls {
            url: destination(config),
            reason: error.without_url().to_string(),
        };
        let files = is_tls(config)?
            .then(|| PemFiles::load(&config.tls, &TlsVariables::OTLP))
            .transpose()?;
        let mut builder = client_builder(&config.endpoint, files.as_ref())
            .map_err(failed)?
            .user_agent(USER_AGENT)
            .default_headers(headers::http_headers(config)?);
        if let Some(timeout) = config.timeout {
            let patience = timeout.mul_f64(PING_SHARE);
            builder = builder
                .http2_keep_alive_interval(patience)
                .http2_keep_alive_timeout(patience);
        }
        Ok(Self {
            client: builder.build().map_err(failed)?,
            url: config.endpoint.clone(),
            format: match config.protocol {
                Protocol::HttpJson => Format::Json,
                Protocol::HttpProtobuf | Protocol::Grpc => Format::Protobuf,
            },
            compression: config.compression,
        })
    }

    /// Posts a payload, and resolves when the head of the answer is there.
    ///
    /// # Errors
    ///
    /// What it comes to that there is none.
    pub(super) async fn post(&self, payload: &Payload) -> Result<Response, Delivery> {
        let body = match self.format {
            Format::Protobuf => payload.body.clone(),
            Format::Json => to_json(payload).map_err(|error| Delivery::Invalid {
                reason: format!("the payload is no OTLP: {error}"),
            })?,
        };
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static(self.format.media_type()));
        request = match self.compression {
            Compression::None => request.body(body),
            Compression::Gzip => request.header(CONTENT_ENCODING, "gzip").body(gzip(&body)),
        };
        let response = request.send().await;
        response.map_err(|error| classify::broken(&error.without_url()))
    }

    /// Reads the rest of an answer.
    pub(super) async fn read(&self, response: Response) -> Delivery {
        if response.status().is_success() {
            self.accepted(response).await
        } else {
            self.failed(response).await
        }
    }

    /// 2xx: it is never to be sent again, whatever else the answer says.
    async fn accepted(&self, response: Response) -> Delivery {
        let content_type = header(&response, CONTENT_TYPE).unwrap_or_default().into_owned();
        if content_type.starts_with("text/html") {
            return Delivery::Refused {
                reason: format!(
                    "HTTP {} with a web page: that is no OTLP endpoint; is the port right, and the path /v1/…?",
                    response.status()
                ),
            };
        }
        let format = Format::of(&content_type).unwrap_or(self.format);
        let Body { bytes, flaw } = read_body(response).await;
        let outcome = match (flaw, format, &bytes[..]) {
            (Some(flaw), _, _) => Err(flaw.to_owned()),
            (None, _, []) => Ok(Default::default()),
            (None, Format::Protobuf, bytes) => decode_outcome(bytes).map_err(|error| error.to_string()),
            (None, Format::Json, bytes) => decode_outcome_json(bytes).map_err(|error| error.to_string()),
        };
        classify::accepted(outcome)
    }

    async fn failed(&self, response: Response) -> Delivery {
        let status = response.status();
        let owned = |name| header(&response, name).map(Cow::into_owned);
        let (retry_after, location) = (owned(RETRY_AFTER), owned(LOCATION));
        let content_type = owned(CONTENT_TYPE).unwrap_or_default();
        let body = read_body(response).await;
        classify::http_failure(&HttpFailure {
            status,
            retry_after: retry_after.as_deref(),
            location: location.as_deref(),
            rpc: read_status(&content_type, &body.bytes),
        })
    }
}

impl Format {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    fn of(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        match media_type {
            "application/x-protobuf" | "application/protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// How every client of a backend begins: what it sends goes to `url` once, and nowhere else. `files` are for TLS, if it is wanted.
pub(crate) fn client_builder(url: &Url, files: Option<&PemFiles>) -> reqwest::Result<ClientBuilder> {
    let mut builder = Client::builder()
        .redirect(Policy::none())
        .retry(reqwest::retry::never());
    if is_loopback(url) {
        // No proxy could reach it.
        builder = builder.no_proxy();
    }
    match files {
        Some(files) => with_tls(builder, files),
        // Otherwise a host without certificates could not even speak plain HTTP.
        None => Ok(builder.tls_certs_only([])),
    }
}

fn with_tls(builder: ClientBuilder, files: &PemFiles) -> reqwest::Result<ClientBuilder> {
    let mut builder = builder;
    if let Some(ca) = &files.ca {
        builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(ca)?);
    }
    if let Some(identity) = &files.identity {
        builder = builder.identity(reqwest::Identity::from_pem(&identity.joined())?);
    }
    Ok(builder)
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

fn to_json(payload: &Payload) -> Result<Bytes, DecodeError> {
    let json = match payload.contents.signal() {
        TelemetrySignal::Traces => json::encode_traces(&ExportTraceServiceRequest::decode(payload.body.clone())?),
        TelemetrySignal::Metrics => json::encode_metrics(&ExportMetricsServiceRequest::decode(payload.body.clone())?),
    };
    Ok(json.into())
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Level::fast());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}

pub(crate) fn header(response: &Response, name: HeaderName) -> Option<Cow<'_, str>> {
    let value = response.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()))
}

/// As much of a body as came in time, up to the limit: what counts is in the head.
struct Body {
    bytes: Vec<u8>,
    /// Why there is no more of it. `None`: it is whole.
    flaw: Option<&'static str>,
}

async fn read_body(mut response: Response) -> Body {
    let mut bytes = Vec::new();
    let reading = async {
        loop {
            match response.chunk().await {
                Ok(None) => return None,
                Ok(Some(chunk)) if bytes.len() + chunk.len() > MAX_ANSWER_BYTES => return Some("it is too long"),
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Err(_) => return Some("it breaks off"),
            }
        }
    };
    let flaw = tokio::time::timeout(BODY_PATIENCE, reading)
        .await
        .unwrap_or(Some("it does not end"));
    Body { bytes, flaw }
}

/// What the body of a failure says. Web pages say nothing that fits a line.
fn read_status(content_type: &str, body: &[u8]) -> RpcStatus {
    let text = || RpcStatus {
        message: String::from_utf8_lossy(body).into_owned(),
        ..RpcStatus::default()
    };
    match Format::of(content_type) {
        Some(Format::Protobuf) => decode_status(body).unwrap_or_default(),
        Some(Format::Json) => match decode_status_json(body) {
            Ok(status) if !status.message.is_empty() => status,
            _ => text(),
        },
        None if content_type.starts_with("text/html") => RpcStatus::default(),
        None => text(),
    }
}
