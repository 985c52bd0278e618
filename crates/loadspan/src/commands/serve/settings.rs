//! From flags to a configuration of the server.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use loadspan_record::{Secret, redact_url};
use loadspan_server::{Backend, Durability, Forward, Limits, OtlpPort, Security, ServerConfig, TlsFiles};
use url::Url;

use crate::cli::{DurabilityArg, LimitArgs, OperationArgs, PlaceArgs, PortArg, SecurityArgs, ServeArgs};
use crate::exit::UsageError;

const OTLP_GRPC_PORT: u16 = 4317;
const OTLP_HTTP_PORT: u16 = 4318;
const DATABASE: &str = "loadspan.db";
const ARTIFACTS: &str = "loadspan-artifacts";

/// Resolves all flags.
///
/// # Errors
///
/// A value makes no sense.
pub(super) fn resolve(args: ServeArgs) -> Result<ServerConfig, UsageError> {
    let place = Place::resolve(args.store.place)?;
    Ok(ServerConfig {
        host: host(&args.ports.host)?,
        port: args.ports.port,
        otlp_grpc: otlp_port(args.ports.otlp_grpc_port, OTLP_GRPC_PORT),
        otlp_http: otlp_port(args.ports.otlp_http_port, OTLP_HTTP_PORT),
        security: security(args.security),
        backend: place.backend,
        artifacts: place.artifacts,
        durability: match args.store.durability {
            DurabilityArg::Process => Durability::Process,
            DurabilityArg::Full => Durability::Full,
        },
        limits: limits(&args.limits)?,
        prices: args.operation.prices.clone(),
        forward: forward(args.operation)?,
        retention: args.store.retention.map(|age| age.0),
    })
}

/// Where the data is.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) backend: Backend,
    pub(crate) artifacts: Url,
}

impl Place {
    pub(crate) fn resolve(args: PlaceArgs) -> Result<Self, UsageError> {
        let backend = backend(args.backend_store_uri.as_deref())?;
        match args.artifacts_destination.as_deref() {
            Some(destination) => Ok(Self {
                backend,
                artifacts: artifacts(destination)?,
            }),
            None => Self::with_artifacts_beside(backend),
        }
    }

    /// Artifacts where they are when nobody says where.
    pub(crate) fn with_artifacts_beside(backend: Backend) -> Result<Self, UsageError> {
        let artifacts = folder(&beside(&backend))?;
        Ok(Self { backend, artifacts })
    }

    /// Where artifacts are, as people write it.
    pub(super) fn shown_artifacts(&self) -> String {
        shown(&self.artifacts)
    }
}

/// A folder as a path, a bucket as a URL without secrets.
pub(super) fn shown(artifacts: &Url) -> String {
    match artifacts.to_file_path() {
        Ok(folder) => folder.display().to_string().trim_end_matches('/').to_owned(),
        Err(()) => redact_url(artifacts.as_str()),
    }
}

fn host(text: &str) -> Result<IpAddr, UsageError> {
    if text == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().map_err(|_| {
        let hint = "127.0.0.1 serves this machine, 0.0.0.0 every network it is in; names go to --allowed-hosts";
        UsageError::with_hint(format!("--host: `{text}` is no address"), hint)
    })
}

fn otlp_port(asked: Option<PortArg>, default: u16) -> OtlpPort {
    match asked {
        None => OtlpPort::IfFree(default),
        Some(PortArg::Off) => OtlpPort::Off,
        Some(PortArg::At(port)) => OtlpPort::At(port),
    }
}

fn security(args: SecurityArgs) -> Security {
    let tls = args.tls_cert.zip(args.tls_key);
    Security {
        tokens: args.auth_token_file,
        read_only_tokens: args.read_only_token_file,
        allowed_hosts: args.allowed_hosts,
        tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
    }
}

fn limits(args: &LimitArgs) -> Result<Limits, UsageError> {
    let mut limits = Limits::default();
    if let Some(size) = args.max_body {
        limits.body_bytes = usize::try_from(size.0).map_err(|_| UsageError::new("--max-body: too large"))?;
    }
    if let Some(size) = args.max_artifact {
        limits.artifact_bytes = size.0;
    }
    if let Some(connections) = args.max_connections {
        limits.connections = connections;
    }
    if let Some(timeout) = args.trace_timeout {
        limits.trace_timeout = timeout.0;
    }
    Ok(limits)
}

