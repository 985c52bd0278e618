//! Three protocols, one content: the same payloads, pushed over each, decoded by Python.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use loadspan_testkit::{OtlpSink, SinkSignal};

use super::super::Workplace;
use super::super::check::Checks;
use super::super::daemon::free_ports;
use super::super::loadspan::{Run, profile, push};
use super::super::python::{self, Decoded};
use super::{server, with_failures};

pub(super) fn check(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    let server = with_failures(server()).start()?;
    let [nobody] = free_ports()?;
    let run = profile(place, "agree", &server.url())
        .args(&[
            "--otel-url",
            &format!("localhost:{nobody}"),
            "--stream",
            "default,traces",
        ])
        .args(&[
            "--request-count",
            "30",
            "--capture-content",
            "--otel-flush-timeout",
            "0.1",
        ])
        .run()?;
    let mut accounts: Vec<(&str, Decoded)> = Vec::new();
    for protocol in ["grpc", "http/protobuf", "http/json"] {
        let decoded = pushed(place, &run, protocol)?;
        checks.equal(
            format!("{protocol}: Python finds every span"),
            decoded.spans,
            run.ledger("traces", "spooled"),
        );
        checks.equal(
            format!("{protocol}: Python finds every point"),
            decoded.points,
            run.ledger("metrics", "spooled"),
        );
        accounts.push((protocol, decoded));
    }
    let (_, first) = &accounts[0];
    for (protocol, account) in &accounts[1..] {
        checks.that(
            format!("{protocol} says what grpc says, to the byte"),
            account == first,
            account,
        );
    }
    for name in ["gen_ai.input.messages", "gen_ai.output.messages", "error.type"] {
        checks.that(
            format!("{name} is among the attributes"),
            first.attributes.iter().any(|attribute| attribute == name),
            &first.attributes,
        );
    }
    Ok(())
}

/// What arrives when a copy of a run's spool is pushed.
fn pushed(place: &Workplace, run: &Run, protocol: &str) -> anyhow::Result<Decoded> {
    let name = protocol.replace('/', "-");
    let sink = OtlpSink::new().start()?;
    let copy = place.scratch.join(format!("agree-copy-{name}"));
    copy_folder(&run.folder, &copy)?;
    let output = push(
        place,
        &copy,
        &["--otel-url", &sink.url(), "--otel-protocol", protocol],
        &[],
    )?;
    ensure!(
        output.status.success(),
        "push: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let bodies = place.scratch.join(format!("agree-bodies-{name}"));
    fs::create_dir_all(&bodies)?;
    let extension = if protocol == "http/json" { "json" } else { "pb" };
    for (number, accepted) in sink.accepted().iter().enumerate() {
        let signal = match accepted.signal {
            SinkSignal::Traces => "traces",
            SinkSignal::Metrics => "metrics",
        };
        fs::write(bodies.join(format!("{number:04}.{signal}.{extension}")), &accepted.body)?;
    }
    python::decode(place, &bodies)
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    let status = Command::new("cp").arg("-r").arg(from).arg(to).status();
    ensure!(
        status.context("cannot run cp")?.success(),
        "cannot copy {}",
        from.display()
    );
    Ok(())
}
