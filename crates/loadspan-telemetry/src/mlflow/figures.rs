//! The final metrics of a run: every figure of its summary.
//!
//! Names and values are taken from what `summary.json` says, so that a figure that is added there is a metric here, and the two
//! never differ. What is not a figure is left out by name: see [`Walk::section`].

#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeSet;

use loadspan_record::{StageRole, StageSummary, Summary};
use loadspan_wire::mlflow::MetricValue;
use loadspan_wire::mlflow::limits::valid_key;
use loadspan_wire::mlflow::runs::Metric;
use serde_json::{Map, Value};

/// Numbers that are figures of what was run, and not of when and with which dice.
const FIGURES_OF_RUN: [&str; 2] = ["measured_from_s", "measured_until_s"];

/// Every figure of a summary as a metric `<figure>.<statistic>`, with the values of `summary.json`, at step 0. Those that are not
/// finite are left out.
pub(super) fn final_metrics(summary: &Summary, timestamp_ms: i64) -> Vec<Metric> {
    let mut walk = Walk {
        timestamp_ms,
        metrics: Vec::new(),
    };
    if let Ok(Value::Object(sections)) = serde_json::to_value(summary) {
        for (name, section) in &sections {
            walk.section(name, section);
        }
    }
    walk.metrics
}

/// Figures of a stage that its benchmark's run has, too: those that stages are compared by.
const FIGURES_OF_STAGE: [&str; 4] = ["counts", "metrics", "load", "goodput"];
/// Those among them that are about the client alone.
const OF_CLIENT: [&str; 2] = ["load.dispatch_delay.", "load.schedule_lag."];
/// All that is a figure of a warm-up: when it was, in its own run and in that of the benchmark, and its requests.
const OF_WARMUP: [&str; 5] = [
    "stage.started_s",
    "stage.ended_s",
    "started_s",
    "ended_s",
    "requests.warmup",
];
/// Where they stand there, before the number of the stage.
const STAGE: &str = "stage";

/// Every figure of a stage, as [`final_metrics`] has those of a run. A warm-up is not measured: of it there is when it was, and how
/// many requests it had.
pub(super) fn metrics_of_stage(summary: &Summary, stage: &StageSummary, timestamp_ms: i64) -> Vec<Metric> {
    let mut metrics = walk_stage(stage, timestamp_ms);
    metrics.extend(replay_of(summary, stage, timestamp_ms));
    let is_known = |metric: &Metric| stage.role != StageRole::Warmup || OF_WARMUP.contains(&metric.key.as_str());
    metrics.into_iter().filter(is_known).collect()
}

/// How faithfully it replayed, by the names that a run of this stage alone would have.
fn replay_of(summary: &Summary, stage: &StageSummary, timestamp_ms: i64) -> Vec<Metric> {
    let mut replays = summary.replays.iter();
    let replay = replays.find(|replay| replay.facts.stage == stage.number);
    let mut walk = Walk {
        timestamp_ms,
        metrics: Vec::new(),
    };
    if let Some(replay) = replay.and_then(|replay| serde_json::to_value([replay]).ok()) {
        walk.section("replays", &replay);
    }
    walk.metrics
}

fn walk_stage(stage: &StageSummary, timestamp_ms: i64) -> Vec<Metric> {
    let mut walk = Walk {
        timestamp_ms,
        metrics: Vec::new(),
    };
    if let Ok(Value::Object(sections)) = serde_json::to_value(stage) {
        for (name, section) in &sections {
            match name.as_str() {
                "number" | "name" | "role" => {}
                "started_s" | "measured_from_s" | "ended_s" => walk.number(&format!("{STAGE}.{name}"), section),
                name => walk.section(name, section),
            }
        }
    }
    walk.metrics
}

