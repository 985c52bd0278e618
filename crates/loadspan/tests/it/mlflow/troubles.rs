//! MLflow in trouble: the run is what it would have been, its end waits a little and no longer, one warning says so, and push makes
//! up for it.

use std::time::{Duration, Instant};

use loadspan_testkit::{
    DurationExt, MlflowAnswer, MlflowSink, OtlpSink, RunningMlflowSink, RunningOtlpSink, RunningServer,
};

use super::{expected, ledger, logging, only_run, push, server, sink_ledger, warnings, writes};
use crate::harness::{Finished, Started, wait_until};

const REQUESTS: u64 = 100;
const POINTS: u64 = 5 * REQUESTS;
/// What a run may take longer than its load: six seconds for MLflow, and some time for its start and its report.
const PATIENCE: Duration = Duration::from_secs(8);

/// A run of [`REQUESTS`] while MLflow is in trouble.
#[track_caller]
fn run_in_trouble(mlflow: &RunningMlflowSink, flags: &str) -> Finished {
    let server = server();
    let started = Instant::now();
    let run = logging(&server, &mlflow.url(), &format!("--request-count {REQUESTS} {flags}")).run();
    let took = started.elapsed();
    let run = run.expect_code(0);
    let load = Duration::from_secs_f64(run.summary()["client"]["wall_seconds"].as_f64().unwrap());
    assert!(
        took < load + PATIENCE,
        "{took:?} for a load of {load:?}\n{}",
        run.stderr
    );
    assert_eq!(run.summary()["counts"]["completed"], REQUESTS);
    assert_eq!(expected::measured(&run).len() as u64, REQUESTS);
    assert!(warnings(&run) <= 1, "{}", run.stderr);
    run
}

/// MLflow had nothing of the run by its end, of which one warning told. Now the trouble is over.
#[track_caller]
fn assert_pushed_from_nothing(mlflow: &RunningMlflowSink, run: &Finished) {
    assert_eq!(warnings(run), 1, "{}", run.stderr);
    assert_eq!(ledger(run, "metrics"), [POINTS, 0, 0, POINTS, 0]);
    assert_eq!(mlflow.runs(), []);
    assert_pushed(mlflow, run);
    let logged = only_run(mlflow);
    assert_eq!(logged.points_received, logged.points_stored(), "no point came twice");
    assert_eq!(logged.updates, 1);
}

/// A push completes the run, and another one does nothing.
#[track_caller]
fn assert_pushed(mlflow: &RunningMlflowSink, run: &Finished) {
    push(run, "").expect_code(0);
    let logged = expected::assert_complete(mlflow, run, "FINISHED");
    expected::assert_same_points(&expected::logged_points(&logged), &expected::points(run));
    let before = writes(mlflow);
    push(run, "").expect_code(0);
    assert_eq!((writes(mlflow), only_run(mlflow)), (before, logged));
}

/// A sink that gets everything whatever becomes of MLflow, and the flags for it.
fn healthy() -> (RunningOtlpSink, String) {
    let otlp = OtlpSink::new().start().unwrap();
    let flags = format!("--otel-url {} --stream all", otlp.url());
    (otlp, flags)
}

#[track_caller]
fn assert_has_everything(otlp: &RunningOtlpSink, run: &Finished) {
    let summary = run.summary();
    let (traces, metrics) = (
        sink_ledger(&summary, "otlp", "traces"),
        sink_ledger(&summary, "otlp", "metrics"),
    );
    assert_eq!(traces["delivered"], REQUESTS + 2, "requests, stage and run");
    assert_eq!(metrics["delivered"], metrics["produced"]);
    let counts = otlp.counts();
    assert_eq!(
        (&traces["delivered"], &metrics["delivered"]),
        (&counts.spans.into(), &counts.data_points.into())
    );
}

#[test]
fn nobody_listens() {
    let (otlp, flags) = healthy();
    let mut mlflow = MlflowSink::new().start().unwrap();
    mlflow.stop();
    let run = run_in_trouble(&mlflow, &flags);
    assert_has_everything(&otlp, &run);
    mlflow.restart().unwrap();
    assert_pushed_from_nothing(&mlflow, &run);
    assert_has_everything(&otlp, &run);
}

#[test]
fn mlflow_hangs() {
    let (otlp, flags) = healthy();
    let mlflow = MlflowSink::new().start().unwrap();
    mlflow.answer_with(MlflowAnswer::Hang);
    let run = run_in_trouble(&mlflow, &flags);
    assert_has_everything(&otlp, &run);
    mlflow.restore();
    assert_pushed_from_nothing(&mlflow, &run);
}

#[test]
fn mlflow_answers_401() {
    assert_answer_is_no_harm(MlflowAnswer::Status(401, "You are not authenticated.".to_owned()));
}

#[test]
fn mlflow_answers_429_and_wants_patience() {
    assert_answer_is_no_harm(MlflowAnswer::RetryAfter(429, 1.secs()));
}

#[test]
fn mlflow_answers_500() {
    assert_answer_is_no_harm(MlflowAnswer::Status(500, "Internal Server Error".to_owned()));
}

#[track_caller]
fn assert_answer_is_no_harm(answer: MlflowAnswer) {
    let mlflow = MlflowSink::new().start().unwrap();
    mlflow.answer_with(answer);
    let run = run_in_trouble(&mlflow, "");
    mlflow.restore();
    assert_pushed_from_nothing(&mlflow, &run);
}

