//! The OTLP endpoint of a signal, from flags and the `OTEL_EXPORTER_OTLP_*` variables.

use std::path::PathBuf;
use std::time::Duration;

use loadspan_record::TelemetrySignal;

use super::address::{Address, Form, PathRule};
use super::environment::{Settings, UNLIMITED, otlp_names};
use super::words::Words;
use super::{Compression, ConfigError, OtlpConfig, OtlpOptions, Protocol, TlsFiles, headers};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// Where a collector listens, as the specification has it.
const DEFAULT_HOST: &str = "localhost";

/// An address, and what becomes of its path.
pub(super) struct Origin {
    pub(super) address: Address,
    pub(super) rule: PathRule,
}

/// Where a signal goes, and how.
pub(super) struct Route {
    pub(super) origin: Origin,
    pub(super) protocol: Protocol,
}

/// The endpoint of a signal that goes over OTLP.
pub(super) fn resolve(
    signal: TelemetrySignal,
    options: &OtlpOptions,
    settings: &mut Settings<'_>,
) -> Result<OtlpConfig, ConfigError> {
    let origin = match &options.url {
        Some(url) => Origin::flag(url.expose())?,
        None => Origin::variable(signal, settings)?,
    };
    let protocol = choose_protocol(signal, &origin, options.protocol, settings)?;
    build(signal, &Route { origin, protocol }, options, settings)
}

impl Origin {
    pub(super) fn flag(url: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            address: Address::parse("--otel-url", url)?,
            rule: PathRule::Complete,
        })
    }

    fn variable(signal: TelemetrySignal, settings: &mut Settings<'_>) -> Result<Self, ConfigError> {
        let [own, generic] = otlp_names(signal, "ENDPOINT");
        if let Some(url) = settings.text(&own) {
            let address = Address::parse(&own, url)?;
            return Ok(Self {
                address,
                rule: PathRule::AsIs,
            });
        }
        let url = settings.text(&generic).unwrap_or(DEFAULT_HOST);
        let address = Address::parse(&generic, url)?;
        if address.ends_with_signal_path() {
            settings.warn(
                format!(
                    "{generic}: `{}` is taken for a base, to which /v1/traces and /v1/metrics are added",
                    address.path()
                ),
                "leave the path out, or set the variable of the signal",
            );
        }
        Ok(Self {
            address,
            rule: PathRule::Append,
        })
    }

    fn is_flag(&self) -> bool {
        self.rule == PathRule::Complete
    }
}

/// A flag, then what the URL says of itself, then the variables, then what port and scheme suggest.
pub(super) fn choose_protocol(
    signal: TelemetrySignal,
    origin: &Origin,
    flag: Option<Protocol>,
    settings: &mut Settings<'_>,
) -> Result<Protocol, ConfigError> {
    let address = &origin.address;
    let grpc_url = address.form == Form::Grpc;
    match flag {
        Some(Protocol::HttpProtobuf | Protocol::HttpJson) if grpc_url => {
            return Err(ConfigError::new(
                format!("--otel-protocol: {} has the scheme of gRPC", address.source),
                "write http:// or https://, or leave --otel-protocol out",
            ));
        }
        Some(Protocol::Grpc) if origin.is_flag() && address.has_path() => {
            return Err(ConfigError::new(
                format!(
                    "--otel-protocol grpc: --otel-url has the path {}, and gRPC has none",
                    address.path()
                ),
                "leave one of them out",
            ));
        }
        Some(protocol) => return Ok(protocol),
        None if grpc_url && address.has_path() && origin.is_flag() => {
            return Err(ConfigError::new(
                format!("--otel-url has the path {}, and gRPC has none", address.path()),
                "leave the path out, or write http:// or https://",
            ));
        }
        None if grpc_url => return Ok(Protocol::Grpc),
        None => {}
    }
    let said = otlp_names(signal, "PROTOCOL")
        .iter()
        .find_map(|name| settings.word(name));
    Ok(match said {
        // The path of a flag says HTTP, and a flag beats a variable.
        Some(Protocol::Grpc) if origin.is_flag() && address.has_path() => address.suggested_protocol(),
        Some(protocol) => protocol,
        None => address.suggested_protocol(),
    })
}

