//! Ports: all are taken before anything is said.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use url::Url;

use super::{Addresses, ServerError};
use crate::config::{ConfigError, OtlpPort, ServerConfig};

/// The ports of a server.
#[derive(Debug)]
pub(super) struct Listeners {
    main: TcpListener,
    otlp_grpc: Option<TcpListener>,
    otlp_http: Option<TcpListener>,
    warnings: Vec<String>,
}

/// A port of OTLP, in words.
struct Extra {
    port: OtlpPort,
    flag: &'static str,
    serves: &'static str,
}

impl Listeners {
    /// Takes all ports.
    pub(super) async fn bind(config: &ServerConfig) -> Result<Self, ServerError> {
        let main = listen(SocketAddr::new(config.host, config.port), "--port").await?;
        let mut listeners = Self {
            main,
            otlp_grpc: None,
            otlp_http: None,
            warnings: Vec::new(),
        };
        let grpc = Extra {
            port: config.otlp_grpc,
            flag: "--otlp-grpc-port",
            serves: "OTLP over gRPC is not served",
        };
        listeners.otlp_grpc = listeners.extra(config, grpc).await?;
        let http = Extra {
            port: config.otlp_http,
            flag: "--otlp-http-port",
            serves: "OTLP over HTTP is served on the main port only",
        };
        listeners.otlp_http = listeners.extra(config, http).await?;
        Ok(listeners)
    }

    /// What the user should know.
    pub(super) fn warnings(&self) -> impl Iterator<Item = &str> {
        self.warnings.iter().map(String::as_str)
    }

    pub(super) fn addresses(&self) -> std::io::Result<Addresses> {
        let address = |listener: &Option<TcpListener>| listener.as_ref().map(TcpListener::local_addr).transpose();
        Ok(Addresses {
            main: self.main.local_addr()?,
            otlp_grpc: address(&self.otlp_grpc)?,
            otlp_http: address(&self.otlp_http)?,
        })
    }

    /// The main port, that of OTLP over gRPC, and that of OTLP over HTTP.
    pub(super) fn all(self) -> [Option<TcpListener>; 3] {
        [Some(self.main), self.otlp_grpc, self.otlp_http]
    }

    /// Sees that a URL is not that of this server, which would send to itself for ever.
    pub(super) fn check_is_other(&self, url: &Url) -> Result<(), ConfigError> {
        let own = [Some(&self.main), self.otlp_grpc.as_ref(), self.otlp_http.as_ref()];
        let own: Vec<_> = own
            .into_iter()
            .flatten()
            .filter_map(|own| own.local_addr().ok())
            .collect();
        let named = url.socket_addrs(|| None).unwrap_or_default();
        let is_own = |named: &SocketAddr| {
            let serves =
                |own: &SocketAddr| own.ip() == named.ip() || (own.ip().is_unspecified() && named.ip().is_loopback());
            own.iter().any(|own| own.port() == named.port() && serves(own))
        };
        if named.iter().any(is_own) {
            let message = "it is this server itself: name another backend";
            return Err(ConfigError::new("--forward-otlp", message));
        }
        Ok(())
    }

    async fn extra(&mut self, config: &ServerConfig, extra: Extra) -> Result<Option<TcpListener>, ServerError> {
        let Extra { port, flag, serves } = extra;
        match port {
            OtlpPort::Off => Ok(None),
            OtlpPort::At(port) => listen(SocketAddr::new(config.host, port), flag).await.map(Some),
            OtlpPort::IfFree(port) => match listen(SocketAddr::new(config.host, port), flag).await {
                Ok(listener) => Ok(Some(listener)),
                Err(ServerError::Listen { source, .. }) if source.kind() == ErrorKind::AddrInUse => {
                    self.warnings.push(format!(
                        "another program has port {port}: {serves} (choose another port with {flag})"
                    ));
                    Ok(None)
                }
                Err(error) => Err(error),
            },
        }
    }
}

async fn listen(address: SocketAddr, flag: &'static str) -> Result<TcpListener, ServerError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServerError::Listen { flag, address, source })
}

impl ServerError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let Self::Listen { flag, source, .. } = self else {
            return None;
        };
        Some(match source.kind() {
            ErrorKind::AddrInUse => {
                format!(
                    "another program has it, perhaps another `loadspan serve`: choose another port with {flag}; 0 takes any that is free"
                )
            }
            ErrorKind::PermissionDenied => format!("choose a port above 1023 with {flag}"),
            _ => "check --host: 127.0.0.1 serves this machine, 0.0.0.0 every network it is in".to_owned(),
        })
    }
}
