//! Servers that the tracking server names: by an artifact URI, or by the signed URL of a part. Nobody has asked the user about them, so
//! nothing that proves who we are goes there, and none of them is nearer to this machine than the tracking server itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::{Client, ClientBuilder};
use url::{Host, Url};

use crate::config::TlsFiles;
use crate::export::client::{PemFiles, TlsVariables, client_builder};

/// From where an address can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Global,
    Private,
    LinkLocal,
    Loopback,
}

/// A client for such a server, which goes to the addresses that were looked at here and to no others.
///
/// # Errors
///
/// The server is none that we go to, and why. Of its URL, which may be a secret, nothing but the host is told.
pub(super) async fn client(url: &Url, tracking_uri: &Url) -> Result<Client, String> {
    let host = url.host_str().unwrap_or_default();
    match (tracking_uri.scheme(), url.scheme()) {
        ("https", "http") => {
            return Err(format!(
                "the server wants it sent to {host} without TLS, and is spoken to over TLS itself"
            ));
        }
        (_, "http" | "https") => {}
        (_, scheme) => return Err(format!("the server wants it sent over {scheme}, not http or https")),
    }
    let addresses = addresses_of(url).await;
    let reach = Reach::of(&addresses_of(tracking_uri).await);
    let reachable: Vec<_> = addresses.iter().copied().filter(|to| reach.covers(to)).collect();
    if reachable.is_empty() && !addresses.is_empty() {
        return Err(format!(
            "the server wants it sent to {host}, which is this machine or in its network, where the server itself is not"
        ));
    }
    let mut builder = without_credentials(url)?;
    if let Some(Host::Domain(name)) = url.host() {
        // Looked up once more, it could lead elsewhere. A name that is not known here is for a proxy to look up.
        builder = builder.resolve_to_addrs(name, &reachable);
    }
    builder.build().map_err(no_tls)
}

fn without_credentials(url: &Url) -> Result<ClientBuilder, String> {
    let files = match url.scheme() {
        "https" => {
            let files = PemFiles::load(&TlsFiles::default(), &TlsVariables::MLFLOW);
            Some(files.map_err(|error| error.to_string())?)
        }
        _ => None,
    };
    client_builder(url, files.as_ref()).map_err(no_tls)
}

fn no_tls(error: reqwest::Error) -> String {
    format!("cannot set up TLS: {}", error.without_url())
}

/// Empty: nobody here knows the name.
async fn addresses_of(url: &Url) -> Vec<SocketAddr> {
    let port = url.port_or_known_default().unwrap_or_default();
    match url.host() {
        Some(Host::Ipv4(address)) => vec![(address, port).into()],
        Some(Host::Ipv6(address)) => vec![(address, port).into()],
        Some(Host::Domain(name)) => {
            let found = tokio::net::lookup_host((name, port)).await;
            found.map(Iterator::collect).unwrap_or_default()
        }
        None => Vec::new(),
    }
}

/// Where servers may be that a tracking server names: out in the world, or as near as it is itself.
struct Reach {
    neighbours: Vec<Scope>,
}

impl Reach {
    /// Of a tracking server with these addresses. One that is out in the world has no say in what is near.
    fn of(tracking: &[SocketAddr]) -> Self {
        let scopes: Vec<_> = tracking.iter().map(|address| Scope::of(address.ip())).collect();
        let is_global = scopes.contains(&Scope::Global);
        Self {
            neighbours: if is_global { Vec::new() } else { scopes },
        }
    }

    fn covers(&self, address: &SocketAddr) -> bool {
        let scope = Scope::of(address.ip());
        scope == Scope::Global || self.neighbours.contains(&scope)
    }
}

