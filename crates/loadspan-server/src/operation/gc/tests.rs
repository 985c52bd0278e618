//! What goes for good, what stays, and what can be had back until when.

use serde_json::json;

use super::*;
use crate::testing::{TestApp, each_database, on_sqlite};

async fn collect(app: &TestApp, before: i64) -> Collected {
    let mut collector = Collector {
        before,
        store: app.store().clone(),
        artifacts: app.app().artifacts.clone(),
        collected: Collected::default(),
    };
    assert_eq!(collector.run().await.unwrap(), None);
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
            "(SELECT 1 FROM metric_points UNION ALL SELECT 1 FROM metric_intake) AS points",
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

async fn make_experiment(app: &TestApp, experiment: serde_json::Value) -> String {
    let made = app.post("/api/2.0/mlflow/experiments/create", experiment).await;
    made["experiment_id"].as_str().unwrap().to_owned()
}

async fn change(app: &TestApp, change: &str, id: &str) -> http::StatusCode {
    let path = format!("/api/2.0/mlflow/experiments/{change}");
    app.call("POST", &path, json!({"experiment_id": id})).await.0
}

fn collector(app: &TestApp) -> Collector {
    Collector {
        before: now_ms() + 1,
        store: app.store().clone(),
        artifacts: app.app().artifacts.clone(),
        collected: Collected::default(),
    }
}

#[test]
fn what_is_restored_before_its_turn_stays() {
    each_database(async |app| {
        let id = make_experiment(&app, json!({"name": "doomed"})).await;
        let run = make_run(&app, &id).await;
        assert!(change(&app, "delete", &id).await.is_success());
        // The collector has seen that it is deleted, and works on others meanwhile.
        let mut collector = collector(&app);
        assert!(change(&app, "restore", &id).await.is_success());
        let later = make_run(&app, &id).await;
        assert!(!collector.experiment(id.parse().unwrap()).await.unwrap());
        assert_eq!(collector.collected, Collected::default());
        for run in [run, later] {
            app.get(&format!("/api/2.0/mlflow/runs/get?run_id={run}")).await;
        }
    });
}

#[test]
fn what_is_begun_cannot_be_restored() {
    each_database(async |app| {
        let id = make_experiment(&app, json!({"name": "doomed"})).await;
        make_run(&app, &id).await;
        change(&app, "delete", &id).await;
        let mut collector = collector(&app);
        assert!(
            collector.experiment(id.parse().unwrap()).await.unwrap(),
            "the runs first"
        );
        assert_eq!(change(&app, "restore", &id).await, http::StatusCode::NOT_FOUND);
        while collector.experiment(id.parse().unwrap()).await.unwrap() {}
        let collected = Collected {
            runs: 1,
            experiments: 1,
            traces: 0,
        };
        assert_eq!(collector.collected, collected);
    });
}

#[test]
fn the_id_of_what_is_gone_is_not_given_again() {
    each_database(async |app| {
        let id = make_experiment(&app, json!({"name": "doomed"})).await;
        change(&app, "delete", &id).await;
        assert_eq!(collect(&app, now_ms() + 1).await.experiments, 1);
        assert_ne!(make_experiment(&app, json!({"name": "next"})).await, id);
    });
}

#[test]
fn a_folder_that_another_experiment_has_as_well_stays() {
    each_database(async |app| {
        let id = make_experiment(&app, json!({"name": "doomed"})).await;
        let below = format!("mlflow-artifacts:/{id}/below");
        let other = make_experiment(&app, json!({"name": "other", "artifact_location": below})).await;
        let path = format!("{id}/below/file.txt");
        let put = http::Request::put(format!("/api/2.0/mlflow-artifacts/artifacts/{path}"));
        assert!(app.send(put.body("x".into()).unwrap()).await.status().is_success());
        let is_there = || app.folder().join("artifacts").join(&path).exists();
        change(&app, "delete", &id).await;
        assert_eq!(collect(&app, now_ms() + 1).await.experiments, 1);
        assert!(is_there());
        change(&app, "delete", &other).await;
        collect(&app, now_ms() + 1).await;
        assert!(is_there(), "what a client has named is not the server's to delete");
    });
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
        let process = format!(
            "another loadspan serve (process {}) uses it: stop that one",
            std::process::id()
        );
        assert!(refused.contains(&process), "{refused}");
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
