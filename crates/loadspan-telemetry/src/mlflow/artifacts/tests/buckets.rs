//! Straight into a bucket, which a scripted S3 plays.

use loadspan_testkit::MlflowSink;

use super::bucket_endpoint::BucketEndpoint;
use super::harness::{Bench, arrived};
use crate::mlflow::artifacts::tuning::Tuning;

fn bench(sink: &loadspan_testkit::RunningMlflowSink, endpoint: &BucketEndpoint) -> Bench {
    let mut bench = Bench::new(sink);
    let url = format!("http://{}", endpoint.address);
    let variables = [
        ("AWS_ACCESS_KEY_ID", "dummy"),
        ("AWS_SECRET_ACCESS_KEY", "canary"),
        ("MLFLOW_S3_ENDPOINT_URL", &url),
    ];
    bench.surroundings.variables = variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    bench.surroundings.tuning = Tuning {
        bucket_part_bytes: 1_000,
        ..Tuning::default()
    };
    bench
}

#[test]
fn small_files_arrive_whole_and_large_ones_in_parts() {
    let (sink, endpoint) = (
        MlflowSink::new().artifact_root("s3://bucket/runs").start().unwrap(),
        BucketEndpoint::start(),
    );
    let large: Vec<u8> = (0..3_500_u32).map(|i| i as u8).collect();
    let bench = bench(&sink, &endpoint)
        .file("run.json", "{}")
        .file("empty.csv", "")
        .file("records.jsonl", &large);
    let upload = bench.upload();
    assert_eq!(
        arrived(&upload),
        ["exports/empty.csv", "exports/records.jsonl", "exports/run.json"],
        "{upload:?}"
    );
    let objects = endpoint.with(|state| state.objects.clone());
    let contents: Vec<_> = objects.values().cloned().collect();
    assert!(contents == [Vec::new(), large, b"{}".to_vec()]);
    // With the bucket in the path: endpoints of one's own have no names for their buckets.
    for path in objects.keys() {
        assert!(
            path.starts_with("/bucket/runs/") && path.contains("/artifacts/exports/"),
            "{path}"
        );
    }
    assert_eq!(endpoint.with(|state| state.unsigned), 0);
    assert_eq!(sink.requests_to("mlflow-artifacts"), 0);
}

#[test]
fn an_upload_whose_parts_are_refused_is_aborted() {
    let (sink, endpoint) = (
        MlflowSink::new().artifact_root("s3://bucket").start().unwrap(),
        BucketEndpoint::start(),
    );
    let bench = bench(&sink, &endpoint).file("records.jsonl", [7; 3_500]);
    endpoint.with(|state| state.refuses_parts = true);
    let upload = bench.upload();
    assert_eq!((upload.arrived.len(), upload.failed.len()), (0, 1));
    assert!(upload.failed[0].1.contains("EntityTooSmall"), "{upload:?}");
    assert!(!upload.failed[0].1.contains("canary"), "{upload:?}");
    assert!(endpoint.with(|state| state.aborted) > 0);
}

#[test]
fn what_the_store_refuses_is_told() {
    let (sink, endpoint) = (
        MlflowSink::new().artifact_root("s3://bucket").start().unwrap(),
        BucketEndpoint::start(),
    );
    let mut bench = bench(&sink, &endpoint).file("run.json", "{}");
    bench.surroundings.variables[0].1 = "somebody".to_owned();
    let upload = bench.upload();
    assert!(upload.failed[0].1.contains("403"), "{upload:?}");
}

#[test]
fn a_bucket_of_another_region_is_told_with_the_variable() {
    let (sink, endpoint) = (
        MlflowSink::new().artifact_root("s3://bucket").start().unwrap(),
        BucketEndpoint::start(),
    );
    let bench = bench(&sink, &endpoint).file("run.json", "{}");
    endpoint.with(|state| state.is_elsewhere = true);
    let upload = bench.upload();
    assert!(upload.failed[0].1.contains("AWS_REGION"), "{upload:?}");
}

#[test]
fn keys_of_the_user_sign_nothing_for_a_server_that_only_a_folder_names() {
    let (sink, endpoint) = (
        MlflowSink::new().artifact_root("s3://bucket").start().unwrap(),
        BucketEndpoint::start(),
    );
    let bench = bench(&sink, &endpoint).named_by_a_folder().file("run.json", "{}");
    let upload = bench.upload();
    assert!(
        upload.failed[0].1.contains("name it with --mlflow-tracking-uri"),
        "{upload:?}"
    );
    assert_eq!(upload.arrived, []);
    assert!(endpoint.with(|state| state.objects.is_empty() && state.unsigned == 0));
}

#[test]
fn what_variables_say_of_connections_holds() {
    let (sink, endpoint) = (
        MlflowSink::new().artifact_root("s3://bucket").start().unwrap(),
        BucketEndpoint::start(),
    );
    let mut bench = bench(&sink, &endpoint).file("run.json", "{}");
    // A store that is reached through a proxy only: the scripted one plays the proxy.
    let proxy = std::mem::replace(
        &mut bench.surroundings.variables[2].1,
        "http://store.example".to_owned(),
    );
    bench.surroundings.variables.push(("AWS_PROXY_URL".to_owned(), proxy));
    assert_eq!(arrived(&bench.upload()), ["exports/run.json"]);
    assert!(endpoint.with(|state| {
        state
            .objects
            .keys()
            .all(|path| path.starts_with("http://store.example/bucket/"))
    }));
}

#[test]
fn azures_hosts_are_azures() {
    let sink = MlflowSink::new()
        .artifact_root("wasbs://box@evil.example/runs")
        .start()
        .unwrap();
    let mut bench = Bench::new(&sink).file("run.json", "{}");
    bench.surroundings.variables = vec![("AZURE_STORAGE_TOKEN".to_owned(), "canary".to_owned())];
    let upload = bench.upload();
    assert!(upload.failed[0].1.contains("evil.example"), "{upload:?}");
    assert!(!upload.failed[0].1.contains("canary"), "{upload:?}");
}
