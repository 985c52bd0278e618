//! What was deleted, and is kept in case that it was a mistake, goes for good: runs and experiments, with their artifacts.

use std::time::Duration;

use url::Url;

use crate::app::now_ms;
use crate::artifacts::{ArtifactPath, Artifacts};
use crate::config::{Backend, ConfigError, Durability};
use crate::database::{self, Access, Connection, DatabaseError, Dialect};
use crate::error::ApiError;
use crate::server::ServerError;
use crate::store::Store;
use crate::traces::{Doomed, Which};
use crate::tracking::purge::{self, Purgeable};
use crate::{traces, tracking};

/// Rows of one transaction.
const ROWS: usize = 20_000;
/// Runs or traces of one transaction.
const STEP: usize = 1000;

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
    let store = Store::open(&*database).map_err(|error| failed(error.to_string()))?;
    let age = i64::try_from(config.older_than.as_millis()).unwrap_or(i64::MAX);
    let mut collector = Collector {
        before: now_ms().saturating_sub(age),
        store: store.clone(),
        artifacts,
        collected: Collected::default(),
    };
    let done = collector.run().await;
    store.close().await;
    done.map_err(|error| failed(error.message))?;
    if config.shrink == Shrink::Yes && matches!(config.backend, Backend::Sqlite(_)) {
        let shrunk = database
            .connect(Access::Write)
            .and_then(|mut file| file.batch("VACUUM"));
        shrunk.map_err(|error| failed(error.to_string()))?;
    }
    Ok(collector.collected)
}

struct Collector {
    /// What was deleted before this is collected: milliseconds since 1970.
    before: i64,
    store: Store,
    artifacts: Artifacts,
    collected: Collected,
}

impl Collector {
    async fn run(&mut self) -> Result<(), ApiError> {
        let before = self.before;
        while self
            .runs(move |connection| purge::deleted_before(connection, before, STEP))
            .await?
        {}
        let job = move |connection: &mut dyn Connection| tracking::purge::deleted_experiments(connection, before);
        let experiments = self
            .store
            .write(0, move |connection| Ok::<_, ApiError>(job(connection)?))
            .await?;
        for id in experiments {
            self.experiment(id).await?;
        }
        let job = |connection: &mut dyn Connection| Ok::<_, ApiError>(drop_unused(connection)?);
        self.store.write(0, job).await
    }

    /// Collects the runs that `find` finds; whether there may be more.
    async fn runs<F>(&mut self, find: F) -> Result<bool, ApiError>
    where
        F: Fn(&mut dyn Connection) -> Result<Vec<Purgeable>, DatabaseError> + Send + 'static,
    {
        let job = move |connection: &mut dyn Connection| {
            let found = find(connection)?;
            let gone = purge::runs(connection, &found, ROWS)?;
            Ok::<_, ApiError>((found, gone))
        };
        let (found, gone) = self.store.write(0, job).await?;
        self.collected.runs += gone as u64;
        self.drop_folders(found[..gone].iter().filter_map(Purgeable::folder))
            .await?;
        Ok(!found.is_empty())
    }

    async fn traces(&mut self, experiment_id: i64) -> Result<bool, ApiError> {
        let job = move |connection: &mut dyn Connection| {
            let doomed = Doomed {
                experiment_id,
                which: Which::Until(i64::MAX),
            };
            let found = traces::doomed(connection, &doomed, STEP)?;
            let gone = traces::delete(connection, &found, ROWS)?;
            Ok::<_, ApiError>((found, gone))
        };
        let (found, gone) = self.store.write(0, job).await?;
        self.collected.traces += gone as u64;
        self.drop_folders(found[..gone].iter().map(traces::Deletable::folder))
            .await?;
        Ok(!found.is_empty())
    }

    async fn experiment(&mut self, id: i64) -> Result<(), ApiError> {
        while self
            .runs(move |connection| purge::of_experiment(connection, id, STEP))
            .await?
        {}
        while self.traces(id).await? {}
        let job = move |connection: &mut dyn Connection| Ok::<_, ApiError>(purge::experiment(connection, id)?);
        self.store.write(0, job).await?;
        self.drop_folders([id.to_string()].into_iter()).await?;
        self.collected.experiments += 1;
        Ok(())
    }

    async fn drop_folders(&self, folders: impl Iterator<Item = String>) -> Result<(), ApiError> {
        for folder in folders {
            self.artifacts.delete(&ArtifactPath::parse(&folder)?).await?;
        }
        Ok(())
    }
}

