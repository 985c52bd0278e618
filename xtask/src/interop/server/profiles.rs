//! `loadspan profile` with everything turned on, all of it to one server; and `loadspan push` of what a server that was away has missed.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;

use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, When, every};

use super::super::loadspan::{Run, profile, push};
use super::super::mlflow;
use super::super::mlflow_reader::Histories;
use super::Suite;
use super::served::{Flags, Served};
use super::store::Store;

const REQUESTS: usize = 60;
/// Of an answer.
const TOKENS: u32 = 16;
/// Where `loadspan profile` looks for a server.
const DEFAULT_PORT: u16 = 5000;

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    everything(suite, "grpc")?;
    // What follows is the same on any database.
    if matches!(suite.store, Store::Sqlite) {
        everything(suite, "http/protobuf")?;
        pushed(suite)?;
        is_pointed_out(suite)?;
        as_mlflow(suite)?;
    }
    Ok(())
}

fn model_server() -> FakeServer {
    let server = FakeServer::new().ttft(50.ms()).tokens(TOKENS, every(5.ms()));
    server.on(When::EveryNth(10), Script::new().fault(Fault::status(503)))
}

/// Spans, instruments, the run, its points and artifacts, and traces of the run.
fn everything(suite: &mut Suite<'_>, protocol: &str) -> anyhow::Result<()> {
    let name = format!("profile_{}", &protocol[..4]);
    let served = Served::start(suite.place, suite.store, &name)?;
    let mut reader = suite.reader(&served.url(), &format!("{name}/reader"))?;
    let server = model_server().start()?;
    let otlp = if protocol == "grpc" {
        served.grpc_url()
    } else {
        served.url()
    };
    let run = profile(suite.place, &name, &server.url())
        .args(&["--request-count", &REQUESTS.to_string()])
        .args(&["--otel-url", &otlp, "--otel-protocol", protocol, "--stream", "all"])
        .args(&[
            "--mlflow-tracking-uri",
            &served.url(),
            "--mlflow-experiment",
            &name,
            "--mlflow-traces",
        ])
        .run()?;
    suite.checks.equal(format!("{name}: exit code"), run.code, Some(0));
    is_delivered(suite, (&name, &served), &run)?;
    let logged = reader.only_run(&name, Histories::Live)?;
    suite.checks.equal(
        format!("{name}: the run has ended well"),
        logged.status.as_str(),
        "FINISHED",
    );
    let label = format!("{name}: each request is a trace of the run");
    suite.checks.equal(label, logged.traces.len(), REQUESTS);
    let failed = logged.traces.iter().filter(|trace| trace.state == "ERROR").count();
    let label = format!("{name}: each tenth failed");
    suite.checks.equal(label, failed, REQUESTS / 10);
    let tokens: u64 = logged
        .traces
        .iter()
        .filter_map(|trace| trace.tokens.get("output_tokens"))
        .sum();
    let expected = (REQUESTS - REQUESTS / 10) as u64 * u64::from(TOKENS);
    suite
        .checks
        .equal(format!("{name}: tokens of the traces"), tokens, expected);
    let files: BTreeSet<&str> = logged.artifacts.keys().map(String::as_str).collect();
    let wanted = ["records.jsonl", "run.json", "summary.json"].map(|file| format!("exports/{file}"));
    let label = format!("{name}: the files of the run are artifacts");
    suite
        .checks
        .that(label, wanted.iter().all(|file| files.contains(file.as_str())), &files);
    Ok(())
}

