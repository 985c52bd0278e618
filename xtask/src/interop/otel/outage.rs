//! Collectors that are not there, go away and come back, or do not take a signal.

use std::time::Duration;

use super::super::Workplace;
use super::super::check::Checks;
use super::super::collector::{Collector, Setup, Signals};
use super::super::daemon::free_ports;
use super::super::loadspan::{profile, push};
use super::super::otlp_json::spans;
use super::{ledger_is_clean, server};

pub(super) fn check(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    down_then_pushed(place, checks)?;
    killed_and_restarted(place, checks)?;
    takes_no_metrics(place, checks)
}

/// Nothing listens during the run; `push` delivers everything to a Collector that is started later, once.
fn down_then_pushed(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    let server = server().start()?;
    let [nobody] = free_ports()?;
    let dead = format!("http://localhost:{nobody}");
    let run = profile(place, "down", &server.url())
        .args(&[
            "--otel-url",
            &dead,
            "--stream",
            "all",
            "--request-count",
            "50",
            "--otel-flush-timeout",
            "1",
        ])
        .run()?;
    checks.equal("down: exit code", run.code, Some(0));
    let warnings = run.stderr.matches("warning:").count();
    checks.that(
        "down: one warning for each signal, no flood",
        warnings == 2,
        &run.stderr,
    );
    let produced = run.ledger("traces", "produced");
    checks.equal(
        "down: every span is in the spool",
        run.ledger("traces", "spooled"),
        produced,
    );
    let collector = Collector::start(place, "collector-push", &Setup::default())?;
    let url = collector.http_url("http");
    for attempt in ["first", "second"] {
        let output = push(place, &run.folder, &["--otel-url", &url], &[])?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        checks.that(
            format!("down: the {attempt} push succeeds"),
            output.status.success(),
            said,
        );
    }
    let received = spans(&collector.finish()?.traces).len() as u64;
    checks.equal("down: each span was pushed once", received, produced);
    Ok(())
}

/// The Collector is killed in the middle of a run and started again two seconds later.
fn killed_and_restarted(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    let server = server().start()?;
    let mut collector = Collector::start(place, "collector-restarted", &Setup::default())?;
    let running = profile(place, "restarted", &server.url())
        .args(&[
            "--otel-url",
            &collector.grpc_url("http"),
            "--otel-protocol",
            "grpc",
            "--stream",
            "all",
        ])
        .args(&["--benchmark-duration", "8", "--otel-export-interval", "1"])
        .spawn()?;
    std::thread::sleep(Duration::from_secs(3));
    collector.kill();
    std::thread::sleep(Duration::from_secs(2));
    collector.restart()?;
    let run = running.join()?;
    checks.equal("restarted: exit code", run.code, Some(0));
    for signal in ["traces", "metrics"] {
        ledger_is_clean(checks, "restarted", &run, signal);
    }
    // What a killed Collector had acknowledged and not yet written is lost on its side; what came later must all be there.
    let received = spans(&collector.finish()?.traces).len() as u64;
    let produced = run.ledger("traces", "produced");
    checks.that(
        "restarted: spans went to both lives of the Collector",
        received > produced / 2 && received <= produced,
        (received, produced),
    );
    Ok(())
}

/// As with Jaeger: the signal is turned off with one line, and it is no fault.
fn takes_no_metrics(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    let server = server().start()?;
    let setup = Setup {
        signals: Signals::TracesOnly,
        ..Setup::default()
    };
    let collector = Collector::start(place, "collector-traces-only", &setup)?;
    for (protocol, url) in [
        ("grpc", collector.grpc_url("http")),
        ("http/protobuf", collector.http_url("http")),
    ] {
        let run = profile(place, &format!("traces-only-{}", &protocol[..4]), &server.url())
            .args(&[
                "--otel-url",
                &url,
                "--otel-protocol",
                protocol,
                "--stream",
                "all",
                "--request-count",
                "20",
            ])
            .run()?;
        checks.equal(format!("{protocol} without metrics: exit code"), run.code, Some(0));
        ledger_is_clean(checks, &format!("{protocol} without metrics"), &run, "traces");
        checks.equal(
            format!("{protocol} without metrics: nothing is spooled"),
            run.ledger("metrics", "spooled"),
            0,
        );
        let lines = run.stderr.lines().filter(|line| line.contains("metrics")).count();
        checks.that(
            format!("{protocol} without metrics: one line says so"),
            lines == 1,
            &run.stderr,
        );
    }
    Ok(())
}
