//! One of two destinations is down, or hangs: the other one has everything, and the counts say what was lost.

use std::time::Duration;

use super::super::collector::{Collector, Setup};
use super::super::daemon::free_ports;
use super::program::Ended;
use super::{ByService, Program, Suite, ids_in_mlflow};

/// A batch is tried for so long.
const EXPORT_TIMEOUT: (&str, &str) = ("OTEL_BSP_EXPORT_TIMEOUT", "1000");
/// Spans of a run.
const SPANS: usize = 60;
/// What a run may take at most: some batches are tried one after another, none forever.
const PATIENCE: Duration = Duration::from_secs(8);

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    the_endpoint_is_down(suite)?;
    let collector = Collector::start(suite.place, "collector-outage", &Setup::default())?;
    suite.server.halt();
    let ended = dual(suite, "MLflow hangs", &collector.grpc_url("http")).run();
    suite.server.go_on();
    mlflow_lost_all(suite, "MLflow hangs", &ended?);
    suite.server.kill();
    let ended = dual(suite, "MLflow is down", &collector.grpc_url("http")).run()?;
    mlflow_lost_all(suite, "MLflow is down", &ended);
    let received = ByService::of(collector)?;
    for what in ["MLflow hangs", "MLflow is down"] {
        let label = format!("{what}: the Collector has everything");
        suite.checks.equal(label, received.spans(what).len(), SPANS);
    }
    Ok(())
}

fn dual(suite: &Suite<'_>, name: &str, endpoint: &str) -> Program {
    suite
        .to_mlflow("sampling", name)
        .env("OTEL_SERVICE_NAME", name)
        .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint)
        .env("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "true")
        .envs(&[EXPORT_TIMEOUT])
        .arg(&(SPANS / 3).to_string())
}

fn the_endpoint_is_down(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    const NAME: &str = "the OTLP endpoint is down";
    let [nobody] = free_ports()?;
    for protocol in ["grpc", "http/protobuf"] {
        let name = format!("{NAME}, {protocol}");
        let ended = dual(suite, &name, &format!("http://127.0.0.1:{nobody}/v1/traces"))
            .env("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol)
            .run()?;
        let counts = [
            format!("otlp: 0 of {SPANS} spans, {SPANS} dropped"),
            format!("mlflow: {SPANS} of {SPANS} spans, 0 dropped"),
        ];
        is_told(suite, (&name, &ended), &counts);
        let stored = ids_in_mlflow(&suite.traces(&name)?);
        let label = format!("{name}: MLflow has everything");
        suite.checks.equal(label, stored.len(), SPANS);
    }
    Ok(())
}

fn mlflow_lost_all(suite: &mut Suite<'_>, what: &str, ended: &Ended) {
    let counts = [
        format!("otlp: {SPANS} of {SPANS} spans, 0 dropped"),
        format!("mlflow: 0 of {SPANS} spans, {SPANS} dropped"),
    ];
    is_told(suite, (what, ended), &counts);
}

fn is_told(suite: &mut Suite<'_>, (what, ended): (&str, &Ended), counts: &[String; 2]) {
    let checks = &mut *suite.checks;
    let told: Vec<_> = ended.stdout.lines().skip(1).map(str::to_owned).collect();
    checks.equal(format!("{what}: the counts say so"), told.as_slice(), counts);
    // One line says that it cannot be reached, one that spans are lost for it.
    let lost = if counts[0].starts_with("otlp: 0") {
        "otlp"
    } else {
        "mlflow"
    };
    let warnings: Vec<_> = ended.stderr.lines().collect();
    let are_about_it = warnings
        .iter()
        .all(|line| line.starts_with(&format!("loadspan_sdk: {lost} ")));
    checks.that(
        format!("{what}: the program ends well, with no more than a warning for each kind of trouble"),
        ended.code == Some(0) && are_about_it && (1..=2).contains(&warnings.len()),
        ended,
    );
    checks.that(format!("{what}: and soon"), ended.wall < PATIENCE, ended.wall);
}
