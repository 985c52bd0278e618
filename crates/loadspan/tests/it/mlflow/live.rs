//! A run that MLflow takes while it goes on.

use aws_lc_rs::digest::{SHA256, digest};
use loadspan_testkit::{
    DurationExt, FakeServer, Fault, MlflowAnswer, MlflowSink, RunningMlflowSink, Script, SinkRun, When, every,
};
use rustix::process::Signal;
use serde_json::Value;

use super::{artifacts, endless, expected, ledger, logging, push, server, writes};
use crate::harness::{Finished, files_below, wait_until};

const WARMUP: usize = 6;
const REQUESTS: usize = 60;

#[test]
fn a_live_run_is_in_mlflow_what_it_is_in_its_folder() {
    let failing = Script::new().fault(Fault::status(503));
    let server = FakeServer::new()
        .ttft(4.ms())
        .tokens(4, every(1.ms()))
        .on(When::EveryNth(8), failing)
        .capture(100)
        .start()
        .unwrap();
    // me:canary
    let mlflow = MlflowSink::new()
        .require_authorization("Basic bWU6Y2FuYXJ5")
        .start()
        .unwrap();
    let uri = format!("http://me:canary@{}", mlflow.address());
    let flags = format!(
        "--request-count {REQUESTS} --warmup-request-count {WARMUP} --mlflow-experiment serving --mlflow-run-name mine \
         --mlflow-parent-run-name sweep --mlflow-tag team:perf model=ours"
    );
    let run = logging(&server, &uri, &flags).run().expect_code(0);

    let runs = mlflow.runs();
    let [parent, logged] = &runs[..] else {
        panic!("{runs:#?}")
    };
    assert_eq!(
        (parent.name.as_str(), parent.status.as_deref()),
        ("sweep", Some("FINISHED"))
    );
    assert_eq!(logged.tags["mlflow.parentRunId"], parent.id);
    assert_eq!(mlflow.experiments()["serving"], logged.experiment_id);
    assert_eq!(mlflow.requests_to("runs/create"), 2, "the parent and the run");
    assert_eq!(logged.updates, 1);
    expected::assert_ended(logged, &run, "FINISHED");
    expected::assert_figures(logged, &run);
    expected::assert_artifacts(&mlflow, logged, &run);
    assert_described(logged, &run);
    assert_listed(&run);
    assert_points(logged, &run);

    let arrived = artifacts(&mlflow, &logged.id);
    assert!(
        !arrived.keys().any(|name| name.ends_with("inputs.jsonl")),
        "{:?}",
        arrived.keys()
    );
    let prompts: Vec<String> = server
        .requests()
        .iter()
        .filter_map(|sent| prompt(&sent.json()))
        .collect();
    assert!(prompts.len() >= REQUESTS, "{}", prompts.len());
    for (name, content) in &arrived {
        let content = String::from_utf8_lossy(content);
        assert!(
            !prompts.iter().any(|prompt| content.contains(prompt)),
            "a prompt in {name}"
        );
    }
    assert_no_secret(logged, &run);
    assert_eq!(super::warnings(&run), 0, "{}", run.stderr);

    let before = writes(&mlflow);
    let again = push(&run, &format!("--mlflow-tracking-uri {uri}")).expect_code(0);
    assert!(again.stdout.contains("nothing was missing"), "{}", again.stdout);
    assert_eq!(
        writes(&mlflow),
        before,
        "a push of a run that is complete writes nothing"
    );
}

/// Points, and no others than those of the measured requests, of which some failed.
#[track_caller]
fn assert_points(logged: &SinkRun, run: &Finished) {
    let measured = expected::measured(run);
    let completed = run.summary()["counts"]["completed"].as_u64().unwrap() as usize;
    assert_eq!(measured.len(), REQUESTS);
    assert!((REQUESTS / 2..REQUESTS).contains(&completed), "{completed}");
    assert_eq!(run.records().len(), REQUESTS + WARMUP);
    let points = expected::points(run);
    let failures = expected::failures(run);
    let failed: f64 = failures.values().map(|(_, count)| count).sum();
    assert_eq!(failed as usize, REQUESTS - completed);
    assert_eq!(points.len(), REQUESTS + 4 * completed + failures.len());
    expected::assert_same_points(&expected::logged_points(logged), &points);
    let count = points.len() as u64;
    assert_eq!(ledger(run, "metrics"), [count, count, 0, 0, 0]);
    assert_eq!(logged.points_received, logged.points_stored(), "no point came twice");
}

