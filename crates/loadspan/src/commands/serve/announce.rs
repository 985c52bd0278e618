//! What is said when the server listens: where, and what a user types to get something into it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use loadspan_record::redact_url;
use loadspan_server::{Addresses, Backend, ServerConfig};

use super::settings;

/// What is known before it listens.
#[derive(Debug)]
pub(super) struct Announcement {
    scheme: &'static str,
    data: String,
    needs_token: bool,
}

impl Announcement {
    pub(super) fn of(config: &ServerConfig) -> Self {
        let database = match &config.backend {
            Backend::Sqlite(path) => path.display().to_string(),
            Backend::Postgres(url) => redact_url(url.expose()),
        };
        let artifacts = settings::shown(&config.artifacts);
        let security = &config.security;
        Self {
            scheme: if security.tls.is_some() { "https" } else { "http" },
            data: format!("{database}, artifacts in {artifacts}"),
            needs_token: security.tokens.is_some() || security.read_only_tokens.is_some(),
        }
    }

    pub(super) fn render(&self, addresses: Addresses) -> String {
        let bound = format!("{}://{}", self.scheme, addresses.main);
        let main = self.url(addresses.main);
        let others = if addresses.main.ip().is_unspecified() {
            let (scheme, port) = (self.scheme, addresses.main.port());
            format!("\n  others    reach it by the name or an address of this machine: {scheme}://NAME:{port}/")
        } else {
            String::new()
        };
        let otlp = addresses
            .otlp_http
            .map_or_else(|| main.clone(), |address| self.url(address));
        let grpc = match addresses.otlp_grpc {
            Some(address) => format!(" (gRPC: {})", self.url(address)),
            None => String::new(),
        };
        let token = if self.needs_token {
            "\n  token     clients need one: MLFLOW_TRACKING_TOKEN, OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN; a browser \
             takes it as the password of any user"
        } else {
            ""
        };
        format!(
            "loadspan serve listening on {bound} (Ctrl-C stops it)\n  \
             page      {main}/{others}\n  \
             data      {data}\n  \
             MLflow    export MLFLOW_TRACKING_URI={main}\n  \
             OTLP      export OTEL_EXPORTER_OTLP_ENDPOINT={otlp}{grpc}\n  \
             profile   loadspan profile --mlflow-tracking-uri {main} --mlflow-traces --otel-url {main} …{token}\n",
            data = self.data,
        )
    }

    /// The URL of an address, as this machine reaches it.
    fn url(&self, address: SocketAddr) -> String {
        let mut address = address;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        format!("{}://{address}", self.scheme)
    }
}
