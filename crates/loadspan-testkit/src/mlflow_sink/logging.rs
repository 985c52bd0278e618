//! What is logged to runs: points, parameters, tags. A batch is taken whole or not at all.

use std::collections::{BTreeMap, BTreeSet};

use loadspan_wire::mlflow::limits::{
    METRICS_PER_BATCH, PARAM_VALUE_CHARS, PARAMS_PER_BATCH, TAG_VALUE_CHARS, TAGS_PER_BATCH, truncated,
};
use loadspan_wire::mlflow::runs::{LogBatch, Metric, Param, SetTag, Tag};
use loadspan_wire::mlflow::tags;
use serde::Deserialize;

use super::call::Call;
use super::reply::{Failure, Reply};
use super::store::{StoredRun, World};
use super::{SinkPoint, key};

/// Most of everything in a batch.
const ITEMS_PER_BATCH: usize = 1_000;

/// The body of `runs/log-metric`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LogMetric {
    run_id: String,
    #[serde(flatten)]
    metric: Metric,
}

impl World {
    pub(super) fn log_batch(&mut self, call: &Call) -> Result<Reply, Failure> {
        let batch: LogBatch = call.json()?;
        self.known_run(&batch.run_id)?;
        check_limits(&batch)?;
        check_keys(&batch)?;
        let run = self.active_run(&batch.run_id)?;
        run.check_params(&batch.params)?;
        run.take_params(batch.params);
        run.take_points(batch.metrics);
        run.take_tags(batch.tags);
        Ok(Reply::nothing())
    }

    pub(super) fn log_metric(&mut self, logged: LogMetric) -> Result<Reply, Failure> {
        key::check(&logged.metric.key, "name")?;
        self.active_run(&logged.run_id)?.take_points(vec![logged.metric]);
        Ok(Reply::nothing())
    }

    pub(super) fn set_tag(&mut self, tag: SetTag) -> Result<Reply, Failure> {
        key::check(&tag.key, "key")?;
        let run = self.active_run(&tag.run_id)?;
        run.take_tags(vec![Tag::new(tag.key, tag.value)]);
        Ok(Reply::nothing())
    }
}

impl StoredRun {
    /// None may get another value than it has.
    fn check_params(&self, params: &[Param]) -> Result<(), Failure> {
        let value = |param: &Param| truncated(&param.value, PARAM_VALUE_CHARS).to_owned();
        for param in params {
            let Some(known) = self.seen.params.get(&param.key).filter(|known| **known != value(param)) else {
                continue;
            };
            let change = format!(
                "[{{'key': '{}', 'old_value': '{known}', 'new_value': '{}'}}]",
                param.key,
                value(param)
            );
            return Err(Failure::invalid(format!(
                "Changing param values is not allowed. Params were already logged='{change}' for run ID='{}'.",
                self.seen.id
            )));
        }
        Ok(())
    }

    /// Values are cut as MLflow cuts them.
    fn take_params(&mut self, params: Vec<Param>) {
        for param in params {
            let value = truncated(&param.value, PARAM_VALUE_CHARS).to_owned();
            self.seen.params.insert(param.key, value);
        }
    }

    fn take_points(&mut self, metrics: Vec<Metric>) {
        for metric in metrics {
            self.seen.points_received += 1;
            let value = storable(metric.value.0);
            let known = (metric.key.clone(), metric.step, metric.timestamp, value.to_bits());
            if self.points.insert(known) {
                self.seen.metrics.entry(metric.key).or_default().push(SinkPoint {
                    step: metric.step,
                    timestamp: metric.timestamp,
                    value,
                });
            }
        }
    }

    fn take_tags(&mut self, tags: Vec<Tag>) {
        for tag in tags {
            let value = truncated(&tag.value, TAG_VALUE_CHARS).to_owned();
            if tag.key == tags::RUN_NAME {
                self.seen.name.clone_from(&value);
            }
            self.seen.tags.insert(tag.key, value);
        }
    }
}

/// Databases know no infinity.
fn storable(value: f64) -> f64 {
    if value.is_nan() {
        value
    } else {
        value.clamp(f64::MIN, f64::MAX)
    }
}

fn check_limits(batch: &LogBatch) -> Result<(), Failure> {
    let (metrics, params, tags) = (batch.metrics.len(), batch.params.len(), batch.tags.len());
    for (what, found, limit) in [
        ("metrics", metrics, METRICS_PER_BATCH),
        ("params", params, PARAMS_PER_BATCH),
        ("tags", tags, TAGS_PER_BATCH),
        ("metrics, params, and tags", metrics + params + tags, ITEMS_PER_BATCH),
    ] {
        if found > limit {
            return Err(Failure::invalid(format!(
                "A batch logging request can contain at most {limit} {what}. Got {found} {what}."
            )));
        }
    }
    Ok(())
}

fn check_keys(batch: &LogBatch) -> Result<(), Failure> {
    let metrics = batch.metrics.iter().map(|metric| ("metrics", &metric.key));
    let params = batch.params.iter().map(|param| ("params", &param.key));
    let tags = batch.tags.iter().map(|tag| ("tags", &tag.key));
    let mut numbers = BTreeMap::<&str, usize>::new();
    for (what, name) in metrics.chain(params).chain(tags) {
        let number = numbers.entry(what).or_default();
        key::check(name, &format!("{what}[{number}].key"))?;
        *number += 1;
    }
    let mut seen = BTreeSet::new();
    match batch.params.iter().find(|param| !seen.insert(&param.key)) {
        Some(twice) => Err(Failure::invalid(format!(
            "Duplicate parameter keys have been submitted: {}",
            twice.key
        ))),
        None => Ok(()),
    }
}
