//! `metrics/get-history`: all points of a metric, page by page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loadspan_wire::mlflow::runs::MetricHistory;
use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Failure, Reply};
use super::runs::metric;
use super::store::World;
use super::{SinkPoint, SinkRun};

impl World {
    /// An unknown run or metric has no points, and is no mistake.
    pub(super) fn history(&self, call: &Call) -> Result<Reply, Failure> {
        let (run_id, key) = (call.required("run_id")?, call.required("metric_key")?);
        let run = self.runs.iter().find(|run| run.seen.id == run_id);
        let mut points = run.map(|run| points_of(&run.seen, key)).unwrap_or_default();
        points.sort_by(|a, b| {
            let places = (a.timestamp, a.step).cmp(&(b.timestamp, b.step));
            places.then(a.value.total_cmp(&b.value))
        });
        let page = Page::asked_for(call)?;
        let next_page_token = page.next(points.len());
        let shown = points.into_iter().skip(page.offset).take(page.size);
        Ok(Reply::json(&MetricHistory {
            metrics: shown.map(|point| metric(key, point)).collect(),
            next_page_token,
        }))
    }
}

fn points_of(run: &SinkRun, key: &str) -> Vec<SinkPoint> {
    run.metrics.get(key).cloned().unwrap_or_default()
}

/// A part of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub(super) offset: usize,
    pub(super) size: usize,
}

impl Page {
    fn asked_for(call: &Call) -> Result<Self, Failure> {
        let size = call
            .optional("max_results")
            .map_or(Ok(usize::MAX), |size| number("max_results", size))?;
        Self::new(call.optional("page_token"), size)
    }

    pub(super) fn new(token: Option<&str>, size: usize) -> Result<Self, Failure> {
        let invalid = || Failure::invalid("Invalid page token, could not base64-decode");
        let offset = token.map_or(Some(0), offset_of).ok_or_else(invalid)?;
        Ok(Self { offset, size })
    }

    /// The token of the page after it, of so many entries. `None`: it is the last one.
    pub(super) fn next(self, entries: usize) -> Option<String> {
        let next = self.offset.saturating_add(self.size);
        (next < entries).then(|| STANDARD.encode(json!({ "offset": next }).to_string()))
    }
}

fn offset_of(token: &str) -> Option<usize> {
    let token: Value = serde_json::from_slice(&STANDARD.decode(token).ok()?).ok()?;
    usize::try_from(token["offset"].as_u64()?).ok()
}

fn number(name: &str, text: &str) -> Result<usize, Failure> {
    let parsed = text.parse();
    parsed.map_err(|_| Failure::invalid(format!("Invalid value {text} for parameter '{name}' supplied")))
}
