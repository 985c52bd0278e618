//! Requests as traces in MLflow's trace store.

use loadspan_testkit::{MlflowAnswer, MlflowSink, OtlpSink};

use super::{ledger, logging, only_run, push, server, sink_ledger};
use crate::harness::Finished;

const REQUESTS: u64 = 40;

fn spooled(run: &Finished) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(run.path("run/telemetry.spool")) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains("traces")).collect()
}

#[test]
fn each_request_is_a_trace_of_the_run() {
    let (server, mlflow) = (server(), MlflowSink::new().start().unwrap());
    let flags = format!("--request-count {REQUESTS} --mlflow-traces");
    let run = logging(&server, &mlflow.url(), &flags).run().expect_code(0);
    let logged = only_run(&mlflow);
    assert_eq!(
        (logged.traces, mlflow.spans_in(&logged.experiment_id)),
        (REQUESTS, REQUESTS)
    );
    assert_eq!(ledger(&run, "traces"), [REQUESTS, REQUESTS, 0, 0, 0]);
    assert!(spooled(&run).is_empty());
}

#[test]
fn spans_that_the_trace_store_lacks_are_pushed_there_and_nowhere_else() {
    let (server, mlflow, otlp) = (
        server(),
        MlflowSink::new().start().unwrap(),
        OtlpSink::new().start().unwrap(),
    );
    mlflow.answer_path_with("v1/traces", MlflowAnswer::Status(503, String::new()));
    let flags = format!(
        "--request-count {REQUESTS} --mlflow-traces --mlflow-flush-timeout 2 --otel-url {} --stream traces",
        otlp.url()
    );
    let run = logging(&server, &mlflow.url(), &flags).run().expect_code(0);
    assert_eq!(ledger(&run, "traces"), [REQUESTS, 0, 0, REQUESTS, 0]);
    let names = spooled(&run);
    assert!(
        !names.is_empty() && names.iter().all(|name| name.contains("mlflow_traces")),
        "{names:?}"
    );
    let to_otlp = otlp.counts().spans;
    assert_eq!(to_otlp, REQUESTS + 2, "requests, stage and run");

    mlflow.restore();
    push(&run, "").expect_code(0);
    assert_eq!(only_run(&mlflow).traces, REQUESTS);
    assert_eq!(ledger(&run, "traces"), [REQUESTS, REQUESTS, 0, 0, 0]);
    let again = push(&run, "").expect_code(0);
    assert_eq!(
        (only_run(&mlflow).traces, otlp.counts().spans),
        (REQUESTS, to_otlp),
        "{}",
        again.stdout
    );
}

#[test]
fn spans_that_the_collector_lacks_are_not_pushed_to_the_trace_store() {
    let (server, mlflow, mut otlp) = (
        server(),
        MlflowSink::new().start().unwrap(),
        OtlpSink::new().start().unwrap(),
    );
    otlp.stop();
    let flags = format!(
        "--request-count {REQUESTS} --mlflow-traces --otel-url {} --otel-flush-timeout 1 --stream traces",
        otlp.url()
    );
    let run = logging(&server, &mlflow.url(), &flags).run().expect_code(0);
    let logged = only_run(&mlflow);
    assert_eq!((logged.traces, logged.status.as_deref()), (REQUESTS, Some("FINISHED")));
    otlp.restart().unwrap();
    push(&run, "").expect_code(0);
    assert_eq!(
        (only_run(&mlflow).traces, otlp.counts().spans),
        (REQUESTS, REQUESTS + 2)
    );
    assert_eq!(sink_ledger(&run.summary(), "otlp", "traces")["delivered"], REQUESTS + 2);
}
