//! Tags, links, deletions, and what is refused.

use super::*;

#[test]
fn tags_are_set_and_deleted_over_both_versions() {
    each_database(async |app| {
        send(&app).await;
        for version in ["2.0", "3.0"] {
            let path = format!("/api/{version}/mlflow/traces/{ID}/tags");
            let (status, answer) = app.call("PATCH", &path, json!({"key": "x", "value": "y"})).await;
            assert_eq!((status, answer), (StatusCode::OK, json!({})));
            assert_eq!(info(&app).await["tags"]["x"], json!("y"));
            let (status, _) = app.call("DELETE", &path, json!({"key": "x"})).await;
            assert_eq!(status, StatusCode::OK);
            let (status, answer) = app.call("DELETE", &path, json!({"key": "x"})).await;
            assert_eq!(status, StatusCode::NOT_FOUND);
            let message = format!("No trace tag with key 'x' for trace with ID '{ID}'");
            assert_eq!(answer["message"], json!(message));
        }
    });
}

#[test]
fn the_name_is_a_tag_that_searches_know() {
    each_database(async |app| {
        send(&app).await;
        let path = format!("/api/2.0/mlflow/traces/{ID}/tags");
        app.call("PATCH", &path, json!({"key": "mlflow.traceName", "value": "new"}))
            .await;
        assert_eq!(search(&app, "trace.name = 'new'").await, [ID]);
        app.call("DELETE", &path, json!({"key": "mlflow.traceName"})).await;
        assert_eq!(info(&app).await["tags"]["mlflow.traceName"], Value::Null);
        assert!(search(&app, "trace.name = 'new'").await.is_empty());
    });
}