pub(super) fn build(
    signal: TelemetrySignal,
    route: &Route,
    options: &OtlpOptions,
    settings: &mut Settings<'_>,
) -> Result<OtlpConfig, ConfigError> {
    let Origin { address, rule } = &route.origin;
    let endpoint = match route.protocol {
        Protocol::Grpc => secured(signal, &route.origin, settings).grpc_url(),
        Protocol::HttpProtobuf | Protocol::HttpJson => address.http_url(signal, *rule),
    };
    if route.protocol == Protocol::Grpc && address.has_path() {
        let message = format!(
            "{}: the path {} is ignored, because gRPC has none",
            address.source,
            address.path()
        );
        settings.warn(
            message,
            "leave it out, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        );
    }
    if route.protocol != Protocol::Grpc && *rule == PathRule::AsIs && !address.has_path() {
        let message = format!(
            "{} has no path, and none is added: requests are posted to /",
            address.source
        );
        settings.warn(
            message,
            "add /v1/traces or /v1/metrics, or set OTEL_EXPORTER_OTLP_ENDPOINT",
        );
    }
    let mut headers = headers::resolve(signal, options, settings)?;
    let authorized = headers.iter().any(|(name, _)| name == "authorization");
    if let Some(authorization) = address.authorization.clone().filter(|_| !authorized) {
        headers.push(("authorization".to_owned(), authorization));
    }
    Ok(OtlpConfig {
        endpoint,
        had_credentials: address.authorization.is_some(),
        protocol: route.protocol,
        headers,
        timeout: timeout(signal, settings),
        compression: word(signal, "COMPRESSION", settings).unwrap_or(Compression::None),
        tls: TlsFiles {
            ca: file(signal, "CERTIFICATE", settings),
            client_certificate: file(signal, "CLIENT_CERTIFICATE", settings),
            client_key: file(signal, "CLIENT_KEY", settings),
        },
    })
}

/// An address of the environment without a scheme is for gRPC over TLS, unless `…_INSECURE` says otherwise.
fn secured(signal: TelemetrySignal, origin: &Origin, settings: &mut Settings<'_>) -> Address {
    let address = &origin.address;
    let named = origin.rule != PathRule::Complete && settings.text(&address.source).is_some();
    if address.form != Form::Bare || !named {
        return address.clone();
    }
    let said = otlp_names(signal, "INSECURE")
        .into_iter()
        .find(|name| settings.text(name).is_some());
    match said {
        Some(name) if settings.is_true(&name) => address.clone(),
        Some(_) => address.over_tls(),
        None => {
            settings.warn(
                format!("{} has no scheme, so that TLS is used", address.source),
                "write http:// before it for plain text, or set OTEL_EXPORTER_OTLP_INSECURE=true",
            );
            address.over_tls()
        }
    }
}

fn timeout(signal: TelemetrySignal, settings: &mut Settings<'_>) -> Option<Duration> {
    let names = otlp_names(signal, "TIMEOUT");
    let timeout = names
        .iter()
        .find_map(|name| settings.time_limit(name))
        .unwrap_or(DEFAULT_TIMEOUT);
    (timeout != UNLIMITED).then_some(timeout)
}

fn word<T: Words>(signal: TelemetrySignal, setting: &str, settings: &mut Settings<'_>) -> Option<T> {
    otlp_names(signal, setting).iter().find_map(|name| settings.word(name))
}

fn file(signal: TelemetrySignal, setting: &str, settings: &Settings<'_>) -> Option<PathBuf> {
    let names = otlp_names(signal, setting);
    names.iter().find_map(|name| settings.text(name)).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use loadspan_record::Secret;

    use super::super::Environment;
    use super::*;

    const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

    fn url(url: &str) -> OtlpOptions {
        OtlpOptions {
            url: Some(Secret::new(url)),
            ..OtlpOptions::default()
        }
    }

    /// Endpoint and protocol of traces, and the number of warnings.
    fn resolved(options: &OtlpOptions, environment: &[(&str, &str)]) -> Result<(String, Protocol, usize), ConfigError> {
        let environment = Environment::of(environment);
        let mut settings = Settings::new(&environment);
        let otlp = resolve(TelemetrySignal::Traces, options, &mut settings)?;
        Ok((otlp.endpoint.to_string(), otlp.protocol, settings.into_warnings().len()))
    }

    fn is(endpoint: &str, protocol: Protocol, warnings: usize) -> Result<(String, Protocol, usize), ConfigError> {
        Ok((endpoint.to_owned(), protocol, warnings))
    }

    #[test]
    fn port_and_scheme_of_the_flag_choose_the_protocol() {
        let cases = [
            ("localhost:4317", "http://localhost:4317/", Protocol::Grpc),
            ("grpcs://c", "https://c:4317/", Protocol::Grpc),
            ("c", "http://c:4318/v1/traces", Protocol::HttpProtobuf),
            (
                "http://c:4317/v1/metrics",
                "http://c:4317/v1/traces",
                Protocol::HttpProtobuf,
            ),
        ];
        for (flag, endpoint, protocol) in cases {
            assert_eq!(resolved(&url(flag), &[]), is(endpoint, protocol, 0), "{flag}");
        }
    }

    #[test]
    fn a_flag_beats_the_environment_on_each_question() {
        let environment = [(ENDPOINT, "http://other:1/x"), (PROTOCOL, "http/json")];
        assert_eq!(
            resolved(&url("c:4318"), &environment),
            is("http://c:4318/v1/traces", Protocol::HttpJson, 0)
        );
        assert_eq!(
            resolved(&url("grpc://c"), &environment),
            is("http://c:4317/", Protocol::Grpc, 0)
        );
        let grpc = OtlpOptions {
            protocol: Some(Protocol::Grpc),
            ..url("c")
        };
        assert_eq!(resolved(&grpc, &environment), is("http://c:4317/", Protocol::Grpc, 0));
    }

    #[test]
    fn a_path_in_the_flag_says_http_and_a_variable_cannot_take_that_back() {
        let resolved = resolved(&url("http://c:4318/otlp"), &[(PROTOCOL, "grpc")]);
        assert_eq!(resolved, is("http://c:4318/otlp/v1/traces", Protocol::HttpProtobuf, 0));
    }

    #[test]
    fn what_contradicts_itself_is_an_error() {
        for (flag, protocol) in [
            ("grpc://c", Some(Protocol::HttpProtobuf)),
            ("http://c/v1/traces", Some(Protocol::Grpc)),
            ("grpc://c/v1/traces", None),
        ] {
            let options = OtlpOptions { protocol, ..url(flag) };
            let error = resolved(&options, &[]).unwrap_err();
            assert!(error.message.starts_with("--otel-"), "{flag}: {error}");
        }
    }

    #[test]
    fn inference_perf_s_only_variable_is_enough() {
        let none = OtlpOptions::default();
        assert_eq!(
            resolved(&none, &[(ENDPOINT, "http://localhost:4317")]),
            is("http://localhost:4317/", Protocol::Grpc, 0)
        );
        assert_eq!(
            resolved(&none, &[(ENDPOINT, "https://api.honeycomb.io:443")]),
            is("https://api.honeycomb.io/v1/traces", Protocol::HttpProtobuf, 0)
        );
    }

    #[test]
    fn a_signal_s_own_protocol_beats_the_generic_one_and_a_wrong_word_does_not() {
        let own = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";
        let base = [(ENDPOINT, "http://c:4318"), (PROTOCOL, "http/json")];
        let with = |word| resolved(&OtlpOptions::default(), &[base[0], base[1], (own, word)]).unwrap();
        assert_eq!(with("grpc"), ("http://c:4318/".to_owned(), Protocol::Grpc, 0));
        assert_eq!(
            with("thrift"),
            ("http://c:4318/v1/traces".to_owned(), Protocol::HttpJson, 1)
        );
    }

    #[test]
    fn without_a_scheme_a_variable_means_tls_for_grpc() {
        let with = |extra: &[(&str, &str)]| {
            let environment: Vec<_> = [(ENDPOINT, "c:4317")].iter().chain(extra).copied().collect();
            resolved(&OtlpOptions::default(), &environment)
        };
        assert_eq!(with(&[]), is("https://c:4317/", Protocol::Grpc, 1));
        assert_eq!(
            with(&[("OTEL_EXPORTER_OTLP_INSECURE", "false")]),
            is("https://c:4317/", Protocol::Grpc, 0)
        );
        assert_eq!(
            with(&[("OTEL_EXPORTER_OTLP_INSECURE", "true")]),
            is("http://c:4317/", Protocol::Grpc, 0)
        );
    }

    #[test]
    fn what_a_variable_says_in_vain_is_a_warning() {
        let none = OtlpOptions::default();
        let twice = resolved(&none, &[(ENDPOINT, "http://c:4318/v1/traces")]);
        assert_eq!(
            twice,
            is("http://c:4318/v1/traces/v1/traces", Protocol::HttpProtobuf, 1)
        );
        let path = resolved(&none, &[(ENDPOINT, "http://c:4317/x"), (PROTOCOL, "grpc")]);
        assert_eq!(path, is("http://c:4317/", Protocol::Grpc, 1));
        let bare = resolved(&none, &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318")]);
        assert_eq!(bare, is("http://c:4318/", Protocol::HttpProtobuf, 1));
    }

    #[test]
    fn an_endpoint_that_cannot_be_used_names_its_variable() {
        let error = resolved(&OtlpOptions::default(), &[(ENDPOINT, "ftp://me:canary@c")]).unwrap_err();
        assert!(
            error.message.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT: `ftp://"),
            "{error}"
        );
        assert!(!error.to_string().contains("canary"));
    }

    #[test]
    fn userinfo_becomes_a_header_unless_there_is_one() {
        let config = |environment: &[(&str, &str)]| {
            let environment = Environment::of(environment);
            resolve(
                TelemetrySignal::Traces,
                &url("http://me:canary@c?key=canary"),
                &mut Settings::new(&environment),
            )
            .unwrap()
        };
        let otlp = config(&[]);
        assert_eq!(otlp.headers[0].1.expose(), "Basic bWU6Y2FuYXJ5");
        assert_eq!((otlp.endpoint.username(), otlp.had_credentials), ("", true));
        assert!(!format!("{otlp:?}").contains("canary"), "{otlp:?}");
        let otlp = config(&[("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20x")]);
        assert_eq!((otlp.headers.len(), otlp.headers[0].1.expose()), (1, "Bearer x"));
    }

    #[test]
    fn a_timeout_of_zero_is_none() {
        let timeout = |value| {
            let environment = Environment::of(&[("OTEL_EXPORTER_OTLP_TIMEOUT", value)]);
            resolve(TelemetrySignal::Metrics, &url("c"), &mut Settings::new(&environment))
                .unwrap()
                .timeout
        };
        assert_eq!(timeout("0"), None);
        assert_eq!(timeout("soon"), Some(DEFAULT_TIMEOUT));
    }
}
