//! One trace over two processes.

use serde_json::Value;

use super::super::collector::{Collector, Setup};
use super::{ByService, Suite};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    of_two_processes(suite)?;
    of_a_stranger(suite)
}

fn of_two_processes(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let ended = suite.to_mlflow("distributed", "distributed").run()?;
    let traces = suite.traces("distributed")?;
    let checks = &mut *suite.checks;
    checks.that("distributed: it ends well", ended.is_quiet_success(), &ended);
    let trees: Vec<_> = traces.iter().map(super::StoredTrace::tree).collect();
    let tree = vec![
        ("delegate", None),
        ("plan", Some("delegate")),
        ("work", Some("delegate")),
    ];
    checks.equal("distributed: two processes make one trace", trees, vec![tree]);
    let Some(trace) = traces.first() else { return Ok(()) };
    let spans = trace.spans.iter();
    let mut processes: Vec<_> = spans.filter_map(|span| span.inputs["process"].as_u64()).collect();
    processes.dedup();
    checks.equal("distributed: they are two", processes.len(), 2);
    checks.equal(
        "distributed: tokens of both are added up",
        ["input_tokens", "output_tokens", "total_tokens"].map(|kind| trace.tokens.get(kind).copied()),
        [Some(12), Some(5), Some(17)],
    );
    checks.equal(
        "distributed: MLflow describes it as its root does",
        (
            trace.state.as_str(),
            trace.tags.get("mlflow.traceName").map(String::as_str),
        ),
        ("OK", Some("delegate")),
    );
    Ok(())
}

/// The caller is no program of ours, and its decision on sampling counts.
fn of_a_stranger(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let collector = Collector::start(suite.place, "collector-across", &Setup::default())?;
    for (service, flags) in [("sampled", "01"), ("not sampled", "00")] {
        let ended = suite
            .program("distributed")
            .arg("worker")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.grpc_url("http"))
            .env("OTEL_METRICS_EXPORTER", "none")
            .env("OTEL_SERVICE_NAME", service)
            .env("TRACEPARENT", &format!("00-{TRACE}-{CALLER}-{flags}"))
            .run()?;
        suite.checks.that(
            format!("distributed, {service} by a stranger: it does its work"),
            ended.is_quiet_success() && ended.stdout == "one two three\n",
            &ended,
        );
    }
    let received = ByService::of(collector)?;
    let place = |service| -> Vec<_> {
        let spans = received.spans(service).iter();
        spans
            .map(|span| (span.trace_id.as_str(), span.parent.as_str()))
            .collect()
    };
    suite.checks.equal(
        "distributed: the span is in the trace of the stranger",
        place("sampled"),
        vec![(TRACE, CALLER)],
    );
    suite
        .checks
        .equal("distributed: or is not recorded", place("not sampled"), Vec::new());
    let request_id = received
        .spans("sampled")
        .first()
        .and_then(|span| span.attributes.get("mlflow.traceRequestId").and_then(Value::as_str));
    suite.checks.equal(
        "distributed: MLflow's id is that of the stranger's trace",
        request_id,
        Some(format!("\"tr-{TRACE}\"").as_str()),
    );
    Ok(())
}
