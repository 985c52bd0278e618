//! Runs with several stages.

use std::collections::BTreeSet;
use std::time::Duration;

use loadspan_testkit::{MlflowSink, RunningMlflowSink, RunningServer, SinkRun};
use rustix::process::Signal;

use super::{push, server};
use crate::harness::{Finished, Loadspan};

const STAGES: &str = "
streaming: true
isl: 8
osl: 4
stages:
  - name: warm
    role: warmup
    concurrency: 2
    request_count: 6
  - name: low
    concurrency: 2
    request_count: 10
  - name: high
    concurrency: 4
    request_count: 20
";
const PATIENCE: Duration = Duration::from_secs(10);
const LATENCY: &str = "live.gen_ai.client.operation.duration";

fn staged(server: &RunningServer, uri: &str, flags: &str) -> Finished {
    let run = Loadspan::profile(server, "-f run.yaml")
        .args(&format!("--mlflow-tracking-uri {uri} --mlflow-run-name mine {flags}"));
    std::fs::write(run.folder().join("run.yaml"), STAGES).unwrap();
    run.run()
}

fn named(mlflow: &RunningMlflowSink, name: &str) -> SinkRun {
    let mut runs = mlflow.runs().into_iter().filter(|run| run.name == name);
    let run = runs.next().unwrap_or_else(|| panic!("no run {name}"));
    assert!(runs.next().is_none(), "two runs {name}");
    run
}

fn steps(run: &SinkRun, key: &str) -> Vec<i64> {
    let points = run.metrics.get(key).into_iter().flatten();
    points.map(|point| point.step).collect()
}

