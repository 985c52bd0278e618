//! Bad input: one message that names what is wrong and says what to do.

use std::net::TcpListener;

use loadspan_testkit::{FakeServer, Fault, Script};

use crate::harness::Loadspan;

#[track_caller]
fn refused(flags: &str, code: i32, says: &[&str]) {
    let run = Loadspan::new(&["profile"]).args(flags).run();
    assert_eq!(run.code, Some(code), "{flags}\n{}", run.stderr);
    for part in says {
        assert!(run.stderr.contains(part), "{flags}: `{part}` is not in\n{}", run.stderr);
    }
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    assert_eq!(run.stdout, "", "{flags}");
}

#[test]
fn flags_that_make_no_sense_are_named() {
    refused("--concurency 4", 2, &["--concurency", "--concurrency"]);
    refused("--concurrency 0", 2, &["--concurrency"]);
    refused("--request-rate -3", 2, &["--request-rate"]);
    refused(
        "--benchmark-duration soon",
        2,
        &["--benchmark-duration", "unit of time"],
    );
    refused("--isl 5 --input-file x.jsonl", 2, &["--isl has no effect", "hint: "]);
    refused("--goodput tpott:20", 2, &["--goodput", "time_per_output_token"]);
    refused("--extra-inputs nonsense", 2, &["--extra-inputs", "key:value"]);
}

#[test]
fn files_that_are_missing_or_wrong_are_named() {
    refused("--input-file missing.jsonl", 2, &["missing.jsonl"]);
    refused("--tokenizer missing.json", 2, &["missing.json"]);
    refused("--api-key-file missing.key", 2, &["--api-key-file", "missing.key"]);
    refused("--ca-cert missing.pem --url https://127.0.0.1:9", 2, &["missing.pem"]);
    let run = Loadspan::new(&["profile", "--input-file", "bad.jsonl"]);
    std::fs::write(run.folder().join("bad.jsonl"), "{\"text\": \"fine\"}\n{\"txet\": 1}\n").unwrap();
    let run = run.run().expect_code(2);
    assert!(
        run.stderr.contains("bad.jsonl") && run.stderr.contains('2'),
        "{}",
        run.stderr
    );
}

#[test]
fn chats_are_not_sent_to_an_api_that_takes_none() {
    let run = Loadspan::new(&[
        "profile",
        "--endpoint-type",
        "completions",
        "--input-file",
        "chats.jsonl",
    ]);
    std::fs::write(
        run.folder().join("chats.jsonl"),
        "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}\n",
    )
    .unwrap();
    let run = run.run().expect_code(2);
    assert!(
        run.stderr.contains("`messages`") && run.stderr.contains("--endpoint-type chat"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_server_that_is_not_there_is_no_panic() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    refused(
        &format!("--url http://127.0.0.1:{port}"),
        3,
        &["cannot connect", "is the server running"],
    );
    refused("--url http://no-such-host.invalid", 3, &["no-such-host.invalid"]);
}

#[test]
fn a_wrong_model_lists_those_that_exist() {
    let server = FakeServer::new().only_models(["alpha", "beta"]).start().unwrap();
    let url = server.url();
    refused(&format!("--url {url} --model gamma"), 2, &["`gamma`", "alpha, beta"]);
    refused(&format!("--url {url}"), 2, &["which model", "alpha, beta", "--model"]);
}

#[test]
fn what_is_no_openai_server_is_told_from_one() {
    let html = FakeServer::new()
        .script(Script::new().fault(Fault::Html))
        .start()
        .unwrap();
    let flags = format!("--url {} --model m --streaming", html.url());
    refused(
        &flags,
        2,
        &["does not answer like an OpenAI-compatible server", "hint: "],
    );
}

#[test]
fn a_folder_that_holds_a_run_is_left_alone() {
    let server = FakeServer::new().start().unwrap();
    let first = Loadspan::profile(&server, "--request-count 2 --isl 8")
        .run()
        .expect_code(0);
    let folder = first.path("run");
    let again = Loadspan::new(&[
        "profile",
        "--model",
        "m",
        "--isl",
        "8",
        "--url",
        &server.url(),
        "--artifact-dir",
    ]);
    let again = again.arg(&folder).run().expect_code(2);
    assert!(again.stderr.contains("holds a run already"), "{}", again.stderr);
    assert_eq!(first.records().len(), 2);
}

#[test]
fn a_report_of_what_is_no_run_says_so() {
    let report = Loadspan::new(&["report", "."]).run().expect_code(2);
    assert!(report.stderr.contains("run.json"), "{}", report.stderr);
    let server = FakeServer::new().start().unwrap();
    let run = Loadspan::profile(&server, "--request-count 3 --isl 8")
        .run()
        .expect_code(0);
    let mut records = run.read("run/records.jsonl");
    records.insert_str(0, "{broken}\n");
    std::fs::write(run.path("run/records.jsonl"), records).unwrap();
    let report = run.report("");
    assert_ne!(report.code, Some(0));
    assert!(
        report.stderr.contains("records.jsonl") && report.stderr.contains("line 1"),
        "{}",
        report.stderr
    );
}
