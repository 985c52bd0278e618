use http::StatusCode;
use serde_json::{Value, json};

use crate::testing::{TestApp, each_database, on_sqlite};

const API: &str = "/api/2.0/mlflow/experiments";

impl TestApp {
    async fn create_experiment(&self, body: Value) -> String {
        let created = self.post(&format!("{API}/create"), body).await;
        created["experiment_id"].as_str().unwrap().to_owned()
    }

    async fn experiment(&self, id: &str) -> Value {
        self.get(&format!("{API}/get?experiment_id={id}")).await["experiment"].take()
    }

    /// The error of a `POST` that must fail.
    async fn refused(&self, endpoint: &str, body: Value) -> (StatusCode, String, String) {
        let (status, answer) = self.call("POST", &format!("{API}/{endpoint}"), body).await;
        let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
        (status, text("error_code"), text("message"))
    }
}

#[test]
fn the_default_experiment_is_there() {
    each_database(async |app| {
        let experiment = app.experiment("0").await;
        assert_eq!(experiment["name"], "Default");
        assert_eq!(experiment["artifact_location"], "mlflow-artifacts:/0");
        assert_eq!(experiment["lifecycle_stage"], "active");
        let by_name = app.get(&format!("{API}/get-by-name?experiment_name=Default")).await;
        assert_eq!(by_name["experiment"], experiment);
    });
}

#[test]
fn an_experiment_is_made_with_what_it_was_given() {
    each_database(async |app| {
        let id = app
            .create_experiment(
                json!({"name": "größe ✓", "tags": [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]}),
            )
            .await;
        let experiment = app.experiment(&id).await;
        assert_eq!(experiment["name"], "größe ✓");
        assert_eq!(experiment["experiment_id"], id);
        assert_eq!(experiment["artifact_location"], format!("mlflow-artifacts:/{id}"));
        assert_eq!(
            experiment["tags"],
            json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
        );
        assert_eq!(experiment["creation_time"], experiment["last_update_time"]);
        assert!(experiment["creation_time"].as_i64().unwrap() > 1_700_000_000_000);

        let id = app
            .create_experiment(json!({"name": "b", "artifact_location": "s3://bucket/x"}))
            .await;
        assert_eq!(app.experiment(&id).await["artifact_location"], "s3://bucket/x");
    });
}

#[test]
fn a_name_is_taken_once_also_by_what_was_deleted() {
    each_database(async |app| {
        let id = app.create_experiment(json!({"name": "a"})).await;
        app.post(&format!("{API}/delete"), json!({"experiment_id": id})).await;
        for name in ["a", "Default"] {
            let (status, code, message) = app.refused("create", json!({"name": name})).await;
            assert_eq!(
                (status, code.as_str()),
                (StatusCode::BAD_REQUEST, "RESOURCE_ALREADY_EXISTS")
            );
            assert!(
                message.starts_with(&format!("Experiment(name={name}) already exists.")),
                "{message}"
            );
        }
        let other = app.create_experiment(json!({"name": "b"})).await;
        let (_, code, _) = app
            .refused("update", json!({"experiment_id": other, "new_name": "a"}))
            .await;
        assert_eq!(code, "RESOURCE_ALREADY_EXISTS");
    });
}

