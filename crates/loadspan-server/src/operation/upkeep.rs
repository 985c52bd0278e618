//! What the server does when nobody asks: counts the tokens of large traces, completes traces that nobody completes, deletes what is
//! too old, and the artifacts of what is gone. In small steps, between which requests have their turn.

mod recount;
mod retention;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::retention::Retention;
use super::Journal;
use crate::app::App;
use crate::artifacts::doomed;
use crate::config::ServerConfig;
use crate::database::Connection;
use crate::error::{ApiError, Code};
use crate::ingest;

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(15);
/// Between two steps.
const PAUSE: Duration = Duration::from_millis(50);
/// Traces of one step.
const STEP: usize = 100;

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upkeep {
    trace_timeout: Duration,
    retention: Option<Retention>,
}

impl Upkeep {
    pub(crate) fn of(config: &ServerConfig) -> Self {
        Self {
            trace_timeout: config.limits.trace_timeout,
            retention: config.retention.map(Retention::new),
        }
    }

    /// Does it until it is aborted.
    pub(crate) async fn run(self, app: App, journal: Journal) {
        tokio::join!(self.keep(&app, &journal), count(&app, &journal));
    }

    async fn keep(self, app: &App, journal: &Journal) {
        let mut complaints = Complaints::new(journal);
        loop {
            complaints.hear(self.round(app).await);
            tokio::time::sleep(INTERVAL).await;
        }
    }

    async fn round(self, app: &App) -> Result<(), ApiError> {
        while self.complete(app).await? {
            tokio::time::sleep(PAUSE).await;
        }
        if let Some(retention) = self.retention {
            while retention.step(app).await? {
                tokio::time::sleep(PAUSE).await;
            }
        }
        let swept = doomed::sweep(&app.store, &app.artifacts).await?;
        app.meters.folders_wait(swept.waiting);
        swept.complaint.map_or(Ok(()), |complaint| {
            Err(ApiError::new(Code::TemporarilyUnavailable, complaint))
        })
    }

    /// Completes some traces; whether there may be more.
    async fn complete(self, app: &App) -> Result<bool, ApiError> {
        let timeout = self.trace_timeout;
        let find = move |connection: &mut dyn Connection| {
            ingest::find_stale(connection, timeout, STEP).map_err(ApiError::from)
        };
        let stale = app.store.search(find).await?;
        if stale.is_empty() {
            return Ok(false);
        }
        let complete =
            move |connection: &mut dyn Connection| ingest::complete(connection, &stale).map_err(ApiError::from);
        app.store.write(0, complete).await?;
        Ok(true)
    }
}

async fn count(app: &App, journal: &Journal) {
    let mut complaints = Complaints::new(journal);
    loop {
        let took = complaints.hear(recount::round(app).await);
        tokio::time::sleep(recount::rest(took.unwrap_or_default())).await;
    }
}

/// What went wrong. What goes wrong goes wrong again: once is enough.
struct Complaints<'a> {
    journal: &'a Journal,
    last: String,
}

impl<'a> Complaints<'a> {
    fn new(journal: &'a Journal) -> Self {
        let last = String::new();
        Self { journal, last }
    }

    fn hear<T>(&mut self, result: Result<T, ApiError>) -> Option<T> {
        let error = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
        if !error.is_empty() && error != self.last {
            self.journal.warn(&format!("upkeep of the database: {error}"));
        }
        self.last = error;
        result.ok()
    }
}
