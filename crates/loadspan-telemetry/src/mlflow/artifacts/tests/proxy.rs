//! Through the artifact proxy, whole.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use loadspan_testkit::{MlflowAnswer, MlflowSink};

use super::harness::{Bench, arrived, limit, stored};

#[test]
fn a_run_arrives_byte_for_byte_under_the_names_that_it_should_have() {
    let sink = MlflowSink::new().start().unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).map(|i| i as u8).collect();
    let bench = Bench::new(&sink)
        .file("summary.json", "{}")
        .file("records.jsonl", &large)
        .file("empty.csv", "")
        .file("ä b+c&=;.json", "named with care")
        .file("plots/ttft.svg", "<svg/>");
    let upload = bench.upload();
    assert_eq!(upload.failed, []);
    let expected = [
        ("exports/empty.csv".to_owned(), Vec::new()),
        ("exports/records.jsonl".to_owned(), large),
        ("exports/summary.json".to_owned(), b"{}".to_vec()),
        ("exports/ä b+c&=;.json".to_owned(), b"named with care".to_vec()),
        ("plots/ttft.svg".to_owned(), b"<svg/>".to_vec()),
    ];
    assert!(stored(&sink) == expected, "{upload:?}");
    let summary = upload
        .arrived
        .iter()
        .find(|artifact| artifact.file == "summary.json")
        .unwrap();
    assert_eq!(summary.bytes, 2);
    assert!(summary.sha256.starts_with("44136fa355b3678a"), "{}", summary.sha256);
}

#[test]
fn what_has_arrived_before_and_has_not_changed_is_not_sent_again() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::new(&sink).file("run.json", "same").file("summary.json", "old");
    bench.known = bench.upload().arrived;
    bench.write("summary.json", "new");
    let before = sink.requests_to("artifacts/exports/run.json");
    let upload = bench.upload();
    assert_eq!((upload.arrived.len(), upload.unchanged), (2, 1));
    assert_eq!(sink.requests_to("artifacts/exports/run.json"), before);
    assert_eq!(stored(&sink)[1].1, b"new");
}

#[test]
fn a_failure_that_may_pass_is_tried_again_and_another_is_not() {
    let sink = MlflowSink::new().start().unwrap();
    let bench = Bench::new(&sink).file("a.json", "a").file("b.json", "b");
    let invalid = r#"{"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid path"}"#;
    sink.answer_once_with("exports/a.json", MlflowAnswer::Status(503, "busy".to_owned()));
    sink.answer_path_with("exports/b.json", MlflowAnswer::Status(400, invalid.to_owned()));
    let upload = bench.upload();
    assert_eq!(arrived(&upload), ["exports/a.json"]);
    assert_eq!((upload.failed.len(), upload.failed[0].0.as_str()), (1, "b.json"));
    assert!(upload.failed[0].1.contains("Invalid path"), "{upload:?}");
    assert_eq!(sink.requests_to("exports/a.json"), 2);
    assert_eq!(sink.requests_to("exports/b.json"), 1);
}

#[test]
fn a_server_that_serves_no_artifacts_is_not_asked_again() {
    let sink = MlflowSink::new().start().unwrap();
    let bench = Bench::new(&sink).file("a.json", "a");
    let body = r#"{"detail":"Artifact serving is disabled. Run `mlflow server` with `--serve-artifacts` to enable."}"#;
    sink.answer_path_with("a.json", MlflowAnswer::Status(503, body.to_owned()));
    let upload = bench.upload();
    assert!(upload.failed[0].1.contains("`--serve-artifacts`"), "{upload:?}");
    assert_eq!(sink.requests_to("exports/a.json"), 1);
}

#[test]
fn a_connection_that_breaks_after_the_file_was_taken_costs_another_attempt_and_no_file() {
    let sink = MlflowSink::new().start().unwrap();
    let bench = Bench::new(&sink).file("a.json", "content");
    sink.answer_once_with("exports/a.json", MlflowAnswer::DropAfterHandling);
    assert_eq!(arrived(&bench.upload()), ["exports/a.json"]);
    assert_eq!(stored(&sink), [("exports/a.json".to_owned(), b"content".to_vec())]);
}

#[test]
fn a_server_that_hangs_costs_no_more_than_the_limit_and_what_is_small_comes_first() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::new(&sink)
        .file("summary.json", "{}")
        .file("records.jsonl", [7; 4096]);
    sink.answer_path_with("records.jsonl", MlflowAnswer::Hang);
    bench.limit = limit(Duration::from_millis(700));
    let started = Instant::now();
    let upload = bench.upload();
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(arrived(&upload), ["exports/summary.json"]);
    assert_eq!(upload.failed.len(), 1, "{upload:?}");
    assert_eq!(upload.failed[0].0, "records.jsonl");
}

#[test]
fn a_server_that_takes_nothing_more_is_given_up_after_its_time_and_not_after_the_limit() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::new(&sink).file("a.json", "{}");
    bench.server.timeout = Duration::from_millis(100);
    bench.server.retries.max_retries = 0;
    sink.answer_path_with("a.json", MlflowAnswer::Hang);
    let upload = bench.upload();
    let reason = "nothing moved for 100ms (MLFLOW_HTTP_REQUEST_TIMEOUT)".to_owned();
    assert_eq!(upload.failed, [("a.json".to_owned(), reason)]);
}

