//! An OTLP endpoint for one signal, by the rules of OpenTelemetry's specification. The default protocol is MLflow's: gRPC.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::{Environment, OtlpDestination, Protocol, TlsFiles, headers};
use crate::error::InitError;

const TIMEOUT: Duration = Duration::from_secs(10);

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Metrics,
}

impl Signal {
    const fn word(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
        }
    }

    /// The variable of the signal, then the one for all.
    fn names(self, setting: &str) -> [String; 2] {
        [
            format!("OTEL_EXPORTER_OTLP_{}_{setting}", self.word()),
            format!("OTEL_EXPORTER_OTLP_{setting}"),
        ]
    }
}

/// The variables that name an endpoint for traces.
pub(super) fn trace_endpoints() -> [String; 2] {
    Signal::Traces.names("ENDPOINT")
}

/// The endpoint. `None`: nobody named one.
pub(super) fn resolve(environment: &Environment, signal: Signal) -> Result<Option<OtlpDestination>, InitError> {
    let settings = Settings { environment, signal };
    // All are looked at, also where they have no effect: a wrong one is told when it is said, not when it comes to matter.
    let protocol = settings
        .read("PROTOCOL", "grpc, http/protobuf or http/json", protocol)?
        .unwrap_or(Protocol::Grpc);
    let security = settings.security()?;
    let timeout = settings.timeout()?.unwrap_or(TIMEOUT);
    let gzip = settings.read("COMPRESSION", "none or gzip", gzip)?.unwrap_or(false);
    let mut headers = match environment.first(&signal.names("HEADERS")) {
        Some(name) => headers::read(environment, name)?,
        None => Vec::new(),
    };
    let names = signal.names("ENDPOINT");
    let Some(name) = environment.first(&names) else {
        return Ok(None);
    };
    let mut endpoint = match protocol {
        Protocol::Grpc => settings.grpc_endpoint(name, security)?,
        Protocol::HttpProtobuf | Protocol::HttpJson => settings.http_endpoint(name, &names)?,
    };
    let credentials = headers::take_credentials(&mut endpoint);
    if let Some(credentials) = credentials {
        // Those of a URL in code are not replaced by headers of the environment.
        if environment.is_said(name) && !environment.is_said("OTEL_EXPORTER_OTLP_HEADERS") {
            headers.retain(|(name, _)| name != "authorization");
        }
        if headers.iter().all(|(name, _)| name != "authorization") {
            headers.push(("authorization".to_owned(), credentials));
        }
    }
    Ok(Some(OtlpDestination {
        endpoint,
        protocol,
        headers,
        timeout,
        gzip,
        tls: settings.tls(),
    }))
}

/// The settings of a signal.
struct Settings<'a> {
    environment: &'a Environment,
    signal: Signal,
}

impl Settings<'_> {
    fn read<T>(
        &self,
        setting: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, InitError> {
        match self.environment.first(&self.signal.names(setting)) {
            Some(name) => self.environment.read(name, expected, parse),
            None => Ok(None),
        }
    }

    fn timeout(&self) -> Result<Option<Duration>, InitError> {
        match self.environment.first(&self.signal.names("TIMEOUT")) {
            Some(name) => self.environment.time_limit_ms(name),
            None => Ok(None),
        }
    }

    /// The variable of the signal as written; to the one for all the path of the signal is added.
    fn http_endpoint(&self, name: &str, names: &[String; 2]) -> Result<Url, InitError> {
        let mut url = self.parse(name, self.environment.text(name).unwrap_or_default())?;
        if name == names[1] {
            let path = format!("{}{}", url.path().trim_end_matches('/'), self.signal.path());
            url.set_path(&path);
        }
        Ok(url)
    }

    /// The scheme of an endpoint without one.
    fn security(&self) -> Result<&'static str, InitError> {
        let is_insecure = match self.environment.first(&self.signal.names("INSECURE")) {
            Some(name) => self.environment.flag(name)?.unwrap_or(false),
            None => false,
        };
        Ok(if is_insecure { "http" } else { "https" })
    }

    /// Scheme, host and port: paths mean nothing to gRPC.
    fn grpc_endpoint(&self, name: &str, security: &str) -> Result<Url, InitError> {
        let text = self.environment.text(name).unwrap_or_default();
        let mut url = if text.contains("://") {
            self.parse(name, text)?
        } else {
            self.parse(name, &format!("{security}://{text}"))?
        };
        url.set_path("");
        url.set_query(None);
        Ok(url)
    }

    /// Texts do not quote the URL: there may be a password in it.
    fn parse(&self, name: &str, text: &str) -> Result<Url, InitError> {
        let advice =
            "give a URL such as http://localhost:4317 for grpc, http://localhost:4318/v1/traces for http/protobuf";
        let wrong = |reason: String| self.environment.wrong(name, reason, advice);
        let mut url = Url::parse(text).map_err(|error| wrong(format!("it is no URL ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(wrong("it is no http or https URL with a host".to_owned()));
        }
        url.set_fragment(None);
        Ok(url)
    }

    fn tls(&self) -> TlsFiles {
        let file = |setting| {
            let names = self.signal.names(setting);
            let name = self.environment.first(&names)?;
            self.environment.text(name).map(PathBuf::from)
        };
        TlsFiles {
            ca: file("CERTIFICATE"),
            client_certificate: file("CLIENT_CERTIFICATE"),
            client_key: file("CLIENT_KEY"),
            insecure: false,
        }
    }
}

fn protocol(text: &str) -> Option<Protocol> {
    match text.to_ascii_lowercase().as_str() {
        "grpc" => Some(Protocol::Grpc),
        "http/protobuf" => Some(Protocol::HttpProtobuf),
        "http/json" => Some(Protocol::HttpJson),
        _ => None,
    }
}

fn gzip(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "none" => Some(false),
        "gzip" => Some(true),
        _ => None,
    }
}
