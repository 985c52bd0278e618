//! Against a scripted server.

use std::time::{Duration, Instant};

use loadspan_record::Secret;
use loadspan_testkit::{DurationExt, MlflowAnswer, MlflowSink, OtlpSink, RunningMlflowSink};
use loadspan_wire::mlflow::runs::{self, RunAnswer, SearchRuns};
use tempfile::TempDir;

use super::*;
use crate::mlflow::testing::{limit, server};

fn client(sink: &RunningMlflowSink) -> MlflowClient {
    MlflowClient::build(&server(&sink.url())).unwrap()
}

async fn get_run(client: &MlflowClient) -> Result<RunAnswer, ApiError> {
    client.get(runs::GET, &[("run_id", "abc")]).await
}

fn reason(outcome: Result<RunAnswer, ApiError>) -> (&'static str, String) {
    match outcome.unwrap_err() {
        ApiError::Unavailable { reason, .. } => ("unavailable", reason),
        ApiError::Refused { reason } => ("refused", reason),
        ApiError::Api { body, .. } => ("api", body.message),
    }
}

#[tokio::test]
async fn an_error_of_mlflow_is_known_by_its_code() {
    let sink = MlflowSink::new().start().unwrap();
    let error = get_run(&client(&sink)).await.unwrap_err();
    assert!(error.is(ErrorCode::ResourceDoesNotExist), "{error:?}");
    assert!(matches!(error, ApiError::Api { status: 404, .. }), "{error:?}");
    assert!(error.to_string().starts_with("HTTP 404 Not Found: "), "{error}");
}

#[tokio::test]
async fn the_tracking_uri_may_have_a_path_and_credentials_go_with_every_request() {
    let sink = MlflowSink::new()
        .require_authorization("Bearer canary")
        .start()
        .unwrap();
    let url = format!("{}/behind/a/proxy", sink.url());
    let anonymous = MlflowClient::build(&server(&url)).unwrap();
    let (kind, text) = reason(get_run(&anonymous).await);
    assert_eq!(kind, "refused");
    assert!(text.contains("MLFLOW_TRACKING_TOKEN"), "{text}");

    let mut known = server(&url);
    known.authorization = Some(Secret::new("Bearer canary"));
    let known = MlflowClient::build(&known).unwrap();
    assert_eq!(reason(get_run(&known).await).0, "api");
}

#[tokio::test]
async fn a_secret_that_a_server_echoes_is_in_no_reason() {
    let sink = MlflowSink::new().start().unwrap();
    let mut config = server(&sink.url());
    config.authorization = Some(Secret::new("Bearer canary"));
    let client = MlflowClient::build(&config).unwrap();
    for status in [400, 401, 404, 500, 501] {
        sink.answer_with(MlflowAnswer::Status(
            status,
            r#"{"error_code":"X","message":"no `canary`\nhere"}"#.to_owned(),
        ));
        let (_, text) = reason(get_run(&client).await);
        assert!(text.contains("no `[redacted]` here"), "{status}: {text}");
    }
    assert!(!format!("{client:?}").contains("canary"));
}

#[tokio::test]
async fn answers_are_told_apart_by_what_can_be_done() {
    let sink = MlflowSink::new().start().unwrap();
    let client = client(&sink);
    for (status, body, kind, words) in [
        (
            400,
            r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"no"}"#,
            "api",
            "no",
        ),
        (401, "", "refused", "MLFLOW_TRACKING_USERNAME"),
        (
            403,
            "Invalid Host header - possible DNS rebinding",
            "refused",
            "--allowed-hosts",
        ),
        (
            404,
            "<html>nothing</html>",
            "refused",
            "no MLflow server: check --mlflow-tracking-uri",
        ),
        (
            404,
            r#"{"detail":"Not Found"}"#,
            "refused",
            "check --mlflow-tracking-uri",
        ),
        (405, "<html>nothing</html>", "refused", "check --mlflow-tracking-uri"),
        (408, "", "unavailable", "HTTP 408"),
        (413, "", "api", "HTTP 413"),
        (422, r#"{"detail":[{"msg":"Field required"}]}"#, "api", "Field required"),
        (429, "", "unavailable", "HTTP 429"),
        (
            500,
            r#"{"error_code":"INTERNAL_ERROR","message":"database is locked"}"#,
            "unavailable",
            "database is locked",
        ),
        (501, "", "api", "HTTP 501"),
        (503, "", "unavailable", "HTTP 503"),
        (302, "", "refused", "redirects are not followed"),
        (200, "[1", "refused", "check --mlflow-tracking-uri"),
    ] {
        sink.answer_with(MlflowAnswer::Status(status, body.to_owned()));
        let (is, text) = reason(get_run(&client).await);
        assert_eq!(is, kind, "{status}: {text}");
        assert!(text.contains(words), "{status}: {text}");
    }
    sink.answer_with(MlflowAnswer::Status(501, String::new()));
    assert!(get_run(&client).await.unwrap_err().is(ErrorCode::NotImplemented));
}

