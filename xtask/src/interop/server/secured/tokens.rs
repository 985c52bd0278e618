//! Tokens: those of everybody, and those that may read only.

use std::fs;
use std::path::Path;

use anyhow::Context;
use loadspan_testkit::FakeServer;
use serde_json::json;

use super::super::super::loadspan::{clean_command, profile};
use super::super::client::{Client, Request};
use super::super::served::{Flags, Served};
use super::super::{Suite, payload};
use super::{Allowed, CREATE, EXPERIMENTS, ask_client};

const TOKEN: &str = "interop-token-of-no-worth";
const READER: &str = "interop-reader-of-no-worth";

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    needs_a_token_to_leave_the_machine(suite)?;
    has_tokens(suite)
}

fn needs_a_token_to_leave_the_machine(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let folder = suite.place.scratch.join("exposed");
    fs::create_dir_all(&folder)?;
    let uri = format!("sqlite:///{}", folder.join("loadspan.db").display());
    let output = clean_command(suite.place)
        .args(["serve", "--host", "0.0.0.0", "--port", "0", "--backend-store-uri", &uri])
        .args(["--otlp-grpc-port", "off", "--otlp-http-port", "off"])
        .output()
        .context("cannot start loadspan")?;
    let said = String::from_utf8_lossy(&output.stderr);
    suite.checks.that(
        "no token: a server that others could reach does not start, and says what it needs",
        output.status.code() == Some(2) && said.contains("--auth-token-file"),
        (output.status.code(), &said),
    );
    Ok(())
}

fn has_tokens(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let files = tokens(&suite.place.scratch)?;
    let arguments = [
        "--host",
        "0.0.0.0",
        "--auth-token-file",
        &files[0],
        "--read-only-token-file",
        &files[1],
    ];
    let flags = Flags {
        arguments: &arguments,
        port: None,
    };
    let served = Served::start_with(suite.place, (suite.store, "tokens"), flags)?;
    raw_tokens(suite, &served)?;
    of_the_client(suite, &served)?;
    of_otlp(suite, &served)
}

fn tokens(folder: &Path) -> anyhow::Result<[String; 2]> {
    let files = [("tokens.txt", TOKEN), ("readers.txt", READER)].map(|(name, token)| (folder.join(name), token));
    for (file, token) in &files {
        fs::write(file, format!("# of the interop suite\n\n{token}\n"))?;
    }
    Ok(files.map(|(file, _)| file.to_string_lossy().into_owned()))
}

fn raw_tokens(suite: &mut Suite<'_>, served: &Served) -> anyhow::Result<()> {
    let mut client = Client::new(served.ports.main);
    let spans = payload::spans("tokens", 0..1);
    let named = json!({"name": "made"}).to_string();
    let [bearer, reader, wrong] = [TOKEN, READER, "interop-token-of-no-wortH"].map(|token| format!("Bearer {token}"));
    // someone:TOKEN
    let basic = "Basic c29tZW9uZTppbnRlcm9wLXRva2VuLW9mLW5vLXdvcnRo";
    for (what, credentials, expected) in [
        ("nothing", None, [401, 401, 401, 401]),
        ("a wrong token", Some(wrong.as_str()), [401, 401, 401, 401]),
        ("a token that may read", Some(reader.as_str()), [200, 403, 403, 200]),
        ("a token", Some(bearer.as_str()), [200, 200, 200, 200]),
        // The experiment is there already.
        ("a token as a password", Some(basic), [200, 400, 200, 200]),
        ("something else", Some("Digest x"), [401, 401, 401, 401]),
    ] {
        let header = credentials.map(|credentials| [("authorization", credentials)]);
        let headers: &[(&str, &str)] = header.as_ref().map_or(&[], |header| header);
        let mut seen = [0; 4];
        for (status, request) in seen.iter_mut().zip([
            Request::get(EXPERIMENTS),
            Request::post(CREATE, &named),
            Request::post("/v1/traces", &spans),
            Request::get("/metrics"),
        ]) {
            *status = client.send(&request.headers(headers))?.status;
        }
        let label = format!("tokens: with {what}: reading, writing, sending spans, /metrics");
        suite.checks.equal(label, seen, expected);
    }
    let open: Vec<u16> = ["/health", "/version", "/api/3.0/loadspan/server"]
        .iter()
        .map(|path| Ok(client.send(&Request::get(path))?.status))
        .collect::<anyhow::Result<_>>()?;
    suite.checks.equal("tokens: what needs none", open, vec![200, 200, 200]);
    Ok(())
}

fn of_the_client(suite: &mut Suite<'_>, served: &Served) -> anyhow::Result<()> {
    let url = served.url();
    let cases = json!({
        "nothing": [url, {}],
        "token": [url, {"MLFLOW_TRACKING_TOKEN": TOKEN}],
        "password": [url, {"MLFLOW_TRACKING_USERNAME": "someone", "MLFLOW_TRACKING_PASSWORD": TOKEN}],
        "wrong": [url, {"MLFLOW_TRACKING_TOKEN": "wrong-token-of-no-worth"}],
        "reader": [url, {"MLFLOW_TRACKING_TOKEN": READER}],
    });
    let came = ask_client(suite, &cases)?;
    let is_allowed = |case: &str| came.get(case).is_some_and(Allowed::everything);
    for case in ["token", "password"] {
        let label = format!("tokens: MLflow's client, with a {case}, may do everything");
        suite.checks.that(label, is_allowed(case), came.get(case));
    }
    for case in ["nothing", "wrong"] {
        let is_refused = |outcome: &str| outcome.contains("401") || outcome.contains("UNAUTHENTICATED");
        let is_so = came
            .get(case)
            .is_some_and(|allowed| is_refused(&allowed.read) && is_refused(&allowed.write));
        let label = format!("tokens: MLflow's client, with {case}, may do nothing, and is told so");
        suite.checks.that(label, is_so, came.get(case));
    }
    let reader = came.get("reader");
    let is_so = reader.is_some_and(|allowed| allowed.read == "ok" && allowed.write.contains("PERMISSION_DENIED"));
    suite.checks.that(
        "tokens: MLflow's client, with a token that may read, reads",
        is_so,
        reader,
    );
    Ok(())
}

/// Over gRPC too, as `loadspan profile` sends it.
fn of_otlp(suite: &mut Suite<'_>, served: &Served) -> anyhow::Result<()> {
    let server = FakeServer::new().start()?;
    for (protocol, url) in [("grpc", served.grpc_url()), ("http/protobuf", served.http_url())] {
        for (name, header, fate) in [
            ("with", Some(format!("authorization=Bearer {TOKEN}")), "delivered"),
            ("without", None, "spooled"),
        ] {
            let mut run = profile(suite.place, &format!("{name}-token-{}", &protocol[..4]), &server.url()).args(&[
                "--otel-url",
                &url,
                "--otel-protocol",
                protocol,
                "--stream",
                "all",
                "--request-count",
                "5",
            ]);
            if let Some(header) = &header {
                run = run.args(&["--otel-header", header]);
            }
            let run = run.run()?;
            let label = format!("tokens: {protocol}, {name} a token: spans are {fate}");
            suite
                .checks
                .equal(label, run.ledger("traces", fate), run.ledger("traces", "produced"));
        }
    }
    Ok(())
}