/// What many spans shared that are not there any more. On SQLite only, where nobody else writes now.
fn drop_unused(connection: &mut dyn Connection) -> Result<(), DatabaseError> {
    if connection.dialect() == Dialect::Postgres {
        return Ok(());
    }
    let series = "DELETE FROM otlp_series WHERE NOT EXISTS (SELECT 1 FROM otlp_points p WHERE p.series_key = otlp_series.series_key)";
    connection.execute(series, &[])?;
    for (table, key) in [("resources", "resource_key"), ("scopes", "scope_key")] {
        let sql = format!(
            "DELETE FROM {table} WHERE {key} NOT IN (SELECT {key} FROM spans UNION SELECT {key} FROM log_records UNION SELECT {key} \
             FROM otlp_series)"
        );
        connection.execute(&sql, &[])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{TestApp, on_sqlite};

    async fn collect(app: &TestApp, before: i64) -> Collected {
        let mut collector = Collector {
            before,
            store: app.store().clone(),
            artifacts: app.app().artifacts.clone(),
            collected: Collected::default(),
        };
        collector.run().await.unwrap();
        collector.collected
    }

    async fn make_run(app: &TestApp, experiment: &str) -> String {
        let run = json!({"experiment_id": experiment, "start_time": 1});
        let run = app.post("/api/2.0/mlflow/runs/create", run).await;
        let id = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
        let point = json!({"run_id": id, "key": "m", "value": 1.0, "timestamp": 1});
        app.post("/api/2.0/mlflow/runs/log-metric", point).await;
        let path = format!("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{id}/artifacts/file.txt");
        let answer = app.send(http::Request::put(path).body("x".into()).unwrap()).await;
        assert!(answer.status().is_success());
        id
    }

    async fn rows(app: &TestApp) -> Vec<i64> {
        let count = |connection: &mut dyn Connection| {
            let tables = [
                "experiments",
                "runs",
                "run_metrics",
                "metric_points",
                "traces",
                "spans",
                "resources",
            ];
            let counts = tables.map(|table| {
                let row = connection.query_one(&format!("SELECT COUNT(*) FROM {table}"), &[])?;
                row.map_or(Ok(0), |row| row.int(0))
            });
            Ok(counts.into_iter().collect::<Result<Vec<_>, _>>()?)
        };
        app.read(count).await.unwrap()
    }

    #[test]
    fn what_was_deleted_goes_and_the_rest_stays() {
        on_sqlite(async |app| {
            let made = app
                .post("/api/2.0/mlflow/experiments/create", json!({"name": "doomed"}))
                .await;
            let doomed = made["experiment_id"].as_str().unwrap().to_owned();
            let kept = make_run(&app, "0").await;
            let deleted = make_run(&app, "0").await;
            make_run(&app, &doomed).await;
            let span = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"01010101010101010101010101010101",
                "spanId":"0202020202020202","name":"a","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}"#;
            let request = http::Request::post("/v1/traces")
                .header("content-type", "application/json")
                .header("x-mlflow-experiment-id", &doomed);
            assert!(app.send(request.body(span.into()).unwrap()).await.status().is_success());
            assert_eq!(rows(&app).await, [2, 3, 3, 3, 1, 1, 1]);
            app.post("/api/2.0/mlflow/runs/delete", json!({"run_id": deleted}))
                .await;
            app.post("/api/2.0/mlflow/experiments/delete", json!({"experiment_id": doomed}))
                .await;

            // Its server has the file: nobody else may write.
            let config = GarbageConfig {
                backend: Backend::Sqlite(app.folder().join("loadspan.db")),
                artifacts: Url::from_directory_path(app.folder().join("artifacts")).unwrap(),
                older_than: Duration::ZERO,
                shrink: Shrink::No,
            };
            let refused = collect_garbage(&config).await.unwrap_err().to_string();
            assert!(refused.contains("another loadspan serve"), "{refused}");
            // Deleted just now: it can be had back for an hour.
            assert_eq!(collect(&app, now_ms() - 3_600_000).await, Collected::default());
            let collected = Collected {
                runs: 2,
                experiments: 1,
                traces: 1,
            };
            assert_eq!(collect(&app, now_ms() + 1).await, collected);
            assert_eq!(rows(&app).await, [1, 1, 1, 1, 0, 0, 0]);
            let files = |run: &str| app.folder().join(format!("artifacts/0/{run}")).exists();
            assert_eq!((files(&kept), files(&deleted)), (true, false));
            assert!(!app.folder().join("artifacts").join(&doomed).exists());
        });
    }
}