#[test]
fn an_interruption_ends_it_at_once() {
    let sink = MlflowSink::new().start().unwrap();
    let bench = Bench::new(&sink).file("a.json", "{}");
    sink.answer_path_with("a.json", MlflowAnswer::Hang);
    let (started, cut) = (Instant::now(), bench.limit.cut.clone());
    let upload = thread::scope(|scope| {
        scope.spawn(|| {
            let has_begun = sink.wait_until(Duration::from_secs(5), |sink| sink.requests_to("a.json") > 0);
            cut.store(true, Ordering::Relaxed);
            assert!(has_begun);
        });
        bench.upload()
    });
    assert!(started.elapsed() < Duration::from_secs(4));
    assert_eq!(upload.arrived, []);
    assert_eq!(upload.failed[0].0, "a.json");
}

#[test]
fn the_tracking_server_gets_its_credentials_and_no_other_server_does() {
    let foreign = MlflowSink::new()
        .require_authorization("Bearer canary")
        .start()
        .unwrap();
    let sink = MlflowSink::new()
        .require_authorization("Bearer canary")
        .start()
        .unwrap();
    let mut bench = Bench::new(&sink).authorized("Bearer canary").file("a.json", "{}");
    assert_eq!(arrived(&bench.upload()), ["exports/a.json"]);
    let host = foreign.address();
    bench.artifact_uri = Some(format!("mlflow-artifacts://{host}/1/abc/artifacts"));
    let upload = bench.upload();
    assert_eq!(upload.arrived, []);
    assert!(upload.failed[0].1.contains("401"), "{upload:?}");
    assert!(foreign.artifacts().is_empty());
}

#[test]
fn another_server_is_found_by_its_name_when_it_is_as_near() {
    let (foreign, sink) = (MlflowSink::new().start().unwrap(), MlflowSink::new().start().unwrap());
    let mut bench = Bench::new(&sink).file("a.json", "{}");
    let port = foreign.address().port();
    bench.artifact_uri = Some(format!("mlflow-artifacts://localhost:{port}/1/abc/artifacts"));
    assert_eq!(arrived(&bench.upload()), ["exports/a.json"]);
    assert_eq!(foreign.artifacts().len(), 1);
}

#[test]
fn a_server_that_only_a_folder_names_gets_files_and_no_other_does() {
    let (foreign, sink) = (MlflowSink::new().start().unwrap(), MlflowSink::new().start().unwrap());
    let mut bench = Bench::new(&sink).named_by_a_folder().file("a.json", "{}");
    assert_eq!(arrived(&bench.upload()), ["exports/a.json"]);
    for uri in ["mlflow-artifacts://HOST/1/abc/artifacts", "http://HOST/files"] {
        bench.artifact_uri = Some(uri.replace("HOST", &foreign.address().to_string()));
        let upload = bench.upload();
        assert!(
            upload.failed[0].1.contains("name it with --mlflow-tracking-uri"),
            "{upload:?}"
        );
    }
    assert!(foreign.artifacts().is_empty());
}

#[test]
fn a_place_near_this_machine_that_has_nothing_to_do_with_the_server_gets_nothing() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::new(&sink).file("a.json", "{}");
    for uri in [
        "http://169.254.169.254/latest",
        "mlflow-artifacts://10.0.0.1/1/abc/artifacts",
    ] {
        bench.artifact_uri = Some(uri.to_owned());
        let upload = bench.upload();
        assert!(
            upload.failed[0].1.contains("where the server itself is not"),
            "{upload:?}"
        );
    }
}

#[test]
fn credentials_that_are_not_taken_are_told_with_what_to_do_and_never_shown() {
    let sink = MlflowSink::new().require_authorization("Bearer right").start().unwrap();
    let mut bench = Bench::new(&sink)
        .authorized("Bearer canary-of-the-user")
        .file("a.json", "{}");
    bench.artifact_uri = Some("mlflow-artifacts:/1/abc/artifacts".to_owned());
    let upload = bench.upload();
    let reason = &upload.failed[0].1;
    assert!(
        reason.contains("MLFLOW_TRACKING_TOKEN") && !reason.contains("canary"),
        "{reason}"
    );
}

#[test]
fn one_file_is_uploaded_whatever_the_globs_say() {
    let sink = MlflowSink::new().start().unwrap();
    let bench = Bench::new(&sink)
        .file("mlflow_export.json", "{}")
        .file("run.json", "{}");
    assert_eq!(arrived(&bench.upload()), ["exports/run.json"]);
    let uploaded = bench.upload_one("mlflow_export.json").unwrap();
    assert_eq!(uploaded.artifact, "exports/mlflow_export.json");
    assert_eq!(stored(&sink)[0].0, "exports/mlflow_export.json");
    assert!(bench.upload_one("gone.json").is_err());
}
