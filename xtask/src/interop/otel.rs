//! OpenTelemetry: a real Collector, a real Prometheus, and Python's account of what went over the wire.

mod agreement;
mod console;
mod counts;
mod dashboards;
mod examples;
mod outage;
mod security;
mod tree;

use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, When, every};

use super::Workplace;
use super::check::Checks;
use super::loadspan::Run;

/// # Errors
///
/// Something cannot be installed or started. What is wrong with loadspan is a failed check instead.
pub(super) fn run(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    examples::check(place, checks)?;
    counts::check(place, checks)?;
    tree::check(place, checks)?;
    agreement::check(place, checks)?;
    console::check(place, checks)?;
    security::check(place, checks)?;
    outage::check(place, checks)?;
    dashboards::check(place, checks)
}

/// Of whose requests each tenth fails.
fn with_failures(server: FakeServer) -> FakeServer {
    server.on(When::EveryNth(10), Script::new().fault(Fault::status(503)))
}

fn server() -> FakeServer {
    FakeServer::new()
        .ttft(5.ms())
        .tokens(16, every(1.ms()))
        .keep_truths(10_000)
}

/// Every fate of every signal adds up, and nothing was lost.
fn ledger_is_clean(checks: &mut Checks, what: &str, run: &Run, signal: &str) {
    let [produced, delivered] = ["produced", "delivered"].map(|fate| run.ledger(signal, fate));
    checks.that(
        format!("{what}: all {signal} are delivered"),
        produced > 0 && produced == delivered,
        &run.summary["telemetry"],
    );
}
