//! Tags that say while a run goes on when its stages began and ended. When it is over, the same ones come from its files.

use std::sync::Arc;

use loadspan_record::RunOffset;
use loadspan_wire::mlflow::runs::Tag;
use tokio::sync::watch;

use super::RunGate;
use crate::export::{random, wait_after};
use crate::mlflow::client::{ApiError, MlflowClient};
use crate::mlflow::log_batch;

/// Where stages are told. What is told is never more than two tags for each.
#[derive(Debug)]
pub(crate) struct StageTags(watch::Sender<Vec<Tag>>);

/// Logs them to the run, as soon as there is one.
pub(crate) struct StageTagger {
    pub(crate) client: MlflowClient,
    pub(crate) gate: Arc<RunGate>,
    told: watch::Receiver<Vec<Tag>>,
}

/// The tag that says when a stage began, in seconds of the run.
pub(crate) fn started(stage: u32, seconds: f64) -> Tag {
    tag(stage, "started_s", seconds)
}

/// The tag that says when its last request ended.
pub(crate) fn ended(stage: u32, seconds: f64) -> Tag {
    tag(stage, "ended_s", seconds)
}

fn tag(stage: u32, what: &str, seconds: f64) -> Tag {
    Tag::new(format!("stage.{stage}.{what}"), format!("{seconds:.3}"))
}

impl StageTags {
    /// What tells, and what logs what is told.
    pub(crate) fn new(client: MlflowClient, gate: Arc<RunGate>) -> (Self, StageTagger) {
        let (tell, told) = watch::channel(Vec::new());
        (Self(tell), StageTagger { client, gate, told })
    }

    /// The load of a stage begins.
    pub(crate) fn begin(&self, stage: u32, at: RunOffset) {
        self.0.send_modify(|tags| tags.push(started(stage, at.as_secs_f64())));
    }

    /// Its last request has ended.
    pub(crate) fn end(&self, stage: u32, at: RunOffset) {
        self.0.send_modify(|tags| tags.push(ended(stage, at.as_secs_f64())));
    }
}

impl StageTagger {
    /// Logs what is told until the benchmark is over: what is missing then is logged with everything else. Nobody is told of failures,
    /// which the keeper of the run and the lanes meet as well.
    pub(crate) async fn keep(self) {
        let gate = Arc::clone(&self.gate);
        tokio::select! {
            () = gate.closed() => {}
            () = self.log() => {}
        }
    }

    async fn log(mut self) {
        let (mut logged, mut failures) = (0, 0);
        if self.gate.opened().await.is_err() {
            return;
        }
        let Some(run) = self.gate.run() else { return };
        loop {
            let new = self.told.borrow_and_update()[logged..].to_vec();
            match self.log_tags(&run.run_id, &new).await {
                Ok(()) => (logged, failures) = (logged + new.len(), 0),
                Err(ApiError::Unavailable { after, .. }) => {
                    failures += 1;
                    tokio::time::sleep(wait_after(failures, after, random())).await;
                    continue;
                }
                Err(ApiError::Refused { .. } | ApiError::Api { .. }) => return,
            }
            // An error is that nobody tells any more.
            if self.told.changed().await.is_err() {
                return;
            }
        }
    }

    async fn log_tags(&self, run_id: &str, tags: &[Tag]) -> Result<(), ApiError> {
        for mut body in log_batch::batches(tags.to_vec()) {
            run_id.clone_into(&mut body.run_id);
            log_batch::log(&self.client, &body).await?;
        }
        Ok(())
    }
}
