mod large;
mod logging;

use http::StatusCode;
use serde_json::{Value, json};

use crate::testing::{TestApp, each_database, on_sqlite};

const API: &str = "/api/2.0/mlflow/runs";

pub(super) async fn create(app: &TestApp, body: Value) -> Value {
    app.post(&format!("{API}/create"), body).await["run"].take()
}

pub(super) async fn new_run(app: &TestApp) -> String {
    id_of(&create(app, json!({"experiment_id": "0", "run_name": "a"})).await)
}

pub(super) async fn get(app: &TestApp, run_id: &str) -> Value {
    app.get(&format!("{API}/get?run_id={run_id}")).await["run"].take()
}

pub(super) async fn refused(app: &TestApp, endpoint: &str, body: Value) -> (StatusCode, String, String) {
    let (status, answer) = app.call("POST", &format!("{API}/{endpoint}"), body).await;
    let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
    (status, text("error_code"), text("message"))
}

fn id_of(run: &Value) -> String {
    run["info"]["run_id"].as_str().unwrap().to_owned()
}

fn tag(run: &Value, key: &str) -> Option<String> {
    let tags = run["data"]["tags"].as_array()?;
    let tag = tags.iter().find(|tag| tag["key"] == key)?;
    tag["value"].as_str().map(str::to_owned)
}

#[test]
fn a_run_is_made_with_what_it_was_given() {
    each_database(async |app| {
        let body = json!({
            "experiment_id": "0", "user_id": "me", "run_name": "first", "start_time": 17,
            "tags": [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}],
        });
        let run = create(&app, body).await;
        let run_id = id_of(&run);
        assert_eq!(run_id.len(), 32);
        assert_eq!(
            run["info"],
            json!({
                "run_id": run_id, "run_uuid": run_id, "run_name": "first", "experiment_id": "0", "user_id": "me",
                "status": "RUNNING", "start_time": 17, "lifecycle_stage": "active",
                "artifact_uri": format!("mlflow-artifacts:/0/{run_id}/artifacts"),
            })
        );
        assert_eq!(
            run["data"],
            json!({"tags": [
                {"key": "a", "value": "1"}, {"key": "b", "value": "2"}, {"key": "mlflow.runName", "value": "first"},
            ]})
        );
        assert_eq!(get(&app, &run_id).await, run);
        let by_old_name = app.get(&format!("{API}/get?run_uuid={run_id}")).await;
        assert_eq!(by_old_name["run"], run);
    });
}