impl Scope {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            // 0.0.0.0 leads to this machine.
            [0 | 127, ..] => Self::Loopback,
            [169, 254, ..] => Self::LinkLocal,
            // Also those of carriers, of protocols and of benchmarks (RFC 6890), and what is no address of a server at all.
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Self::Private,
            [100, 64..=127, ..] | [192, 0, 0, _] | [198, 18..=19, ..] | [224..=255, ..] => Self::Private,
            _ => Self::Global,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        if address.is_loopback() || address.is_unspecified() {
            return Self::Loopback;
        }
        if let Some(inner) = embedded(address) {
            return Self::of_v4(inner);
        }
        match address.segments()[0] {
            0xfe80..=0xfebf => Self::LinkLocal,
            // Unique local, the old site local, multicast.
            0xfc00..=0xfdff | 0xfec0..=0xffff => Self::Private,
            _ => Self::Global,
        }
    }
}

/// The address of IPv4 that one of IPv6 stands for: mapped, compatible, NAT64 or 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of it that a server names another.
    async fn named(tracking_uri: &str, url: &str) -> Result<(), String> {
        let built = client(&url.parse().unwrap(), &tracking_uri.parse().unwrap()).await;
        built.map(drop)
    }

    /// Addresses that lead to this machine, or into its network.
    const NEAR: [&str; 13] = [
        "http://127.0.0.1:1",
        "http://127.1.2.3:1",
        "http://localhost:1",
        "http://2130706433:1",
        "http://0.0.0.0:1",
        "http://[::1]:1",
        "http://[::ffff:127.0.0.1]:1",
        "http://169.254.169.254",
        "http://10.0.0.1",
        "http://172.31.0.1",
        "http://[fd00:ec2::254]",
        "http://[fe80::1]",
        "http://[64:ff9b::a00:1]",
    ];

    #[tokio::test]
    async fn a_server_out_in_the_world_names_nobody_near() {
        for near in NEAR {
            let reason = named("http://192.0.2.1:5000/", near).await.unwrap_err();
            assert!(reason.contains("where the server itself is not"), "{near}: {reason}");
        }
        for far in ["http://198.51.100.7:9000", "https://[2001:db8::1]"] {
            named("http://192.0.2.1:5000/", far).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_server_that_is_near_names_others_that_are_as_near() {
        let table = [
            ("http://localhost:5000", "http://127.0.0.1:9000", true),
            ("http://127.0.0.1:5000", "http://localhost:9000", true),
            ("http://[::1]:5000", "http://127.0.0.1:9000", true),
            ("http://localhost:5000", "http://169.254.169.254", false),
            ("http://localhost:5000", "http://10.0.0.1:9000", false),
            ("http://10.0.0.1:5000", "http://192.168.0.1:9000", true),
            ("http://10.0.0.1:5000", "http://localhost:9000", false),
            ("http://10.0.0.1:5000", "http://169.254.169.254", false),
            ("http://10.0.0.1:5000", "http://198.51.100.7", true),
        ];
        for (tracking_uri, url, may) in table {
            assert_eq!(named(tracking_uri, url).await.is_ok(), may, "{tracking_uri} {url}");
        }
    }

    #[tokio::test]
    async fn tls_is_not_given_up() {
        let reason = named("https://192.0.2.1/", "http://198.51.100.7/?signature=canary")
            .await
            .unwrap_err();
        assert!(reason.contains("without TLS") && !reason.contains("canary"), "{reason}");
        named("https://192.0.2.1/", "https://198.51.100.7/").await.unwrap();
        assert!(named("http://192.0.2.1/", "ftp://198.51.100.7/").await.is_err());
    }
    #[tokio::test]
    async fn a_name_that_nobody_knows_leads_nowhere_later_either() {
        // No part of a name is as long: nobody is asked for it.
        let url: Url = format!("http://{}.invalid:1/", "x".repeat(64)).parse().unwrap();
        let client = client(&url, &"http://localhost:5000/".parse().unwrap()).await.unwrap();
        let error = client.put(url).send().await.unwrap_err();
        assert!(error.is_connect(), "{error:?}");
    }
}
