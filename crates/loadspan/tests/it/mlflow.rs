//! Runs that are logged to MLflow: what it has of them in the end, by what lies in their folders.

mod ends;
mod expected;
mod killed;
mod live;
mod required;
mod stages;
mod traces;
mod troubles;

use std::collections::BTreeMap;

use loadspan_testkit::{DurationExt, FakeServer, RunningMlflowSink, RunningServer, SinkRun, every};
use serde_json::Value;

use crate::harness::{Finished, Loadspan};

/// What makes a request to MLflow one that writes.
const WRITES: [&str; 6] = [
    "experiments/create",
    "runs/create",
    "runs/update",
    "runs/log-batch",
    "runs/set-tag",
    "mlflow-artifacts/artifacts",
];

fn server() -> RunningServer {
    FakeServer::new().ttft(4.ms()).tokens(4, every(1.ms())).start().unwrap()
}

/// A benchmark of `server` that is logged to the MLflow at `uri`.
fn logging(server: &RunningServer, uri: &str, flags: &str) -> Loadspan {
    Loadspan::profile(server, "--streaming --isl 8 --osl 4 --concurrency 4")
        .args(&format!("--mlflow-tracking-uri {uri} {flags}"))
}

/// The same without an end of its own.
fn endless(server: &RunningServer, uri: &str, flags: &str) -> Loadspan {
    logging(server, uri, &format!("--request-count 1000000 {flags}"))
}

fn push(run: &Finished, flags: &str) -> Finished {
    Loadspan::new(&["push"]).arg(run.path("run")).args(flags).run()
}

/// The only run that is not a parent and has not been deleted.
#[track_caller]
fn only_run(mlflow: &RunningMlflowSink) -> SinkRun {
    let runs: Vec<_> = mlflow.runs().into_iter().filter(|run| !run.deleted).collect();
    let [run] = &runs[..] else { panic!("{runs:#?}") };
    run.clone()
}

/// How many requests that write have come.
fn writes(mlflow: &RunningMlflowSink) -> u64 {
    WRITES.iter().map(|path| mlflow.requests_to(path)).sum()
}

/// The ledger of a signal to MLflow: produced, delivered, rejected, spooled and dropped.
#[track_caller]
fn ledger(run: &Finished, signal: &str) -> [u64; 5] {
    let summary = run.summary();
    let ledger = sink_ledger(&summary, "mlflow", signal);
    let fates = ["produced", "delivered", "rejected", "spooled", "dropped"].map(|fate| ledger[fate].as_u64().unwrap());
    assert_eq!(fates[0], fates[1..].iter().sum::<u64>(), "{ledger:#}");
    fates
}

#[track_caller]
fn sink_ledger<'a>(summary: &'a Value, sink: &str, signal: &str) -> &'a Value {
    let mut ledgers = summary["telemetry"]["signals"].as_array().unwrap().iter();
    ledgers
        .find(|ledger| ledger["sink"] == sink && ledger["signal"] == signal)
        .unwrap_or_else(|| panic!("no {signal} to {sink}: {:#}", summary["telemetry"]))
}

/// The artifacts of a run by their names.
fn artifacts(mlflow: &RunningMlflowSink, run_id: &str) -> BTreeMap<String, Vec<u8>> {
    let marker = format!("{run_id}/artifacts/");
    let artifacts = mlflow.artifacts().into_iter();
    artifacts
        .filter_map(|(path, content)| Some((path.split_once(&marker)?.1.to_owned(), content)))
        .collect()
}

fn warnings(run: &Finished) -> usize {
    run.stderr.lines().filter(|line| line.starts_with("warning:")).count()
}
