//! A real Collector that passes everything on to the server, which is killed meanwhile: the Collector tries again, and everything is
//! there once.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::ensure;

use super::super::daemon::{Daemon, free_ports};
use super::super::{Workplace, install};
use super::Suite;
use super::client::{Client, Request};
use super::payload;
use super::served::{Served, await_that};

/// Requests of each signal, before, while and after the server is away.
const REQUESTS: u64 = 60;
/// When it is killed, and when it is back.
const KILLED_AT: u64 = 20;
const BACK_AT: u64 = 40;
/// Items of a request.
const ITEMS: u64 = 5;
/// Longest wait for the Collector to deliver what it holds, in seconds.
const PATIENCE: u64 = 30;

/// How the Collector talks to the server.
#[derive(Debug, Clone, Copy)]
enum Protocol {
    Grpc,
    Http,
}

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    for protocol in [Protocol::Grpc, Protocol::Http] {
        forwards(suite, protocol)?;
    }
    Ok(())
}

fn forwards(suite: &mut Suite<'_>, protocol: Protocol) -> anyhow::Result<()> {
    let name = match protocol {
        Protocol::Grpc => "forwarded_by_grpc",
        Protocol::Http => "forwarded_by_http",
    };
    let mut served = Served::start(suite.place, suite.store, name)?;
    let collector = Forwarder::start(suite.place, &served, protocol)?;
    let mut client = Client::new(collector.port);
    let mut sent = Vec::new();
    for number in 0..REQUESTS {
        match number {
            KILLED_AT => served.server.kill(),
            BACK_AT => served.server.restart()?,
            _ => {}
        }
        let first = number * ITEMS;
        let items = first..first + ITEMS;
        for (signal, body) in [
            ("traces", payload::spans(name, items.clone())),
            ("metrics", payload::points(name, items.clone())),
            ("logs", payload::logs(name, items.clone())),
        ] {
            let answer = client.send(&Request::post(&format!("/v1/{signal}"), &body))?;
            ensure!(answer.status == 200, "the Collector: {} {}", answer.status, answer.body);
        }
        sent.extend(items.map(payload::span_id));
        std::thread::sleep(Duration::from_millis(20));
    }
    let counts = |served: &Served| -> anyhow::Result<[u64; 3]> {
        let database = &served.database;
        Ok([
            database.rows("spans")?,
            database.rows("otlp_points")?,
            database.rows("log_records")?,
        ])
    };
    let all = [REQUESTS * ITEMS; 3];
    // What is not there in time shows in the checks.
    let _ = await_that("everything is there", PATIENCE, || Ok(counts(&served)? == all));
    // The last request may be on its way twice.
    drop(collector);
    let label = format!("{name}: spans, points and log records, each once");
    suite.checks.equal(label, counts(&served)?, all);
    sent.sort_unstable();
    let stored = served.spans(name)?;
    suite.checks.that(
        format!("{name}: the spans are those that were sent"),
        stored == sent,
        (stored.len(), sent.len()),
    );
    for signal in ["traces", "metrics", "logs"] {
        let [received, stored, rejected] = served.ledger(signal)?;
        let label = format!("{name}: {signal}: received = stored + rejected, and none rejected");
        suite
            .checks
            .that(label, received == stored && rejected == 0, (received, stored, rejected));
    }
    Ok(())
}

/// A Collector whose only exporter is the server.
struct Forwarder {
    port: u16,
    _daemon: Daemon,
}

impl Forwarder {
    fn start(place: &Workplace, served: &Served, protocol: Protocol) -> anyhow::Result<Self> {
        let binary = install::collector(&place.tools)?;
        let home: PathBuf = place.scratch.join(format!("collector-{protocol:?}"));
        fs::create_dir_all(&home)?;
        let [port] = free_ports()?;
        let (exporter, endpoint) = match protocol {
            Protocol::Grpc => ("otlp_grpc", format!("127.0.0.1:{}", served.ports.grpc)),
            Protocol::Http => ("otlp_http", served.http_url()),
        };
        let pipeline = format!("{{receivers: [otlp], exporters: [{exporter}]}}");
        let config = format!(
            "receivers:\n  otlp:\n    protocols:\n      http:\n        endpoint: 127.0.0.1:{port}\n\
             exporters:\n  {exporter}:\n    endpoint: {endpoint}\n    tls: {{insecure: true}}\n    \
             retry_on_failure: {{initial_interval: 100ms, max_interval: 500ms, max_elapsed_time: 60s}}\n\
             service:\n  telemetry:\n    metrics: {{level: none}}\n  pipelines:\n    \
             traces: {pipeline}\n    metrics: {pipeline}\n    logs: {pipeline}\n"
        );
        fs::write(home.join("config.yaml"), config)?;
        let mut command = Command::new(binary);
        command.arg("--config").arg(home.join("config.yaml"));
        let daemon = Daemon::start(&mut command, &home.join("log"), &[port])?;
        Ok(Self { port, _daemon: daemon })
    }
}
