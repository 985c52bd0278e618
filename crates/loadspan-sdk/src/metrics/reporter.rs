//! Reports at each interval, and when somebody asks.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, SystemTime};

use loadspan_wire::otlp::{Message, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::encode::{self, Frame};
use super::series::{Report, SeriesTable};
use super::shards::{self, Shards, Tables};
use crate::config::Temporality;
use crate::diagnostics::{self, Kind, Trouble};
use crate::export::{Delivery, KnownExperiment, OtlpClient, Packed, SharedResource, wait_after};

/// What reports are made with.
pub(super) struct Settings {
    pub(super) client: OtlpClient,
    pub(super) temporality: Temporality,
    pub(super) interval: Duration,
    /// Longest time that a report is tried for.
    pub(super) patience: Duration,
    pub(super) series_limit: usize,
    pub(super) resource: SharedResource,
    pub(super) experiment: KnownExperiment,
}

/// The task that reports.
pub(super) struct Reporter {
    settings: Settings,
    shards: Arc<Shards>,
    /// What threads get in exchange.
    spare: Tables,
    /// Everything since `start` that was not reported for good.
    total: SeriesTable,
    start: SystemTime,
}

impl Reporter {
    pub(super) fn new(settings: Settings, shards: Arc<Shards>) -> Self {
        Self {
            shards,
            spare: shards::tables(settings.series_limit),
            total: SeriesTable::new(settings.series_limit),
            start: SystemTime::now(),
            settings,
        }
    }

    pub(super) async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Sender<()>>) {
        let mut due = Instant::now() + self.settings.interval;
        let mut experiment_id = None;
        loop {
            let done = tokio::select! {
                done = asked.recv() => match done {
                    Some(done) => Some(done),
                    None => return,
                },
                () = tokio::time::sleep_until(due) => None,
            };
            self.gather();
            if !self.total.series().is_empty() {
                // Known from the first report on, or never: a series keeps its attributes.
                if experiment_id.is_none() {
                    experiment_id = Some(self.settings.experiment.wait().await);
                }
                self.report(experiment_id.as_ref().and_then(Option::as_deref)).await;
            }
            due = Instant::now() + self.settings.interval;
            if let Some(done) = done {
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
            }
        }
    }

    /// Takes what threads have recorded.
    fn gather(&mut self) {
        self.shards.exchange(&mut self.spare);
        for table in &mut self.spare {
            if !self.total.add(table) {
                super::warn_of_limit();
            }
            match self.settings.temporality {
                Temporality::Cumulative => table.reset(),
                Temporality::Delta => table.clear(),
            }
        }
    }

    async fn report(&mut self, experiment_id: Option<&str>) {
        let report = Report {
            start: self.start,
            end: SystemTime::now(),
            series: self.total.series(),
        };
        let end = report.end;
        let frame = Frame {
            resource: self.settings.resource.get(),
            temporality: self.settings.temporality,
            experiment_id,
        };
        let request = encode::request(&report, frame);
        let body = match self.settings.client.wants_json() {
            true => json::encode_metrics(&request),
            false => request.encode_to_vec(),
        };
        let sent = self.send(self.settings.client.pack(body.into())).await;
        // What did not arrive is part of the next report.
        if let (Sent::Taken, Temporality::Delta) = (sent, self.settings.temporality) {
            self.total.clear();
            self.start = end;
        }
    }

    async fn send(&self, request: Packed) -> Sent {
        let deadline = Instant::now() + self.settings.patience;
        let persist = tokio::time::timeout_at(deadline, self.persist(&request)).await;
        persist.unwrap_or_else(|_| {
            warn(Trouble::Lost, "no answer in time");
            Sent::Lost
        })
    }

    async fn persist(&self, request: &Packed) -> Sent {
        let mut failures = 0;
        loop {
            let (after, reason) = match self.settings.client.send(request).await {
                Delivery::Accepted {
                    rejected: 0,
                    message: None,
                } => return Sent::Taken,
                Delivery::Accepted { message, .. } => {
                    warn(Trouble::Rejected, &message.unwrap_or_default());
                    return Sent::Taken;
                }
                Delivery::Refused { reason } | Delivery::Spoiled { reason } | Delivery::TooLarge { reason } => {
                    warn(Trouble::Refused, &reason);
                    return Sent::Lost;
                }
                Delivery::Retry { after, reason } => (after, reason),
            };
            failures += 1;
            warn(Trouble::Unreachable, &reason);
            tokio::time::sleep(wait_after(failures, after)).await;
        }
    }
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Taken,
    Lost,
}

fn warn(trouble: Trouble, reason: &str) {
    let message = format!("the endpoint of the metrics does not take them: {reason}");
    diagnostics::warn(Kind::Metrics(trouble), &message);
}
