//! What was deleted, and is kept in case that it was a mistake, goes for good: runs and experiments, with their artifacts.

use std::time::Duration;

use url::Url;

use crate::app::now_ms;
use crate::artifacts::{Artifacts, doomed};
use crate::config::{Backend, ConfigError, Durability};
use crate::database::{self, Access, Connection, DatabaseError, Dialect};
use crate::error::ApiError;
use crate::server::ServerError;
use crate::store::Store;
use crate::traces;
use crate::traces::{Doomed, Which};
use crate::tracking::purge;

/// Rows of one transaction: nobody else writes meanwhile.
const ROWS: usize = 2000;
/// Runs or traces of one transaction.
const STEP: usize = 100;

/// What is to be collected, and where.
#[derive(Debug, Clone)]
pub struct GarbageConfig {
    /// The database.
    pub backend: Backend,
    /// The place of artifacts.
    pub artifacts: Url,
    /// What was deleted more recently stays.
    pub older_than: Duration,
    /// Whether the file gets smaller.
    pub shrink: Shrink,
}

/// Whether a file of SQLite gives back the room that is free in it. That takes as much room again while it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shrink {
    /// It does.
    Yes,
    /// It keeps it for what comes.
    No,
}

/// What was collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Runs.
    pub runs: u64,
    /// Experiments.
    pub experiments: u64,
    /// Traces of these experiments.
    pub traces: u64,
}

/// Collects what was deleted. No server may use the file of a database of SQLite meanwhile.
///
/// # Errors
///
/// The database cannot be opened, a server has it, or it or the place of artifacts says no.
pub async fn collect_garbage(config: &GarbageConfig) -> Result<Collected, ServerError> {
    let database = database::of(&config.backend, Durability::Process)
        .map_err(|error| ConfigError::new("--backend-store-uri", error.to_string()))?;
    let name = database.name();
    let failed = |message: String| ServerError::Database {
        database: name.clone(),
        message,
    };
    let artifacts = Artifacts::open(&config.artifacts, Durability::Process)?;
    if let Some(holder) = database::holder(&config.backend) {
        let who = holder.named();
        return Err(failed(format!(
            "{who}: stop that one, and run `loadspan serve gc` again"
        )));
    }
    let store = Store::open_as_it_is(&*database).map_err(|error| failed(error.to_string()))?;
    let age = i64::try_from(config.older_than.as_millis()).unwrap_or(i64::MAX);
    let mut collector = Collector {
        before: now_ms().saturating_sub(age),
        store: store.clone(),
        artifacts,
        collected: Collected::default(),
    };
    let done = collector.run().await;
    store.close().await;
    let left = done.map_err(|error| failed(error.in_full()))?;
    if config.shrink == Shrink::Yes && matches!(config.backend, Backend::Sqlite(_)) {
        let shrunk = database
            .connect(Access::Write)
            .and_then(|mut file| file.batch("VACUUM"));
        shrunk.map_err(|error| failed(error.to_string()))?;
    }
    match left {
        None => Ok(collector.collected),
        Some(complaint) => Err(ServerError::Artifacts(complaint)),
    }
}

struct Collector {
    /// What was deleted before this is collected: milliseconds since 1970.
    before: i64,
    store: Store,
    artifacts: Artifacts,
    collected: Collected,
}

impl Collector {
    /// Why not all folders of artifacts are gone, if some are not.
    async fn run(&mut self) -> Result<Option<String>, ApiError> {
        let before = self.before;
        while self.runs().await? {}
        let find =
            move |connection: &mut dyn Connection| Ok::<_, ApiError>(purge::deleted_experiments(connection, before)?);
        for id in self.store.read(find).await? {
            while self.experiment(id).await? {}
        }
        let job = |connection: &mut dyn Connection| {
            drop_unused(connection)?;
            Ok::<_, ApiError>(doomed::hurry(connection)?)
        };
        self.store.remove(job).await?;
        Ok(doomed::sweep(&self.store, &self.artifacts).await?.complaint)
    }

    /// Collects some runs; whether there may be more.
    async fn runs(&mut self) -> Result<bool, ApiError> {
        let before = self.before;
        let job = move |connection: &mut dyn Connection| {
            let found = purge::deleted_before(connection, before, STEP)?;
            let gone = purge::runs(connection, &found, ROWS)?;
            Ok::<_, ApiError>((found.len(), gone))
        };
        let (found, gone) = self.store.remove(job).await?;
        self.collected.runs += gone as u64;
        Ok(found > 0)
    }

    /// Collects a part of an experiment; whether there is more. One that is restored meanwhile stays, if its turn has not come yet.
    async fn experiment(&mut self, id: i64) -> Result<bool, ApiError> {
        let before = self.before;
        let job = move |connection: &mut dyn Connection| {
            if !purge::take(connection, id, before)? {
                return Ok::<_, ApiError>(None);
            }
            part_of(connection, id).map(Some)
        };
        let Some(part) = self.store.remove(job).await? else {
            return Ok(false);
        };
        self.collected.runs += part.runs;
        self.collected.traces += part.traces;
        self.collected.experiments += part.experiments;
        Ok(part.experiments == 0)
    }
}

/// Deletes some of the runs of an experiment, or some of its traces, or what is left of it; what of it is gone.
fn part_of(connection: &mut dyn Connection, id: i64) -> Result<Collected, ApiError> {
    let runs = purge::of_experiment(connection, id, STEP)?;
    if !runs.is_empty() {
        return Ok(Collected {
            runs: purge::runs(connection, &runs, ROWS)? as u64,
            ..Collected::default()
        });
    }
    let of_it = Doomed {
        experiment_id: id,
        which: Which::Until(i64::MAX),
    };
    let traces = traces::doomed(connection, &of_it, STEP)?;
    if !traces.is_empty() {
        return Ok(Collected {
            traces: traces::delete(connection, &traces, ROWS)? as u64,
            ..Collected::default()
        });
    }
    purge::experiment(connection, id)?;
    Ok(Collected {
        experiments: 1,
        ..Collected::default()
    })
}

/// What many spans shared that are not there any more. On SQLite only, where nobody else writes now.
fn drop_unused(connection: &mut dyn Connection) -> Result<(), DatabaseError> {
    if connection.dialect() == Dialect::Postgres {
        return Ok(());
    }
    let series = "DELETE FROM otlp_series WHERE NOT EXISTS (SELECT 1 FROM otlp_points p WHERE p.series_key = otlp_series.series_key)";
    connection.execute(series, &[])?;
    let metrics = "DELETE FROM otlp_metrics WHERE NOT EXISTS (SELECT 1 FROM otlp_series s \
                   WHERE s.otlp_metric_key = otlp_metrics.otlp_metric_key)";
    connection.execute(metrics, &[])?;
    for (table, key) in [("resources", "resource_key"), ("scopes", "scope_key")] {
        let sql = format!(
            "DELETE FROM {table} WHERE {key} NOT IN (SELECT {key} FROM spans UNION SELECT {key} FROM log_records UNION SELECT {key} \
             FROM otlp_metrics)"
        );
        connection.execute(&sql, &[])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