/// Params and tags.
#[track_caller]
fn assert_described(logged: &SinkRun, run: &Finished) {
    let file = run.json("run/run.json");
    let facts = &file["facts"]["run"];
    for (key, value) in [
        ("model", "mock-model"),
        ("concurrency", "4"),
        ("request_count", "60"),
        ("streaming", "true"),
        ("dataset.kind", "synthetic"),
        ("seed", &facts["seed"].to_string()),
        ("dataset.hash", file["workload"]["hash"].as_str().unwrap()),
        ("loadspan.version", facts["loadspan_version"].as_str().unwrap()),
    ] {
        assert_eq!(
            logged.params.get(key).map(String::as_str),
            Some(value),
            "{key}: {:#?}",
            logged.params
        );
    }
    let verdict = run.summary()["verdict"]["status"].as_str().unwrap().to_owned();
    for (key, value) in [
        ("benchmark_id", facts["id"].as_str().unwrap()),
        ("team", "perf"),
        ("model", "ours"),
        ("mlflow.runName", "mine"),
        ("mlflow.source.name", "loadspan"),
        ("gen_ai.provider.name", file["provider"].as_str().unwrap()),
        ("verdict", &verdict),
        ("was_cancelled", "false"),
    ] {
        assert_eq!(
            logged.tags.get(key).map(String::as_str),
            Some(value),
            "{key}: {:#?}",
            logged.tags
        );
    }
}

/// `mlflow_export.json` names each artifact with the checksum of the file.
#[track_caller]
fn assert_listed(run: &Finished) {
    let export = run.json("run/mlflow_export.json");
    let listed = export["artifacts"].as_array().unwrap();
    assert!(listed.len() >= 7, "{listed:#?}");
    for entry in listed {
        let name = entry["file"].as_str().unwrap();
        let content = std::fs::read(run.path("run").join(name)).unwrap();
        let checksum = digest(&SHA256, &content);
        let checksum: String = checksum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(entry["sha256"], checksum.as_str(), "{name}");
        assert_eq!(entry["bytes"], content.len(), "{name}");
        assert_eq!(entry["artifact"], format!("exports/{name}"));
    }
    assert_eq!(export["uploaded_artifacts"].as_array().unwrap().len(), listed.len());
    assert_eq!(export["had_credentials"], true);
    assert!(export["exported_at_ns"].is_u64(), "{export:#}");
}

#[track_caller]
fn assert_no_secret(logged: &SinkRun, run: &Finished) {
    let mut texts = vec![run.stdout.clone(), run.stderr.clone(), format!("{logged:?}")];
    for file in files_below(&run.path(".")) {
        texts.push(String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned());
    }
    for text in texts {
        assert!(!text.contains("canary") && !text.contains("bWU6Y2FuYXJ5"), "{text}");
    }
}

fn prompt(body: &Value) -> Option<String> {
    let content = body["messages"][0]["content"].as_str()?;
    Some(content.to_owned())
}

#[test]
fn windows_sum_up_to_the_requests() {
    let (server, mlflow) = (server(), MlflowSink::new().start().unwrap());
    let flags = "--benchmark-duration 2.2 --warmup-request-count 4 --mlflow-live windows";
    let run = logging(&server, &mlflow.url(), flags).run().expect_code(0);
    let logged = expected::assert_complete(&mlflow, &run, "FINISHED");
    assert!(
        logged
            .metrics
            .keys()
            .all(|key| !key.starts_with("live.") || key.starts_with("live.window.")),
        "{:?}",
        logged.metrics.keys()
    );
    let counts = &logged.metrics["live.window.requests.count"];
    assert!(counts.len() >= 3, "{counts:?}");
    assert!(
        counts.windows(2).all(|pair| pair[0].step + 1 == pair[1].step),
        "{counts:?}"
    );
    let sum: f64 = counts.iter().map(|point| point.value).sum();
    assert_eq!(sum as usize, expected::measured(&run).len());
    let (first, start_ms) = (counts[0], expected::started_unix_ns(&run) as i64 / 1_000_000);
    assert!(
        (first.timestamp - start_ms - (first.step + 1) * 1_000).abs() <= 1,
        "{first:?}"
    );
    assert_last_window_ends_with_the_last_request(&logged, &run);
    let highest = &logged.metrics["live.window.gen_ai.client.operation.duration.p99"];
    assert!(
        highest.iter().all(|point| (0.004..1.0).contains(&point.value)),
        "{highest:?}"
    );
}

