//! What is said in code, and in the environment.

use super::*;

/// What the builder says, before these variables.
fn said(pairs: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Environment {
    let mut builder = Environment::default();
    for (name, value) in pairs {
        builder.say(name, "Builder::method", (*value).to_owned());
    }
    builder.before(&Environment::of(variables))
}

#[test]
fn what_is_said_in_code_wins_over_its_rivals_in_the_environment() {
    let mlflow = |pairs: &[(&'static str, &str)], variables: &[(&str, &str)]| {
        let both = [&[TRACKING], variables].concat();
        Config::resolve(&said(pairs, &both)).unwrap().mlflow.unwrap()
    };
    let name = mlflow(&[("MLFLOW_EXPERIMENT_NAME", "mine")], &[("MLFLOW_EXPERIMENT_ID", "5")]);
    assert_eq!(name.experiment, Experiment::Name("mine".to_owned()));
    let user = [("MLFLOW_TRACKING_USERNAME", "u"), ("MLFLOW_TRACKING_PASSWORD", "p")];
    let token = mlflow(&[("MLFLOW_TRACKING_TOKEN", "mine")], &user);
    assert_eq!(token.authorization, Some(Secret("Bearer mine".to_owned())));
    let url = mlflow(
        &[("MLFLOW_TRACKING_URI", "http://me:p@c")],
        &[("MLFLOW_TRACKING_TOKEN", "t")],
    );
    assert_eq!(url.authorization, Some(Secret("Basic bWU6cA==".to_owned())));
    let otlp = Config::resolve(&said(
        &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "who=builder"),
        ],
        &[
            TRACES,
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "who=environment"),
        ],
    ));
    let otlp = otlp.unwrap().otlp.unwrap();
    assert_eq!(otlp.protocol, Protocol::HttpProtobuf);
    assert_eq!(otlp.headers, [("who".to_owned(), Secret("builder".to_owned()))]);
    let url = Config::resolve(&said(
        &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://me:p@c")],
        &[("OTEL_EXPORTER_OTLP_HEADERS", "authorization=other")],
    ));
    assert_eq!(
        url.unwrap().otlp.unwrap().headers[0].1,
        Secret("Basic bWU6cA==".to_owned())
    );
}

#[test]
fn what_is_said_in_code_is_not_empty_but_for_lists() {
    let empty = |name| said(&[(name, " ")], &[]).refuse_empty();
    assert_eq!(
        empty("OTEL_SERVICE_NAME").unwrap_err().to_string(),
        "Builder::method: it is empty; give a value, or leave the call out"
    );
    assert!(empty("OTEL_EXPORTER_OTLP_HEADERS").is_ok());
    assert!(Environment::of(&[("OTEL_SERVICE_NAME", "")]).refuse_empty().is_ok());
}
