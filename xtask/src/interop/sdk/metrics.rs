//! `mlflow.trace.span.duration`: at a Collector over both protocols, and at Prometheus without one. Counts are exact.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::collector::{Collector, Setup};
use super::super::otlp_json::{Point, attributes, points};
use super::super::prometheus::Prometheus;
use super::{Program, Suite};

/// Spans by root, type and status.
type Counts = BTreeMap<[String; 3], u64>;

const LABELS: [&str; 3] = ["root", "span_type", "span_status"];
const METRIC: &str = "mlflow.trace.span.duration";
/// As Prometheus writes it.
const SERIES: &str = "mlflow_trace_span_duration_milliseconds_count";

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    at_a_collector(suite)?;
    at_prometheus(suite)
}

/// A program with spans of many types, some of which fail. Its metrics go to this endpoint, when it ends: it takes no minute.
fn measured(suite: &Suite<'_>, experiment: &str, to: (&str, &str)) -> Program {
    suite
        .to_mlflow("anatomy", experiment)
        .env("OTEL_SERVICE_NAME", experiment)
        .env("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", to.0)
        .env("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", to.1)
}

fn at_a_collector(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let collector = Collector::start(suite.place, "collector-metrics", &Setup::default())?;
    let (grpc, http) = (collector.grpc_url("http"), collector.http_url("http"));
    let services = [
        ("metrics, grpc", (grpc.clone(), "grpc")),
        ("metrics, http", (format!("{http}/v1/metrics"), "http/protobuf")),
    ];
    for (service, (endpoint, protocol)) in &services {
        let ended = measured(suite, service, (endpoint, protocol))
            .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &grpc)
            .env("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "true")
            .env("LOADSPAN_SDK_METRIC_ATTRIBUTES", "tags.environment,metadata.version")
            .run()?;
        let label = format!("{service}: it ends well");
        suite.checks.that(label, ended.is_quiet_success(), &ended);
    }
    as_on_the_page(suite, &grpc)?;
    let shown = collector.scrape()?;
    suite.checks.that(
        "metrics: the Collector's own page for Prometheus has the histogram",
        shown.contains(SERIES),
        shown.lines().count(),
    );
    let payloads = collector.finish()?.metrics;
    for (service, _) in &services {
        let points = points_of(&payloads, service);
        let expected = in_mlflow(suite, service)?;
        suite.checks.equal(
            format!("{service}: each span counts once, with dual export, too"),
            counted(&points),
            expected,
        );
        names_the_trace(suite, service, &points)?;
    }
    let page = counted(&points_of(&payloads, "metrics_export"));
    let expected = Counts::from([(key("true", "CHAIN", "OK"), 1)]);
    suite
        .checks
        .equal("metrics_export: the span of the page", page, expected);
    Ok(())
}

/// "Metrics Export" of MLflow's page, with its variables and no others.
fn as_on_the_page(suite: &mut Suite<'_>, endpoint: &str) -> anyhow::Result<()> {
    let ended = suite
        .program("metrics_export")
        .env("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", endpoint)
        .env("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc")
        .env("OTEL_SERVICE_NAME", "metrics_export")
        .run()?;
    let only_measured = ended.code == Some(0)
        && ended.stderr.lines().count() == 1
        && ended.stderr.contains("spans are measured, and go nowhere");
    suite.checks.that(
        "metrics_export: it ends well, and says once that its spans go nowhere",
        only_measured,
        &ended,
    );
    Ok(())
}

/// The last report of each series.
fn points_of(payloads: &[Value], service: &str) -> Vec<Point> {
    let resources = payloads
        .iter()
        .flat_map(|payload| payload["resourceMetrics"].as_array().into_iter().flatten());
    let own =
        resources.filter(|resource| attributes(&resource["resource"]).get("service.name") == Some(&service.into()));
    let payload = serde_json::json!({ "resourceMetrics": own.collect::<Vec<_>>() });
    let points = points(&[payload]).into_iter();
    let last: BTreeMap<_, _> = points
        .filter(|point| point.metric == METRIC)
        .map(|point| (format!("{:?}", point.attributes), point))
        .collect();
    last.into_values().collect()
}

