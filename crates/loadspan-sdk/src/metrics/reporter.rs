//! Reports at each interval, and when somebody asks.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use loadspan_wire::otlp::{Message, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::encode::{self, Frame};
use super::lock;
use super::series::SeriesTable;
use crate::config::Temporality;
use crate::diagnostics::{self, Kind};
use crate::export::{Delivery, OtlpClient, SharedResource, wait_after};

/// Longest time that a report is tried for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The task that reports.
pub(super) struct Reporter {
    pub(super) table: Arc<Mutex<SeriesTable>>,
    pub(super) client: OtlpClient,
    pub(super) temporality: Temporality,
    pub(super) interval: Duration,
    pub(super) resource: SharedResource,
    pub(super) experiment_id: Arc<OnceLock<String>>,
    pub(super) asked: mpsc::UnboundedReceiver<Sender<()>>,
}

impl Reporter {
    pub(super) async fn run(mut self) {
        let mut due = Instant::now() + self.interval;
        // Known from the first report on, or never: a series keeps its attributes.
        let mut experiment_id = None;
        loop {
            let done = tokio::select! {
                done = self.asked.recv() => match done {
                    Some(done) => Some(done),
                    None => return,
                },
                () = tokio::time::sleep_until(due) => None,
            };
            let known = experiment_id.get_or_insert_with(|| self.experiment_id.get().cloned());
            self.report(known.as_deref()).await;
            due = Instant::now() + self.interval;
            if let Some(done) = done {
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
            }
        }
    }

    async fn report(&self, experiment_id: Option<&str>) {
        let now = SystemTime::now();
        let report = match self.temporality {
            Temporality::Cumulative => lock(&self.table).look(now),
            Temporality::Delta => lock(&self.table).take(now),
        };
        if report.series.is_empty() {
            return;
        }
        let frame = Frame {
            resource: self.resource.get(),
            temporality: self.temporality,
            experiment_id,
        };
        let request = encode::request(&report, frame);
        let body = match self.client.wants_json() {
            true => json::encode_metrics(&request),
            false => request.encode_to_vec(),
        };
        self.send(body.into()).await;
    }

    async fn send(&self, body: Bytes) {
        let deadline = Instant::now() + PATIENCE;
        let mut failures = 0;
        loop {
            let (after, reason) = match self.client.send(body.clone()).await {
                Delivery::Accepted { rejected: 0, .. } => return,
                Delivery::Accepted { message, .. } => return warn(&message.unwrap_or_default()),
                Delivery::Refused { reason } | Delivery::TooLarge { reason } => return warn(&reason),
                Delivery::Retry { after, reason } => (after, reason),
            };
            failures += 1;
            warn(&reason);
            let again = Instant::now() + wait_after(failures, after);
            if again >= deadline {
                return;
            }
            tokio::time::sleep_until(again).await;
        }
    }
}

fn warn(reason: &str) {
    let message = format!("the endpoint of the metrics does not take them: {reason}");
    diagnostics::warn(Kind::MetricsFailed, &message);
}