#[test]
fn one_run_has_the_figures_of_each_stage() {
    let (server, mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = staged(&server, &mlflow.url(), "");
    assert_eq!(mlflow.runs().len(), 1, "{}", run.stderr);
    let logged = named(&mlflow, "mine");
    for (key, value) in [
        ("stage.0.name", "warm"),
        ("stage.0.role", "warmup"),
        ("stage.1.concurrency", "2"),
        ("stage.2.load", "4 concurrent"),
        ("stage.2.request_count", "20"),
    ] {
        assert_eq!(logged.params[key], value, "{key}");
    }
    let summary = run.summary();
    for (number, stage) in summary["stages"].as_array().unwrap().iter().enumerate().skip(1) {
        let p99 = stage["metrics"]["request_latency"]["p99"].as_f64().unwrap();
        let logged_p99 = &logged.metrics[&format!("stage.{number}.request_latency.p99")];
        assert_eq!(logged_p99[0].value, p99);
        let verdict = stage["verdict"]["status"].as_str().unwrap();
        assert_eq!(logged.tags[&format!("stage.{number}.verdict")], verdict);
    }
    assert!(!logged.tags.contains_key("stage.0.verdict"), "a warm-up is not judged");
    assert_eq!(steps(&logged, LATENCY).len(), 30);
}

/// What the tags of a run say of when its stages began and ended.
fn times(run: &SinkRun) -> Vec<&str> {
    let keys = run.tags.keys().map(String::as_str);
    keys.filter(|key| key.ends_with("ed_s")).collect()
}

#[test]
fn a_run_says_while_it_goes_on_which_stage_it_is_in() {
    const FOREVER: &str = "
stages:
  - name: low
    concurrency: 2
    request_count: 4
  - name: high
    concurrency: 2
    request_count: 1000000
";
    let (server, mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = Loadspan::profile(&server, "--streaming --isl 8 --osl 4 -f run.yaml").args(&format!(
        "--mlflow-tracking-uri {} --mlflow-run-name mine",
        mlflow.url()
    ));
    std::fs::write(run.folder().join("run.yaml"), FOREVER).unwrap();
    let run = run.start();
    let begun = |mlflow: &RunningMlflowSink| mlflow.runs().iter().any(|run| times(run).len() == 3);
    assert!(mlflow.wait_until(PATIENCE, begun), "no tags of stages");
    let live = named(&mlflow, "mine");
    assert_eq!(
        times(&live),
        ["stage.0.ended_s", "stage.0.started_s", "stage.1.started_s"]
    );
    assert_eq!(live.status.as_deref(), Some("RUNNING"));
    run.signal(Signal::INT);
    let run = run.wait().expect_code(130);
    let ended = named(&mlflow, "mine");
    for (number, stage) in run.summary()["stages"].as_array().unwrap().iter().enumerate() {
        for time in ["started_s", "ended_s"] {
            let seconds = format!("{:.3}", stage[time].as_f64().unwrap());
            assert_eq!(ended.tags[&format!("stage.{number}.{time}")], seconds);
        }
    }
    for (key, value) in live.tags.iter().filter(|(key, _)| key.ends_with("ed_s")) {
        assert_eq!(ended.tags[key], *value, "what was said live of {key} stays");
    }
}

/// Each stage has its own run, and all of its points once.
fn assert_nested(mlflow: &RunningMlflowSink) {
    let parent = named(mlflow, "mine");
    assert!(!parent.metrics.contains_key("stage.1.request_latency.p99"));
    let all: BTreeSet<i64> = steps(&parent, LATENCY).into_iter().collect();
    assert_eq!(all.len(), 30);
    let mut of_stages = Vec::new();
    for (name, number, concurrency, count) in [("warm", "0", "2", 0), ("low", "1", "2", 10), ("high", "2", "4", 20)] {
        let child = named(mlflow, &format!("{name}: mine"));
        assert_eq!(child.tags["mlflow.parentRunId"], parent.id);
        assert_eq!(child.experiment_id, parent.experiment_id);
        assert_eq!(child.params["stage"], number);
        assert_eq!(child.params["stage.name"], name);
        assert_eq!(child.params["concurrency"], concurrency);
        assert!(!child.params.contains_key("stage.1.concurrency"));
        assert!(child.status.as_deref().is_some_and(|status| status != "RUNNING"));
        assert!(child.start_time >= parent.start_time && child.end_time <= parent.end_time);
        let points = steps(&child, LATENCY);
        assert_eq!(points.len(), count, "{name}");
        let figures: Vec<&str> = child.metrics.keys().map(String::as_str).collect();
        if name == "warm" {
            assert_eq!(figures, ["requests.warmup", "stage.ended_s", "stage.started_s"]);
            assert_eq!(child.metrics["requests.warmup"][0].value, 6.0);
        } else {
            assert!(figures.contains(&"request_latency.p99"), "{name}");
        }
        of_stages.extend(points);
    }
    let distinct: BTreeSet<i64> = of_stages.iter().copied().collect();
    assert_eq!((distinct, of_stages.len()), (all, 30));
}

#[test]
fn each_stage_can_be_a_run_of_its_own() {
    let (server, mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = staged(&server, &mlflow.url(), "--mlflow-stages child");
    assert_nested(&mlflow);
    let before = super::writes(&mlflow);
    push(&run, &format!("--mlflow-tracking-uri {}", mlflow.url())).expect_code(0);
    assert_eq!(super::writes(&mlflow), before, "there was nothing left to be logged");
}

#[test]
fn the_run_of_a_stage_says_how_faithfully_it_replayed() {
    const REPLAYED: &str = "
streaming: true
stages:
  - name: made up
    concurrency: 2
    request_count: 4
    isl: 8
    osl: 4
  - name: recorded
    replay: log.jsonl
";
    let (server, mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = Loadspan::profile(&server, "-f run.yaml --mlflow-run-name mine --mlflow-stages child")
        .args(&format!("--mlflow-tracking-uri {}", mlflow.url()));
    let line = |at: u64| format!("{{\"timestamp\": {at}, \"input_length\": 9, \"output_length\": 3}}\n");
    std::fs::write(run.folder().join("run.yaml"), REPLAYED).unwrap();
    std::fs::write(run.folder().join("log.jsonl"), line(0) + &line(20) + &line(40)).unwrap();
    let run = run.run().expect_code(0);
    let recorded = named(&mlflow, "recorded: mine");
    assert_eq!(recorded.metrics["replays.0.calls"][0].value, 3.0);
    let late = run.summary()["replays"][0]["arrival_error"]["p99"].as_f64().unwrap();
    assert_eq!(recorded.metrics["replays.0.arrival_error.p99"][0].value, late);
    let other = named(&mlflow, "made up: mine");
    assert!(!other.metrics.keys().any(|key| key.starts_with("replays")));
}

#[test]
fn push_makes_the_runs_of_stages_that_a_dead_server_did_not_get() {
    let server = server();
    let run = staged(
        &server,
        "http://127.0.0.1:9",
        "--mlflow-stages child --mlflow-flush-timeout 1",
    );
    let mlflow = MlflowSink::new().start().unwrap();
    let uri = mlflow.url();
    push(&run, &format!("--mlflow-tracking-uri {uri}")).expect_code(0);
    assert_nested(&mlflow);
    let before = super::writes(&mlflow);
    push(&run, &format!("--mlflow-tracking-uri {uri}")).expect_code(0);
    assert_eq!(super::writes(&mlflow), before);
}

#[test]
fn a_run_without_stages_has_none_to_nest() {
    let server = server();
    let refused = Loadspan::profile(&server, "--request-count 1 --mlflow-stages child")
        .args("--mlflow-tracking-uri http://127.0.0.1:9")
        .run()
        .expect_code(2);
    assert!(
        refused
            .stderr
            .contains("--mlflow-stages has no effect without several stages"),
        "{}",
        refused.stderr
    );
}