#[test]
fn what_makes_no_sense_is_refused_with_what_mlflow_says() {
    on_sqlite(async |app| {
        let long = "a".repeat(501);
        let key = "k".repeat(251);
        for (endpoint, body, begins) in [
            (
                "create",
                json!({}),
                "Missing value for required parameter 'name'. See the API docs",
            ),
            (
                "create",
                json!({"name": ""}),
                "Missing value for required parameter 'name'.",
            ),
            (
                "create",
                json!({"name": 5}),
                "Invalid value 5 for parameter 'name' supplied:  Hint: Value was of type 'int'.",
            ),
            (
                "create",
                json!({"name": long}),
                "'name' exceeds the maximum length of 500 characters",
            ),
            (
                "create",
                json!({"name": "x", "tags": "a"}),
                "Invalid value \"a\" for parameter 'tags' supplied:",
            ),
            (
                "create",
                json!({"name": "x", "tags": [{"key": "$", "value": ""}]}),
                "Invalid value \"$\" for parameter 'key'",
            ),
            (
                "create",
                json!({"name": "x", "artifact_location": "runs:/a"}),
                "Artifact location cannot be a runs:/ URI.",
            ),
            (
                "create",
                json!({"name": "x", "artifact_location": "s3://a#b"}),
                "'artifact_location' URL can't include",
            ),
            (
                "set-experiment-tag",
                json!({"experiment_id": "0"}),
                "Missing value for required parameter 'key'.",
            ),
            (
                "set-experiment-tag",
                json!({"experiment_id": "0", "key": key}),
                "'key' exceeds the maximum length of 250",
            ),
            (
                "update",
                json!({"experiment_id": "0"}),
                "Missing value for required parameter 'new_name'.",
            ),
            (
                "delete",
                json!({"experiment_id": "x"}),
                "Invalid experiment ID 'x'. Experiment ID must be a valid integer.",
            ),
            (
                "delete",
                json!({}),
                "Missing value for required parameter 'experiment_id'.",
            ),
        ] {
            let (status, code, message) = app.refused(endpoint, body.clone()).await;
            assert_eq!(
                (status, code.as_str()),
                (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE"),
                "{body}"
            );
            assert!(message.starts_with(begins), "{endpoint} {body}: {message}");
        }
        // Nothing of what was refused was made.
        assert_eq!(
            app.get(&format!("{API}/search?max_results=10")).await["experiments"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    });
}

#[test]
fn what_does_not_exist_is_not_found() {
    on_sqlite(async |app| {
        for endpoint in [
            "delete",
            "restore",
            "set-experiment-tag",
            "delete-experiment-tag",
            "update",
        ] {
            let body = json!({"experiment_id": "77", "key": "a", "new_name": "b"});
            let (status, code, message) = app.refused(endpoint, body).await;
            assert_eq!(
                (status, code.as_str()),
                (StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST"),
                "{endpoint}"
            );
            assert_eq!(message, "No Experiment with id=77 exists");
        }
        let (status, answer) = app
            .call("GET", &format!("{API}/get?experiment_id=77"), Value::Null)
            .await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(answer["message"], "No Experiment with id=77 exists");
        let (status, answer) = app
            .call("GET", &format!("{API}/get-by-name?experiment_name=x"), Value::Null)
            .await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(answer["message"], "Could not find experiment with name 'x'");
    });
}

#[test]
fn a_deleted_experiment_takes_nothing_until_it_is_restored() {
    each_database(async |app| {
        let id = app.create_experiment(json!({"name": "a"})).await;
        app.post(&format!("{API}/delete"), json!({"experiment_id": id})).await;
        assert_eq!(app.experiment(&id).await["lifecycle_stage"], "deleted");
        let (status, ..) = app.refused("delete", json!({"experiment_id": id})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let inactive = format!("The experiment {id} must be in the 'active' state. Current state is deleted.");
        for endpoint in ["set-experiment-tag", "delete-experiment-tag"] {
            let (_, code, message) = app
                .refused(endpoint, json!({"experiment_id": id, "key": "a", "value": "b"}))
                .await;
            assert_eq!((code.as_str(), &message), ("INVALID_PARAMETER_VALUE", &inactive));
        }
        let (_, _, message) = app
            .refused("update", json!({"experiment_id": id, "new_name": "b"}))
            .await;
        assert_eq!(message, "Cannot rename a non-active experiment.");
        let (_, answer) = app
            .call("POST", "/api/2.0/mlflow/runs/create", json!({"experiment_id": id}))
            .await;
        assert_eq!(answer["message"], inactive);

        app.post(&format!("{API}/restore"), json!({"experiment_id": id})).await;
        assert_eq!(app.experiment(&id).await["lifecycle_stage"], "active");
        let (status, ..) = app.refused("restore", json!({"experiment_id": id})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn runs_go_and_come_back_with_their_experiment_but_not_those_deleted_before() {
    each_database(async |app| {
        let id = app.create_experiment(json!({"name": "a"})).await;
        let mut runs = Vec::new();
        for _ in 0..2 {
            let run = app
                .post("/api/2.0/mlflow/runs/create", json!({"experiment_id": id}))
                .await;
            runs.push(run["run"]["info"]["run_id"].as_str().unwrap().to_owned());
        }
        app.post("/api/2.0/mlflow/runs/delete", json!({"run_id": runs[0]}))
            .await;
        // The times of deletion must differ, or both runs went with the experiment.
        while crate::app::now_ms() <= deleted_time(&app, &runs[0]).await {
            std::thread::yield_now();
        }
        app.post(&format!("{API}/delete"), json!({"experiment_id": id})).await;
        assert_eq!(stages(&app, &runs).await, ["deleted", "deleted"]);
        app.post(&format!("{API}/restore"), json!({"experiment_id": id})).await;
        assert_eq!(stages(&app, &runs).await, ["deleted", "active"]);
    });
}

async fn deleted_time(app: &TestApp, run_id: &str) -> i64 {
    let run_id = run_id.to_owned();
    let read = app.read(move |connection| {
        let sql = "SELECT deleted_time FROM runs WHERE run_id = $1";
        Ok(connection.query_one(sql, &[(&run_id).into()])?.unwrap().int(0)?)
    });
    read.await.unwrap()
}

async fn stages(app: &TestApp, runs: &[String]) -> Vec<String> {
    let mut stages = Vec::new();
    for run in runs {
        let run = app.get(&format!("/api/2.0/mlflow/runs/get?run_id={run}")).await;
        stages.push(run["run"]["info"]["lifecycle_stage"].as_str().unwrap().to_owned());
    }
    stages
}

#[test]
fn tags_and_names_can_be_changed() {
    each_database(async |app| {
        let id = app.create_experiment(json!({"name": "a"})).await;
        for value in ["1", "2"] {
            let tag = json!({"experiment_id": id, "key": "k", "value": value});
            app.post(&format!("{API}/set-experiment-tag"), tag).await;
        }
        assert_eq!(app.experiment(&id).await["tags"], json!([{"key": "k", "value": "2"}]));
        app.post(
            &format!("{API}/delete-experiment-tag"),
            json!({"experiment_id": id, "key": "k"}),
        )
        .await;
        assert_eq!(app.experiment(&id).await["tags"], Value::Null);
        let (status, _, message) = app
            .refused("delete-experiment-tag", json!({"experiment_id": id, "key": "k"}))
            .await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(message, format!("No tag with name: k in experiment with id {id}"));

        app.post(&format!("{API}/update"), json!({"experiment_id": id, "new_name": "b"}))
            .await;
        app.post(&format!("{API}/update"), json!({"experiment_id": id, "new_name": "b"}))
            .await;
        assert_eq!(app.experiment(&id).await["name"], "b");
        app.create_experiment(json!({"name": "a"})).await;
    });
}

#[test]
fn experiments_are_found_by_query_and_by_body_below_both_prefixes() {
    on_sqlite(async |app| {
        app.create_experiment(json!({"name": "a", "tags": [{"key": "k", "value": "v"}]}))
            .await;
        let by_query = app
            .get(&format!("{API}/search?max_results=5&view_type=ACTIVE_ONLY"))
            .await;
        let by_body = app
            .post(
                "/ajax-api/2.0/mlflow/experiments/search",
                json!({"max_results": 5, "view_type": 1}),
            )
            .await;
        assert_eq!(by_query, by_body);
        let experiments = by_query["experiments"].as_array().unwrap();
        assert_eq!(experiments.len(), 2);
        let a = experiments.iter().find(|experiment| experiment["name"] == "a").unwrap();
        assert_eq!(a["tags"], json!([{"key": "k", "value": "v"}]));
    });
}

#[test]
fn a_body_must_say_that_it_is_json_and_be_it() {
    on_sqlite(async |app| {
        let path = format!("{API}/create");
        for (kind, body, begins) in [
            (
                None,
                "{\"name\": \"a\"}",
                "Bad Request. Content-Type header is missing.",
            ),
            (
                Some("text/plain"),
                "{\"name\": \"a\"}",
                "Bad Request. Content-Type must be one of ['application/json'].",
            ),
            (Some("application/json"), "{\"name\": NaN}", "the body is no JSON: "),
            (Some("application/json"), "[]", "the body is no JSON object"),
        ] {
            let mut request = http::Request::post(&path);
            if let Some(kind) = kind {
                request = request.header("content-type", kind);
            }
            let answer = app.send(request.body(body.into()).unwrap()).await;
            let error: Value = serde_json::from_slice(answer.body()).unwrap();
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
            assert!(error["message"].as_str().unwrap().starts_with(begins), "{error}");
        }
    });
}
