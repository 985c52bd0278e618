//! What MLflow has to have of a run, made from its files alone and without any code of the product.

use std::collections::BTreeMap;

use loadspan_testkit::{RunningMlflowSink, SinkPoint, SinkRun};
use serde_json::Value;

use super::{artifacts, ledger, only_run};
use crate::harness::Finished;

const DURATION: &str = "live.gen_ai.client.operation.duration";
const INPUT: &str = "live.gen_ai.client.token.usage.input";
const OUTPUT: &str = "live.gen_ai.client.token.usage.output";
const FIRST_CHUNK: &str = "live.gen_ai.client.operation.time_to_first_chunk";
const CHUNK_GAP: &str = "live.gen_ai.client.operation.time_per_output_chunk";

/// Points by key and step: time stamp and value.
pub(super) type Points = BTreeMap<(String, i64), (i64, f64)>;

/// The points that the records of a run make.
pub(super) fn points(run: &Finished) -> Points {
    let start_ns = started_unix_ns(run);
    let mut points = Points::new();
    let records = run.records();
    for record in records.iter().filter(|record| record["phase"] == "measure") {
        let (_, index) = record["request_id"].as_str().unwrap().rsplit_once('-').unwrap();
        let timing = |name: &str| record["timings"][name].as_u64().unwrap();
        let (sent, finished) = (timing("sent_ns"), timing("finished_ns"));
        let mut add = |key: &str, value: f64| {
            let timestamp = (start_ns + finished) / 1_000_000;
            points.insert((key.to_owned(), index.parse().unwrap()), (timestamp as i64, value));
        };
        add(DURATION, (finished - sent) as f64 / 1e9);
        if record["outcome"]["status"] != "completed" {
            continue;
        }
        add(INPUT, record["tokens"]["input"].as_f64().unwrap());
        add(OUTPUT, record["tokens"]["output"].as_f64().unwrap());
        add(FIRST_CHUNK, (timing("first_chunk_ns") - sent) as f64 / 1e9);
        let gaps = record["chunk_gaps_us"].as_array().unwrap().iter();
        let gaps: Vec<f64> = gaps.map(|gap| gap.as_f64().unwrap() / 1e6).collect();
        add(CHUNK_GAP, gaps.iter().sum::<f64>() / gaps.len() as f64);
    }
    points.append(&mut failures(run));
    points
}

/// How many requests of each second failed, by class.
pub(super) fn failures(run: &Finished) -> Points {
    let start_ns = started_unix_ns(run);
    let mut points = Points::new();
    for record in measured(run) {
        let outcome = &record["outcome"];
        let class = match outcome["status"].as_str().unwrap() {
            "completed" => continue,
            "cancelled" => "cancelled".to_owned(),
            _ => match (outcome["error"].as_str().unwrap(), outcome["http_status"].as_u64()) {
                (error, Some(status)) => format!("{error}_{status}"),
                (error, None) => error.to_owned(),
            },
        };
        let second = record["timings"]["finished_ns"].as_u64().unwrap() / 1_000_000_000;
        let timestamp = start_ns / 1_000_000 + (second + 1) * 1_000;
        let place = (format!("live.requests.by_error.{class}"), second as i64);
        points.entry(place).or_insert((timestamp as i64, 0.0)).1 += 1.0;
    }
    points
}

/// The live points that a run in MLflow has. None is there twice.
#[track_caller]
pub(super) fn logged_points(run: &SinkRun) -> Points {
    let mut points = Points::new();
    for (key, step, point) in live(run) {
        let known = points.insert((key.to_owned(), step), (point.timestamp, point.value));
        assert_eq!(known, None, "{key} has two points at step {step}");
    }
    points
}

fn live(run: &SinkRun) -> impl Iterator<Item = (&str, i64, &SinkPoint)> {
    let live = run.metrics.iter().filter(|(key, _)| key.starts_with("live."));
    live.flat_map(|(key, points)| points.iter().map(move |point| (key.as_str(), point.step, point)))
}