#[tokio::test]
async fn a_server_that_does_not_answer_has_so_much_time() {
    let sink = MlflowSink::new().start().unwrap();
    sink.answer_with(MlflowAnswer::Hang);
    let mut config = server(&sink.url());
    config.timeout = 100.ms();
    let client = MlflowClient::build(&config).unwrap();
    let (kind, text) = reason(get_run(&client).await);
    assert_eq!(
        (kind, text.as_str()),
        ("unavailable", "no answer in time (MLFLOW_HTTP_REQUEST_TIMEOUT)")
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_may_come_back() {
    let mut sink = MlflowSink::new().start().unwrap();
    let client = client(&sink);
    sink.stop();
    let (kind, text) = reason(get_run(&client).await);
    assert_eq!(kind, "unavailable");
    assert!(
        text.contains("Connection refused") && text.ends_with("is the MLflow server running?"),
        "{text}"
    );
    sink.restart().unwrap();
    assert_eq!(reason(get_run(&client).await).0, "api");
}

#[tokio::test]
async fn what_fails_once_goes_well_the_second_time() {
    let sink = MlflowSink::new().start().unwrap();
    let client = client(&sink);
    for answer in [
        MlflowAnswer::Status(500, String::new()),
        MlflowAnswer::DropAfterHandling,
    ] {
        sink.answer_once_with("runs/search", answer);
        let before = sink.requests();
        let body = SearchRuns::default();
        let search = || client.post::<_, serde_json::Value>(runs::SEARCH, &body);
        let outcome = client.patiently(&limit(20.secs()), search).await;
        assert!(!matches!(outcome, Err(ApiError::Unavailable { .. })), "{outcome:?}");
        assert_eq!(sink.requests() - before, 2);
    }
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let sink = MlflowSink::new().start().unwrap();
    let client = client(&sink);
    sink.answer_once_with("runs/get", MlflowAnswer::RetryAfter(429, 1.secs()));
    let started = Instant::now();
    let outcome = client.patiently(&limit(20.secs()), || get_run(&client)).await;
    assert_eq!(reason(outcome).0, "api");
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(sink.requests(), 2);
}

#[tokio::test]
async fn a_hanging_server_is_left_when_the_limit_comes() {
    let sink = MlflowSink::new().start().unwrap();
    sink.answer_with(MlflowAnswer::Hang);
    let client = client(&sink);
    let started = Instant::now();
    let outcome = client.patiently(&limit(200.ms()), || get_run(&client)).await;
    assert_eq!(
        reason(outcome),
        ("unavailable", "there was no more time for it".to_owned())
    );
    assert!(started.elapsed() < Duration::from_secs(10));
}

/// Any answer over HTTP shows that the two have come to terms.
#[tokio::test]
async fn tls_is_as_configured() {
    let sink = OtlpSink::new().mutual_tls().start().unwrap();
    let folder = TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, sink.ca_pem().unwrap()).unwrap();
    let identity = sink.client_certificate().unwrap();
    let both = folder.path().join("client.pem");
    std::fs::write(&both, format!("{}\n{}", identity.certificate_pem, identity.key_pem)).unwrap();

    let mut config = server(&sink.url());
    let ask = async |config: &MlflowServer| {
        let client = MlflowClient::build(config).unwrap();
        reason(get_run(&client).await)
    };
    let (kind, text) = ask(&config).await;
    assert_eq!(kind, "unavailable");
    assert!(text.contains("MLFLOW_TRACKING_SERVER_CERT_PATH"), "{text}");

    config.client_certificate = Some(both);
    for verification in [ServerVerification::CaFile(ca), ServerVerification::Off] {
        config.verification = verification;
        let (kind, text) = ask(&config).await;
        assert_eq!(kind, "refused", "{text}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let mut config = server("https://mlflow.test");
    config.verification = ServerVerification::CaFile("/nowhere/ca.pem".into());
    let error = MlflowClient::build(&config).unwrap_err();
    let expected = "cannot use the CA certificate /nowhere/ca.pem (MLFLOW_TRACKING_SERVER_CERT_PATH): ";
    assert!(error.to_string().starts_with(expected), "{error}");
}