#[test]
fn a_run_gets_a_name_from_its_tag_or_one_made_up() {
    on_sqlite(async |app| {
        let tagged = create(&app, json!({"tags": [{"key": "mlflow.runName", "value": "tagged"}]})).await;
        assert_eq!(tagged["info"]["run_name"], "tagged");
        assert_eq!(tag(&tagged, "mlflow.runName").unwrap(), "tagged");
        let nameless = create(&app, json!({})).await;
        let name = nameless["info"]["run_name"].as_str().unwrap();
        assert_eq!(name.split('-').count(), 3, "{name}");
        assert_eq!(tag(&nameless, "mlflow.runName").unwrap(), name);
        let body = json!({"run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]});
        let (_, code, message) = refused(&app, "create", body).await;
        assert_eq!(code, "INVALID_PARAMETER_VALUE");
        assert_eq!(
            message,
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='a', \
             mlflow.runName='b')."
        );
    });
}

#[test]
fn the_user_is_the_one_that_the_tag_names() {
    on_sqlite(async |app| {
        let run = create(&app, json!({"tags": [{"key": "mlflow.user", "value": "you"}]})).await;
        assert_eq!(run["info"]["user_id"], "you");
        let run_id = id_of(&run);
        let tag = json!({"run_id": run_id, "key": "mlflow.user", "value": "they"});
        app.post(&format!("{API}/set-tag"), tag).await;
        assert_eq!(get(&app, &run_id).await["info"]["user_id"], "they");
    });
}

#[test]
fn the_name_and_its_tag_stay_the_same() {
    each_database(async |app| {
        let run_id = new_run(&app).await;
        let both = async |app: &TestApp| {
            let run = get(app, &run_id).await;
            (
                run["info"]["run_name"].as_str().unwrap().to_owned(),
                tag(&run, "mlflow.runName").unwrap(),
            )
        };
        let same = |name: &str| (name.to_owned(), name.to_owned());
        app.post(&format!("{API}/update"), json!({"run_id": run_id, "run_name": "b"}))
            .await;
        assert_eq!(both(&app).await, same("b"));
        let tag = json!({"key": "mlflow.runName", "value": "c"});
        app.post(&format!("{API}/log-batch"), json!({"run_id": run_id, "tags": [tag]}))
            .await;
        assert_eq!(both(&app).await, same("c"));
        // A run has a name.
        let tag = json!({"run_id": run_id, "key": "mlflow.runName", "value": ""});
        app.post(&format!("{API}/set-tag"), tag).await;
        assert_eq!(both(&app).await, same("c"));
    });
}

#[test]
fn a_run_ends_as_it_is_said() {
    each_database(async |app| {
        let run_id = new_run(&app).await;
        let body = json!({"run_id": run_id, "run_uuid": run_id, "status": "FINISHED", "end_time": 99});
        let updated = app.post(&format!("{API}/update"), body).await;
        assert_eq!(updated["run_info"]["status"], "FINISHED");
        assert_eq!(updated["run_info"]["end_time"], 99);
        // What is not said stays. Numbers are those of MLflow's protocol.
        app.post(&format!("{API}/update"), json!({"run_id": run_id, "status": 5}))
            .await;
        let info = get(&app, &run_id).await["info"].take();
        assert_eq!((&info["status"], &info["end_time"]), (&json!("KILLED"), &json!(99)));
        for status in [json!("DONE"), json!(9), json!({})] {
            let (status, code, message) = refused(&app, "update", json!({"run_id": run_id, "status": status})).await;
            assert_eq!(
                (status, code.as_str()),
                (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE")
            );
            assert!(message.contains("for parameter 'status' supplied"), "{message}");
        }
    });
}

#[test]
fn what_does_not_exist_is_not_found() {
    on_sqlite(async |app| {
        let body = json!({
            "run_id": "nope", "key": "a", "value": 1, "timestamp": 1, "models": [], "datasets": [],
            "model_json": r#"{"artifact_path": "", "flavors": {}, "run_id": "", "utc_time_created": ""}"#,
        });
        let text = json!({"run_id": "nope", "key": "a", "value": "b"});
        for (endpoint, body) in [
            ("update", &text),
            ("delete", &text),
            ("restore", &text),
            ("log-parameter", &text),
            ("set-tag", &text),
            ("delete-tag", &text),
            ("log-metric", &body),
            ("log-batch", &body),
            ("log-inputs", &body),
            ("outputs", &body),
            ("log-model", &body),
        ] {
            let (status, code, message) = refused(&app, endpoint, body.clone()).await;
            assert_eq!(
                (status, code.as_str()),
                (StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST"),
                "{endpoint}"
            );
            assert_eq!(message, "Run with id=nope not found", "{endpoint}");
        }
        let (status, answer) = app.call("GET", &format!("{API}/get?run_id=nope"), Value::Null).await;
        assert_eq!(
            (status, &answer["message"]),
            (StatusCode::NOT_FOUND, &json!("Run with id=nope not found"))
        );
        let (_, _, message) = refused(&app, "create", json!({"experiment_id": "9"})).await;
        assert_eq!(message, "No Experiment with id=9 exists");
    });
}

#[test]
fn a_deleted_run_takes_no_logs_until_it_is_restored() {
    each_database(async |app| {
        let run_id = new_run(&app).await;
        app.post(&format!("{API}/delete"), json!({"run_id": run_id})).await;
        app.post(&format!("{API}/delete"), json!({"run_id": run_id})).await;
        assert_eq!(get(&app, &run_id).await["info"]["lifecycle_stage"], "deleted");
        let text = json!({"run_id": run_id, "key": "a", "value": "1", "timestamp": 1, "models": [], "datasets": []});
        let endpoints = [
            "update",
            "log-metric",
            "log-parameter",
            "log-batch",
            "set-tag",
            "delete-tag",
            "log-inputs",
            "outputs",
        ];
        for endpoint in endpoints {
            let (status, code, message) = refused(&app, endpoint, text.clone()).await;
            assert_eq!(
                (status, code.as_str()),
                (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE"),
                "{endpoint}"
            );
            assert_eq!(
                message,
                format!("The run {run_id} must be in the 'active' state. Current state is deleted.")
            );
        }
        app.post(&format!("{API}/restore"), json!({"run_id": run_id})).await;
        app.post(
            &format!("{API}/log-metric"),
            json!({"run_id": run_id, "key": "a", "value": 1, "timestamp": 1}),
        )
        .await;
    });
}

#[test]
fn found_runs_are_whole_and_in_order() {
    on_sqlite(async |app| {
        let mut ids = Vec::new();
        for start in [1, 3, 2] {
            let run = create(&app, json!({"experiment_id": "0", "start_time": start})).await;
            let batch = json!({
                "run_id": id_of(&run),
                "metrics": [{"key": "m", "value": start, "timestamp": 1}],
                "params": [{"key": "p", "value": start.to_string()}],
            });
            app.post(&format!("{API}/log-batch"), batch).await;
            ids.push(id_of(&run));
        }
        let found = app
            .post(&format!("{API}/search"), json!({"experiment_ids": ["0"]}))
            .await;
        let runs = found["runs"].as_array().unwrap();
        assert_eq!(
            runs.iter().map(id_of).collect::<Vec<_>>(),
            [&*ids[1], &*ids[2], &*ids[0]]
        );
        for run in runs {
            assert_eq!(*run, get(&app, &id_of(run)).await);
        }
        let none = app
            .post("/ajax-api/2.0/mlflow/runs/search", json!({"experiment_ids": ["5"]}))
            .await;
        assert_eq!(none, json!({}));
    });
}
