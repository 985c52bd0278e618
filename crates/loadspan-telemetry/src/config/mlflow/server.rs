//! How a tracking server is spoken to, from its URI and the variables of MLflow's own clients.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use loadspan_record::Secret;

use super::super::ConfigError;
use super::super::environment::{Settings, UNLIMITED};
use super::tracking_uri::TrackingUri;
use super::{MlflowServer, NamedBy, RetryPolicy, ServerVerification};

const USERNAME: &str = "MLFLOW_TRACKING_USERNAME";
const PASSWORD: &str = "MLFLOW_TRACKING_PASSWORD";
const TOKEN: &str = "MLFLOW_TRACKING_TOKEN";
const INSECURE_TLS: &str = "MLFLOW_TRACKING_INSECURE_TLS";
const SERVER_CERTIFICATE: &str = "MLFLOW_TRACKING_SERVER_CERT_PATH";
const CLIENT_CERTIFICATE: &str = "MLFLOW_TRACKING_CLIENT_CERT_PATH";

/// The variables that say who is speaking.
pub(super) const CREDENTIALS: [&str; 4] = [USERNAME, PASSWORD, TOKEN, CLIENT_CERTIFICATE];

/// What MLflow's clients do.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);
const DEFAULT_RETRIES: RetryPolicy = RetryPolicy {
    max_retries: 7,
    backoff_factor: 2.0,
};
/// MLflow's clients take no more, either.
const MOST_RETRIES: u32 = 10;
const LARGEST_BACKOFF_FACTOR: f64 = 120.0;

/// A server that the user has named.
pub(super) fn resolve(uri: TrackingUri, settings: &mut Settings<'_>) -> Result<MlflowServer, ConfigError> {
    warn_of_unsupported(settings);
    let had_credentials = uri.authorization.is_some();
    let authorization = match uri.authorization {
        Some(authorization) => Some(authorization),
        None => authorization(settings)?,
    };
    Ok(MlflowServer {
        tracking_uri: uri.url,
        named_by: NamedBy::User,
        had_credentials,
        authorization,
        verification: verification(settings)?,
        client_certificate: settings.text(CLIENT_CERTIFICATE).map(PathBuf::from),
        timeout: timeout(settings),
        retries: retries(settings),
    })
}

/// Name and password before the token, as in MLflow.
fn authorization(settings: &mut Settings<'_>) -> Result<Option<Secret>, ConfigError> {
    match (settings.text(USERNAME), settings.text(PASSWORD)) {
        (Some(name), Some(password)) => {
            let encoded = STANDARD.encode(format!("{name}:{password}"));
            return Ok(Some(Secret::new(format!("Basic {encoded}"))));
        }
        (Some(_), None) => settings.warn(
            format!("{USERNAME} is ignored without a password"),
            format!("set {PASSWORD}"),
        ),
        (None, Some(_)) => settings.warn(
            format!("{PASSWORD} is ignored without a name"),
            format!("set {USERNAME}"),
        ),
        (None, None) => {}
    }
    let Some(token) = settings.text(TOKEN) else {
        return Ok(None);
    };
    let bearer = format!("Bearer {token}");
    HeaderValue::from_str(&bearer).map_err(|_| {
        ConfigError::new(
            format!("{TOKEN} cannot be sent: it holds signs that no header may have"),
            "set it again, without line breaks",
        )
    })?;
    Ok(Some(Secret::new(bearer)))
}

fn verification(settings: &mut Settings<'_>) -> Result<ServerVerification, ConfigError> {
    let authorities = settings.text(SERVER_CERTIFICATE).map(PathBuf::from);
    match (authorities, settings.is_on(INSECURE_TLS)) {
        (Some(_), true) => Err(ConfigError::new(
            format!("{INSECURE_TLS} and {SERVER_CERTIFICATE} contradict each other"),
            "unset one of them",
        )),
        (Some(file), false) => Ok(ServerVerification::CaFile(file)),
        (None, true) => Ok(ServerVerification::Off),
        (None, false) => Ok(ServerVerification::SystemRoots),
    }
}

fn timeout(settings: &mut Settings<'_>) -> Duration {
    let seconds = |text: &str| {
        text.parse()
            .ok()
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs)
    };
    let timeout = settings.read(
        "MLFLOW_HTTP_REQUEST_TIMEOUT",
        "expected a whole number of seconds above 0",
        seconds,
    );
    timeout.unwrap_or(DEFAULT_TIMEOUT).min(UNLIMITED)
}

