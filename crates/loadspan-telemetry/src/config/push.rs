//! Where spooled payloads go when they are pushed.

use loadspan_record::{Notice, Secret, TelemetrySignal, redact_url};
use serde::{Deserialize, Serialize};

use super::address::{Address, PathRule};
use super::environment::{Environment, Settings, otlp_names};
use super::otlp::{self, Origin, Route};
use super::{ConfigError, OtlpConfig, OtlpOptions, Protocol};

/// Where a payload was to go when it was spooled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedEndpoint {
    /// The URL, as [`OtlpConfig::endpoint`] has it, redacted.
    #[serde(rename = "endpoint")]
    pub url: String,
    /// How it was spoken to.
    pub protocol: Protocol,
    /// Whether user or password stood in the URL. They are not on disk.
    #[serde(default)]
    pub had_credentials: bool,
}

/// Where spooled payloads go, and what the user should know of it.
#[derive(Debug, Clone)]
pub struct PushEndpoint {
    /// Where they go.
    pub config: OtlpConfig,
    /// Variables that were ignored, and why.
    pub warnings: Vec<Notice>,
}

impl OtlpOptions {
    /// Where spooled payloads of a signal go: to what `--otel-url` says, else to the recorded endpoint, if there is one. Credentials,
    /// certificates, timeout and compression are those of flags and environment: none of them is on disk.
    ///
    /// A folder may be somebody else's. The headers of the environment, and the userinfo of its endpoint, are sent to a recorded
    /// endpoint only when that is the endpoint of the environment, too.
    ///
    /// # Errors
    ///
    /// Names the flag or variable that is wrong, or says that no endpoint is known, that the recorded one is not usable, or that its
    /// credentials are missing.
    pub fn resolve_push(
        &self,
        signal: TelemetrySignal,
        recorded: Option<&RecordedEndpoint>,
        environment: &Environment,
    ) -> Result<PushEndpoint, ConfigError> {
        match (&self.url, recorded) {
            (Some(url), _) => self.to_flag(signal, url.expose(), environment),
            (None, Some(recorded)) => self.to_recorded(signal, recorded, environment),
            (None, None) => Err(ConfigError::new(
                format!("nothing tells where the spooled {} were meant to go", signal.as_str()),
                "name the endpoint with --otel-url",
            )),
        }
    }

    fn to_flag(
        &self,
        signal: TelemetrySignal,
        url: &str,
        environment: &Environment,
    ) -> Result<PushEndpoint, ConfigError> {
        let mut settings = Settings::new(environment);
        let origin = Origin::flag(url)?;
        let protocol = otlp::choose_protocol(signal, &origin, self.protocol, &mut settings)?;
        let config = otlp::build(signal, &Route { origin, protocol }, self, &mut settings)?;
        Ok(PushEndpoint {
            config,
            warnings: settings.into_warnings(),
        })
    }

    fn to_recorded(
        &self,
        signal: TelemetrySignal,
        recorded: &RecordedEndpoint,
        environment: &Environment,
    ) -> Result<PushEndpoint, ConfigError> {
        let mut route = Route {
            origin: recorded_origin(&recorded.url)?,
            protocol: recorded.protocol,
        };
        if let Some(flag) = self.protocol {
            route.protocol = otlp::choose_protocol(signal, &route.origin, Some(flag), &mut Settings::new(environment))?;
        }
        let trusted = environment.without(&otlp_names(signal, "HEADERS"));
        let own = endpoint_of(environment, signal, &route.origin.address);
        let mut settings = Settings::new(if own.is_some() { environment } else { &trusted });
        if own.is_none() && trusted.len() < environment.len() {
            settings.warn(
                format!(
                    "the headers of the environment are not sent to the recorded endpoint {}",
                    redact_url(&recorded.url)
                ),
                "name the endpoint with --otel-url if they are meant for it",
            );
        }
        if let Some(own) = own.as_ref().and_then(authorization) {
            route.origin.address.authorization = Some(own.clone());
        }
        let config = otlp::build(signal, &route, self, &mut settings)?;
        if recorded.had_credentials && self.headers.is_empty() && authorization(&config).is_none() {
            return Err(credentials_missing(recorded));
        }
        Ok(PushEndpoint {
            config,
            warnings: settings.into_warnings(),
        })
    }
}

/// What was redacted on its way to the disk cannot be posted to.
fn recorded_origin(url: &str) -> Result<Origin, ConfigError> {
    if url.contains("[redacted]") {
        let message = format!("the recorded endpoint {url} held credentials, which are not on disk");
        return Err(ConfigError::new(message, "give it again with --otel-url"));
    }
    Ok(Origin {
        address: Address::parse("the recorded endpoint", url)?,
        rule: PathRule::AsIs,
    })
}

fn credentials_missing(recorded: &RecordedEndpoint) -> ConfigError {
    ConfigError::new(
        format!(
            "the URL of the recorded endpoint {} held credentials, which are not on disk",
            redact_url(&recorded.url)
        ),
        "give them again with --otel-url, or with --otel-header authorization=…",
    )
}

/// The endpoint to which the environment sends a signal, if it has the scheme, host and port of this address.
fn endpoint_of(environment: &Environment, signal: TelemetrySignal, address: &Address) -> Option<OtlpConfig> {
    let own = otlp::resolve(signal, &OtlpOptions::default(), &mut Settings::new(environment)).ok()?;
    let is_same = own.endpoint.origin() == address.http_url(signal, PathRule::AsIs).origin();
    is_same.then_some(own)
}