#[test]
fn a_hanging_mlflow_is_told_of_where_it_gets_nothing_live() {
    let mlflow = MlflowSink::new().start().unwrap();
    mlflow.answer_with(MlflowAnswer::Hang);
    let run = run_in_trouble(&mlflow, "--mlflow-live off --mlflow-flush-timeout 1");
    assert_eq!(warnings(&run), 1, "{}", run.stderr);
    mlflow.restore();
    push(&run, "").expect_code(0);
    expected::assert_figures(&only_run(&mlflow), &run);
}

/// A longer run whose first points have arrived.
fn begun(server: &RunningServer, mlflow: &RunningMlflowSink, flags: &str) -> Started {
    let run = logging(server, &mlflow.url(), &format!("--request-count 800 {flags}")).start();
    let has_points = |mlflow: &RunningMlflowSink| mlflow.runs().first().is_some_and(|run| run.points_stored() > 0);
    assert!(mlflow.wait_until(PATIENCE, has_points), "no points");
    run
}

/// Waits until so many more requests have come to the server under test.
fn wait_for_requests(server: &RunningServer, more: u64) {
    let enough = server.stats().generation_requests + more;
    wait_until("the load has gone on", || server.stats().generation_requests >= enough);
}

#[test]
fn mlflow_is_gone_in_mid_run_and_back() {
    let (server, mut mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = begun(&server, &mlflow, "");
    mlflow.stop();
    wait_for_requests(&server, 100);
    mlflow.restart().unwrap();
    let run = run.wait().expect_code(0);
    let produced = expected::points(&run).len() as u64;
    assert_eq!(ledger(&run, "metrics"), [produced, produced, 0, 0, 0]);
    assert!(warnings(&run) <= 1, "{}", run.stderr);
    let logged = expected::assert_complete(&mlflow, &run, "FINISHED");
    expected::assert_same_points(&expected::logged_points(&logged), &expected::points(&run));
    assert_pushed(&mlflow, &run);
    assert_eq!(mlflow.requests_to("runs/create"), 1);
}

#[test]
fn mlflow_is_gone_in_mid_run_and_back_for_the_push() {
    let (server, mut mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = begun(&server, &mlflow, "--mlflow-flush-timeout 2");
    mlflow.stop();
    let heard_of = only_run(&mlflow).points_stored();
    let run = run.wait().expect_code(0);
    let [produced, delivered, rejected, spooled, dropped] = ledger(&run, "metrics");
    assert_eq!(produced, expected::points(&run).len() as u64);
    assert_eq!((rejected, dropped), (0, 0));
    // Of a batch whose answer was cut off nobody knows that it was taken.
    assert!(delivered <= heard_of && spooled > 0, "{delivered} of {heard_of}");
    assert_eq!(warnings(&run), 1, "{}", run.stderr);
    mlflow.restart().unwrap();
    assert_pushed(&mlflow, &run);
    assert_eq!(mlflow.requests_to("runs/create"), 1);
}

#[test]
fn mlflow_hangs_from_mid_run_on() {
    let (server, mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = begun(&server, &mlflow, "--mlflow-flush-timeout 1");
    mlflow.answer_with(MlflowAnswer::Hang);
    let run = run.wait().expect_code(0);
    assert_eq!(warnings(&run), 1, "{}", run.stderr);
    assert!(ledger(&run, "metrics")[3] > 0);
    mlflow.restore();
    assert_pushed(&mlflow, &run);
}

#[test]
fn the_file_that_names_the_run_cannot_be_written() {
    let (server, mlflow) = (server(), MlflowSink::new().start().unwrap());
    let profile = logging(&server, &mlflow.url(), &format!("--request-count {REQUESTS}"));
    let in_its_place = profile.folder().join("run/mlflow_export.json");
    std::fs::create_dir_all(in_its_place).unwrap();
    let run = profile.run().expect_code(0);
    assert_eq!(warnings(&run), 1, "{}", run.stderr);
    assert!(run.stderr.contains("mlflow_export.json"), "{}", run.stderr);
    assert_eq!(ledger(&run, "metrics"), [POINTS, POINTS, 0, 0, 0]);
    expected::assert_ended(&only_run(&mlflow), &run, "FINISHED");

    std::fs::remove_dir(run.path("run/mlflow_export.json")).unwrap();
    let uri = format!("--mlflow-tracking-uri {}", mlflow.url());
    push(&run, &uri).expect_code(0);
    let logged = expected::assert_complete(&mlflow, &run, "FINISHED");
    expected::assert_same_points(&expected::logged_points(&logged), &expected::points(&run));
    assert_pushed(&mlflow, &run);
    assert_eq!(mlflow.requests_to("runs/create"), 1, "the run was found again");
}

#[test]
fn an_answer_that_is_lost_makes_nothing_twice() {
    for path in ["experiments/create", "runs/create", "runs/log-batch", "runs/update"] {
        let mlflow = MlflowSink::new().start().unwrap();
        mlflow.answer_once_with(path, MlflowAnswer::DropAfterHandling);
        let run = run_in_trouble(&mlflow, "");
        assert_eq!((mlflow.runs().len(), warnings(&run)), (1, 0), "{path}: {}", run.stderr);
        let logged = expected::assert_complete(&mlflow, &run, "FINISHED");
        expected::assert_same_points(&expected::logged_points(&logged), &expected::points(&run));
    }
}
