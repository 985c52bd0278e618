//! Runs that are killed, and completed by `loadspan push`.

use std::time::Duration;

use loadspan_testkit::{MlflowSink, RunningMlflowSink, SinkRun};
use rustix::process::Signal;

use super::{endless, expected, only_run, push, server, writes};
use crate::harness::{Loadspan, wait_until};

const PATIENCE: Duration = Duration::from_secs(10);

fn points_of(mlflow: &RunningMlflowSink) -> u64 {
    mlflow.runs().first().map_or(0, SinkRun::points_stored)
}

#[test]
fn a_killed_run_is_completed_once_by_push_and_not_before_it_is_over() {
    let (server, mut mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = endless(&server, &mlflow.url(), "").start();
    assert!(
        mlflow.wait_until(PATIENCE, |mlflow| points_of(mlflow) > 100),
        "no points"
    );
    let busy = Loadspan::new(&["push"]).arg(run.path("run")).run().expect_code(2);
    assert!(
        busy.stderr.contains("is in use") && busy.stderr.contains("hint: "),
        "{}",
        busy.stderr
    );
    // What ends from now on it does not hear of, and push has to make up for.
    mlflow.stop();
    let records = run.path("run/records.jsonl");
    let lines = || std::fs::read_to_string(&records).unwrap_or_default().lines().count();
    let before = lines();
    wait_until("more requests are on record", || lines() > before + 200);
    run.signal(Signal::KILL);
    let run = run.wait();
    mlflow.restart().unwrap();
    let heard_of = points_of(&mlflow);

    let pushed = push(&run, "").expect_code(0);
    let logged = only_run(&mlflow);
    assert_eq!(logged.status.as_deref(), Some("KILLED"), "{}", pushed.stdout);
    assert_eq!(logged.tags["was_cancelled"], "true");
    let points = expected::points(&run);
    assert!(
        points.len() as u64 > heard_of,
        "{} points, {heard_of} of them live",
        points.len()
    );
    // It may also have some of the last second, whose records were lost.
    expected::assert_among(&points, &expected::logged_points(&logged));
    assert_eq!(logged.points_received, logged.points_stored(), "none came twice");
    expected::assert_figures(&logged, &run);
    expected::assert_artifacts(&mlflow, &logged, &run);

    let before = writes(&mlflow);
    let again = push(&run, "").expect_code(0);
    assert!(again.stdout.contains("nothing was missing"), "{}", again.stdout);
    assert_eq!(writes(&mlflow), before);
    assert_eq!(only_run(&mlflow), logged);
}

#[test]
fn a_killed_run_that_mlflow_never_heard_of_is_made_by_push() {
    let (server, mut mlflow) = (server(), MlflowSink::new().start().unwrap());
    mlflow.stop();
    let run = endless(&server, &mlflow.url(), "").start();
    let records = run.path("run/records.jsonl");
    wait_until("some requests are on record", || {
        std::fs::read_to_string(&records).is_ok_and(|records| records.lines().count() > 100)
    });
    run.signal(Signal::KILL);
    let run = run.wait();
    mlflow.restart().unwrap();
    push(&run, "").expect_code(0);
    let logged = only_run(&mlflow);
    assert_eq!(logged.status.as_deref(), Some("KILLED"));
    let points = expected::points(&run);
    expected::assert_same_points(&expected::logged_points(&logged), &points);
    let last = points.values().map(|(timestamp, _)| *timestamp).max();
    assert_eq!(logged.end_time, last, "it ended with its last record");
    expected::assert_figures(&logged, &run);
    let before = writes(&mlflow);
    push(&run, "").expect_code(0);
    assert_eq!((writes(&mlflow), only_run(&mlflow)), (before, logged));
}