fn retries(settings: &mut Settings<'_>) -> RetryPolicy {
    let count = |text: &str| text.parse().ok().filter(|retries| *retries <= MOST_RETRIES);
    let factor = |text: &str| {
        text.parse()
            .ok()
            .filter(|factor| (0.0..=LARGEST_BACKOFF_FACTOR).contains(factor))
    };
    RetryPolicy {
        max_retries: settings
            .read("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "expected 0 to 10", count)
            .unwrap_or(DEFAULT_RETRIES.max_retries),
        backoff_factor: settings
            .read("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "expected 0 to 120", factor)
            .unwrap_or(DEFAULT_RETRIES.backoff_factor),
    }
}

/// What MLflow's clients know and loadspan does not.
fn warn_of_unsupported(settings: &mut Settings<'_>) {
    const SIGV4: &str = "MLFLOW_TRACKING_AWS_SIGV4";
    let with_token = format!("set {TOKEN}, or {USERNAME} and {PASSWORD}");
    if settings.is_on(SIGV4) {
        settings.warn(
            format!("{SIGV4} is ignored: requests are not signed for AWS"),
            with_token.as_str(),
        );
    }
    if settings.text("MLFLOW_TRACKING_AUTH").is_some() {
        settings.warn(
            "MLFLOW_TRACKING_AUTH is ignored: it names a plugin of MLflow's Python client",
            with_token,
        );
    }
    if settings.text("MLFLOW_WORKSPACE").is_some() {
        settings.warn(
            "MLFLOW_WORKSPACE is ignored: workspaces are not supported, and the server's default one is used",
            "unset it",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Environment;
    use super::*;

    fn resolved(uri: &str, environment: &[(&str, &str)]) -> Result<(MlflowServer, usize), ConfigError> {
        let environment = Environment::of(environment);
        let mut settings = Settings::new(&environment);
        let server = resolve(TrackingUri::parse("X", uri)?, &mut settings)?;
        Ok((server, settings.into_warnings().len()))
    }

    fn authorization_of(uri: &str, environment: &[(&str, &str)]) -> (Option<String>, usize) {
        let (server, warnings) = resolved(uri, environment).unwrap();
        (server.authorization.map(|value| value.expose().to_owned()), warnings)
    }

    #[test]
    fn the_defaults_are_those_of_mlflow_s_clients() {
        let (server, warnings) = resolved("http://h", &[]).unwrap();
        assert_eq!((server.timeout, server.retries), (DEFAULT_TIMEOUT, DEFAULT_RETRIES));
        assert_eq!(server.verification, ServerVerification::SystemRoots);
        assert_eq!(
            (server.authorization, server.client_certificate, warnings),
            (None, None, 0)
        );
    }

    #[test]
    fn the_uri_beats_name_and_password_and_these_beat_the_token() {
        let environment = [(USERNAME, "a"), (PASSWORD, "b"), (TOKEN, "t")];
        let basic = |encoded: &str| Some(format!("Basic {encoded}"));
        assert_eq!(authorization_of("http://me:p@h", &environment), (basic("bWU6cA=="), 0));
        assert_eq!(authorization_of("http://h", &environment), (basic("YTpi"), 0));
        assert_eq!(
            authorization_of("http://h", &environment[2..]),
            (Some("Bearer t".to_owned()), 0)
        );
        assert_eq!(
            authorization_of("http://h", &[(USERNAME, "a"), (TOKEN, "t")]),
            (Some("Bearer t".to_owned()), 1)
        );
        assert_eq!(authorization_of("http://h", &[(PASSWORD, "b")]), (None, 1));
    }

    #[test]
    fn a_token_that_no_header_can_hold_is_an_error_that_does_not_show_it() {
        let error = resolved("http://h", &[(TOKEN, "canary\ncanary")]).unwrap_err();
        assert!(
            error.message.starts_with(TOKEN) && !error.to_string().contains("canary"),
            "{error}"
        );
    }

    #[test]
    fn a_certificate_cannot_be_checked_and_not_checked() {
        let file = (SERVER_CERTIFICATE, "/x.pem");
        let error = resolved("https://h", &[file, (INSECURE_TLS, "1")]).unwrap_err();
        assert!(error.message.contains("contradict each other"), "{error}");
        let (server, _) = resolved("https://h", &[file, (INSECURE_TLS, "false")]).unwrap();
        assert_eq!(server.verification, ServerVerification::CaFile("/x.pem".into()));
    }

    #[test]
    fn numbers_out_of_bounds_are_warnings() {
        let environment = [
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "0"),
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "11"),
            ("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "nan"),
        ];
        let (server, warnings) = resolved("http://h", &environment).unwrap();
        assert_eq!((server.timeout, server.retries), (DEFAULT_TIMEOUT, DEFAULT_RETRIES));
        assert_eq!(warnings, 3);
    }

    #[test]
    fn a_server_shows_no_credentials() {
        let (server, _) = resolved("http://me:canary@h", &[]).unwrap();
        assert!(server.had_credentials && !format!("{server:?}").contains("canary"));
        let (server, _) = resolved("http://h", &[(TOKEN, "canary")]).unwrap();
        assert!(!server.had_credentials && !format!("{server:?}").contains("canary"));
    }
}
