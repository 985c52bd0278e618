//! The host that a request is for. A page of another site can have its own name resolve to this machine, and then ask this server as if
//! it were that site; such a request has the name of that site.

use std::net::IpAddr;

use axum::extract::Request;
use http::header;
use http::uri::Authority;

use crate::error::{ApiError, Code, short};

/// The names that the server goes by, beside `localhost` and addresses.
#[derive(Debug)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    pub(super) fn new(names: &[String]) -> Self {
        let names = names
            .iter()
            .map(|name| name.trim().trim_end_matches('.').to_lowercase());
        Self(names.collect())
    }

    pub(super) fn check(&self, request: &Request) -> Result<(), ApiError> {
        let Some(authority) = authority(request) else {
            return Err(refuse("the request names no host, or one that makes no sense"));
        };
        let host = name(&authority);
        if is_local(&host) || self.0.iter().any(|pattern| covers(pattern, &host)) {
            return Ok(());
        }
        let host = short(&host);
        Err(refuse(&format!(
            "the host `{host}` is not one of this server: if it is, start it with --allowed-hosts {host}"
        )))
    }
}

/// What a request is for: its URI says it, or its `Host`.
pub(super) fn authority(request: &Request) -> Option<Authority> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.clone());
    }
    let mut named = request.headers().get_all(header::HOST).iter();
    let host = named.next()?;
    if named.next().is_some() {
        return None;
    }
    Authority::try_from(host.as_bytes())
        .ok()
        .filter(|authority| !authority.as_str().contains('@'))
}

/// The host alone, in lower case.
fn name(authority: &Authority) -> String {
    authority.host().trim_end_matches('.').to_ascii_lowercase()
}

/// Addresses are not resolved, so that nobody can have them resolve to something else.
fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.ends_with(".localhost") || address.parse::<IpAddr>().is_ok()
}

fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(domain) => host.ends_with(domain),
        None => pattern == host,
    }
}

fn refuse(message: &str) -> ApiError {
    ApiError::new(Code::PermissionDenied, message)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn is_served(allowed: &[&str], host: &str) -> bool {
        let request = Request::get("/").header("host", host).body(Body::empty()).unwrap();
        let allowed: Vec<_> = allowed.iter().map(|&host| host.to_owned()).collect();
        Hosts::new(&allowed).check(&request).is_ok()
    }

    #[test]
    fn this_machine_is_served_by_name_and_address() {
        for host in [
            "localhost",
            "LOCALHOST:5000",
            "a.localhost",
            "127.0.0.1:5000",
            "[::1]:5000",
            "10.1.2.3",
        ] {
            assert!(is_served(&[], host), "{host}");
        }
    }

    #[test]
    fn other_names_are_refused_unless_they_are_allowed() {
        for host in [
            "evil.example",
            "evil.example:5000",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "me@localhost",
            "localhost@evil.example",
            "",
        ] {
            assert!(!is_served(&["good.example", "*.lan"], host), "{host}");
        }
        assert!(is_served(&["Good.example."], "good.example:80"));
        assert!(is_served(&["*.lan"], "bench.lan"));
        assert!(!is_served(&["*.lan"], "lan"));
        assert!(is_served(&["*"], "anything"));
    }

    #[test]
    fn a_host_that_is_missing_or_twice_there_is_none() {
        let request = |hosts: &[&str]| {
            let request = Request::get("/");
            let request = hosts
                .iter()
                .fold(request, |request, host| request.header("host", *host));
            Hosts::new(&["*".to_owned()]).check(&request.body(Body::empty()).unwrap())
        };
        assert!(request(&[]).is_err());
        assert!(request(&["localhost", "localhost"]).is_err());
        assert!(request(&["localhost"]).is_ok());
    }
}
