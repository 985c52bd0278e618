//! What the Collector counts is what the summary says, over each protocol.

use super::super::Workplace;
use super::super::check::Checks;
use super::super::collector::{Collector, Setup};
use super::super::loadspan::profile;
use super::super::otlp_json::{Point, final_count, final_value, points, spans};
use super::{ledger_is_clean, server, with_failures};

/// Requests of each run, warm-up not counted.
const REQUESTS: u64 = 60;

pub(super) fn check(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    let server = with_failures(server()).start()?;
    for protocol in ["grpc", "http/protobuf", "http/json"] {
        let name = protocol.replace('/', "-");
        let collector = Collector::start(place, &format!("collector-{name}"), &Setup::default())?;
        let url = match protocol {
            "grpc" => collector.grpc_url("http"),
            _ => collector.http_url("http"),
        };
        let run = profile(place, &name, &server.url())
            .args(&["--otel-url", &url, "--otel-protocol", protocol, "--stream", "all"])
            .args(&["--request-count", &REQUESTS.to_string(), "--warmup-request-count", "5"])
            .args(&["--goodput", "time_to_first_token:1000", "--otel-semconv", "both"])
            .run()?;
        let shown = if protocol == "grpc" {
            collector.scrape()?
        } else {
            String::new()
        };
        let received = collector.finish()?;
        checks.equal(format!("{protocol}: exit code"), run.code, Some(0));
        for signal in ["traces", "metrics"] {
            ledger_is_clean(checks, protocol, &run, signal);
        }
        let points = points(&received.metrics);
        compare(checks, protocol, &points);
        checks.equal(
            format!("{protocol}: points received"),
            points.len() as u64,
            run.ledger("metrics", "delivered"),
        );
        let spans = spans(&received.traces);
        checks.equal(
            format!("{protocol}: spans received"),
            spans.len() as u64,
            run.ledger("traces", "delivered"),
        );
        checks.equal(
            format!("{protocol}: spans of requests, warm-up included"),
            spans.iter().filter(|span| span.kind == 3).count() as u64,
            REQUESTS + 5,
        );
        if protocol == "grpc" {
            let count = "gen_ai_client_operation_duration_seconds_count{";
            checks.that(
                "the Collector's Prometheus exporter shows the histogram",
                shown.contains(count),
                &shown,
            );
        }
    }
    Ok(())
}

fn compare(checks: &mut Checks, protocol: &str, points: &[Point]) {
    let failed = |attributes: &std::collections::BTreeMap<_, _>| attributes.contains_key("error.type");
    let measured = |attributes: &std::collections::BTreeMap<String, serde_json::Value>| {
        attributes.get("loadspan.phase").is_none_or(|phase| phase == "measure")
    };
    for metric in ["gen_ai.client.operation.duration", "gen_ai.client.inference.duration"] {
        checks.equal(
            format!("{protocol}: {metric} counts every request"),
            final_count(points, metric, |_| true),
            REQUESTS,
        );
        let failures = final_count(points, metric, failed);
        checks.that(
            format!("{protocol}: {metric} counts failures under error.type"),
            (5..=7).contains(&failures),
            failures,
        );
    }
    let completed = final_value(points, "loadspan.requests.completed", measured);
    let failed = final_value(points, "loadspan.requests.failed", measured);
    checks.equal(
        format!("{protocol}: completed and failed requests"),
        completed + failed,
        REQUESTS,
    );
    let gaps = final_count(points, "gen_ai.client.operation.time_per_output_chunk", |_| true);
    checks.equal(
        format!("{protocol}: a gap between each two chunks"),
        gaps,
        completed * 15,
    );
    let of_type = |wanted: &'static str| {
        move |attributes: &std::collections::BTreeMap<String, serde_json::Value>| {
            attributes.get("gen_ai.token.type").is_some_and(|kind| kind == wanted)
        }
    };
    for kind in ["input", "output"] {
        let count = final_count(points, "gen_ai.client.token.usage", of_type(kind));
        checks.equal(
            format!("{protocol}: {kind} tokens of each completed request"),
            count,
            completed,
        );
    }
    let good = final_value(points, "loadspan.requests.good", |_| true);
    checks.equal(format!("{protocol}: good requests"), good, completed);
}
