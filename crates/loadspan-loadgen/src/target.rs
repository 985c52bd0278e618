//! What is under test: URLs, endpoint, headers, credentials, and how they are spoken to.

mod route;

use std::net::SocketAddr;

use http::Uri;
use loadspan_record::{Propagation, Secret, redact_url};
use rustls::pki_types::ServerName;
use serde::{Serialize, Serializer};
use url::Url;

pub(crate) use self::route::{RequestHead, RequestParts, Route};
use crate::connection::{Dialer, ProxyRoute, Tls, TlsConfig, TlsError};
use crate::deadline::Deadlines;
use crate::openai::EndpointType;
use crate::redaction::{Redaction, secrets_of_header, secrets_of_url};

/// A server under test, as the user names it.
#[derive(Debug, Clone, Serialize)]
pub struct TargetConfig {
    /// Base URLs, used in turn. Never empty.
    pub urls: Vec<BaseUrl>,
    /// Which API is spoken.
    pub endpoint_type: EndpointType,
    /// Path of the endpoint, in place of the usual one.
    pub endpoint_path: Option<String>,
    /// Goes out as `authorization: Bearer …`.
    pub api_key: Option<Secret>,
    /// Further headers; any value may be a credential.
    pub headers: Vec<(String, Secret)>,
    /// The header by which requests of a session name it, so that a router can send them to the same server. Requests that belong
    /// to no session go without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_header: Option<String>,
    /// Trust in the server's certificate.
    pub tls: TlsConfig,
    /// Protocol version.
    pub http: HttpPreference,
    /// Deadlines of each request.
    pub deadlines: Deadlines,
}

/// Which protocol version is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum HttpPreference {
    /// HTTP/1.1, one connection for each request in flight.
    #[default]
    #[serde(rename = "1.1")]
    Http11,
    /// HTTP/2: by ALPN over TLS, by prior knowledge without.
    #[serde(rename = "2")]
    Http2,
}

/// A base URL: a scheme and a host, perhaps a path that ends in `/v1` or in the endpoint's own path.
///
/// Serialises and displays without userinfo and query values.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// A target that has been looked up.
#[derive(Debug, Clone)]
pub struct PreparedTarget {
    routes: Vec<Route>,
}

impl PreparedTarget {
    pub(crate) fn new(routes: Vec<Route>) -> Self {
        Self { routes }
    }

    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }
}

/// A base URL cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not a URL.
    #[error("`{url}` is not a URL: {reason}")]
    Invalid {
        /// The URL, redacted.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A scheme other than `http` and `https`.
    #[error("`{url}`: loadspan speaks http and https, not `{scheme}`")]
    Scheme {
        /// The URL, redacted.
        url: String,
        /// Its scheme.
        scheme: String,
    },
}

