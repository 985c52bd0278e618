//! Proxies, as the environment names them: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, in either case.

use std::net::IpAddr;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A proxy between us and the target.
#[derive(Clone)]
pub(crate) struct ProxyRoute {
    pub(crate) host: String,
    pub(crate) port: u16,
    authorization: Option<HeaderValue>,
}

/// Without its credentials.
impl std::fmt::Debug for ProxyRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProxyRoute({}:{})", self.host, self.port)
    }
}

impl ProxyRoute {
    /// The proxy that the environment names for `target`, if any. None for a server on this machine: no proxy could reach it.
    ///
    /// # Errors
    ///
    /// The scheme of a proxy that is none of `http://`: those are not spoken to.
    pub(crate) fn from_environment(target: &Uri) -> Result<Option<Self>, String> {
        if target.host().is_some_and(is_this_machine) {
            return Ok(None);
        }
        Matcher::from_env()
            .intercept(target)
            .map_or(Ok(None), Self::from_intercept)
    }

    fn from_intercept(intercept: Intercept) -> Result<Option<Self>, String> {
        let proxy = intercept.uri();
        match proxy.scheme_str() {
            Some("http") | None => {}
            Some(other) => return Err(other.to_owned()),
        }
        Ok(proxy.host().map(|host| Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: proxy.port_u16().unwrap_or(80),
            authorization: intercept.basic_auth().cloned(),
        }))
    }

    /// The value of `proxy-authorization`, for plain HTTP targets, where each request carries it.
    pub(crate) fn authorization(&self) -> Option<&str> {
        self.authorization.as_ref().and_then(|value| value.to_str().ok())
    }

    /// Asks the proxy for a tunnel to `host:port`.
    ///
    /// # Errors
    ///
    /// What the proxy answered instead of a 2xx, or the I/O error.
    pub(crate) async fn open_tunnel(&self, stream: &mut TcpStream, authority: &str) -> Result<(), String> {
        let authorization = self
            .authorization()
            .map_or(String::new(), |value| format!("proxy-authorization: {value}\r\n"));
        let request = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n{authorization}\r\n");
        let io_error = |error: std::io::Error| format!("the proxy {}:{} failed: {error}", self.host, self.port);
        stream.write_all(request.as_bytes()).await.map_err(io_error)?;
        let mut answer = Vec::with_capacity(256);
        // Byte by byte, since what follows the head belongs to the tunnel. It is a short head, once a connection.
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.map_err(io_error)?);
            if answer.len() > 16 << 10 {
                return Err(format!(
                    "the proxy {}:{} sent no end of its answer",
                    self.host, self.port
                ));
            }
        }
        let status_line = String::from_utf8_lossy(&answer);
        let status_line = status_line.lines().next().unwrap_or_default();
        match status_line.split(' ').nth(1) {
            Some(status) if status.starts_with('2') => Ok(()),
            _ => Err(format!(
                "the proxy {}:{} refused the tunnel: {status_line}",
                self.host, self.port
            )),
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_on_this_machine_are_known() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.0.1", "[::1]", "::1"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["localhost.example", "10.0.0.1", "128.0.0.1", "[::2]"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    fn route(proxy: &str) -> Result<Option<ProxyRoute>, String> {
        let matcher = Matcher::builder().all(proxy).no("internal.test").build();
        let target = "https://target.test/v1".parse().unwrap();
        matcher.intercept(&target).map_or(Ok(None), ProxyRoute::from_intercept)
    }

    #[test]
    fn a_proxy_has_a_host_a_port_and_perhaps_credentials() {
        let proxy = route("http://me:secret@[::1]:3128").unwrap().unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("::1", 3128));
        assert_eq!(proxy.authorization(), Some("Basic bWU6c2VjcmV0"));
        let bare = route("proxy.test").unwrap().unwrap();
        assert_eq!(
            (bare.host.as_str(), bare.port, bare.authorization()),
            ("proxy.test", 80, None)
        );
    }

    #[test]
    fn a_proxy_that_is_not_spoken_to_is_named_by_its_scheme() {
        assert_eq!(route("socks5://proxy.test").unwrap_err(), "socks5");
    }
}
