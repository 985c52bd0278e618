//! HTTP: OTLP in protobuf or JSON, and the REST API of MLflow.

use std::io::Write;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression as Level;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use loadspan_wire::otlp::response::{
    RpcStatus, decode_outcome, decode_outcome_json, decode_status, decode_status_json,
};
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Response};
use url::{Host, Url};

use super::tls::PemFiles;
use super::{Delivery, MAX_ANSWER_BYTES, USER_AGENT, answer};
use crate::config::{OtlpDestination, Protocol, Secret, TlsFiles};
use crate::error::InitError;

/// How long the rest of an answer is waited for when its head is there.
const BODY_PATIENCE: Duration = Duration::from_secs(1);

/// What connections are made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection<'a> {
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a [(String, Secret)],
    pub(crate) tls: &'a TlsFiles,
}

/// Posts OTLP to one URL.
pub(crate) struct HttpClient {
    client: reqwest::Client,
    url: Url,
    format: Format,
    gzip: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Protobuf,
    Json,
}

impl Connection<'_> {
    /// # Errors
    ///
    /// A certificate or a header cannot be used.
    pub(crate) fn build(&self) -> Result<reqwest::Client, InitError> {
        let builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .default_headers(header_map(self.headers)?)
            .redirect(Policy::none())
            .retry(reqwest::retry::never());
        let builder = if is_loopback(self.url) {
            builder.no_proxy()
        } else {
            builder
        };
        let failed = |error: reqwest::Error| InitError::Start(error.without_url().to_string());
        self.secure(builder).and_then(|builder| builder.build().map_err(failed))
    }

    /// Files are looked at also where they have no effect: a wrong name would show when the URL changes.
    fn secure(&self, builder: ClientBuilder) -> Result<ClientBuilder, InitError> {
        let files = PemFiles::load(self.tls)?;
        if self.url.scheme() != "https" {
            // Otherwise a host without certificates could not even speak plain HTTP.
            return Ok(builder.tls_certs_only([]));
        }
        let failed = |error: reqwest::Error| InitError::Start(error.without_url().to_string());
        let mut builder = builder;
        if let Some(ca) = &files.ca {
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(ca).map_err(failed)?);
        }
        if let Some(identity) = &files.identity {
            builder = builder.identity(reqwest::Identity::from_pem(&identity.joined()).map_err(failed)?);
        }
        if self.tls.insecure {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        Ok(builder)
    }
}

impl HttpClient {
    pub(super) fn otlp(destination: &OtlpDestination) -> Result<Self, InitError> {
        let connection = Connection {
            url: &destination.endpoint,
            headers: &destination.headers,
            tls: &destination.tls,
        };
        Ok(Self {
            client: connection.build()?,
            url: destination.endpoint.clone(),
            format: match destination.protocol {
                Protocol::HttpJson => Format::Json,
                Protocol::HttpProtobuf | Protocol::Grpc => Format::Protobuf,
            },
            gzip: destination.gzip,
        })
    }

    /// Posts protobuf there, as it is.
    pub(crate) fn new(client: reqwest::Client, url: Url) -> Self {
        Self {
            client,
            url,
            format: Format::Protobuf,
            gzip: false,
        }
    }

    pub(super) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// A body as it is sent, each time.
    pub(super) fn pack(&self, body: Bytes) -> Bytes {
        if self.gzip { gzip(&body).into() } else { body }
    }

