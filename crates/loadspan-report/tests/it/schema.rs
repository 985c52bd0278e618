//! The published schemas describe what is written, and the published definitions are those of the code.

use loadspan_record::{Metric, RunMetric};
use loadspan_report::{records_jsonl, summary_json};
use serde_json::Value;

use crate::{runs, staged};

const SUMMARY: &str = include_str!("../../../../docs/schema/summary.schema.json");
const RECORDS: &str = include_str!("../../../../docs/schema/records.schema.json");
const METRICS: &str = include_str!("../../../../docs/metrics.md");

fn assert_valid(schema: &str, instance: &[u8]) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let instance: Value = serde_json::from_slice(instance).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn every_summary_is_valid() {
    for summary in [
        runs::streaming(),
        runs::not_streaming(),
        runs::all_failed(),
        runs::one_request(),
        runs::missed_rate(),
        staged::rate_ladder().summary,
        staged::sessions().summary,
    ] {
        assert_valid(SUMMARY, &summary_json::render(&summary));
    }
}

#[test]
fn the_summary_schema_refuses_what_is_no_summary() {
    let schema: Value = serde_json::from_str(SUMMARY).unwrap();
    let mut summary: Value = serde_json::from_slice(&summary_json::render(&runs::streaming())).unwrap();
    summary["metrics"]["time_to_first_token"]["p99"] = Value::from("fast");
    assert!(!jsonschema::is_valid(&schema, &summary));
}

#[test]
fn every_record_is_valid() {
    let mut file = Vec::new();
    records_jsonl::encode(&[runs::stream(0.0, 100.0, 10.0), runs::whole(0.0, 5.0)], &mut file);
    for line in file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        assert_valid(RECORDS, line);
    }
}

#[test]
fn the_page_of_metrics_has_every_tag_and_definition() {
    let per_request = Metric::ALL.map(|metric| (metric.tag(), metric.definition(), metric.unit()));
    let per_run = RunMetric::ALL.map(|metric| (metric.tag(), metric.definition(), metric.unit()));
    for (tag, definition, unit) in per_request.into_iter().chain(per_run) {
        assert!(
            METRICS.contains(&format!("### `{tag}`")),
            "docs/metrics.md has no section `{tag}`"
        );
        assert!(
            METRICS.contains(definition),
            "docs/metrics.md does not define `{tag}` as: {definition}"
        );
        assert!(
            METRICS.contains(&format!("`{unit}`")),
            "docs/metrics.md does not name the unit `{unit}`"
        );
    }
}