/// What was delivered by loadspan's account was stored by the server's.
fn is_delivered(suite: &mut Suite<'_>, (name, served): (&str, &Served), run: &Run) -> anyhow::Result<()> {
    for signal in ["traces", "metrics"] {
        let fates =
            ["rejected", "spooled", "dropped"].map(|fate| run.ledger(signal, fate) + run.mlflow_ledger(signal, fate));
        let label = format!("{name}: {signal}: nothing is rejected, spooled, or dropped");
        suite.checks.equal(label, fates, [0; 3]);
        let of_mlflow = if signal == "traces" {
            run.mlflow_ledger(signal, "delivered")
        } else {
            0
        };
        let delivered = run.ledger(signal, "delivered") + of_mlflow;
        let label = format!("{name}: {signal}: received, stored, rejected by the server");
        suite
            .checks
            .equal(label, served.ledger(signal)?, [delivered, delivered, 0]);
    }
    Ok(())
}

/// Nothing listens during the run; two pushes later everything is there, once.
fn pushed(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let mut served = Served::start(suite.place, suite.store, "pushed")?;
    let mut reader = suite.reader(&served.url(), "pushed/reader")?;
    served.stop()?;
    let server = model_server().start()?;
    let run = profile(suite.place, "pushed", &server.url())
        .args(&["--request-count", "30", "--otel-flush-timeout", "1"])
        .args(&[
            "--otel-url",
            &served.grpc_url(),
            "--otel-protocol",
            "grpc",
            "--stream",
            "all",
        ])
        .args(&["--mlflow-tracking-uri", &served.url(), "--mlflow-experiment", "pushed"])
        .run()?;
    suite.checks.equal("pushed: exit code of the run", run.code, Some(0));
    served.server.restart()?;
    for attempt in ["first", "second"] {
        let output = push(suite.place, &run.folder, &[], &[])?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        let label = format!("pushed: the {attempt} push succeeds");
        suite.checks.that(label, output.status.success(), said);
    }
    let spans = run.ledger("traces", "produced");
    let stored = served.spans("loadspan")?.len() as u64;
    suite.checks.equal("pushed: each span is there once", stored, spans);
    let logged = reader.only_run("pushed", Histories::Live)?;
    let points = logged
        .histories
        .get("live.gen_ai.client.operation.duration")
        .map_or(0, Vec::len);
    suite.checks.equal("pushed: each request has its point", points, 30);
    Ok(())
}

/// A run without telemetry says that a server is there, and sends nothing to it.
fn is_pointed_out(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    if TcpListener::bind(("127.0.0.1", DEFAULT_PORT)).is_err() {
        println!("  --    port {DEFAULT_PORT} is taken: that a run points a server there out is not checked");
        return Ok(());
    }
    let flags = Flags {
        port: Some(DEFAULT_PORT),
        ..Flags::default()
    };
    let served = Served::start_with(suite.place, (suite.store, "pointed_out"), flags)?;
    let server = model_server().start()?;
    let quiet = profile(suite.place, "quiet", &server.url())
        .args(&["--request-count", "10"])
        .run()?;
    let lines: Vec<_> = quiet
        .stderr
        .lines()
        .filter(|line| line.contains("loadspan serve"))
        .collect();
    let url = format!("http://127.0.0.1:{DEFAULT_PORT}");
    let is_told = matches!(lines.as_slice(), [line] if line.contains(&format!("--mlflow-tracking-uri {url}")));
    suite.checks.that(
        "default port: one line says how to send a run there",
        is_told,
        &quiet.stderr,
    );
    suite
        .checks
        .equal("default port: nothing is sent", served.ledger("traces")?, [0; 3]);
    let runs = served.database.rows("runs")?;
    suite.checks.equal("default port: no run is made", runs, 0);
    drop(served);
    let alone = profile(suite.place, "alone", &server.url())
        .args(&["--request-count", "10"])
        .run()?;
    let is_silent = !alone.stderr.contains("loadspan serve");
    suite.checks.that(
        "default port: nothing is said when nobody is there",
        is_silent,
        &alone.stderr,
    );
    Ok(())
}

/// What is checked of runs in a real MLflow server.
fn as_mlflow(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let place = suite.place.within("as-mlflow");
    fs::create_dir_all(&place.scratch)?;
    let served = Served::start(&place, suite.store, "server")?;
    mlflow::essentials(&place, suite.checks, served.server)
}