fn forward(args: OperationArgs) -> Result<Option<Forward>, UsageError> {
    let Some(text) = args.forward_otlp else {
        return Ok(None);
    };
    let url = Url::parse(&text).map_err(|error| {
        let hint = "name its base over HTTP, such as http://collector:4318";
        UsageError::with_hint(
            format!("--forward-otlp: `{}` is no URL: {error}", redact_url(&text)),
            hint,
        )
    })?;
    let headers = args.forward_header.iter().map(|header| {
        let (name, value) = header
            .split_once('=')
            .ok_or_else(|| UsageError::new("--forward-header: expected NAME=VALUE"))?;
        Ok((name.trim().to_owned(), Secret::new(value.trim())))
    });
    Ok(Some(Forward {
        url,
        headers: headers.collect::<Result<_, UsageError>>()?,
    }))
}

/// As SQLAlchemy writes it: `sqlite:///relative`, `sqlite:////absolute`. A path alone will do.
fn backend(uri: Option<&str>) -> Result<Backend, UsageError> {
    let Some(uri) = uri else {
        return Ok(Backend::Sqlite(DATABASE.into()));
    };
    let scheme = uri.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme
        .as_deref()
        .map(|scheme| scheme.split('+').next().unwrap_or_default())
    {
        None if !uri.is_empty() && !uri.contains(':') => Ok(Backend::Sqlite(uri.into())),
        Some("sqlite") => match uri.split_once(":///") {
            Some((_, path)) if !path.is_empty() && !path.contains('?') => Ok(Backend::Sqlite(path.into())),
            _ => Err(refuse(uri)),
        },
        Some("postgresql" | "postgres") => Ok(Backend::Postgres(Secret::new(uri))),
        _ => Err(refuse(uri)),
    }
}

fn refuse(uri: &str) -> UsageError {
    UsageError::with_hint(
        format!(
            "--backend-store-uri: `{}` names no database of a known kind",
            redact_url(uri)
        ),
        "sqlite:///FILE, sqlite:////ABSOLUTE/FILE, or postgresql://USER:PASSWORD@HOST/DATABASE",
    )
}

fn beside(backend: &Backend) -> PathBuf {
    match backend {
        Backend::Sqlite(path) => path.with_file_name(ARTIFACTS),
        Backend::Postgres(_) => ARTIFACTS.into(),
    }
}

fn artifacts(destination: &str) -> Result<Url, UsageError> {
    if !destination.contains("://") {
        return folder(Path::new(destination));
    }
    Url::parse(destination).map_err(|error| {
        let shown = redact_url(destination);
        UsageError::new(format!("--artifacts-destination: `{shown}` is no URL: {error}"))
    })
}

fn folder(path: &Path) -> Result<Url, UsageError> {
    let absolute = std::path::absolute(path).ok();
    let url = absolute.and_then(|path| Url::from_directory_path(path).ok());
    url.ok_or_else(|| UsageError::new(format!("--artifacts-destination: {} is no folder", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(uri: &str) -> String {
        match backend(Some(uri)) {
            Ok(Backend::Sqlite(path)) => path.display().to_string(),
            Ok(Backend::Postgres(url)) => url.expose().to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn databases_are_named_as_mlflow_names_them() {
        assert_eq!(file("sqlite:///data/x.db"), "data/x.db");
        assert_eq!(file("sqlite:////data/x.db"), "/data/x.db");
        assert_eq!(file("x.db"), "x.db");
        assert_eq!(file("postgresql+psycopg2://a:b@h/d"), "postgresql+psycopg2://a:b@h/d");
    }

    #[test]
    fn others_are_refused_without_their_passwords() {
        for uri in ["mysql://root:canary@h/d", "sqlite://", "sqlite:///", "", "http:x"] {
            let said = file(uri);
            assert!(said.contains("names no database"), "{uri}: {said}");
            assert!(!said.contains("canary"), "{said}");
        }
    }

    #[test]
    fn artifacts_are_beside_the_database() {
        let place = |args: [Option<&str>; 2]| {
            let [backend_store_uri, artifacts_destination] = args.map(|arg| arg.map(str::to_owned));
            let args = PlaceArgs {
                backend_store_uri,
                artifacts_destination,
            };
            Place::resolve(args).unwrap().artifacts.to_string()
        };
        assert_eq!(
            place([Some("sqlite:////data/x.db"), None]),
            "file:///data/loadspan-artifacts/"
        );
        assert_eq!(place([None, Some("/files")]), "file:///files/");
        assert_eq!(place([None, Some("s3://bucket/x")]), "s3://bucket/x");
    }

    #[test]
    fn hosts_are_addresses() {
        assert!(host("localhost").unwrap().is_loopback());
        assert_eq!(host("[::1]").unwrap().to_string(), "::1");
        assert!(
            host("mlflow.example.com")
                .unwrap_err()
                .to_string()
                .contains("--allowed-hosts")
        );
    }
}
