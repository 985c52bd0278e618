//! Against a scripted server.

mod harness;
mod live_points;
mod trouble;

use std::fs;
use std::time::Duration;

use loadspan_wire::mlflow::runs::{RunStatus, Tag};

use self::harness::{ENOUGH, EveryThird, Harness, POINTS, Unread, heeded, requests, what};
use super::*;
use crate::mlflow::export_file::{LiveMode, MlflowExport};
use crate::mlflow::testing::limit;

#[test]
fn a_run_that_never_reached_the_server_is_made_and_complete() {
    let harness = Harness::new();
    let completion = harness.complete_all(&requests(300), &limit(ENOUGH));
    assert_eq!(completion.missing, []);
    let run = harness.run();
    assert_eq!(completion.run_id.as_ref(), Some(&run.id));
    assert_eq!((completion.metrics, completion.points), (2, 300 * POINTS));
    assert_eq!(
        (run.status.as_deref(), run.end_time),
        (Some("FINISHED"), Some(1_700_000_009_000))
    );
    assert_eq!(run.start_time, 1_700_000_000_000);
    assert_eq!(run.metrics["ttft.p99"][0].value, 0.1 + 0.2);
    assert_eq!(run.tags["verdict"], "valid");
    assert_eq!(run.params["seed"], "7");
    let durations = &run.metrics["live.gen_ai.client.operation.duration"];
    assert_eq!(durations.len(), 300);
    assert_eq!((durations[7].step, durations[7].timestamp), (7, 1_700_000_001_028));

    let export = harness.export();
    assert_eq!(
        (export.run_id.as_str(), export.experiment.as_str()),
        (run.id.as_str(), "load")
    );
    assert_eq!(export.uploaded_artifacts, ["exports/run.json", "exports/summary.json"]);
    assert_eq!(export.metric_keys, ["requests.completed", "ttft.p99"]);
    assert!(export.exported_at_ns.is_some() && !export.live_streaming);
    let uploaded = harness.sink.artifacts();
    let file = uploaded
        .iter()
        .find(|(path, _)| path.ends_with("exports/mlflow_export.json"));
    assert_eq!(
        file.unwrap().1,
        &fs::read(harness.folder.path().join("mlflow_export.json")).unwrap()
    );
    assert_eq!(harness.heard.messages(), [""; 0]);
}

#[test]
fn completing_a_run_twice_changes_nothing() {
    let harness = Harness::new();
    harness.complete_all(&requests(300), &limit(ENOUGH));
    let (run, export) = (harness.run(), harness.export());
    let asked = ["runs/create", "runs/log-batch", "runs/update"];
    let before = asked.map(|path| harness.sink.requests_to(path));
    let again = harness.complete_all(&requests(300), &limit(ENOUGH));
    assert_eq!((again.metrics, again.points, what(&again)), (0, 0, vec![]));
    assert_eq!(again.artifacts.unchanged, 2);
    assert_eq!((harness.run(), harness.export()), (run, export));
    assert_eq!(asked.map(|path| harness.sink.requests_to(path)), before);
}

#[test]
fn the_run_that_the_file_names_is_completed_whatever_else_there_is() {
    let mut harness = Harness::new();
    harness.complete(LivePoints::Leave, &limit(ENOUGH));
    let mut export = harness.export();
    (export.live_streaming, export.stream_started_at_ns) = (true, Some(7));
    export.save(harness.folder.path()).unwrap();
    harness.outcome.status = RunStatus::Killed;
    harness.outcome.tags = vec![Tag::new("verdict", "invalid")];
    harness.config.experiment = crate::config::ExperimentChoice::Name("elsewhere".to_owned());

    let completion = harness.complete(LivePoints::Leave, &limit(ENOUGH));
    assert_eq!((completion.metrics, what(&completion)), (0, vec![]));
    let run = harness.run();
    assert_eq!(
        (run.status.as_deref(), run.tags["verdict"].as_str()),
        (Some("KILLED"), "invalid")
    );
    let export = harness.export();
    assert_eq!(
        (export.reused_live_run, export.stream_started_at_ns),
        (Some(true), Some(7))
    );
    assert_eq!(export.experiment, "load");
}

#[test]
fn a_file_of_another_benchmark_or_server_or_of_nobody_names_no_run() {
    let harness = Harness::new();
    let path = harness.folder.path().join("mlflow_export.json");
    let elsewhere = |uri: &str, benchmark: &str| {
        let export = MlflowExport {
            tracking_uri: uri.to_owned(),
            run_id: "not ours".to_owned(),
            benchmark_id: Some(benchmark.to_owned()),
            ..MlflowExport::default()
        };
        serde_json::to_string(&export).unwrap()
    };
    let here = harness.sink.url();
    for text in [
        "{".to_owned(),
        elsewhere(&here, "zz"),
        elsewhere("http://elsewhere/", "aa"),
    ] {
        fs::write(&path, &text).unwrap();
        let completion = harness.complete(LivePoints::Leave, &limit(ENOUGH));
        assert_eq!(completion.missing, [], "{text}");
        assert_eq!(harness.export().run_id, harness.run().id);
    }
}
