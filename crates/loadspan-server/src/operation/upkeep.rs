//! What the server does when nobody asks: completes traces that nobody completes, and deletes what is too old. In small steps, between
//! which requests have their turn.

mod retention;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::retention::Retention;
use super::Journal;
use crate::app::App;
use crate::config::ServerConfig;
use crate::error::ApiError;
use crate::ingest::complete_stale;

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
        let mut said = String::new();
        loop {
            let error = self
                .round(&app)
                .await
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            // What goes wrong goes wrong again: once is enough.
            if !error.is_empty() && error != said {
                journal.warn(&format!("upkeep of the database: {error}"));
            }
            said = error;
            tokio::time::sleep(INTERVAL).await;
        }
    }

    async fn round(self, app: &App) -> Result<(), ApiError> {
        while self.complete(app).await? == STEP {
            tokio::time::sleep(PAUSE).await;
        }
        if let Some(retention) = self.retention {
            while retention.step(app).await? {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    async fn complete(self, app: &App) -> Result<usize, ApiError> {
        let timeout = self.trace_timeout;
        let job = move |connection: &mut dyn crate::database::Connection| {
            complete_stale(connection, timeout, STEP).map_err(ApiError::from)
        };
        app.store.write(0, job).await
    }
}