    /// Posts a body once, packed, with further headers.
    pub(crate) async fn send(&self, body: Bytes, headers: &[(&'static str, &str)]) -> Delivery {
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, self.format.media_type());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if self.gzip {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        match request.body(body).send().await {
            Err(error) => answer::broken(&error.without_url()),
            Ok(response) if response.status().is_success() => self.accepted(response).await,
            Ok(response) if matches!(response.status().as_u16(), 404 | 405) => {
                self.nothing_there(failure(response).await)
            }
            Ok(response) => failure(response).await,
        }
    }

    /// The commonest mistake: an endpoint of a signal is taken as written, so that its path must be there.
    fn nothing_there(&self, mut delivery: Delivery) -> Delivery {
        let has_path = ["/v1/traces", "/v1/metrics"]
            .iter()
            .any(|path| self.url.path().ends_with(path));
        if let Delivery::Refused { reason } = &mut delivery
            && !has_path
        {
            reason.push_str(
                "; the endpoint is taken as written: does it lack /v1/traces or /v1/metrics? OTEL_EXPORTER_OTLP_ENDPOINT needs no path",
            );
        }
        delivery
    }

    /// 2xx: it is never to be sent again, whatever else the answer says.
    async fn accepted(&self, response: Response) -> Delivery {
        let content_type = header(&response, CONTENT_TYPE);
        if content_type.starts_with("text/html") {
            return Delivery::Refused {
                reason: format!("HTTP {} with a web page: that is no OTLP endpoint", response.status()),
            };
        }
        let format = Format::of(&content_type).unwrap_or(self.format);
        let body = read_body(response).await;
        let outcome = match (format, &body[..]) {
            (_, []) => Default::default(),
            (Format::Protobuf, body) => decode_outcome(body).unwrap_or_default(),
            (Format::Json, body) => decode_outcome_json(body).unwrap_or_default(),
        };
        answer::accepted(outcome)
    }
}

/// What an answer that is not 2xx means.
pub(in crate::export) async fn failure(response: Response) -> Delivery {
    let (status, retry_after) = (response.status(), header(&response, RETRY_AFTER));
    let content_type = header(&response, CONTENT_TYPE);
    let body = read_body(response).await;
    let mut rpc = match Format::of(&content_type) {
        Some(Format::Protobuf) => decode_status(&body).unwrap_or_default(),
        Some(Format::Json) => decode_status_json(&body).unwrap_or_default(),
        None => RpcStatus::default(),
    };
    if rpc.message.is_empty() {
        rpc.message = words(&content_type, &body);
    }
    answer::http_failure(status, Some(&retry_after), &rpc)
}

/// What servers say that do not say it as OTLP has it: MLflow's `detail`, or plain text. Web pages say nothing.
fn words(content_type: &str, body: &[u8]) -> String {
    match content_type.split(';').next().unwrap_or_default().trim() {
        "application/json" => {
            let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
            json["detail"].as_str().unwrap_or_default().to_owned()
        }
        "text/plain" => String::from_utf8_lossy(body).trim().to_owned(),
        _ => String::new(),
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
        match content_type.split(';').next().unwrap_or_default().trim() {
            "application/x-protobuf" | "application/protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Configured headers; their values are kept out of `Debug`.
pub(super) fn header_map(headers: &[(String, Secret)]) -> Result<HeaderMap, InitError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let bad = || InitError::Setting {
            name: format!("the header {name}"),
            reason: "it cannot be sent".to_owned(),
            advice: "use characters of ASCII".to_owned(),
        };
        let header_name = HeaderName::try_from(name.as_str()).map_err(|_| bad())?;
        let mut header_value = HeaderValue::try_from(value.0.as_str()).map_err(|_| bad())?;
        header_value.set_sensitive(true);
        map.append(header_name, header_value);
    }
    Ok(map)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Level::fast());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}

fn header(response: &Response, name: HeaderName) -> String {
    let value = response.headers().get(name);
    value.map_or_else(String::new, |value| {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    })
}

/// As much of a body as comes in time, up to the limit: what counts is in the head.
async fn read_body(response: Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Late is as good as never here, and so is what breaks off.
    let _ = tokio::time::timeout(BODY_PATIENCE, read_into(&mut bytes, response)).await;
    bytes
}

/// A body, up to the limit, as long as it takes.
///
/// # Errors
///
/// The connection broke.
pub(in crate::export) async fn read_whole(response: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut bytes = Vec::new();
    read_into(&mut bytes, response).await?;
    Ok(bytes)
}

async fn read_into(bytes: &mut Vec<u8>, mut response: Response) -> Result<(), reqwest::Error> {
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(())
}