/// Both have the same points; what is not measured in whole units may differ by rounding.
#[track_caller]
pub(super) fn assert_same_points(logged: &Points, expected: &Points) {
    let places = |points: &Points| points.keys().cloned().collect::<Vec<_>>();
    assert_eq!(places(logged), places(expected));
    assert_among(expected, logged);
}

/// MLflow has these points, and may have others.
#[track_caller]
pub(super) fn assert_among(expected: &Points, logged: &Points) {
    assert!(!expected.is_empty());
    for (place, (timestamp, value)) in expected {
        let found = logged.get(place);
        let (found_at, found) = found.unwrap_or_else(|| panic!("no point {place:?}"));
        assert_eq!(found_at, timestamp, "{place:?}");
        assert!((found - value).abs() < 2e-9, "{place:?}: {found}, not {value}");
    }
}

/// MLflow has all of a run that came to its end, once, and the files say so.
#[track_caller]
pub(super) fn assert_complete(mlflow: &RunningMlflowSink, run: &Finished, status: &str) -> SinkRun {
    let logged = only_run(mlflow);
    assert_ended(&logged, run, status);
    assert_figures(&logged, run);
    assert_artifacts(mlflow, &logged, run);
    let [produced, delivered, ..] = ledger(run, "metrics");
    assert_eq!(delivered, produced);
    logged
}

/// Status and times are those of the benchmark.
#[track_caller]
pub(super) fn assert_ended(logged: &SinkRun, run: &Finished, status: &str) {
    assert_eq!(logged.status.as_deref(), Some(status));
    let start_ns = started_unix_ns(run);
    let end_ns = run.json("run/run.json")["end"]["ended_at"].as_u64().unwrap();
    let times = [start_ns, start_ns + end_ns].map(|ns| (ns / 1_000_000) as i64);
    assert_eq!([logged.start_time, logged.end_time.unwrap()], times);
}

/// Every number of the summary's figures is a metric.
#[track_caller]
pub(super) fn assert_figures(logged: &SinkRun, run: &Finished) {
    let summary = run.summary();
    let mut expected = Vec::new();
    for (figure, value) in summary["metrics"].as_object().unwrap() {
        let statistics = value.as_object().unwrap().iter();
        expected.extend(statistics.filter_map(|(statistic, value)| {
            let name = match statistic.as_str() {
                "value" => figure.clone(),
                statistic => format!("{figure}.{statistic}"),
            };
            Some((name, value.as_f64()?))
        }));
    }
    for (count, key) in [
        ("requests", "requests.total"),
        ("completed", "requests.completed"),
        ("failed", "requests.failed"),
        ("cancelled", "requests.cancelled"),
    ] {
        expected.push((key.to_owned(), summary["counts"][count].as_f64().unwrap()));
    }
    assert!(expected.len() > 20, "{expected:?}");
    for (key, value) in expected {
        let points = logged.metrics.get(&key).map_or(&[][..], |points| points);
        let values: Vec<f64> = points.iter().map(|point| point.value).collect();
        assert_eq!(values, [value], "{key}");
    }
}

/// The artifacts are the files of the folder.
#[track_caller]
pub(super) fn assert_artifacts(mlflow: &RunningMlflowSink, logged: &SinkRun, run: &Finished) {
    let mut expected = BTreeMap::new();
    for entry in std::fs::read_dir(run.path("run")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_file() && !name.starts_with('.') {
            expected.insert(format!("exports/{name}"), std::fs::read(entry.path()).unwrap());
        }
    }
    let arrived = artifacts(mlflow, &logged.id);
    assert_eq!(arrived.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, content) in expected {
        assert!(arrived[&name] == content, "{name} is not what the folder has");
    }
}

pub(super) fn started_unix_ns(run: &Finished) -> u64 {
    run.json("run/run.json")["facts"]["run"]["started_unix_ns"]
        .as_u64()
        .unwrap()
}

/// Measured requests that are on record.
pub(super) fn measured(run: &Finished) -> Vec<Value> {
    let records = run.records().into_iter();
    records.filter(|record| record["phase"] == "measure").collect()
}
