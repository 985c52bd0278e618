//! Runs whose telemetry has to arrive, and runs that keep no records of it.

use loadspan_testkit::MlflowSink;

use super::{expected, ledger, logging, push, server};

const REQUESTS: u64 = 30;
const FLAGS: &str = "--request-count 30 --mlflow-flush-timeout 1";

#[test]
fn a_dead_mlflow_fails_a_run_only_where_telemetry_is_required() {
    let (server, mut mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = logging(&server, &mlflow.url(), &format!("{FLAGS} --telemetry-required"));
    run.run().expect_code(0);
    mlflow.stop();
    let run = logging(&server, &mlflow.url(), &format!("{FLAGS} --telemetry-required"));
    let run = run.run().expect_code(3);
    assert!(run.stderr.contains("--telemetry-required"), "{}", run.stderr);
    assert_eq!(run.summary()["counts"]["completed"], REQUESTS);
    logging(&server, &mlflow.url(), FLAGS).run().expect_code(0);
}

#[test]
fn without_records_points_are_lost_and_the_rest_is_pushed() {
    let (server, mut mlflow) = (server(), MlflowSink::new().start().unwrap());
    mlflow.stop();
    let flags = format!("{FLAGS} --export-level summary");
    let run = logging(&server, &mlflow.url(), &flags).run().expect_code(0);
    assert_eq!(ledger(&run, "metrics"), [5 * REQUESTS, 0, 0, 0, 5 * REQUESTS]);
    mlflow.restart().unwrap();
    push(&run, "").expect_code(0);
    let logged = super::only_run(&mlflow);
    expected::assert_ended(&logged, &run, "FINISHED");
    expected::assert_figures(&logged, &run);
    expected::assert_artifacts(&mlflow, &logged, &run);
    assert!(!logged.metrics.keys().any(|key| key.starts_with("live.")));
    assert_eq!(ledger(&run, "metrics"), [5 * REQUESTS, 0, 0, 0, 5 * REQUESTS]);
}
