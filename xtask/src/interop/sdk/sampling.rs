//! A share of the traces: whole ones or none, the same for both destinations.

use super::super::collector::{Collector, Setup};
use super::{ByService, Suite, ids_in_collector, ids_in_mlflow};

const TRACES: usize = 300;
/// Of spans, in each trace.
const SPANS: usize = 3;
/// Half of them, five standard deviations up or down.
const PLAUSIBLE: std::ops::RangeInclusive<usize> = 107..=193;

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let collector = Collector::start(suite.place, "collector-sampling", &Setup::default())?;
    let ended = suite
        .to_mlflow("sampling", "sampling")
        .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &collector.grpc_url("http"))
        .env("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "true")
        .env("MLFLOW_TRACE_SAMPLING_RATIO", "0.5")
        .env("OTEL_SERVICE_NAME", "sampling")
        .arg(&TRACES.to_string())
        .run()?;
    let received = ByService::of(collector)?;
    let traces = suite.traces("sampling")?;
    let checks = &mut *suite.checks;
    checks.that("sampling 0.5: it ends well", ended.is_quiet_success(), &ended);
    let words = ended.stdout.split_whitespace().next();
    let recorded: usize = words.and_then(|count| count.parse().ok()).unwrap_or_default();
    checks.that(
        format!("sampling 0.5: about half of {TRACES} traces"),
        PLAUSIBLE.contains(&recorded),
        recorded,
    );
    checks.equal(
        "sampling 0.5: MLflow has as many as the program recorded",
        traces.len(),
        recorded,
    );
    let partial = traces.iter().find(|trace| trace.spans.len() != SPANS);
    checks.that("sampling 0.5: each is there as a whole", partial.is_none(), partial);
    checks.that(
        "sampling 0.5: the Collector has the same",
        ids_in_collector(received.spans("sampling")) == ids_in_mlflow(&traces),
        (received.spans("sampling").len(), traces.len()),
    );
    let total = recorded * SPANS;
    let expected: Vec<_> = ["otlp", "mlflow"]
        .iter()
        .map(|destination| format!("{destination}: {total} of {total} spans, 0 dropped"))
        .collect();
    let counts: Vec<_> = ended.stdout.lines().skip(1).map(str::to_owned).collect();
    checks.equal("sampling 0.5: the counts say so, too", counts, expected);
    Ok(())
}
