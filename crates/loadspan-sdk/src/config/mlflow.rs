//! The MLflow server, by the variables of MLflow's client.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::environment::UNLIMITED;
use super::{Environment, Experiment, MlflowDestination, Secret, TlsFiles, headers};
use crate::error::InitError;

const URI: &str = "MLFLOW_TRACKING_URI";
const USER: &str = "MLFLOW_TRACKING_USERNAME";
const PASSWORD: &str = "MLFLOW_TRACKING_PASSWORD";
const TOKEN: &str = "MLFLOW_TRACKING_TOKEN";
const INSECURE: &str = "MLFLOW_TRACKING_INSECURE_TLS";
const CA: &str = "MLFLOW_TRACKING_SERVER_CERT_PATH";
const CLIENT: &str = "MLFLOW_TRACKING_CLIENT_CERT_PATH";
const TIMEOUT: Duration = Duration::from_secs(120);

/// The server. `None`: nobody named one.
pub(super) fn resolve(environment: &Environment) -> Result<Option<MlflowDestination>, InitError> {
    let Some(text) = environment.text(URI) else {
        return Ok(None);
    };
    let mut tracking_uri = parse(environment, text)?;
    let credentials = headers::take_credentials(&mut tracking_uri);
    Ok(Some(MlflowDestination {
        tracking_uri,
        experiment: experiment(environment)?,
        authorization: match credentials {
            Some(credentials) if speaks_for_itself(environment) => Some(credentials),
            credentials => authorization(environment)?.or(credentials),
        },
        timeout: timeout(environment)?.unwrap_or(TIMEOUT),
        tls: tls(environment)?,
        run_id: environment.text("MLFLOW_RUN_ID").map(str::to_owned),
    }))
}

fn parse(environment: &Environment, text: &str) -> Result<Url, InitError> {
    let advice = "give the URL of an MLflow server, such as http://localhost:5000";
    let url = Url::parse(text).map_err(|error| environment.wrong(URI, format!("it is no URL ({error})"), advice))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        let reason = "only MLflow servers can be traced to, over http or https";
        return Err(environment.wrong(URI, reason, advice));
    }
    let mut url = url;
    let path = format!("{}/", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// MLflow's own experiment has the id 0.
pub(super) fn experiment(environment: &Environment) -> Result<Experiment, InitError> {
    let id = environment.read("MLFLOW_EXPERIMENT_ID", "the number of an experiment", |text| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.to_owned())
    })?;
    let name = || {
        environment
            .text("MLFLOW_EXPERIMENT_NAME")
            .map(|name| Experiment::Name(name.to_owned()))
    };
    Ok(id
        .map(Experiment::Id)
        .or_else(name)
        .unwrap_or_else(|| Experiment::Id("0".to_owned())))
}

/// Whether the URL comes from the builder and credentials from elsewhere: its own are meant.
fn speaks_for_itself(environment: &Environment) -> bool {
    environment.is_said(URI) && !environment.is_said(USER) && !environment.is_said(TOKEN)
}

/// Basic wins over Bearer, as in MLflow's client.
fn authorization(environment: &Environment) -> Result<Option<Secret>, InitError> {
    match (environment.text(USER), environment.text(PASSWORD)) {
        (Some(user), Some(password)) => Ok(Some(headers::basic(user, password))),
        (Some(_), None) => Err(environment.wrong(USER, "there is no password for it", format!("set {PASSWORD}, too"))),
        (None, Some(_)) => Err(environment.wrong(PASSWORD, "there is no user for it", format!("set {USER}, too"))),
        (None, None) => bearer(environment),
    }
}

fn bearer(environment: &Environment) -> Result<Option<Secret>, InitError> {
    let Some(token) = environment.text(TOKEN) else {
        return Ok(None);
    };
    if http::HeaderValue::from_str(token).is_err() {
        let reason = "it has characters that a header cannot carry";
        return Err(environment.wrong(TOKEN, reason, "give a token in ASCII"));
    }
    Ok(Some(Secret(format!("Bearer {token}"))))
}

fn timeout(environment: &Environment) -> Result<Option<Duration>, InitError> {
    let seconds = environment.read("MLFLOW_HTTP_REQUEST_TIMEOUT", "a whole number of seconds", |text| {
        text.parse().ok()
    })?;
    Ok(seconds.map(|seconds: u64| {
        if seconds == 0 {
            UNLIMITED
        } else {
            Duration::from_secs(seconds).min(UNLIMITED)
        }
    }))
}

fn tls(environment: &Environment) -> Result<TlsFiles, InitError> {
    let insecure = environment.flag(INSECURE)?.unwrap_or(false);
    let ca = environment.text(CA).map(PathBuf::from);
    if insecure && ca.is_some() {
        let reason = "a certificate to check against makes no sense when none is checked";
        return Err(environment.wrong(CA, reason, format!("set either it or {INSECURE}")));
    }
    // MLflow has certificate and key in one file.
    let client = environment.text(CLIENT).map(PathBuf::from);
    Ok(TlsFiles {
        ca,
        client_certificate: client.clone(),
        client_key: client,
        insecure,
    })
}