#[test]
fn without_live_metrics_there_is_the_rest() {
    let (server, mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = logging(&server, &mlflow.url(), "--request-count 30 --mlflow-live off")
        .run()
        .expect_code(0);
    let logged = super::only_run(&mlflow);
    assert!(
        !logged.metrics.keys().any(|key| key.starts_with("live.")),
        "{:?}",
        logged.metrics.keys()
    );
    expected::assert_ended(&logged, &run, "FINISHED");
    expected::assert_figures(&logged, &run);
    expected::assert_artifacts(&mlflow, &logged, &run);
}

#[test]
fn prompts_are_artifacts_only_when_they_are_exported() {
    let (server, mlflow) = (server(), MlflowSink::new().start().unwrap());
    let run = logging(&server, &mlflow.url(), "--request-count 10 --export-inputs")
        .run()
        .expect_code(0);
    let logged = expected::assert_complete(&mlflow, &run, "FINISHED");
    assert!(artifacts(&mlflow, &logged.id).contains_key("exports/inputs.jsonl"));
}

#[test]
fn where_mlflow_is_too_slow_for_points_there_are_windows_of_the_whole_run() {
    let server = FakeServer::new().tokens(4, every(0.ms())).start().unwrap();
    let mlflow = MlflowSink::new().start().unwrap();
    mlflow.answer_path_with("runs/log-batch", MlflowAnswer::Slow(1.secs()));
    let run = endless(&server, &mlflow.url(), "").start();
    let export = run.path("run/mlflow_export.json");
    wait_until("there are windows", || {
        std::fs::read_to_string(&export).is_ok_and(|export| export.contains(r#""mode": "windows""#))
    });
    mlflow.restore();
    let has_windows = |mlflow: &RunningMlflowSink| mlflow.runs()[0].metrics.contains_key("live.window.requests.count");
    assert!(mlflow.wait_until(10.secs(), has_windows), "no windows");
    run.signal(Signal::INT);
    let run = run.wait().expect_code(130);
    let logged = expected::assert_complete(&mlflow, &run, "KILLED");
    let measured = expected::measured(&run);
    let counts = &logged.metrics["live.window.requests.count"];
    let sum: f64 = counts.iter().map(|point| point.value).sum();
    assert_eq!(sum as usize, measured.len());
    assert_last_window_ends_with_the_last_request(&logged, &run);
    assert_points_were_withdrawn(&logged, &run);
    assert!(
        run.stderr.contains("a summary of each second of the whole run"),
        "{}",
        run.stderr
    );
    assert_eq!(super::warnings(&run), 1, "that it was interrupted: {}", run.stderr);
    let before = writes(&mlflow);
    push(&run, "").expect_code(0);
    assert_eq!(writes(&mlflow), before, "no point is owed");
}

/// Points that MLflow has taken stay, and are right; the others were withdrawn, not spooled.
#[track_caller]
fn assert_points_were_withdrawn(logged: &SinkRun, run: &Finished) {
    let mut points = expected::logged_points(logged);
    let all = points.len() as u64;
    assert_eq!(ledger(run, "metrics"), [all, all, 0, 0, 0]);
    let summary = run.summary();
    let withdrawn = super::sink_ledger(&summary, "mlflow", "metrics")["sampled_out"]
        .as_u64()
        .unwrap();
    assert!(withdrawn > 10_000, "{withdrawn}");
    points.retain(|(key, _), _| !key.starts_with("live.window."));
    expected::assert_among(&points, &expected::points(run));
}

#[track_caller]
fn assert_last_window_ends_with_the_last_request(logged: &SinkRun, run: &Finished) {
    let finished_ns = |record: &Value| record["timings"]["finished_ns"].as_u64().unwrap();
    let measured = expected::measured(run);
    let last_ns = measured.iter().map(finished_ns).max().unwrap();
    let last = |key: &str| *logged.metrics[key].iter().max_by_key(|point| point.step).unwrap();
    let (count, rate) = (last("live.window.requests.count"), last("live.window.requests.rate"));
    let ended_at = (expected::started_unix_ns(run) + last_ns) / 1_000_000;
    assert_eq!((count.timestamp, rate.timestamp), (ended_at as i64, ended_at as i64));
    let length = (last_ns as f64 / 1e9 - count.step as f64).max(0.1);
    assert!(
        (rate.value * length / count.value - 1.0).abs() < 1e-6,
        "{count:?} {rate:?}"
    );
}