/// Whether a metric of a run is of one of its stages.
pub(super) fn is_of_stage(metric: &Metric) -> bool {
    let rest = metric.key.strip_prefix(STAGE).and_then(|rest| rest.strip_prefix('.'));
    rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// A walk through a summary, which picks up the numbers.
struct Walk {
    timestamp_ms: i64,
    metrics: Vec<Metric>,
}

impl Walk {
    fn section(&mut self, name: &str, section: &Value) {
        match name {
            // What they say in words are tags; their numbers are figures that stand elsewhere. The ledger is none of the server under
            // test, and `loadspan push` changes it: a metric keeps its history.
            "verdict" | "notices" | "telemetry" => {}
            "run" => FIGURES_OF_RUN
                .iter()
                .filter_map(|figure| Some((figure, section.get(figure)?)))
                .for_each(|(figure, value)| self.number(&format!("run.{figure}"), value)),
            "metrics" => self.each(section, |figure| figure.to_owned()),
            "counts" => self.each(section, |count| match count {
                "requests" => "requests.total".to_owned(),
                count => format!("requests.{count}"),
            }),
            "steady_state" => self.each(section, |part| match part {
                "metrics" => "steady_state".to_owned(),
                part => format!("steady_state.{part}"),
            }),
            "server" => self.servers(section),
            "gpus" => self.gpus(section),
            "stages" => self.stages(section),
            name => self.number(name, section),
        }
    }

    /// The numbers of each entry of an object, by the name that the entry gets.
    fn each(&mut self, object: &Value, name: impl Fn(&str) -> String) {
        for (key, value) in entries(object) {
            self.number(&name(key), value);
        }
    }

    /// A number, or those within.
    fn number(&mut self, name: &str, value: &Value) {
        match value {
            Value::Number(number) => self.metrics.extend(number.as_f64().map(|value| Metric {
                key: valid_key(name),
                value: MetricValue(value),
                timestamp: self.timestamp_ms,
                step: 0,
            })),
            // A figure with one value has no statistic.
            Value::Object(figure) if is_single(figure) => self.number(name, &figure["value"]),
            Value::Object(object) => object
                .iter()
                .for_each(|(key, value)| self.number(&format!("{name}.{key}"), value)),
            Value::Array(list) => self.list(name, list),
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }

    /// The elements of a list, by what tells them apart, else by their number.
    fn list(&mut self, name: &str, list: &[Value]) {
        let names: BTreeSet<String> = list.iter().filter_map(told_apart_by).collect();
        let are_told_apart = names.len() == list.len();
        for (number, element) in list.iter().enumerate() {
            let own = told_apart_by(element).filter(|_| are_told_apart);
            let own = own.unwrap_or_else(|| number.to_string());
            match element {
                Value::Object(object) => object
                    .iter()
                    .filter(|(key, _)| !is_name(key, object))
                    .for_each(|(key, value)| self.number(&format!("{name}.{own}.{key}"), value)),
                element => self.number(&format!("{name}.{own}"), element),
            }
        }
    }

    /// `stage.0.request_latency.p99`
    fn stages(&mut self, stages: &Value) {
        for stage in stages.as_array().into_iter().flatten() {
            let number = stage.get("number").map(Value::to_string).unwrap_or_default();
            let place = format!("{STAGE}.{number}");
            let mut own = Walk {
                timestamp_ms: self.timestamp_ms,
                metrics: Vec::new(),
            };
            for (name, section) in entries(stage) {
                match name.as_str() {
                    "started_s" | "measured_from_s" | "ended_s" => own.number(name, section),
                    name if FIGURES_OF_STAGE.contains(&name) => own.section(name, section),
                    _ => {}
                }
            }
            let is_warmup = stage.get("role").and_then(Value::as_str) == Some("warmup");
            let is_wanted = |metric: &Metric| {
                if is_warmup {
                    OF_WARMUP.contains(&metric.key.as_str())
                } else {
                    !OF_CLIENT.iter().any(|part| metric.key.starts_with(part))
                }
            };
            let own = own.metrics.into_iter().filter(is_wanted);
            self.metrics.extend(own.map(|metric| Metric {
                key: valid_key(&format!("{place}.{}", metric.key)),
                ..metric
            }));
        }
    }

    /// MLflow's page has a tab of its own for what is named `system/…`.
    fn servers(&mut self, servers: &Value) {
        for (number, server) in servers.as_array().into_iter().flatten().enumerate() {
            let place = format!("system/server/{number}");
            for (part, value) in entries(server) {
                match part.as_str() {
                    "gauges" | "histograms" => self.each(value, |name| format!("{place}/{name}")),
                    "totals" => self.each(value, |name| format!("{place}/{name}.total")),
                    part => self.number(&format!("{place}/{part}"), value),
                }
            }
        }
    }

    fn gpus(&mut self, summary: &Value) {
        for (part, value) in entries(summary) {
            let Value::Array(gpus) = value else {
                self.number(&format!("system/gpu/{part}"), value);
                continue;
            };
            let indexes: BTreeSet<u64> = gpus.iter().filter_map(|gpu| gpu.get("index")?.as_u64()).collect();
            for (number, gpu) in gpus.iter().enumerate() {
                // GPUs of several hosts may have the same index: then their place in the summary tells them apart.
                let index = gpu.get("index").and_then(Value::as_u64);
                let index = index.filter(|_| indexes.len() == gpus.len()).unwrap_or(number as u64);
                for (figure, value) in entries(gpu).filter(|(figure, _)| *figure != "index") {
                    self.number(&format!("system/gpu/{index}/{figure}"), value);
                }
            }
        }
    }
}

fn entries(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

fn is_single(object: &Map<String, Value>) -> bool {
    object.contains_key("unit") && object.contains_key("value")
}

/// What an element of a list is known by: the sink and signal of a ledger, the metric of a target, the number of a URL, the lowest turn
/// or number of tokens of a bucket.
fn told_apart_by(element: &Value) -> Option<String> {
    let text = |field| element.get(field).and_then(Value::as_str);
    match (text("sink"), text("signal"), text("metric")) {
        (Some(sink), Some(signal), _) => Some(format!("{sink}.{signal}")),
        (_, _, Some(metric)) => Some(metric.to_owned()),
        _ => element.get("target").or(element.get("from")).map(Value::to_string),
    }
}

/// Whether a number of an element of a list is what it is known by: a URL, or the range of turns or tokens that it is about.
fn is_name(key: &str, element: &Map<String, Value>) -> bool {
    key == "target" || (element.contains_key("from") && matches!(key, "from" | "to"))
}
