//! The variables of MLflow's clients: the table of `docs/mlflow.md`.

use super::{Variable, variable};

/// Every `MLFLOW_*` variable that is read, by topic.
pub const MLFLOW_VARIABLES: &[Variable] = &[
    variable(
        RUN,
        "MLFLOW_TRACKING_URI",
        "unset",
        "The URL of a tracking server: benchmarks become runs there. `--mlflow-tracking-uri` beats it",
    ),
    variable(
        RUN,
        "MLFLOW_EXPERIMENT_NAME",
        "`loadspan`",
        "The experiment, which is made if there is none. `--mlflow-experiment` beats it",
    ),
    variable(
        RUN,
        "MLFLOW_EXPERIMENT_ID",
        "unset",
        "The id of an experiment that exists, where neither `--mlflow-experiment` nor `MLFLOW_EXPERIMENT_NAME` names one",
    ),
    variable(
        CREDENTIALS,
        "MLFLOW_TRACKING_USERNAME",
        "none",
        "Name for basic authentication, with `MLFLOW_TRACKING_PASSWORD`. `user:password@` in the tracking URI beats both",
    ),
    variable(
        CREDENTIALS,
        "MLFLOW_TRACKING_PASSWORD",
        "none",
        "Password for basic authentication, with `MLFLOW_TRACKING_USERNAME`",
    ),
    variable(
        CREDENTIALS,
        "MLFLOW_TRACKING_TOKEN",
        "none",
        "Bearer token, where there is no basic authentication",
    ),
    variable(
        CREDENTIALS,
        "MLFLOW_TRACKING_CLIENT_CERT_PATH",
        "none",
        "PEM file with the client's certificate and key",
    ),
    variable(
        TLS,
        "MLFLOW_TRACKING_SERVER_CERT_PATH",
        "the system's",
        "PEM file with the authorities to trust",
    ),
    variable(
        TLS,
        "MLFLOW_TRACKING_INSECURE_TLS",
        "false",
        "`true`: the server's certificate is not checked. An error beside `MLFLOW_TRACKING_SERVER_CERT_PATH`",
    ),
    variable(
        REQUESTS,
        "MLFLOW_HTTP_REQUEST_TIMEOUT",
        "`120`",
        "Longest time of one request, in seconds",
    ),
    variable(
        REQUESTS,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
        "`7`",
        "How often a request that failed in a way that may pass is sent again, 0 to 10",
    ),
    variable(
        REQUESTS,
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR",
        "`2`",
        "The first of these attempts comes at once, the n-th after so many seconds times 2ⁿ⁻¹; 0 to 120",
    ),
    variable(
        NO_EFFECT,
        "MLFLOW_RUN_ID",
        "unset",
        "Ignored with a warning: a benchmark is always a run of its own",
    ),
    variable(
        NO_EFFECT,
        "MLFLOW_TRACKING_AWS_SIGV4",
        "false",
        "`true` is not supported: a warning",
    ),
    variable(
        NO_EFFECT,
        "MLFLOW_TRACKING_AUTH",
        "unset",
        "Not supported: a warning. It names a plugin of the Python client",
    ),
    variable(
        NO_EFFECT,
        "MLFLOW_WORKSPACE",
        "unset",
        "Not supported: a warning. Runs go to the server's default workspace",
    ),
];

const RUN: &str = "Which run";
const CREDENTIALS: &str = "Who is speaking";
const TLS: &str = "Whom to trust";
const REQUESTS: &str = "Requests";
const NO_EFFECT: &str = "Without effect";
