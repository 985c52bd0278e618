//! The metrics that are logged to runs.

use std::fmt::Write;

use serde_json::json;

use super::template::Marks;

/// The most that MLflow takes in a request.
pub(crate) const BATCH: usize = 1_000;
/// Metrics, and parameters, of one of many runs.
const OF_A_RUN: usize = 50;

/// A batch of points of so many metrics, the steps of each going on from request to request.
pub(crate) fn batch(marks: &Marks, run_id: &str, keys: usize) -> String {
    let mut body = format!(r#"{{"run_id":"{run_id}","metrics":["#);
    for index in 0..BATCH {
        let separator = if index == 0 { "" } else { "," };
        let (key, value) = (index % keys, index as f64 / 7.0);
        let number = marks.number(index / keys);
        // Writing to a text cannot fail.
        let _ = write!(
            body,
            r#"{separator}{{"key":"metric_{key}","value":{value},"timestamp":17000{number},"step":{number}}}"#
        );
    }
    body + "]}"
}

/// One point.
pub(crate) fn single(marks: &Marks, run_id: &str) -> String {
    let number = marks.number(0);
    format!(r#"{{"run_id":"{run_id}","key":"loss","value":0.25,"timestamp":17000{number},"step":{number}}}"#)
}

/// Everything that the run of this number logs.
pub(crate) fn whole_run(run_id: &str, number: u64) -> String {
    let metrics: Vec<_> = (0..OF_A_RUN)
        .map(|key| {
            let value = (number * 7_919 + key as u64 * 31) % 1_000;
            json!({"key": format!("metric-{key}"), "value": value as f64 / 1e3, "timestamp": 1_700_000_000_000_u64, "step": 1})
        })
        .collect();
    let params: Vec<_> = (0..OF_A_RUN)
        .map(|key| json!({"key": format!("param-{key}"), "value": format!("value {}", (number + key as u64) % 100)}))
        .collect();
    let parent = json!([{"key": "mlflow.parentRunId", "value": format!("parent-{}", number % 500)}]);
    json!({"run_id": run_id, "metrics": metrics, "params": params, "tags": parent}).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::bench::backend::template::{Fresh, Template};

    #[test]
    fn steps_of_each_metric_go_on_from_batch_to_batch() {
        let marks = Marks::default();
        let body = batch(&marks, "r", 10);
        let mut template = Template::new(body.into_bytes(), marks);
        let mut steps = |request| {
            let fresh = Fresh {
                seed: 1,
                request,
                time_ns: 0,
            };
            let body: Value = serde_json::from_slice(template.fill(fresh)).unwrap();
            let points = body["metrics"].as_array().unwrap().clone();
            let of_first = points.iter().filter(|point| point["key"] == "metric_0");
            of_first
                .map(|point| point["step"].as_u64().unwrap())
                .collect::<Vec<_>>()
        };
        let (first, second) = (steps(0), steps(1));
        assert_eq!((first.len(), first[0]), (100, 10_000_000));
        assert_eq!(second[0], first[99] + 1);
    }
}