fn counted(points: &[Point]) -> Counts {
    let mut counts = Counts::new();
    for point in points {
        let label = |name| point.attributes.get(name).and_then(Value::as_str).unwrap_or_default();
        let count = point.value["count"].as_str().and_then(|count| count.parse().ok());
        *counts.entry(LABELS.map(|name| label(name).to_owned())).or_default() += count.unwrap_or(0);
    }
    counts
}

fn key(root: &str, kind: &str, status: &str) -> [String; 3] {
    [root, kind, status].map(str::to_owned)
}

fn in_mlflow(suite: &mut Suite<'_>, experiment: &str) -> anyhow::Result<Counts> {
    let mut counts = Counts::new();
    for trace in suite.traces(experiment)? {
        for span in trace.spans {
            let root = if span.parent.is_none() { "true" } else { "false" };
            *counts.entry(key(root, &span.kind, &span.status)).or_default() += 1;
        }
    }
    Ok(counts)
}

/// Attributes beside the usual three: those that are always there, and those that were asked for.
fn names_the_trace(suite: &mut Suite<'_>, service: &str, points: &[Point]) -> anyhow::Result<()> {
    let experiment = suite.reader.make_experiment(service)?;
    let root = points
        .iter()
        .find(|point| point.attributes.get("span_type") == Some(&"AGENT".into()));
    let expected = [
        ("experiment_id", experiment.as_str()),
        ("tags.mlflow.traceName", "answer"),
        ("tags.environment", "production"),
        ("metadata.version", "7"),
    ];
    for (name, value) in expected {
        let found = root.and_then(|root| root.attributes.get(name)).and_then(Value::as_str);
        suite
            .checks
            .equal(format!("{service}: attribute {name}"), found, Some(value));
    }
    let session = points.iter().find(|point| {
        let keys = point.attributes.keys();
        keys.into_iter()
            .any(|key| key.contains("session") || key.contains("user"))
    });
    suite.checks.that(
        format!("{service}: sessions and users make no series"),
        session.is_none(),
        session,
    );
    Ok(())
}

fn at_prometheus(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let prometheus = Prometheus::start(suite.place)?;
    let endpoint = format!("{}/v1/metrics", prometheus.otlp_url());
    let ended = measured(suite, "prometheus", (&endpoint, "http/protobuf")).run()?;
    suite
        .checks
        .that("prometheus: it ends well", ended.is_quiet_success(), &ended);
    let seen = samples(&prometheus, "prometheus")?;
    let expected = in_mlflow(suite, "prometheus")?;
    suite
        .checks
        .equal("prometheus: each span counts once, without a Collector", seen, expected);
    // Many reports, of which each goes on where the last one stopped.
    let ended = measured(suite, "prometheus, often", (&endpoint, "http/protobuf"))
        .env("OTEL_METRIC_EXPORT_INTERVAL", "20")
        .run()?;
    suite
        .checks
        .that("prometheus, often: it ends well", ended.is_quiet_success(), &ended);
    let reports = format!("max(count_over_time({SERIES}{{job=\"prometheus, often\"}}[5m]))");
    let reports = prometheus.query(&reports)?;
    suite.checks.that(
        "prometheus, often: there are several reports",
        reports.first().is_some_and(|(_, count)| *count > 1.0),
        &reports,
    );
    let seen = samples(&prometheus, "prometheus, often")?;
    let expected = in_mlflow(suite, "prometheus, often")?;
    suite
        .checks
        .equal("prometheus, often: however many reports there are", seen, expected);
    Ok(())
}

fn samples(prometheus: &Prometheus, service: &str) -> anyhow::Result<Counts> {
    let query = format!("sum by ({}) ({SERIES}{{job=\"{service}\"}})", LABELS.join(", "));
    let samples = prometheus.query(&query)?.into_iter();
    let label = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts, which are small whole numbers"
    )]
    let counts = samples.map(|(labels, count)| (LABELS.map(|name| label(&labels, name)), count as u64));
    Ok(counts.collect())
}
