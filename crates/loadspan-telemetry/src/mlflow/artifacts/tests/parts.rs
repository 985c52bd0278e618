//! Through the artifact proxy, in parts.

use std::time::Duration;

use loadspan_testkit::{MlflowAnswer, MlflowSink};

use super::harness::{Bench, arrived, limit, stored};
use crate::mlflow::artifacts::tuning::Tuning;

/// Where the scripted server takes parts.
const PARTS: &str = "object-store-parts";

fn small(mut bench: Bench) -> Bench {
    bench.surroundings.tuning = Tuning {
        parts_from: 1_000,
        part_bytes: 300,
        ..Tuning::default()
    };
    bench
}

fn content() -> Vec<u8> {
    (0..1_000_u32).map(|i| (i * 7) as u8).collect()
}

#[test]
fn a_large_file_goes_in_parts_and_a_small_one_does_not() {
    let sink = MlflowSink::new()
        .multipart_uploads()
        .require_authorization("Bearer canary")
        .start()
        .unwrap();
    let bench = small(Bench::new(&sink)).authorized("Bearer canary");
    let bench = bench.file("records.jsonl", content()).file("summary.json", "{}");
    let upload = bench.upload();
    assert_eq!(
        arrived(&upload),
        ["exports/records.jsonl", "exports/summary.json"],
        "{upload:?}"
    );
    assert!(stored(&sink)[0].1 == content());
    // 300, 300, 300, 100. The store refuses the credentials of the tracking server: it got none.
    assert_eq!(sink.requests_to(PARTS), 4);
    assert_eq!(sink.requests_to("artifacts/exports/records.jsonl"), 0);
    assert_eq!(sink.requests_to("mpu/complete"), 1);
    assert_eq!(sink.requests_to("server-info"), 1);
}

#[test]
fn a_server_that_does_not_offer_parts_gets_the_whole_file() {
    let sink = MlflowSink::new().start().unwrap();
    let bench = small(Bench::new(&sink)).file("records.jsonl", content());
    assert_eq!(arrived(&bench.upload()), ["exports/records.jsonl"]);
    assert_eq!(sink.requests_to("mpu/create"), 0);
    assert!(stored(&sink)[0].1 == content());
}

#[test]
fn an_old_server_that_says_nothing_of_itself_gets_the_whole_file() {
    let sink = MlflowSink::new().multipart_uploads().start().unwrap();
    let bench = small(Bench::new(&sink)).file("records.jsonl", content());
    sink.answer_path_with("server-info", MlflowAnswer::Status(404, "Not Found".to_owned()));
    assert_eq!(arrived(&bench.upload()), ["exports/records.jsonl"]);
    assert_eq!(sink.requests_to("mpu/create"), 0);
}

#[test]
fn a_store_that_takes_no_parts_although_its_server_offers_them_gets_the_whole_file() {
    let sink = MlflowSink::new().multipart_uploads().start().unwrap();
    let bench = small(Bench::new(&sink)).file("records.jsonl", content());
    let body = r#"{"error_code": "NOT_IMPLEMENTED", "message": "Multipart upload is not supported"}"#;
    sink.answer_path_with("mpu/create", MlflowAnswer::Status(501, body.to_owned()));
    assert_eq!(arrived(&bench.upload()), ["exports/records.jsonl"]);
    assert_eq!(sink.requests_to("mpu/create"), 1);
    assert!(stored(&sink)[0].1 == content());
}

/// What a server answers that has signed these URLs for the four parts of the file.
fn signed(urls: [&str; 4]) -> MlflowAnswer {
    let part =
        |(number, url): (usize, &str)| format!(r#"{{"url": "{url}", "part_number": {}, "headers": {{}}}}"#, number + 1);
    let parts: Vec<String> = urls.into_iter().enumerate().map(part).collect();
    let body = format!(r#"{{"upload_id": "u", "credentials": [{}]}}"#, parts.join(", "));
    MlflowAnswer::Status(200, body)
}

#[test]
fn parts_go_to_one_place_that_is_no_nearer_than_the_server_or_the_server_gets_the_file() {
    let other = MlflowSink::new().multipart_uploads().start().unwrap();
    let sink = MlflowSink::new().multipart_uploads().start().unwrap();
    let bench = small(Bench::new(&sink)).file("records.jsonl", content());
    let here = &*format!("{}/{PARTS}/u", sink.url());
    let there = &*format!("{}/{PARTS}/u", other.url());
    let near = "http://169.254.169.254/latest";
    for urls in [[here, here, here, there], [near; 4], ["file:///etc/passwd"; 4], [""; 4]] {
        sink.answer_path_with("mpu/create", signed(urls));
        let upload = bench.upload();
        assert_eq!(arrived(&upload), ["exports/records.jsonl"], "{upload:?}");
        assert!(stored(&sink)[0].1 == content());
    }
    assert_eq!((sink.requests_to(PARTS), other.requests_to(PARTS)), (0, 0));
    assert_eq!(sink.requests_to("mpu/abort"), 4);
}

#[test]
fn a_server_that_only_a_folder_names_gets_the_whole_file() {
    let sink = MlflowSink::new().multipart_uploads().start().unwrap();
    let bench = small(Bench::new(&sink))
        .named_by_a_folder()
        .file("records.jsonl", content());
    assert_eq!(arrived(&bench.upload()), ["exports/records.jsonl"]);
    assert_eq!(sink.requests_to("mpu/create"), 0);
}

#[test]
fn a_part_that_fails_once_is_sent_again() {
    let sink = MlflowSink::new().multipart_uploads().start().unwrap();
    let bench = small(Bench::new(&sink)).file("records.jsonl", content());
    sink.answer_once_with(PARTS, MlflowAnswer::Status(500, String::new()));
    assert_eq!(arrived(&bench.upload()), ["exports/records.jsonl"]);
    assert_eq!(sink.requests_to(PARTS), 5);
    assert!(stored(&sink)[0].1 == content());
}

#[test]
fn an_upload_whose_parts_are_refused_is_aborted_and_its_signed_urls_are_not_shown() {
    let sink = MlflowSink::new().multipart_uploads().start().unwrap();
    let bench = small(Bench::new(&sink)).file("records.jsonl", content());
    sink.answer_path_with(PARTS, MlflowAnswer::Status(403, "signature=x".to_owned()));
    let upload = bench.upload();
    let reason = "HTTP 403 Forbidden from the store behind the server".to_owned();
    assert_eq!(upload.failed, [("records.jsonl".to_owned(), reason)]);
    assert_eq!(
        (sink.requests_to("mpu/abort"), sink.requests_to("mpu/complete")),
        (1, 0)
    );
    assert!(sink.artifacts().is_empty());
}

#[test]
fn an_upload_that_runs_out_of_time_is_aborted() {
    let sink = MlflowSink::new().multipart_uploads().start().unwrap();
    let mut bench = small(Bench::new(&sink)).file("records.jsonl", content());
    sink.answer_path_with(PARTS, MlflowAnswer::Hang);
    bench.limit = limit(Duration::from_millis(700));
    let upload = bench.upload();
    assert_eq!(upload.failed.len(), 1);
    assert_eq!(sink.requests_to("mpu/abort"), 1);
}