#[test]
fn tags_of_the_server_are_its_own() {
    on_sqlite(async |app| {
        send(&app).await;
        let path = format!("/api/2.0/mlflow/traces/{ID}/tags");
        for method in ["PATCH", "DELETE"] {
            let body = json!({"key": "mlflow.artifactLocation", "value": "file:///etc"});
            assert_eq!(app.call(method, &path, body).await.0, StatusCode::BAD_REQUEST);
        }
        let body = json!({"key": "x", "value": "y"});
        let (status, _) = app.call("PATCH", "/api/2.0/mlflow/traces/tr-no/tags", body).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn traces_are_linked_with_runs_and_those_that_are_not_there_are_passed_over() {
    each_database(async |app| {
        send(&app).await;
        let path = "/api/2.0/mlflow/traces/link-to-run";
        let body = json!({"trace_ids": [ID, "tr-no"], "run_id": "r9"});
        for _ in 0..2 {
            assert_eq!(app.post(path, body.clone()).await, json!({}));
        }
        assert_eq!(search(&app, "attribute.run_id = 'r9'").await, [ID]);
        let (status, answer) = app
            .call("POST", path, json!({"trace_ids": vec!["x"; 101], "run_id": "r9"}))
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let message = "Cannot link more than 100 traces to a run in a single request. Provided 101 traces.";
        assert_eq!(answer["message"], json!(message));
        let prompts = json!({"trace_id": ID, "prompt_versions": [{"name": "p", "version": "1"}]});
        assert_eq!(
            app.post("/api/2.0/mlflow/traces/link-prompts", prompts).await,
            json!({})
        );
    });
}

#[test]
fn a_trace_is_deleted_with_everything_that_belongs_to_it() {
    each_database(async |app| {
        send(&app).await;
        app.post("/api/3.0/mlflow/traces", start()).await;
        let feedback = json!({"assessment": {"assessment_name": "a", "feedback": {"value": 1}}});
        app.post(&format!("/api/3.0/mlflow/traces/{ID}/assessments"), feedback)
            .await;
        let path = "/api/2.0/mlflow/traces/delete-traces";
        let elsewhere = app.post(path, json!({"experiment_id": "7", "request_ids": [ID]})).await;
        assert_eq!(elsewhere, json!({"traces_deleted": 0}));
        let gone = app
            .post(path, json!({"experiment_id": "0", "request_ids": [ID, "tr-no"]}))
            .await;
        assert_eq!(gone, json!({"traces_deleted": 1}));
        for table in [
            "traces",
            "spans",
            "trace_tags",
            "trace_metadata",
            "trace_runs",
            "assessments",
        ] {
            let sql = format!("SELECT COUNT(*) FROM {table}");
            let rows = app.read(move |connection| Ok(connection.query_one(&sql, &[])?));
            assert_eq!(rows.await.unwrap().unwrap().int(0).unwrap(), 0, "{table}");
        }
    });
}

#[test]
fn traces_are_deleted_by_time_the_oldest_first() {
    each_database(async |app| {
        for (id, second) in [("tr-a", 1), ("tr-b", 2), ("tr-c", 3)] {
            let mut said = start();
            said["trace"]["trace_info"]["trace_id"] = json!(id);
            said["trace"]["trace_info"]["request_time"] = json!(format!("1970-01-01T00:00:0{second}Z"));
            app.post("/api/3.0/mlflow/traces", said).await;
        }
        let path = "/api/3.0/mlflow/traces/delete-traces";
        let one = json!({"experiment_id": "0", "max_timestamp_millis": 2000, "max_traces": 1});
        assert_eq!(app.post(path, one).await, json!({"traces_deleted": 1}));
        assert_eq!(search(&app, "").await, ["tr-c", "tr-b"]);
        let all = json!({"experiment_id": "0", "max_timestamp_millis": 2000});
        assert_eq!(app.post(path, all).await, json!({"traces_deleted": 1}));
        assert_eq!(search(&app, "").await, ["tr-c"]);
    });
}

#[test]
fn a_deletion_says_clearly_what_it_means() {
    on_sqlite(async |app| {
        let path = "/api/2.0/mlflow/traces/delete-traces";
        for (body, message) in [
            (
                json!({"experiment_id": "0"}),
                "Either `max_timestamp_millis` or `trace_ids` must be specified.",
            ),
            (
                json!({"experiment_id": "0", "request_ids": ["a"], "max_timestamp_millis": 5}),
                "Only one of `max_timestamp_millis` and `trace_ids` can be specified.",
            ),
            (
                json!({"experiment_id": "0", "request_ids": ["a"], "max_traces": 1}),
                "`max_traces` can't be specified if `trace_ids` is specified.",
            ),
            (
                json!({"experiment_id": "0", "max_timestamp_millis": 5, "max_traces": 0}),
                "`max_traces` must be a positive integer, received 0.",
            ),
        ] {
            let (status, answer) = app.call("POST", path, body).await;
            assert_eq!((status, &answer["message"]), (StatusCode::BAD_REQUEST, &json!(message)));
        }
    });
}

#[test]
fn what_makes_no_sense_of_a_trace_is_refused() {
    on_sqlite(async |app| {
        for (field, value) in [
            ("trace_id", json!("")),
            ("trace_id", json!("../../etc")),
            ("state", json!("DONE")),
            ("request_time", json!("yesterday")),
            ("execution_duration", json!("long")),
            ("trace_location", json!({"type": "INFERENCE_TABLE"})),
            ("trace_location", json!({"mlflow_experiment": {"experiment_id": "x"}})),
            ("tags", json!("t")),
        ] {
            let mut said = start();
            said["trace"]["trace_info"][field] = value.clone();
            let (status, answer) = app.call("POST", "/api/3.0/mlflow/traces", said).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{field} {value}: {answer}");
        }
        let mut said = start();
        said["trace"]["trace_info"]["trace_location"]["mlflow_experiment"]["experiment_id"] = json!("99");
        assert_eq!(
            app.call("POST", "/api/3.0/mlflow/traces", said).await.0,
            StatusCode::NOT_FOUND
        );
    });
}

#[test]
fn a_trace_goes_to_the_experiment_that_its_client_names() {
    each_database(async |app| {
        send(&app).await;
        let made = app
            .post("/api/2.0/mlflow/experiments/create", json!({"name": "other"}))
            .await;
        let id = made["experiment_id"].as_str().unwrap();
        let mut said = start();
        said["trace"]["trace_info"]["trace_location"]["mlflow_experiment"]["experiment_id"] = json!(id);
        let answer = app.post("/api/3.0/mlflow/traces", said).await;
        let moved = &answer["trace"]["trace_info"];
        assert_eq!(moved["trace_location"]["mlflow_experiment"]["experiment_id"], json!(id));
        assert_eq!(
            moved["tags"]["mlflow.artifactLocation"],
            json!(format!("mlflow-artifacts:/{id}/traces/{ID}/artifacts"))
        );
    });
}
