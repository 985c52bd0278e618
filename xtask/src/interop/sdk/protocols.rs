//! Each protocol, with and without compression, to a Collector that wants a header; and settings that make no sense.

use super::super::collector::{Collector, Setup};
use super::program::Ended;
use super::{ByService, Suite};

const TOKEN: &str = "interop-token-of-no-worth";

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    arrives(suite)?;
    for (variables, named) in WRONG {
        makes_no_sense(suite, variables, named)?;
    }
    Ok(())
}

fn arrives(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let setup = Setup {
        token: Some(TOKEN),
        ..Setup::default()
    };
    let collector = Collector::start(suite.place, "collector-protocols", &setup)?;
    let (grpc, http) = (collector.grpc_url("http"), collector.http_url("http"));
    let mut services = Vec::new();
    for (protocol, base) in [("grpc", &grpc), ("http/protobuf", &http), ("http/json", &http)] {
        for compression in ["none", "gzip"] {
            let general = format!("{protocol}, {compression}");
            let ended = Sender {
                service: &general,
                header: &format!("authorization=Bearer%20{TOKEN}"),
            }
            .program(suite)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", base)
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .env("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
            .run()?;
            is_exported(suite, &general, &ended);
            services.push(general);
        }
        // What is said of traces counts more than what is said in general, which leads nowhere here.
        let specific = format!("{protocol}, said of traces");
        let ended = Sender {
            service: &specific,
            header: "authorization=Bearer%20no-such-token",
        }
        .program(suite)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
        .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("{base}/v1/traces"))
        .env(
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            if protocol == "grpc" { "http/json" } else { "grpc" },
        )
        .env("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol)
        .env(
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            &format!("authorization=Bearer%20{TOKEN}"),
        )
        .env("OTEL_METRICS_EXPORTER", "none")
        .run()?;
        is_exported(suite, &specific, &ended);
        services.push(specific);
        is_refused(suite, (protocol, base))?;
    }
    let received = ByService::of(collector)?;
    for service in &services {
        let label = format!("{service}: the Collector has the span");
        suite.checks.equal(label, received.names(service), vec!["foo"]);
    }
    suite.checks.equal(
        "no others are there",
        received.0.keys().filter(|name| !services.contains(name)).count(),
        0,
    );
    Ok(())
}

/// A program with a name and a header.
struct Sender<'a> {
    service: &'a str,
    header: &'a str,
}

impl Sender<'_> {
    fn program(&self, suite: &Suite<'_>) -> super::Program {
        suite
            .program("otlp_export")
            .env("OTEL_SERVICE_NAME", self.service)
            .env("OTEL_EXPORTER_OTLP_HEADERS", self.header)
    }
}

fn is_exported(suite: &mut Suite<'_>, what: &str, ended: &Ended) {
    suite.checks.that(
        format!("{what}: the span is acknowledged"),
        ended.is_quiet_success() && ended.stdout.contains("exported: 1, rejected: 0, dropped: 0"),
        ended,
    );
}

/// The Collector wants another header: one warning, a count, and no harm done.
fn is_refused(suite: &mut Suite<'_>, (protocol, base): (&str, &str)) -> anyhow::Result<()> {
    let ended = Sender {
        service: "refused",
        header: "authorization=Bearer%20no-such-token",
    }
    .program(suite)
    .env("OTEL_EXPORTER_OTLP_ENDPOINT", base)
    .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    .env("OTEL_METRICS_EXPORTER", "none")
    .run()?;
    suite.checks.that(
        format!("{protocol}, a wrong token: counted as rejected, one warning without the token"),
        ended.code == Some(0)
            && ended.stdout.contains("exported: 0, rejected: 1, dropped: 0")
            && ended.stderr.lines().count() == 1
            && !ended.stderr.contains("no-such-token"),
        ended,
    );
    Ok(())
}

type Variables = &'static [(&'static str, &'static str)];

/// A set of variables, and the one that makes no sense.
const WRONG: [(Variables, &str); 9] = [
    (
        &[TRACES, ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/xml")],
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    ),
    (
        &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://")],
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    ),
    (
        &[TRACES, ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd")],
        "OTEL_EXPORTER_OTLP_COMPRESSION",
    ),
    (
        &[TRACES, ("OTEL_EXPORTER_OTLP_HEADERS", "no-such-token")],
        "OTEL_EXPORTER_OTLP_HEADERS",
    ),
    (
        &[TRACES, ("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "perhaps")],
        "MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT",
    ),
    (
        // Both, of which one is missing.
        &[TRACES, ("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "true")],
        "MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT",
    ),
    (
        &[TRACES, ("MLFLOW_TRACE_SAMPLING_RATIO", "1.5")],
        "MLFLOW_TRACE_SAMPLING_RATIO",
    ),
    (
        &[TRACES, ("OTEL_BSP_MAX_QUEUE_SIZE", "many")],
        "OTEL_BSP_MAX_QUEUE_SIZE",
    ),
    (&[("MLFLOW_TRACKING_URI", "databricks")], "MLFLOW_TRACKING_URI"),
];

const TRACES: (&str, &str) = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9");

fn makes_no_sense(suite: &mut Suite<'_>, variables: Variables, named: &str) -> anyhow::Result<()> {
    let ended = suite.program("otlp_export").envs(variables).run()?;
    let value = variables.last().map(|(_, value)| *value).unwrap_or_default();
    suite.checks.that(
        format!("{named}={value}: one line names it, and the program ends with an error"),
        ended.code == Some(1)
            && ended.stderr.lines().count() == 1
            && ended.stderr.contains(named)
            && !ended.stderr.contains("no-such-token"),
        ended,
    );
    Ok(())
}
