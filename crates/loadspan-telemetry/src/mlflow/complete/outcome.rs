//! Figures, tags and status of a run that is over: what of them the server lacks.

use loadspan_wire::mlflow::runs::{self, Empty, Metric, Run, Tag, UpdateRun};

use crate::mlflow::CompletionLimit;
use crate::mlflow::client::{ApiError, MlflowClient};
use crate::mlflow::description::RunOutcome;
use crate::mlflow::log_batch::{self, Item};

/// The figures that a run has not, or has with another value.
pub(super) fn missing_figures(run: &Run, outcome: &RunOutcome) -> Vec<Metric> {
    let is_there = |figure: &&Metric| {
        let same = |logged: &Metric| logged.key == figure.key && logged.value == figure.value;
        run.data.metrics.iter().any(same)
    };
    outcome
        .metrics
        .iter()
        .filter(|figure| !is_there(figure))
        .cloned()
        .collect()
}

/// The tags that a run has not, or has with another value.
pub(super) fn missing_tags(run: &Run, outcome: &RunOutcome) -> Vec<Tag> {
    let tags = outcome.tags.iter();
    tags.filter(|tag| !run.data.tags.contains(tag)).cloned().collect()
}

/// Writes to a run.
pub(super) struct Writer<'a> {
    pub(super) client: &'a MlflowClient,
    /// As it was before.
    pub(super) run: &'a Run,
    pub(super) limit: &'a CompletionLimit,
}

impl Writer<'_> {
    /// Logs figures or tags.
    pub(super) async fn log<T: Item>(&self, items: Vec<T>) -> Result<(), ApiError> {
        for mut body in log_batch::batches(items) {
            body.run_id.clone_from(&self.run.info.run_id);
            let log = || log_batch::log(self.client, &body);
            self.client.patiently(self.limit, log).await?;
        }
        Ok(())
    }

    /// Ends the run, unless it has ended so.
    pub(super) async fn end(&self, outcome: &RunOutcome) -> Result<(), ApiError> {
        let info = &self.run.info;
        if info.status == Some(outcome.status) && info.end_time == Some(outcome.end_unix_ms) {
            return Ok(());
        }
        let body = UpdateRun {
            run_id: info.run_id.clone(),
            status: Some(outcome.status),
            end_time: Some(outcome.end_unix_ms),
            run_name: None,
        };
        let update = || self.client.post::<_, Empty>(runs::UPDATE, &body);
        self.client.patiently(self.limit, update).await.map(|_| ())
    }
}