impl BaseUrl {
    /// Reads `host:port`, `http://host`, `https://host/v1`, …; `http` when there is no scheme.
    ///
    /// # Errors
    ///
    /// Text that is no URL, or one with another scheme.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let with_scheme = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let invalid = |reason: String| UrlError::Invalid {
            url: redact_url(text),
            reason,
        };
        let url = Url::parse(&with_scheme).map_err(|error| invalid(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UrlError::Scheme {
                url: redact_url(text),
                scheme: url.scheme().to_owned(),
            });
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(invalid("it names no host".to_owned()));
        }
        Ok(Self(url))
    }

    /// The URL of the endpoint: the usual path is appended, once.
    fn endpoint(&self, usual_path: &str, override_path: Option<&str>) -> Url {
        let mut url = self.0.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        let (override_path, query) = match override_path.and_then(|path| path.split_once('?')) {
            Some((path, query)) => (Some(path), Some(query)),
            None => (override_path, None),
        };
        let path = format!("/{}", override_path.unwrap_or(usual_path).trim_start_matches('/'));
        let path = if override_path.is_none() && base.ends_with(usual_path.trim_start_matches("/v1")) && base.len() > 3
        {
            base
        } else if base.ends_with("/v1") && path.starts_with("/v1/") {
            format!("{base}{}", &path["/v1".len()..])
        } else {
            format!("{base}{path}")
        };
        url.set_path(&path);
        if query.is_some() {
            url.set_query(query);
        }
        url
    }

    /// The URL of another resource of the same server, such as `/v1/models` or `/version`.
    pub(crate) fn resource(&self, path: &str, usual_path: &str) -> Url {
        let mut url = self.0.clone();
        let base = url.path().trim_end_matches('/');
        let base = base.strip_suffix(usual_path.trim_start_matches("/v1")).unwrap_or(base);
        let base = base.strip_suffix("/v1").unwrap_or(base).to_owned();
        url.set_path(&format!("{base}{path}"));
        url
    }

    /// Secrets that the URL itself carries: user, password, and the values of the query.
    pub fn secrets(&self) -> impl Iterator<Item = Secret> {
        secrets_of_url(&self.0).into_iter()
    }

    /// The host, for names and for guessing the provider.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The port, which is that of the scheme where none is written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// A page of the same host, whatever the path of the API. It has the credentials of this URL.
    #[must_use]
    pub fn with_path(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url.set_query(None);
        url.set_fragment(None);
        url
    }
}

impl std::fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(redact_url(self.0.as_str()).trim_end_matches('/'))
    }
}

impl Serialize for BaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The target cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The TLS configuration.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The host name has no address.
    #[error("cannot find the host `{host}`: {reason}; check the URL")]
    Dns {
        /// The host.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// The environment names a proxy that is not spoken to.
    #[error(
        "the environment names a {scheme} proxy for {host}, and loadspan speaks to http:// proxies only; set NO_PROXY={host}"
    )]
    Proxy {
        /// Its scheme.
        scheme: String,
        /// The host of the target.
        host: String,
    },
    /// Two headers would say which trace a request belongs to.
    #[error(
        "the header `traceparent` is yours and loadspan's at once; leave yours out, or keep it with --no-propagate, which sends none \
         of loadspan's"
    )]
    TwoTraceContexts,
    /// A header that HTTP does not allow, or that is spoken for.
    #[error("the header `{name}` cannot be sent: {reason}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl TargetConfig {
    /// Checks that no header of the user's own stands where a trace context is to be sent.
    ///
    /// # Errors
    ///
    /// [`TargetError::TwoTraceContexts`].
    pub fn check_propagation(&self, propagation: Propagation) -> Result<(), TargetError> {
        let is_there = self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("traceparent"));
        match propagation {
            Propagation::Traceparent if is_there => Err(TargetError::TwoTraceContexts),
            Propagation::Traceparent | Propagation::Off => Ok(()),
        }
    }

    /// Resolves host names and prepares one route for each URL, in their order.
    ///
    /// # Errors
    ///
    /// Unknown hosts, unreadable CA files, headers that HTTP does not allow.
    pub(crate) async fn build(&self) -> Result<Vec<Route>, TargetError> {
        let mut routes = Vec::with_capacity(self.urls.len());
        for base in &self.urls {
            let url = base.endpoint(self.endpoint_type.path(), self.endpoint_path.as_deref());
            routes.push(self.route_to(&url).await?);
        }
        Ok(routes)
    }

    /// A route to one URL of the target.
    pub(crate) async fn route_to(&self, url: &Url) -> Result<Route, TargetError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let https = url.scheme() == "https";
        let port = url.port_or_known_default().unwrap_or(80);
        let proxy = match url.as_str().parse::<Uri>() {
            Ok(uri) => ProxyRoute::from_environment(&uri).map_err(|scheme| TargetError::Proxy {
                scheme,
                host: host.clone(),
            })?,
            Err(_) => None,
        };
        let addresses = match &proxy {
            Some(proxy) => look_up(&proxy.host, proxy.port).await?,
            None => look_up(host.trim_start_matches('[').trim_end_matches(']'), port).await?,
        };
        let alpn: &[&[u8]] = match self.http {
            HttpPreference::Http11 => &[b"http/1.1"],
            HttpPreference::Http2 => &[b"h2", b"http/1.1"],
        };
        let tls = if https {
            let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            let server_name = ServerName::try_from(name).map_err(|error| TargetError::Dns {
                host: host.clone(),
                reason: error.to_string(),
            })?;
            Some(Tls {
                connector: self.tls.build(alpn)?,
                server_name,
            })
        } else {
            None
        };
        // A proxy forwards HTTP/1.1; anything else has to go through it unread.
        let through = https || self.http == HttpPreference::Http2;
        let (tunnel, forward) = if through { (proxy, None) } else { (None, proxy) };
        let dialer = Dialer {
            authority: format!("{host}:{port}"),
            addresses,
            tunnel,
            tls,
            timeout: self.deadlines.connect,
        };
        Ok(Route {
            dialer,
            head: RequestHead::new(url, self, forward.as_ref())?,
            prefers_http2: self.http,
        })
    }

    /// Everything that must not be seen in a message: keys, header values, what URLs carry.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let headers = self.headers.iter().flat_map(|(_, value)| secrets_of_header(value));
        let urls = self.urls.iter().flat_map(BaseUrl::secrets);
        self.api_key.iter().cloned().chain(headers).chain(urls).collect()
    }

    pub(crate) fn redaction(&self) -> Redaction {
        Redaction::new(self.secrets())
    }
}

async fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, TargetError> {
    let failed = |reason: String| TargetError::Dns {
        host: host.to_owned(),
        reason,
    };
    let found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| failed(error.to_string()))?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() {
        Err(failed("it has no address".to_owned()))
    } else {
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base: &str, path: Option<&str>) -> String {
        BaseUrl::parse(base)
            .unwrap()
            .endpoint("/v1/chat/completions", path)
            .to_string()
    }

    #[test]
    fn the_usual_path_is_appended_once() {
        for base in [
            "h:8000",
            "http://h:8000/",
            "http://h:8000/v1",
            "http://h:8000/v1/",
            "http://h:8000/v1/chat/completions",
        ] {
            assert_eq!(endpoint(base, None), "http://h:8000/v1/chat/completions", "{base}");
        }
        assert_eq!(
            endpoint("https://h/openai/v1?api-version=1", None),
            "https://h/openai/v1/chat/completions?api-version=1"
        );
        assert_eq!(
            endpoint("http://h/proxy/chat", None),
            "http://h/proxy/chat/v1/chat/completions"
        );
    }

    #[test]
    fn a_path_of_the_users_own_replaces_it() {
        assert_eq!(endpoint("http://h", Some("/generate")), "http://h/generate");
        assert_eq!(endpoint("http://h", Some("/x?v=1")), "http://h/x?v=1");
        assert_eq!(
            endpoint("http://h/v1", Some("v1/chat/completions")),
            "http://h/v1/chat/completions"
        );
    }

    #[test]
    fn other_resources_lie_beside_the_endpoint() {
        for base in ["http://h", "http://h/v1", "http://h/v1/chat/completions"] {
            let url = BaseUrl::parse(base)
                .unwrap()
                .resource("/v1/models", "/v1/chat/completions");
            assert_eq!(url.as_str(), "http://h/v1/models", "{base}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_secrets() {
        let message = |text: &str| BaseUrl::parse(text).unwrap_err().to_string();
        assert_eq!(
            message("ftp://me:canary@h"),
            "`ftp://[redacted]@h`: loadspan speaks http and https, not `ftp`"
        );
        assert!(message("http://").contains("is not a URL"));
        assert_eq!(
            BaseUrl::parse("https://me:canary@h/v1?key=canary").unwrap().to_string(),
            "https://[redacted]@h/v1?key=[redacted]"
        );
    }
}