fn authorization(config: &OtlpConfig) -> Option<&Secret> {
    let mut headers = config.headers.iter();
    headers
        .find(|(name, _)| name == "authorization")
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use loadspan_record::Secret;

    use super::*;

    const HEADERS: (&str, &str) = ("OTEL_EXPORTER_OTLP_HEADERS", "key=canary");

    fn recorded(url: &str) -> RecordedEndpoint {
        RecordedEndpoint {
            url: url.to_owned(),
            protocol: Protocol::HttpJson,
            had_credentials: false,
        }
    }

    fn push(
        options: &OtlpOptions,
        url: &str,
        environment: &[(&str, &str)],
    ) -> Result<(OtlpConfig, usize), ConfigError> {
        let push = options.resolve_push(
            TelemetrySignal::Traces,
            Some(&recorded(url)),
            &Environment::of(environment),
        )?;
        Ok((push.config, push.warnings.len()))
    }

    #[test]
    fn payloads_go_where_they_were_to_go() {
        let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"), HEADERS];
        let (config, warnings) = push(&OtlpOptions::default(), "http://c:4318/own", &environment).unwrap();
        assert_eq!(config.endpoint.as_str(), "http://c:4318/own");
        assert_eq!(
            (config.protocol, config.headers.len(), warnings),
            (Protocol::HttpJson, 1, 0)
        );
    }

    #[test]
    fn a_flag_sends_them_elsewhere_with_the_headers_of_the_environment() {
        let options = OtlpOptions {
            url: Some(Secret::new("new:4317")),
            ..OtlpOptions::default()
        };
        let (config, warnings) = push(&options, "http://c:4318/own", &[HEADERS]).unwrap();
        assert_eq!(
            (config.endpoint.as_str(), config.protocol),
            ("http://new:4317/", Protocol::Grpc)
        );
        assert_eq!((config.headers.len(), warnings), (1, 0));
    }

    #[test]
    fn a_recorded_endpoint_that_nobody_named_gets_no_headers_but_those_of_flags() {
        let options = OtlpOptions {
            headers: vec![Secret::new("a=b")],
            ..OtlpOptions::default()
        };
        for endpoint in ["http://mine:4318", "http://c:4317", "https://c:4318", ""] {
            let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), HEADERS];
            let (config, warnings) = push(&options, "http://c:4318/v1/traces", &environment).unwrap();
            let names: Vec<_> = config.headers.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!((names, warnings), (vec!["a"], 1), "{endpoint}");
        }
    }

    #[test]
    fn without_a_record_the_endpoint_has_to_be_named() {
        let named = OtlpOptions {
            url: Some(Secret::new("c")),
            ..OtlpOptions::default()
        };
        let push = |options: &OtlpOptions| options.resolve_push(TelemetrySignal::Metrics, None, &Environment::of(&[]));
        assert_eq!(
            push(&named).unwrap().config.endpoint.as_str(),
            "http://c:4318/v1/metrics"
        );
        let error = push(&OtlpOptions::default()).unwrap_err();
        assert_eq!(
            (error.message.as_str(), error.advice.as_str()),
            (
                "nothing tells where the spooled metrics were meant to go",
                "name the endpoint with --otel-url"
            )
        );
    }

    #[test]
    fn credentials_that_stood_in_the_url_have_to_be_given_again() {
        let recorded = RecordedEndpoint {
            had_credentials: true,
            ..recorded("http://c:4318/v1/traces")
        };
        let push = |options: OtlpOptions, environment: &[(&str, &str)]| {
            let push = options.resolve_push(TelemetrySignal::Traces, Some(&recorded), &Environment::of(environment))?;
            Ok::<_, ConfigError>(authorization(&push.config).map(|value| value.expose().to_owned()))
        };
        let endpoint = |url| ("OTEL_EXPORTER_OTLP_ENDPOINT", url);
        let header = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x");
        for missing in [&[][..], &[header], &[endpoint("http://c:4318")]] {
            let error = push(OtlpOptions::default(), missing).unwrap_err();
            assert!(error.message.contains("held credentials"), "{error}");
            assert!(error.advice.contains("--otel-header"), "{error}");
        }
        let given = [
            (&[endpoint("http://c:4318"), header][..], "Bearer x"),
            (&[endpoint("http://me:p@c:4318")], "Basic bWU6cA=="),
        ];
        for (environment, expected) in given {
            let found = push(OtlpOptions::default(), environment).unwrap();
            assert_eq!(found.as_deref(), Some(expected), "{environment:?}");
        }
        let own_header = OtlpOptions {
            headers: vec![Secret::new("x-api-key=k")],
            ..OtlpOptions::default()
        };
        assert_eq!(push(own_header, &[]).unwrap(), None);
        let url = OtlpOptions {
            url: Some(Secret::new("http://you:p@c:4318")),
            ..OtlpOptions::default()
        };
        assert_eq!(push(url, &[]).unwrap().as_deref(), Some("Basic eW91OnA="));
    }

    #[test]
    fn userinfo_of_the_environment_goes_to_no_other_endpoint() {
        let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:canary@mine:4318")];
        let (config, _) = push(&OtlpOptions::default(), "http://c:4318/v1/traces", &environment).unwrap();
        assert!(authorization(&config).is_none());
    }

    #[test]
    fn what_was_redacted_has_to_be_given_again() {
        let error = push(&OtlpOptions::default(), "http://c/v1/traces?key=[redacted]", &[]).unwrap_err();
        assert!(error.advice.contains("--otel-url"), "{error}");
    }
}
