//! Flags of MLflow: what is wrong with them is said before anything is sent, and what is right is remembered.

use std::fs;

use loadspan_testkit::FakeServer;
use serde_json::json;

use crate::harness::{Finished, Loadspan, files_below};

const SERVER: &str = "--mlflow-tracking-uri http://localhost:5000";

fn refused(run: Loadspan, says: &[&str]) {
    let run = run.run().expect_code(2);
    for part in says {
        assert!(run.stderr.contains(part), "`{part}` is not in\n{}", run.stderr);
    }
    assert!(!run.stderr.contains("canary"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

fn profile(flags: &str) -> Loadspan {
    Loadspan::new(&["profile"]).args(flags)
}

#[test]
fn a_flag_without_a_tracking_server_is_named() {
    for flag in [
        "--mlflow-experiment x",
        "--mlflow-run-name x",
        "--mlflow-tag a:b",
        "--mlflow-parent-run-id x",
        "--mlflow-parent-run-name x",
        "--mlflow-artifact-glob *.json",
        "--mlflow-live points",
        "--mlflow-traces",
        "--mlflow-flush-timeout 1",
    ] {
        let name = flag.split(' ').next().unwrap();
        let says = format!("{name} has no effect without a tracking server");
        refused(profile(flag), &[&says, "hint: add --mlflow-tracking-uri"]);
    }
}

#[test]
fn what_is_no_tracking_server_is_told_what_to_do() {
    for (uri, says) in [
        ("file:///tmp/mlruns", "is a folder"),
        ("sqlite:///mlflow.db", "is a database"),
        ("postgresql://me:canary@h/db", "is a database"),
        ("databricks", "means Databricks"),
    ] {
        let says = ["--mlflow-tracking-uri: ", says, "hint: start `mlflow server"];
        refused(profile(&format!("--mlflow-tracking-uri {uri}")), &says);
    }
    let variable = profile("").env("MLFLOW_TRACKING_URI", "./mlruns");
    refused(variable, &["MLFLOW_TRACKING_URI: ", "or unset it"]);
    let query = profile("--mlflow-tracking-uri http://h/?token=canary");
    refused(query, &["has a query", "the server alone"]);
}

#[test]
fn values_that_make_no_sense_are_named() {
    for (flags, says) in [
        ("--mlflow-tag team", "--mlflow-tag: `team` is no tag"),
        ("--mlflow-tag a:b =c", "--mlflow-tag: `=c` is no tag"),
        ("--mlflow-artifact-glob ../*", "leads out of the run's folder"),
        ("--mlflow-artifact-glob [a", "is no pattern"),
        ("--mlflow-live sometimes", "points"),
        ("--mlflow-flush-timeout soon", "unit of time"),
        (
            "--mlflow-parent-run-id a --mlflow-parent-run-name b",
            "cannot be used with",
        ),
        ("--stream timing", "MLflow gets no timing"),
        ("--stream traces", "--mlflow-traces"),
        ("--trace-sample-ratio 0.5", "--mlflow-traces"),
        ("--otel-flush-timeout 1", "--mlflow-flush-timeout"),
        ("--otel-header a=b", "without an OTLP endpoint"),
    ] {
        refused(profile(&format!("{SERVER} {flags}")), &[says]);
    }
    let empty = profile(SERVER).arg("--mlflow-run-name").arg("");
    refused(empty, &["--mlflow-run-name is empty"]);
    let both = profile("--mlflow-tracking-uri https://localhost:5000");
    let both = both
        .env("MLFLOW_TRACKING_INSECURE_TLS", "true")
        .env("MLFLOW_TRACKING_SERVER_CERT_PATH", "ca.pem");
    refused(both, &["contradict each other", "unset one of them"]);
}

#[test]
fn the_run_remembers_what_was_asked_for_and_no_secret() {
    let server = FakeServer::new().start().unwrap();
    // Nobody listens there: the benchmark goes on without it.
    let flags = "--request-count 2 --isl 8 --stream default --gen-ai-provider vllm \
                 --mlflow-tracking-uri http://me:canary@127.0.0.1:1 --mlflow-experiment serving --mlflow-run-name mine \
                 --mlflow-tag team:perf owner=me --mlflow-tag stage:ci --mlflow-parent-run-name sweep \
                 --mlflow-artifact-glob *.json plots/*.svg --mlflow-live windows --mlflow-flush-timeout 100ms";
    let run = Loadspan::profile(&server, flags)
        .env("MLFLOW_TRACKING_TOKEN", "canary")
        .env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        .run()
        .expect_code(0);
    let expected = json!({
        "experiment": { "name": "serving" },
        "run_name": "mine",
        "tags": [["team", "perf"], ["owner", "me"], ["stage", "ci"]],
        "parent": { "name": "sweep" },
        "artifact_globs": ["*.json", "plots/*.svg"],
        "live": "windows",
    });
    assert_eq!(run.json("run/run.json")["config"]["mlflow"], expected);
    assert_nothing_holds_the_secret(&run);
}

fn assert_nothing_holds_the_secret(run: &Finished) {
    let encoded = "bWU6Y2FuYXJ5";
    let mut texts = vec![run.stdout.clone(), run.stderr.clone()];
    let files = files_below(&run.path("run"));
    texts.extend(
        files
            .iter()
            .map(|file| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned()),
    );
    assert!(texts.len() > 5, "{files:?}");
    for text in texts {
        assert!(!text.contains("canary") && !text.contains(encoded), "{text}");
    }
}

#[test]
fn a_variable_is_enough_and_without_one_nothing_is_remembered() {
    let server = FakeServer::new().start().unwrap();
    let flags = "--request-count 2 --isl 8";
    let run = Loadspan::profile(&server, flags).run().expect_code(0);
    assert!(run.json("run/run.json")["config"]["mlflow"].is_null());
    let run = Loadspan::profile(&server, &format!("{flags} --mlflow-flush-timeout 100ms"))
        .env("MLFLOW_TRACKING_URI", "127.0.0.1:1")
        .env("MLFLOW_EXPERIMENT_ID", "7")
        .env("MLFLOW_RUN_ID", "0af1")
        .run()
        .expect_code(0);
    assert_eq!(
        run.json("run/run.json")["config"]["mlflow"]["experiment"],
        json!({ "id": "7" })
    );
    assert!(run.stderr.contains("MLFLOW_RUN_ID is ignored"), "{}", run.stderr);
}
