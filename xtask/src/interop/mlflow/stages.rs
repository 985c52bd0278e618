//! A run of several stages: tags that say when each was, set while it goes on, and a run for each stage.

use std::fs;

use serde_json::Value;

use super::super::loadspan::bare_profile;
use super::super::mlflow_reader::{Histories, LoggedRun};
use super::{Suite, model_server};

const STAGES: &str = "
isl: 8
osl: 4
stages:
  - name: warm
    role: warmup
    concurrency: 2
    request_count: 6
  - name: low
    concurrency: 2
    request_count: 20
  - name: high
    concurrency: 4
    request_count: 1000000
";

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let server = model_server().start()?;
    let file = suite.place.scratch.join("stages.yaml");
    fs::write(&file, STAGES)?;
    let running = bare_profile(suite.place, "stages", &server.url())
        .args(&["-f", &file.display().to_string(), "--mlflow-stages", "child"])
        .args(&["--mlflow-tracking-uri", &suite.server.url()])
        .args(&["--mlflow-experiment", "stages", "--mlflow-run-name", "ladder"])
        .spawn()?;
    let live = in_its_last_stage(suite)?;
    running.interrupt()?;
    let run = running.join()?;
    suite.checks.equal("stages: exit code", run.code, Some(130));
    let stages = run.summary["stages"].as_array().cloned().unwrap_or_default();
    suite.checks.equal("stages: there are three", stages.len(), 3);
    let runs = suite.reader.experiment("stages", Histories::Live)?.runs;
    let Some(ladder) = runs.iter().find(|run| run.name == "ladder") else {
        suite.checks.that("stages: the run has its name", false, ());
        return Ok(());
    };
    let mut expected = times(&stages);
    suite.checks.equal(
        "stages: tags say when each was, as summary.json does",
        tags(ladder),
        expected.clone(),
    );
    expected.retain(|(key, _)| key != "stage.2.ended_s");
    suite
        .checks
        .equal("stages: they said so while the run went on", live, Some(expected));
    let figures = |name: &str| {
        let child = runs.iter().find(|run| run.name.starts_with(name));
        child.map(|child| child.metrics.keys().filter(|key| !key.starts_with("live.")).count())
    };
    suite.checks.equal(
        "stages: the run of a warm-up has three figures",
        figures("warm: "),
        Some(3),
    );
    let has_more = figures("low: ").is_some_and(|count| count > 100);
    suite.checks.that(
        "stages: that of a measured stage has all of its figures",
        has_more,
        figures("low: "),
    );
    Ok(())
}

/// The tags of the run as they are in its last stage. `None`: nobody heard of that.
fn in_its_last_stage(suite: &mut Suite<'_>) -> anyhow::Result<Option<Vec<(String, String)>>> {
    for _ in 0..100 {
        let runs = suite
            .reader
            .experiment("stages", Histories::Live)
            .map(|found| found.runs);
        let begun = runs.unwrap_or_default().iter().map(tags).find(|tags| tags.len() == 5);
        if begun.is_some() {
            return Ok(begun);
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    Ok(None)
}

/// What the tags of a run say of when its stages were.
fn tags(run: &LoggedRun) -> Vec<(String, String)> {
    let tags = run
        .tags
        .iter()
        .filter(|(key, _)| key.starts_with("stage.") && key.ends_with("ed_s"));
    tags.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The same as a summary says it, in the order of the keys.
fn times(stages: &[Value]) -> Vec<(String, String)> {
    let of_stage = |(number, stage): (usize, &Value)| {
        ["ended_s", "started_s"].map(|time| {
            let seconds = stage[time].as_f64().unwrap_or_default();
            (format!("stage.{number}.{time}"), format!("{seconds:.3}"))
        })
    };
    stages.iter().enumerate().flat_map(of_stage).collect()
}
