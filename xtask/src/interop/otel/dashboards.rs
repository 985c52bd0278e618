//! The queries of the documentation and of the shipped dashboard, against a real Prometheus.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use anyhow::Context;
use loadspan_testkit::{ServerKind, TextEndpoint};
use serde_json::Value;

use super::super::Workplace;
use super::super::check::Checks;
use super::super::loadspan::profile;
use super::super::prometheus::Prometheus;
use super::{ledger_is_clean, server, with_failures};

const DASHBOARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dashboards/grafana/loadspan.json");
/// The query of the tutorial, with the unit that Prometheus adds to the name.
const TUTORIAL: &str = "histogram_quantile(0.99, sum(rate(gen_ai_client_operation_duration_seconds_bucket[1m])) by (le, gen_ai_request_model))";

/// What the mock has no figures of.
const CACHES: &str = "vllm:gpu_prefix_cache_hit_rate 0.5\nvllm:num_preemptions_total 3\n";
const GPUS: &str = "DCGM_FI_DEV_GPU_UTIL{gpu=\"0\",UUID=\"GPU-1\",modelName=\"A\"} 85\n\
                    DCGM_FI_DEV_POWER_USAGE{gpu=\"0\",UUID=\"GPU-1\",modelName=\"A\"} 612\n";

pub(super) fn check(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    // One that shows metrics of its own, which some panels are about; what the mock has not, two pages have.
    let places = NonZeroUsize::new(8).context("eight is not zero")?;
    let server = with_failures(server().kind(ServerKind::Vllm).max_concurrency(places)).start()?;
    let (caches, gpus) = (TextEndpoint::text(CACHES)?, TextEndpoint::text(GPUS)?);
    let prometheus = Prometheus::start(place)?;
    let run = profile(place, "prometheus", &server.url())
        .args(&[
            "--otel-url",
            &prometheus.otlp_url(),
            "--stream",
            "all",
            "--otel-export-interval",
            "1",
        ])
        .args(&["--benchmark-duration", "6", "--goodput", "time_to_first_token:1000"])
        .args(&[
            "--server-metrics",
            &format!("{}/metrics", server.url()),
            &caches.url("/metrics"),
        ])
        .args(&["--gpu-telemetry", &gpus.url("/metrics")])
        .run()?;
    ledger_is_clean(checks, "Prometheus", &run, "metrics");
    let requests = run.number("/counts/requests");
    let counted = "sum(gen_ai_client_operation_duration_seconds_count)";
    let counted: f64 = await_samples(&prometheus, counted)?
        .iter()
        .map(|(_, value)| value)
        .sum();
    checks.equal(
        "Prometheus: the histogram counts every request",
        counted as u64,
        requests,
    );
    let increase: f64 = await_samples(&prometheus, "sum(increase(loadspan_requests_completed_total[5m]))")?
        .iter()
        .map(|(_, value)| value)
        .sum();
    let completed = run.number("/counts/completed") as f64;
    // Prometheus extrapolates increases to the window.
    checks.that(
        "Prometheus: the first requests are not missing from increase()",
        increase > 0.8 * completed,
        (increase, completed),
    );
    let p99 = await_samples(&prometheus, TUTORIAL)?;
    let is_good = p99.len() == 1 && p99[0].1 > 0.0 && p99[0].0["gen_ai_request_model"] == "mock-model";
    checks.that(
        "Prometheus: the tutorial's query returns the p99 of the model",
        is_good,
        p99,
    );
    let dashboard = Dashboard::load()?;
    let queries = dashboard.queries();
    checks.that("dashboard: it has its queries", queries.len() >= 25, queries.len());
    for (title, query) in queries {
        let samples = await_samples(&prometheus, &query)?;
        checks.that(format!("dashboard: {title}"), !samples.is_empty(), query);
    }
    Ok(())
}

/// The samples of a query; asked again for a while, since what was sent may not be visible yet.
fn await_samples(prometheus: &Prometheus, query: &str) -> anyhow::Result<Vec<(Value, f64)>> {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let samples = prometheus.query(query)?;
        if !samples.is_empty() || Instant::now() > until {
            return Ok(samples);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Grafana's JSON.
struct Dashboard(Value);

impl Dashboard {
    fn load() -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(DASHBOARD).context("the dashboard is missing")?;
        Ok(Self(serde_json::from_str(&text).context("the dashboard is no JSON")?))
    }

    /// Title and query of each panel and each variable, with the variables of Grafana filled in.
    fn queries(&self) -> BTreeSet<(String, String)> {
        let panels = children(&self.0, "panels").flat_map(|panel| {
            let queries = children(panel, "targets").filter_map(|target| target["expr"].as_str());
            queries.map(|query| (text(&panel["title"]), fill_in(query)))
        });
        let variables = children(&self.0["templating"], "list").filter_map(|variable| {
            let (metric, label) = variable["definition"]
                .as_str()?
                .strip_prefix("label_values(")?
                .split_once(", ")?;
            let query = format!("count by ({}) ({metric})", label.trim_end_matches(')'));
            Some((format!("variable {}", text(&variable["name"])), query))
        });
        panels.chain(variables).collect()
    }
}

fn fill_in(query: &str) -> String {
    let query = query.replace("$__rate_interval", "1m").replace("$__range", "5m");
    query.replace("$model", ".*").replace("$run", ".*")
}

fn children<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    of[name].as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
