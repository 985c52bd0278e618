//! The way to one URL of the target: how to connect, and the part of each request's head that never changes.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, Uri};
use http_body_util::Full;
use loadspan_record::Traceparent;
use url::Url;

use super::{HttpPreference, TargetConfig, TargetError};
use crate::connection::{Dialer, ProxyRoute};
use crate::http2::WholeRequest;
use crate::redaction::basic_credentials;

/// The way to one URL.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) dialer: Dialer,
    pub(crate) head: RequestHead,
    pub(crate) prefers_http2: HttpPreference,
}

/// The head of the requests to one URL, for both protocol versions.
#[derive(Clone)]
pub(crate) struct RequestHead {
    /// For HTTP/2.
    pub(crate) uri: Uri,
    /// For HTTP/2.
    pub(crate) headers: HeaderMap,
    /// The header that names the session of a request.
    session: Option<HeaderName>,
    /// For HTTP/1.1: everything between the method and the headers that differ from request to request.
    http1: Vec<u8>,
}

/// Without its bytes, which hold credentials.
impl std::fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestHead").finish_non_exhaustive()
    }
}

/// What differs from request to request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestParts<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) traceparent: Option<Traceparent>,
    /// The id of its session. Sent if there is a header for it.
    pub(crate) session: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

const USER_AGENT: &str = concat!("loadspan/", env!("CARGO_PKG_VERSION"));

impl RequestHead {
    /// `forward`: the proxy to which requests for a plain HTTP target are sent whole.
    pub(super) fn new(url: &Url, config: &TargetConfig, forward: Option<&ProxyRoute>) -> Result<Self, TargetError> {
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", HeaderValue::from_static(USER_AGENT));
        headers.insert(
            "accept",
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        if let Some(credentials) = basic_credentials(url) {
            insert(&mut headers, "authorization", &format!("Basic {credentials}"))?;
        }
        if let Some(key) = &config.api_key {
            insert(&mut headers, "authorization", &format!("Bearer {}", key.expose()))?;
        }
        for (name, value) in &config.headers {
            insert(&mut headers, name, value.expose())?;
        }
        let session = config.session_header.as_deref();
        let session = session.map(|name| session_header(name, &headers)).transpose()?;
        let mut bare = url.clone();
        // The scheme is http or https, so that neither call can fail.
        let _ = (bare.set_username(""), bare.set_password(None));
        bare.set_fragment(None);
        let target = if forward.is_some() {
            bare.as_str()
        } else {
            &bare[url::Position::BeforePath..]
        };
        let mut http1 = format!(
            " {target} HTTP/1.1\r\nhost: {}\r\n",
            &bare[url::Position::BeforeHost..url::Position::AfterPort]
        );
        if let Some(authorization) = forward.and_then(ProxyRoute::authorization) {
            http1.push_str(&format!("proxy-authorization: {authorization}\r\n"));
        }
        let mut http1 = http1.into_bytes();
        for (name, value) in &headers {
            http1.extend_from_slice(name.as_str().as_bytes());
            http1.extend_from_slice(b": ");
            http1.extend_from_slice(value.as_bytes());
            http1.extend_from_slice(b"\r\n");
        }
        let unfit = |_| invalid("host", "the URL cannot stand in a request");
        Ok(Self {
            uri: bare.as_str().parse().map_err(unfit)?,
            headers,
            session,
            http1,
        })
    }

    /// Writes a whole HTTP/1.1 POST into `buffer`, replacing what it held.
    pub(crate) fn write_post(&self, parts: RequestParts<'_>, buffer: &mut Vec<u8>) {
        buffer.clear();
        buffer.extend_from_slice(b"POST");
        buffer.extend_from_slice(&self.http1);
        buffer.extend_from_slice(b"x-request-id: ");
        buffer.extend_from_slice(parts.request_id.as_bytes());
        if let Some(traceparent) = &parts.traceparent {
            buffer.extend_from_slice(b"\r\ntraceparent: ");
            buffer.extend_from_slice(traceparent.as_str().as_bytes());
        }
        if let (Some(name), Some(session)) = (&self.session, parts.session) {
            buffer.extend_from_slice(b"\r\n");
            buffer.extend_from_slice(name.as_str().as_bytes());
            buffer.extend_from_slice(b": ");
            buffer.extend_from_slice(session.as_bytes());
        }
        buffer.extend_from_slice(b"\r\ncontent-length: ");
        buffer.extend_from_slice(itoa::Buffer::new().format(parts.body.len()).as_bytes());
        buffer.extend_from_slice(b"\r\n\r\n");
        buffer.extend_from_slice(parts.body);
    }

    /// A whole POST for HTTP/2. Its body and its own headers share one buffer.
    pub(crate) fn post(&self, parts: RequestParts<'_>) -> WholeRequest {
        let traceparent = parts.traceparent.as_ref().map_or("", Traceparent::as_str);
        let written = [parts.body, parts.request_id.as_bytes(), traceparent.as_bytes()].concat();
        let mut body = Bytes::from(written);
        let mut request_id = body.split_off(parts.body.len());
        let traceparent = request_id.split_off(parts.request_id.len());
        let mut request = self.get();
        *request.method_mut() = Method::POST;
        *request.body_mut() = Full::new(body);
        for (name, value) in [("x-request-id", request_id), ("traceparent", traceparent)] {
            if !value.is_empty()
                && let Ok(value) = HeaderValue::from_maybe_shared(value)
            {
                request.headers_mut().insert(name, value);
            }
        }
        if let (Some(name), Some(session)) = (&self.session, parts.session)
            && let Ok(value) = HeaderValue::from_str(session)
        {
            request.headers_mut().insert(name.clone(), value);
        }
        request
    }

    /// Writes a whole HTTP/1.1 GET into `buffer`, replacing what it held.
    pub(crate) fn write_get(&self, buffer: &mut Vec<u8>) {
        buffer.clear();
        buffer.extend_from_slice(b"GET");
        buffer.extend_from_slice(&self.http1);
        buffer.extend_from_slice(b"\r\n");
    }

    /// A whole GET for HTTP/2.
    pub(crate) fn get(&self) -> WholeRequest {
        let mut request = WholeRequest::new(Full::default());
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), TargetError> {
    let header = header_name(name)?;
    let mut value = HeaderValue::try_from(value)
        .map_err(|_| invalid(name, "its value holds characters that HTTP does not allow"))?;
    value.set_sensitive(true);
    headers.insert(header, value);
    Ok(())
}

/// The name of a header of the user's own.
fn header_name(name: &str) -> Result<HeaderName, TargetError> {
    let header =
        HeaderName::try_from(name).map_err(|_| invalid(name, "its name holds characters that HTTP does not allow"))?;
    match header.as_str() {
        "content-length" | "transfer-encoding" | "connection" | "host" | "x-request-id" => {
            Err(invalid(name, "loadspan sets it itself"))
        }
        _ => Ok(header),
    }
}

/// The name of the header that names a session. `others`: those that all requests have.
fn session_header(name: &str, others: &HeaderMap) -> Result<HeaderName, TargetError> {
    let header = header_name(name)?;
    if others.contains_key(&header) || header == "traceparent" {
        return Err(invalid(
            name,
            "requests have it already, and it cannot name their session, too",
        ));
    }
    Ok(header)
}

fn invalid(name: &str, reason: &'static str) -> TargetError {
    TargetError::Header {
        name: name.to_owned(),
        reason,
    }
}
