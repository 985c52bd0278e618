//! The final metrics of a run are the numbers of its `summary.json`, by the names of `docs/mlflow-metrics.md`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::check::Checks;
use super::super::mlflow_reader::LoggedRun;

/// Walks through a summary: each number is a metric of the run with this value, and the run has no other.
pub(super) fn compare(checks: &mut Checks, what: &str, (run, summary): (&LoggedRun, &Value)) {
    let mut expected = BTreeMap::new();
    walk(String::new(), summary, &mut expected);
    let logged: BTreeMap<String, f64> = run
        .metrics
        .iter()
        .filter(|(key, _)| !key.starts_with("live."))
        .map(|(key, value)| (key.clone(), *value))
        .collect();
    let of_both = expected.iter().filter(|(key, value)| logged.get(*key) == Some(value));
    checks.that(
        format!(
            "{what}: {} final metrics, to the last bit as summary.json has them",
            logged.len()
        ),
        expected == logged && logged.len() > 100,
        format_args!(
            "{} agree, expected also {:?}, logged also {:?}",
            of_both.count(),
            missing(&expected, &logged),
            missing(&logged, &expected)
        ),
    );
    let again = run
        .histories
        .iter()
        .filter(|(key, points)| !key.starts_with("live.") && (points.len() != 1 || points[0].step != 0));
    let again: Vec<_> = again.map(|(key, _)| key).collect();
    checks.that(
        format!("{what}: each final metric once, at step 0"),
        again.is_empty(),
        again,
    );
}

/// The first of those that are not, or not the same, in the others.
fn missing(these: &BTreeMap<String, f64>, others: &BTreeMap<String, f64>) -> Vec<(String, f64)> {
    let missing = these.iter().filter(|(key, value)| others.get(*key) != Some(value));
    missing.map(|(key, value)| (key.clone(), *value)).take(8).collect()
}

/// Every number of a part of the summary that has a name as a metric.
fn walk(path: String, value: &Value, found: &mut BTreeMap<String, f64>) {
    match value {
        Value::Number(number) => {
            let metric = name_of(&path).zip(number.as_f64());
            found.extend(metric);
        }
        Value::Object(object) => {
            for (key, value) in object {
                walk(format!("{path}/{key}"), value, found);
            }
        }
        Value::Array(list) => {
            for (number, value) in list.iter().enumerate() {
                // Targets of --goodput are known by their metric, all else by its number.
                let own = value["metric"].as_str().map_or(number.to_string(), str::to_owned);
                walk(format!("{path}/{own}"), value, found);
            }
        }
        _ => {}
    }
}

/// The metric for the number at a place in the summary. `None`: it is no figure.
fn name_of(path: &str) -> Option<String> {
    let steps: Vec<&str> = path.split('/').skip(1).collect();
    let name = match steps[..] {
        // When and with which dice, and what stands elsewhere or in words.
        ["verdict" | "notices" | "telemetry", ..] => return None,
        ["run", figure] if !figure.starts_with("measured_") => return None,
        ["connections", "preopened", _, "target"] => return None,
        ["metrics", figure, "value"] => figure.to_owned(),
        ["metrics", figure, statistic] => format!("{figure}.{statistic}"),
        ["steady_state", "metrics", figure, "value"] => format!("steady_state.{figure}"),
        ["steady_state", "metrics", figure, statistic] => format!("steady_state.{figure}.{statistic}"),
        ["counts", "requests"] => "requests.total".to_owned(),
        ["counts", ref rest @ ..] => format!("requests.{}", rest.join(".")),
        ["server", number, "gauges" | "histograms", name, figure] => {
            format!("system/server/{number}/{name}.{figure}")
        }
        ["server", number, "totals", name] => format!("system/server/{number}/{name}.total"),
        ["server", number, ref rest @ ..] => format!("system/server/{number}/{}", rest.join(".")),
        ref all => all.join("."),
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_names_of_the_documentation() {
        for (path, name) in [
            ("/metrics/time_to_first_token/p99", Some("time_to_first_token.p99")),
            ("/metrics/request_throughput/value", Some("request_throughput")),
            ("/steady_state/metrics/goodput/value", Some("steady_state.goodput")),
            ("/steady_state/window/share", Some("steady_state.window.share")),
            ("/counts/requests", Some("requests.total")),
            ("/counts/by_error/timeout_idle", Some("requests.by_error.timeout_idle")),
            (
                "/server/0/gauges/kv_cache_usage/max",
                Some("system/server/0/kv_cache_usage.max"),
            ),
            (
                "/server/1/totals/preemptions",
                Some("system/server/1/preemptions.total"),
            ),
            ("/client/workers/0/busy_share", Some("client.workers.0.busy_share")),
            ("/run/measured_from_s", Some("run.measured_from_s")),
            ("/run/seed", None),
            ("/telemetry/signals/0/produced", None),
        ] {
            assert_eq!(name_of(path).as_deref(), name, "{path}");
        }
    }
}
