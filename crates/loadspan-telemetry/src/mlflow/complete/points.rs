//! Live points that the server lacks, made again from the records of the run.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use loadspan_record::{RequestRecord, RunOffset};
use loadspan_wire::mlflow::limits::{HISTORY_PAGE, METRICS_PER_BATCH};
use loadspan_wire::mlflow::runs::{self, HistorySteps, Metric};

use super::extent::Extent;
use super::steps::Steps;
use super::{LOOK_EVERY, RecordedRequests};
use crate::mlflow::CompletionLimit;
use crate::mlflow::client::{ApiError, MlflowClient};
use crate::mlflow::export_file::LiveMode;
use crate::mlflow::live::{BesideRecorder, Share, WindowRecorder, WindowSummary, points_of};
use crate::mlflow::log_batch::{self, Refused};

/// A server may show fewer points on a page than it was asked for.
const SMALLEST_PAGE: u64 = 1_000;
/// Pages that are read beside those, since a server may have points more than once.
const SPARE_PAGES: u64 = 100;

/// Logs the live points of a run that the server lacks.
pub(super) struct Points<'a> {
    plan: PointsPlan<'a>,
    /// What is there, of each metric that was looked up.
    known: HashMap<String, Steps>,
    pending: Vec<Metric>,
    refused: Refused,
    logged: u64,
}

/// What is to be logged, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct PointsPlan<'a> {
    pub(super) client: &'a MlflowClient,
    pub(super) run_id: &'a str,
    pub(super) limit: &'a CompletionLimit,
    pub(super) mode: LiveMode,
    pub(super) extent: Extent,
}

/// Makes points and windows of records.
struct Maker {
    mode: LiveMode,
    start_unix_ns: u64,
    windows: WindowRecorder,
    beside: BesideRecorder,
    records: usize,
}

impl<'a> Points<'a> {
    pub(super) fn new(plan: PointsPlan<'a>) -> Self {
        Self {
            plan,
            known: HashMap::new(),
            pending: Vec::new(),
            refused: Refused::default(),
            logged: 0,
        }
    }

    /// How many were logged, and what was the matter with the others.
    pub(super) async fn complete(mut self, requests: RecordedRequests<'_>) -> (u64, Result<(), ApiError>) {
        let outcome = self.log_all(requests).await;
        (self.logged, outcome)
    }

    async fn log_all(&mut self, requests: RecordedRequests<'_>) -> Result<(), ApiError> {
        let mut maker = Maker::new(self.plan.mode, requests.start_unix_ns);
        for (place, record) in requests.source.records().enumerate() {
            // Where nothing is missing there is no request that could end with the limit.
            if place.is_multiple_of(LOOK_EVERY) && self.plan.limit.is_over() {
                return Err(over(self.plan.limit));
            }
            self.offer(maker.make(&record)).await?;
        }
        for sample in requests.source.samples() {
            maker.beside.observe(&sample);
        }
        self.offer(maker.finish()).await?;
        self.flush().await?;
        self.refused.verdict()
    }

    async fn offer(&mut self, points: Vec<Metric>) -> Result<(), ApiError> {
        for point in points {
            if !self.known.contains_key(&point.key) {
                let steps = self.fetch_steps(&point.key).await?;
                self.known.insert(point.key.clone(), steps);
            }
            let is_missing = self
                .known
                .get_mut(&point.key)
                .is_some_and(|steps| steps.insert(point.step));
            if is_missing {
                self.pending.push(point);
            }
            if self.pending.len() >= METRICS_PER_BATCH {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), ApiError> {
        let PointsPlan { client, limit, .. } = self.plan;
        let mut pending = log_batch::batches(std::mem::take(&mut self.pending));
        while let Some(mut body) = pending.pop() {
            self.plan.run_id.clone_into(&mut body.run_id);
            match client.patiently(limit, || log_batch::log(client, &body)).await {
                Ok(()) => self.logged += body.metrics.len() as u64,
                Err(error) => pending.extend(self.refused.take_apart(&body, error)?),
            }
        }
        Ok(())
    }

    /// The steps that the server says it has, as far as a run of this extent can have them. A history that goes round in circles, or
    /// does not come to an end, is left: a point that is logged twice is there once.
    async fn fetch_steps(&self, key: &str) -> Result<Steps, ApiError> {
        let last = self.plan.extent.last_step(key);
        let mut steps = Steps::up_to(last);
        let mut page_token: Option<String> = None;
        for _ in 0..last / SMALLEST_PAGE + SPARE_PAGES {
            let page = self
                .plan
                .client
                .patiently(self.plan.limit, || self.fetch_page(key, page_token.as_deref()))
                .await?;
            for point in &page.metrics {
                steps.insert(point.step);
            }
            let next = page.next_page_token.filter(|token| !token.is_empty());
            if page.metrics.is_empty() || next.is_none() || next == page_token {
                break;
            }
            page_token = next;
        }
        Ok(steps)
    }

    async fn fetch_page(&self, key: &str, page_token: Option<&str>) -> Result<HistorySteps, ApiError> {
        let most = HISTORY_PAGE.to_string();
        let mut query = vec![
            ("run_id", self.plan.run_id),
            ("metric_key", key),
            ("max_results", &most),
        ];
        query.extend(page_token.map(|token| ("page_token", token)));
        self.plan.client.get(runs::METRIC_HISTORY, &query).await
    }
}

/// What it is when the limit ends something.
pub(super) fn over(limit: &CompletionLimit) -> ApiError {
    ApiError::Unavailable {
        reason: limit.reason().to_owned(),
        status: None,
        after: None,
    }
}

impl Maker {
    fn new(mode: LiveMode, start_unix_ns: u64) -> Self {
        Self {
            mode,
            start_unix_ns,
            windows: WindowRecorder::default(),
            beside: BesideRecorder::new(start_unix_ns),
            records: 0,
        }
    }

    fn make(&mut self, record: &RequestRecord) -> Vec<Metric> {
        self.beside.record(record);
        self.records += 1;
        let mut made = match self.mode.share_of(record) {
            Share::None => Vec::new(),
            Share::Points => points_of(record, self.start_unix_ns),
            Share::Window => {
                self.windows.record(record);
                Vec::new()
            }
        };
        if self.records.is_multiple_of(LOOK_EVERY) {
            made.extend(self.whole());
        }
        made
    }

    /// What is whole by now, looked for once in a while.
    fn whole(&mut self) -> Vec<Metric> {
        let whole = self.windows.take(RunOffset::ZERO);
        let mut points = self.points_of(&whole);
        points.extend(self.beside.take(RunOffset::ZERO));
        points
    }

    /// What is left.
    fn finish(mut self) -> Vec<Metric> {
        let rest = self.windows.take_rest();
        let mut points = self.points_of(&rest);
        points.extend(self.beside.take_rest());
        points
    }

    fn points_of(&self, windows: &[WindowSummary]) -> Vec<Metric> {
        windows
            .iter()
            .flat_map(|window| window.points(self.start_unix_ns))
            .collect()
    }
}
