//! `profile_export_aiperf.json`.

use loadspan_record::{Completeness, RunMetric, Summary};
use serde_json::{Map, Value, json};

use super::{EntryValue, STATS, entries, stat};
use crate::wall_time::WallTime;

/// The version of AIPerf's file whose keys these are.
const SCHEMA_VERSION: &str = "1.4";

/// The file, indented.
#[must_use]
pub fn render(summary: &Summary) -> Vec<u8> {
    let mut file = Map::new();
    file.insert("schema_version".to_owned(), json!(SCHEMA_VERSION));
    file.insert("benchmark_id".to_owned(), json!(summary.run.id));
    for entry in entries(summary) {
        let mut figure = Map::new();
        figure.insert("unit".to_owned(), json!(entry.unit));
        let stats = STATS
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), json!(stat(entry.value, name)?))));
        figure.extend(stats);
        if let EntryValue::Many(distribution) = entry.value {
            figure.insert("count".to_owned(), json!(distribution.count));
        }
        file.insert(entry.tag.to_owned(), Value::Object(figure));
    }
    file.extend(about(summary));
    let mut text = format!("{:#}", Value::Object(file)).into_bytes();
    text.push(b'\n');
    text
}

fn about(summary: &Summary) -> Map<String, Value> {
    let run = &summary.run;
    let incomplete_reason = match &run.completeness {
        Completeness::Complete => None,
        Completeness::Incomplete { reason } => Some(reason),
    };
    let secs = summary.metrics.scalar(RunMetric::BenchmarkDuration).unwrap_or(0.0);
    let from_ns = run
        .started_unix_ns
        .saturating_add((run.measured_from_s.unwrap_or(0.0) * 1e9) as u64);
    let until_ns = from_ns.saturating_add((secs * 1e9) as u64);
    let about = json!({
        "input_config": {
            "endpoint": {
                "model_names": [run.model],
                "type": run.endpoint_type,
                "urls": run.urls,
                "streaming": run.streaming,
            },
            "load": summary.load.asked,
        },
        "run_info": { "benchmark_id": run.id, "random_seed": run.seed, "run_label": run.name },
        "was_cancelled": incomplete_reason.is_some(),
        "is_complete": incomplete_reason.is_none(),
        "incomplete_reason": incomplete_reason,
        "error_summary": errors(summary),
        "start_time": WallTime::from_unix_ns(from_ns).iso(),
        "end_time": WallTime::from_unix_ns(until_ns).iso(),
    });
    match about {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn errors(summary: &Summary) -> Vec<Value> {
    let example = |class: &String| summary.counts.error_examples.get(class);
    let errors = summary.counts.by_error.iter();
    errors
        .map(|(class, count)| {
            json!({
                "error_details": {
                    "code": class.strip_prefix("http_status_").and_then(|code| code.parse::<u16>().ok()),
                    "type": class,
                    "message": example(class),
                },
                "count": count,
            })
        })
        .collect()
}
