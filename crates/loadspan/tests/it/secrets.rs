//! No secret in anything that a run writes or prints.

use std::path::Path;

use loadspan_testkit::{FakeServer, Fault, OtlpSink, Script, SinkAnswer, When};

use crate::harness::{Finished, Loadspan, files_below};

const CANARY: &str = "canary";

#[track_caller]
fn assert_silent(run: &Finished, allowed: &[&Path]) {
    assert!(!run.stdout.contains(CANARY), "stdout:\n{}", run.stdout);
    assert!(!run.stderr.contains(CANARY), "stderr:\n{}", run.stderr);
    for file in files_below(&run.path("."))
        .into_iter()
        .filter(|file| !allowed.iter().any(|allowed| file.ends_with(allowed)))
    {
        let content = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(!content.contains(CANARY), "{}", file.display());
    }
}

/// A URL with a secret in its userinfo and one in its query.
fn url_with_secrets(address: std::net::SocketAddr) -> String {
    format!("http://user:canary-password@{address}/v1?api-version=1&sig=canary-query")
}

#[test]
fn secrets_from_five_places_are_in_nothing_that_a_run_leaves() {
    let server = FakeServer::new()
        .on(When::EveryNth(3), Script::new().fault(Fault::status(500)))
        .capture(10)
        .start()
        .unwrap();
    let run = Loadspan::new(&[
        "profile",
        "--artifact-dir",
        "run",
        "--streaming",
        "--request-count",
        "20",
        "--isl",
        "8",
    ])
    .args("--export-format aiperf,vllm --export-inputs --model mock-model --url")
    .arg(url_with_secrets(server.address()))
    .arg("--header")
    .arg("x-tenant-key: canary-header");
    std::fs::write(run.folder().join("key.txt"), "canary-key-file\n").unwrap();
    let run = run
        .args("--api-key-file key.txt")
        .env("OPENAI_API_KEY", "canary-environment")
        .run()
        .expect_code(0);
    // The server got them, so that there was something to leak.
    let sent = format!("{:?}", server.requests());
    assert!(
        sent.contains("canary-header") && sent.contains("canary-key-file"),
        "{sent}"
    );
    assert_silent(&run, &[Path::new("key.txt")]);
    assert_silent(&run.report(""), &[]);
}

#[test]
fn a_server_that_echoes_the_key_gets_no_further_with_it() {
    let server = FakeServer::new().api_key("right-key").start().unwrap();
    let run = Loadspan::profile(&server, "--isl 8")
        .env("OPENAI_API_KEY", "canary-wrong-key")
        .run()
        .expect_code(2);
    assert!(
        run.stderr.contains("401") && run.stderr.contains("[redacted]"),
        "{}",
        run.stderr
    );
    assert_silent(&run, &[]);
}

#[test]
fn messages_about_a_bad_url_or_header_do_not_repeat_it() {
    let bad = [
        "--url ftp://user:canary@host",
        "--url http://canary:canary@/x",
        "--header canary",
    ];
    for flags in bad {
        let run = Loadspan::new(&["profile"]).args(flags).run().expect_code(2);
        assert_silent(&run, &[]);
    }
}

#[test]
fn a_key_on_the_command_line_earns_a_warning() {
    let server = FakeServer::new().start().unwrap();
    let run = Loadspan::profile(&server, "--api-key canary-flag --request-count 2 --isl 8")
        .run()
        .expect_code(0);
    assert!(run.stderr.contains("warning: --api-key can be seen"), "{}", run.stderr);
    assert_silent(&run, &[]);
}

#[test]
fn a_server_that_returns_the_key_as_an_id_leaves_it_nowhere() {
    let server = FakeServer::new()
        .script(Script::new().finish_reason("canary-key"))
        .header("x-request-id", "req-canary-key")
        .start()
        .unwrap();
    let run = Loadspan::profile(&server, "--streaming --request-count 3 --isl 8")
        .env("OPENAI_API_KEY", "canary-key")
        .run()
        .expect_code(0);
    assert!(run.read("run/records.jsonl").contains("req-[redacted]"));
    assert_silent(&run, &[]);
}

#[test]
fn credentials_of_a_collector_are_in_nothing_that_a_run_leaves() {
    let server = FakeServer::new().start().unwrap();
    // One that refuses and echoes what it was sent, so that the spool, the ledger and the warning have something to leak.
    let refusing = SinkAnswer::unauthenticated().message("bad key canary-header from canary-user canary-password");
    let sink = OtlpSink::new().answer(refusing).start().unwrap();
    let address = sink.address();
    let url = format!("http://canary-user:canary-password@{address}/base?sig=canary-query");
    let run = Loadspan::profile(&server, "--request-count 5 --stream all --otel-flush-timeout 1")
        .args(&format!("--otel-url {url} --otel-protocol http/protobuf"))
        .args("--otel-header x-key=canary-header")
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-other=canary-environment")
        .run()
        .expect_code(0);
    assert!(run.path("run/telemetry.spool").exists());
    assert_silent(&run, &[]);
}
