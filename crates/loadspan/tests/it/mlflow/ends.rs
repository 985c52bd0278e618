//! Runs that do not end well, and what MLflow says of them.

use std::time::{Duration, Instant};

use loadspan_testkit::{FakeServer, Fault, MlflowAnswer, MlflowSink, RunningMlflowSink, Script, When};
use rustix::process::Signal;

use super::{endless, expected, logging, push, server};
use crate::harness::wait_until;

const PATIENCE: Duration = Duration::from_secs(10);

fn has_points(mlflow: &RunningMlflowSink) -> bool {
    mlflow.runs().first().is_some_and(|run| run.points_stored() > 100)
}

#[test]
fn an_interrupted_run_is_killed_and_complete() {
    let (server, mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = endless(&server, &mlflow.url(), "").start();
    assert!(mlflow.wait_until(PATIENCE, has_points), "no points");
    run.signal(Signal::INT);
    let run = run.wait().expect_code(130);
    let logged = expected::assert_complete(&mlflow, &run, "KILLED");
    expected::assert_same_points(&expected::logged_points(&logged), &expected::points(&run));
    assert_eq!(logged.tags["was_cancelled"], "true");
    assert_eq!(logged.updates, 1);
}

#[test]
fn a_second_ctrl_c_leaves_a_hanging_mlflow_to_push() {
    let (server, mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = endless(&server, &mlflow.url(), "--mlflow-flush-timeout 60").start();
    assert!(mlflow.wait_until(PATIENCE, has_points), "no points");
    mlflow.answer_with(MlflowAnswer::Hang);
    run.signal(Signal::INT);
    let report = run.path("run/summary.json");
    wait_until("the report is written", || report.exists());
    let interrupted = Instant::now();
    run.signal(Signal::INT);
    let run = run.wait().expect_code(130);
    assert!(
        interrupted.elapsed() < Duration::from_secs(3),
        "{:?}",
        interrupted.elapsed()
    );
    assert!(run.stderr.contains("is left to `loadspan push`"), "{}", run.stderr);
    mlflow.restore();
    push(&run, "").expect_code(0);
    let logged = expected::assert_complete(&mlflow, &run, "KILLED");
    expected::assert_same_points(&expected::logged_points(&logged), &expected::points(&run));
}

#[test]
fn a_run_with_too_many_failures_has_failed() {
    // Stopped for it, and found wanting at its end.
    for requests in [100_000, 12] {
        let server = FakeServer::new()
            .on(When::EveryNth(3), Script::new().fault(Fault::status(503)))
            .start()
            .unwrap();
        let mlflow = MlflowSink::new().start().unwrap();
        let flags = format!("--request-count {requests} --failed-request-threshold 10%");
        let run = logging(&server, &mlflow.url(), &flags).run().expect_code(3);
        let logged = expected::assert_complete(&mlflow, &run, "FAILED");
        assert_eq!(logged.tags["was_cancelled"], "false", "{requests}");
    }
}

#[test]
fn an_invalid_run_has_failed() {
    let server = FakeServer::new()
        .on(When::First(2), Script::new())
        .script(Script::new().fault(Fault::status(500)))
        .start()
        .unwrap();
    let mlflow = MlflowSink::new().start().unwrap();
    let run = logging(&server, &mlflow.url(), "--request-count 12")
        .run()
        .expect_code(3);
    assert_eq!(run.summary()["verdict"]["status"], "invalid");
    let logged = super::only_run(&mlflow);
    expected::assert_ended(&logged, &run, "FAILED");
    assert_eq!(logged.tags["verdict"], "invalid");
    expected::assert_same_points(&expected::logged_points(&logged), &expected::points(&run));
}
