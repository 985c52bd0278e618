use std::collections::BTreeMap;

use loadspan_record::{SessionBucket, SessionSummary};

pub(in crate::mlflow) mod rich_summary;

use self::rich_summary::rich_summary;
use super::*;

const TIME: i64 = 1_700_000_006_873;

fn metrics_of(summary: &Summary) -> BTreeMap<String, f64> {
    let metrics = final_metrics(summary, TIME);
    let by_key: BTreeMap<String, f64> = metrics
        .iter()
        .map(|metric| (metric.key.clone(), metric.value.0))
        .collect();
    assert_eq!(by_key.len(), metrics.len(), "two figures have one name");
    by_key
}

/// Every number of a summary, by its path.
fn numbers(path: &str, value: &Value, found: &mut Vec<(String, f64)>) {
    match value {
        Value::Number(number) => found.push((path.to_owned(), number.as_f64().unwrap())),
        Value::Object(object) => object
            .iter()
            .for_each(|(key, value)| numbers(&format!("{path}/{key}"), value, found)),
        Value::Array(list) => list
            .iter()
            .for_each(|value| numbers(&format!("{path}/[]"), value, found)),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Numbers of a summary that are no figures of the run.
fn is_no_figure(path: &str) -> bool {
    // Start and seed are start time and parameter of the run; the numbers behind a verdict are figures that stand elsewhere; the
    // ledger is none of the server; the rest are parts of names.
    path.starts_with("/verdict/")
        || path.starts_with("/telemetry/")
        || [
            "/run/started_unix_ns",
            "/run/seed",
            "/connections/preopened/[]/target",
            "/gpus/gpus/[]/index",
        ]
        .contains(&path)
}

#[test]
fn no_number_of_a_summary_is_forgotten() {
    let summary = rich_summary();
    let mut expected = Vec::new();
    numbers("", &serde_json::to_value(&summary).unwrap(), &mut expected);
    expected.retain(|(path, _)| !is_no_figure(path));
    let mut logged: Vec<f64> = metrics_of(&summary).into_values().collect();
    for (path, value) in &expected {
        let place = logged.iter().position(|logged| logged == value);
        logged.swap_remove(place.unwrap_or_else(|| panic!("{path}, {value}, has no metric")));
    }
    assert!(logged.is_empty(), "these are no numbers of the summary: {logged:?}");
    assert!(expected.len() > 400, "{} numbers are no rich summary", expected.len());
}

#[test]
fn figures_have_the_values_of_the_summary_to_the_last_bit() {
    let summary = rich_summary();
    let metrics = metrics_of(&summary);
    for (metric, distribution) in summary.metrics.distributions() {
        assert_eq!(
            metrics[&format!("{}.count", metric.tag())],
            distribution.count as f64,
            "{metric:?}"
        );
        for (statistic, value) in distribution.stats() {
            assert_eq!(metrics[&format!("{}.{statistic}", metric.tag())], value, "{metric:?}");
        }
    }
    for (metric, value) in summary.metrics.scalars() {
        assert_eq!(metrics[metric.tag()], value);
    }
    for (key, value) in [
        ("requests.total", 61.0),
        ("requests.completed", 60.0),
        ("requests.failed", 1.0),
        ("requests.by_error.http_status_503", 1.0),
        ("requests.unsent", 3.0),
        ("goodput.of", 61.0),
        ("goodput.targets.inter_token_latency.limit", 20.0),
        ("load.target_rate", 10.0),
        ("load.in_flight.max", 1.0),
        ("client.peak_rss_bytes", 30_871_552.0),
        ("client.workers.1.busy_share", 0.25),
        ("connections.preopened.1.opened", 4.0),
        ("finish_reasons.stop", 60.0),
        ("system/gpu/1/utilization.mean", 0.5),
        ("system/gpu/energy_joules", 1_801.0),
        ("system/server/0/kv_cache_usage.max", 0.875),
        ("system/server/0/generation_tokens.total", 610.0),
        ("system/server/0/queue_time_seconds.p99", 0.07),
        ("run.measured_until_s", 6.75),
    ] {
        assert_eq!(metrics.get(key), Some(&value), "{key}: {metrics:#?}");
    }
    assert!(metrics.contains_key("steady_state.window.share"));
    assert!(metrics.contains_key("steady_state.request_latency.p99"));
}

#[test]
fn all_figures_are_of_the_end_of_the_run() {
    let metrics = final_metrics(&rich_summary(), TIME);
    assert!(
        metrics
            .iter()
            .all(|metric| metric.timestamp == TIME && metric.step == 0)
    );
}

#[test]
fn what_is_not_finite_is_left_out() {
    let mut summary = rich_summary();
    summary.client.as_mut().unwrap().cpu_seconds = f64::NAN;
    let metrics = metrics_of(&summary);
    assert!(!metrics.contains_key("client.cpu_seconds") && metrics.contains_key("client.wall_seconds"));
}

#[test]
fn gpus_with_the_same_index_on_two_hosts_are_two() {
    let mut summary = rich_summary();
    let gpus = &mut summary.gpus.as_mut().unwrap().gpus;
    gpus[1].index = Some(0);
    gpus[1].energy_joules = Some(1.0);
    let metrics = metrics_of(&summary);
    assert_eq!(metrics["system/gpu/0/energy_joules"], 900.5);
    assert_eq!(metrics["system/gpu/1/energy_joules"], 1.0);
}

#[test]
fn targets_of_one_metric_twice_are_told_apart_by_their_place() {
    let mut summary = rich_summary();
    let goodput = summary.goodput.as_mut().unwrap();
    goodput.targets[1].target.metric = goodput.targets[0].target.metric;
    assert!(metrics_of(&summary).contains_key("goodput.targets.1.met"));
}

mod page {
    //! The page of names and units is that of the code.

    use loadspan_record::{Metric, RunMetric};

    use super::*;

    const PAGE: &str = include_str!("../../../../../docs/mlflow-metrics.md");

    #[test]
    fn it_has_every_figure_with_unit_and_meaning() {
        let per_request = Metric::ALL.map(|metric| {
            let (tag, unit, definition) = (metric.tag(), metric.unit(), metric.definition());
            format!("| `{tag}.<statistic>` | {unit} | {definition} |")
        });
        let per_run = RunMetric::ALL.map(|metric| {
            let (tag, unit, definition) = (metric.tag(), metric.unit(), metric.definition());
            format!("| `{tag}` | {unit} | {definition} |")
        });
        for row in per_request.into_iter().chain(per_run) {
            assert!(
                PAGE.lines().any(|line| line == row),
                "docs/mlflow-metrics.md lacks the row\n{row}"
            );
        }
    }

    #[test]
    fn it_has_a_row_for_every_metric_that_is_logged() {
        let patterns: Vec<&str> = PAGE
            .lines()
            .filter_map(|line| line.strip_prefix("| `"))
            .flat_map(|line| line.split(" | ").next())
            .flat_map(|cell| cell.split(", "))
            .map(|name| name.trim_matches('`'))
            .collect();
        for key in metrics_of(&rich_summary()).keys() {
            assert!(
                patterns.iter().any(|pattern| matches(pattern, key)),
                "docs/mlflow-metrics.md has no row for {key}"
            );
        }
    }

    /// Whether a name is one of a pattern such as `client.workers.<n>.busy_share`.
    fn matches(pattern: &str, name: &str) -> bool {
        match pattern.split_once('<') {
            None => pattern == name,
            Some((before, rest)) => {
                let after = rest.split_once('>').map_or("", |(_, after)| after);
                let Some(rest) = name.strip_prefix(before) else {
                    return false;
                };
                // A placeholder stands for at least one character.
                (1..=rest.len())
                    .filter(|end| rest.is_char_boundary(*end))
                    .any(|end| matches(after, &rest[end..]))
            }
        }
    }
}

#[test]
fn buckets_of_sessions_are_known_by_where_they_begin() {
    let bucket = |from, to| {
        serde_json::from_value::<SessionBucket>(serde_json::json!({
            "from": from, "to": to, "requests": 7, "cached_input_share": 0.5,
        }))
        .unwrap()
    };
    let mut summary = rich_summary();
    summary.sessions = Some(SessionSummary {
        seen: 3,
        completed: 2,
        failed: 1,
        cut: 0,
        requests: 14,
        retries: 0,
        never_sent: 2,
        turns: None,
        duration: None,
        busy_duration: None,
        cached_input_share: None,
        by_turn: vec![bucket(1, 1), bucket(4, 7)],
        by_context: vec![bucket(256, 511)],
    });
    let metrics = metrics_of(&summary);
    let of_sessions: Vec<_> = metrics.iter().filter(|(key, _)| key.starts_with("sessions.")).collect();
    assert_eq!(of_sessions.len(), 7 + 3 * 2, "{of_sessions:?}");
    assert_eq!(metrics["sessions.by_turn.4.requests"], 7.0);
    assert_eq!(metrics["sessions.by_context.256.cached_input_share"], 0.5);
}
