//! `runs/log-batch`, the one that is called often and with much: its body is read straight into what is logged.

use axum::extract::{Request, State};
use loadspan_wire::mlflow::MetricValue;
use loadspan_wire::mlflow::runs::{Empty, LogBatch, Metric, Param, Tag};
use serde::Deserialize;
use serde_json::Value;

use super::Answer;
use crate::app::App;
use crate::error::ApiError;
use crate::http::Json;
use crate::http::intake::Admitted;
use crate::http::params::{Params, body, require_json};
use crate::ingest::beside;
use crate::tracking::log_batch::{self, CheckedBatch};

pub(super) async fn log(State(app): State<App>, request: Request) -> Answer<Empty> {
    require_json(request.headers())?;
    let Admitted { bytes, room, .. } = body(&app, request).await?;
    let size = bytes.len();
    let batch = beside(size, move || CheckedBatch::of(read(&bytes)?)).await??;
    app.store
        .write(size, move |connection| log_batch::log(connection, &batch))
        .await?;
    drop(room);
    Ok(Json(Empty {}))
}

/// A batch as clients send it. What must be there is no `Option`.
#[derive(Deserialize)]
struct SentBatch {
    run_id: String,
    #[serde(default)]
    metrics: Vec<SentMetric>,
    #[serde(default)]
    params: Vec<Param>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
struct SentMetric {
    key: String,
    value: MetricValue,
    timestamp: i64,
    #[serde(default)]
    step: i64,
}

fn read(body: &[u8]) -> Result<LogBatch, ApiError> {
    match serde_json::from_slice::<SentBatch>(body) {
        Ok(sent) if sent.is_complete() => Ok(sent.into()),
        // Something is missing, or is written in another way. The second look is slower, and says what.
        _ => read_again(&Params::of_json(body)?),
    }
}

impl SentBatch {
    fn is_complete(&self) -> bool {
        !self.run_id.is_empty()
            && self.metrics.iter().all(|metric| !metric.key.is_empty())
            && self.params.iter().all(|param| !param.key.is_empty())
            && self.tags.iter().all(|tag| !tag.key.is_empty())
    }
}

impl From<SentBatch> for LogBatch {
    fn from(sent: SentBatch) -> Self {
        let metrics = sent.metrics.into_iter().map(|metric| Metric {
            key: metric.key,
            value: metric.value,
            timestamp: metric.timestamp,
            step: metric.step,
        });
        Self {
            run_id: sent.run_id,
            metrics: metrics.collect(),
            params: sent.params,
            tags: sent.tags,
        }
    }
}

fn read_again(params: &Params) -> Result<LogBatch, ApiError> {
    Ok(LogBatch {
        run_id: params.run_id()?.to_owned(),
        metrics: items(params, "metrics", |item| {
            Ok(Metric {
                key: item.required_text("key")?.to_owned(),
                value: item.required("value")?,
                timestamp: item.required_int("timestamp")?,
                step: item.int("step")?.unwrap_or(0),
            })
        })?,
        params: items(params, "params", |item| {
            let key = item.required_text("key")?;
            Ok(Param::new(key, item.text("value")?.unwrap_or_default()))
        })?,
        tags: items(params, "tags", |item| {
            let key = item.required_text("key")?;
            Ok(Tag::new(key, item.text("value")?.unwrap_or_default()))
        })?,
    })
}

/// The items of a list, of which errors say the place: `metrics[3].key`.
fn items<T>(params: &Params, list: &str, read: impl Fn(&Params) -> Result<T, ApiError>) -> Result<Vec<T>, ApiError> {
    let values: Vec<Value> = params.list(list)?;
    let items = values.into_iter().enumerate();
    items
        .map(|(index, value)| read(&Params::within(format!("{list}[{index}]"), value)?))
        .collect()
}

#[cfg(test)]
mod tests;
