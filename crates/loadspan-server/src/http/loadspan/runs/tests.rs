use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::testing::{TestApp, each_database};

async fn run(app: &TestApp, name: &str, throughput: Value) -> String {
    let run = json!({"experiment_id": "0", "start_time": 1, "run_name": name});
    let run = app.post("/api/2.0/mlflow/runs/create", run).await;
    let run_id = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    let batch = json!({
        "run_id": run_id,
        "metrics": [{"key": "throughput", "value": throughput, "timestamp": 1}, {"key": "other", "value": 1, "timestamp": 1}],
        "params": [{"key": "model", "value": name}],
        "tags": [{"key": "verdict", "value": "valid"}],
    });
    app.post("/api/2.0/mlflow/runs/log-batch", batch).await;
    run_id
}

const RUNS: &str = "/api/3.0/loadspan/runs?experiment_id=0";

#[test]
fn a_table_has_the_columns_that_were_asked_for_in_that_order() {
    each_database(async |app| {
        let slow = run(&app, "slow", json!(10)).await;
        let fast = run(&app, "fast", json!("NaN")).await;
        let child = json!({"run_id": fast, "key": "mlflow.parentRunId", "value": slow});
        app.post("/api/2.0/mlflow/runs/set-tag", child).await;
        let columns = "column=tags.verdict&column=metrics.throughput&column=params.none&column=params.model";
        let table = app.get(&format!("{RUNS}&{columns}&order_by=run_name")).await;
        let rows = table["runs"].as_array().unwrap();
        assert_eq!(rows[0]["values"], json!(["valid", "NaN", null, "fast"]));
        assert_eq!(rows[1]["values"], json!(["valid", 10.0, null, "slow"]));
        assert_eq!((&rows[0]["parent"], &rows[1]["parent"]), (&json!(slow), &Value::Null));
        assert_eq!(rows[0]["status"], "RUNNING");
        let filtered = app
            .get(&format!("{RUNS}&filter=metrics.throughput+%3E+1&max_results=1"))
            .await;
        assert_eq!(filtered["runs"][0]["name"], "slow");
        assert!(filtered.get("next_page_token").is_none());
    });
}

#[test]
fn the_columns_that_there_are_can_be_had() {
    each_database(async |app| {
        run(&app, "a", json!(1)).await;
        run(&app, "b", json!(2)).await;
        let known = app.get("/api/3.0/loadspan/runs/columns?experiment_id=0").await;
        let known = known["columns"].as_array().unwrap();
        assert!(
            known.contains(&json!({"kind": "metrics", "key": "throughput", "runs": 2})),
            "{known:?}"
        );
        assert!(
            known.contains(&json!({"kind": "params", "key": "model", "runs": 2})),
            "{known:?}"
        );
        assert!(
            known.contains(&json!({"kind": "tags", "key": "verdict", "runs": 2})),
            "{known:?}"
        );
    });
}

#[test]
fn what_is_no_column_is_an_error_that_says_what_is() {
    each_database(async |app| {
        for wrong in ["throughput", "metrics.", "values.x"] {
            let request = Request::get(format!("{RUNS}&column={wrong}")).body("".into()).unwrap();
            let answer = app.send(request).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
            assert!(String::from_utf8_lossy(answer.body()).contains("metrics.KEY"));
        }
    });
}
