//! The proofs for MLflow's variables.

use std::path::Path;
use std::time::Duration;

use super::{Proof, assert_proven, config, proof, resolve};
use crate::config::variables::MLFLOW_VARIABLES;
use crate::config::{ExperimentChoice, MlflowConfig, MlflowServer, Resolved, ServerVerification};

/// What a proof starts from.
const SERVER: (&str, &str) = ("MLFLOW_TRACKING_URI", "http://base:5000");

fn mlflow(resolved: &Resolved) -> &MlflowConfig {
    config(resolved).mlflow.as_ref().unwrap()
}

fn server(resolved: &Resolved) -> &MlflowServer {
    &mlflow(resolved).server
}

fn says(resolved: &Resolved, authorization: &str) -> bool {
    let said = server(resolved).authorization.as_ref();
    said.is_some_and(|said| said.expose() == authorization)
}

fn run() -> Vec<Proof> {
    vec![
        proof("MLFLOW_TRACKING_URI", "http://h:5000/mlflow", |r| {
            let mlflow = config(r).mlflow.as_ref();
            mlflow.is_some_and(|mlflow| mlflow.server.tracking_uri.as_str() == "http://h:5000/mlflow/")
        }),
        proof("MLFLOW_EXPERIMENT_NAME", "mine", |r| {
            mlflow(r).experiment == ExperimentChoice::Name("mine".to_owned())
        })
        .given(&[SERVER]),
        proof("MLFLOW_EXPERIMENT_ID", "7", |r| {
            mlflow(r).experiment == ExperimentChoice::Id("7".to_owned())
        })
        .given(&[SERVER]),
    ]
}

fn credentials() -> Vec<Proof> {
    vec![
        proof("MLFLOW_TRACKING_USERNAME", "me", |r| says(r, "Basic bWU6cA=="))
            .given(&[SERVER, ("MLFLOW_TRACKING_PASSWORD", "p")]),
        proof("MLFLOW_TRACKING_PASSWORD", "p", |r| says(r, "Basic bWU6cA=="))
            .given(&[SERVER, ("MLFLOW_TRACKING_USERNAME", "me")]),
        proof("MLFLOW_TRACKING_TOKEN", "t", |r| says(r, "Bearer t")).given(&[SERVER]),
        proof("MLFLOW_TRACKING_CLIENT_CERT_PATH", "/x.pem", |r| {
            server(r).client_certificate.as_deref() == Some(Path::new("/x.pem"))
        })
        .given(&[SERVER]),
    ]
}

fn requests() -> Vec<Proof> {
    vec![
        proof("MLFLOW_TRACKING_SERVER_CERT_PATH", "/x.pem", |r| {
            server(r).verification == ServerVerification::CaFile("/x.pem".into())
        })
        .given(&[SERVER]),
        proof("MLFLOW_TRACKING_INSECURE_TLS", "1", |r| {
            server(r).verification == ServerVerification::Off
        })
        .given(&[SERVER]),
        proof("MLFLOW_HTTP_REQUEST_TIMEOUT", "9", |r| {
            server(r).timeout == Duration::from_secs(9)
        })
        .given(&[SERVER]),
        proof("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0", |r| {
            server(r).retries.max_retries == 0
        })
        .given(&[SERVER]),
        proof("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "5", |r| {
            server(r).retries.backoff_factor == 5.0
        })
        .given(&[SERVER]),
    ]
}

fn proofs() -> Vec<Proof> {
    [run(), credentials(), requests()].into_iter().flatten().collect()
}

/// Variables of which nothing but a warning comes.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("MLFLOW_RUN_ID", "0af1"),
    ("MLFLOW_TRACKING_AWS_SIGV4", "true"),
    ("MLFLOW_TRACKING_AUTH", "plugin"),
    ("MLFLOW_WORKSPACE", "team"),
];

#[test]
fn each_variable_of_mlflow_has_its_effect() {
    proofs().iter().for_each(Proof::hold);
}

#[test]
fn variables_of_mlflow_without_effect_are_warned_of() {
    let plain = format!("{:?}", config(&resolve(&[SERVER])));
    for variable in WITHOUT_EFFECT {
        let resolved = resolve(&[SERVER, *variable]);
        assert_eq!(format!("{:?}", config(&resolved)), plain, "{variable:?}");
        assert_eq!(resolved.warnings.len(), 1, "{variable:?}");
        assert!(resolved.warnings[0].message.starts_with(variable.0), "{variable:?}");
    }
}

#[test]
fn every_row_of_mlflow_has_one_proof() {
    let without_effect = WITHOUT_EFFECT.iter().map(|(name, _)| *name);
    assert_proven(MLFLOW_VARIABLES, &proofs(), without_effect);
}
