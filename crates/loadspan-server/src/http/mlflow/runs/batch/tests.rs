use http::StatusCode;
use serde_json::{Value, json};

use crate::http::mlflow::runs::tests::{get, new_run, refused};
use crate::testing::{TestApp, each_database, on_sqlite};

const LOG_BATCH: &str = "/api/2.0/mlflow/runs/log-batch";

async fn log(app: &TestApp, body: Value) {
    assert_eq!(app.post(LOG_BATCH, body).await, json!({}));
}

fn points(count: usize) -> Vec<Value> {
    let points = 0..count;
    points
        .map(|step| json!({"key": "m", "value": 1, "timestamp": 1, "step": step}))
        .collect()
}

fn pairs(count: usize) -> Vec<Value> {
    let pairs = 0..count;
    pairs
        .map(|index| json!({"key": format!("k{index}"), "value": "v"}))
        .collect()
}

#[test]
fn a_batch_is_logged_whole() {
    each_database(async |app| {
        let run_id = new_run(&app).await;
        let batch = json!({
            "run_id": run_id,
            "metrics": [
                {"key": "b", "value": 2.5, "timestamp": 10, "step": 1, "run_id": run_id},
                {"key": "a", "value": "NaN", "timestamp": 10},
                {"key": "c", "value": "-Infinity", "timestamp": 10, "step": -4},
                {"key": "d", "value": "Infinity", "timestamp": 10, "step": 0},
            ],
            "params": [{"key": "p", "value": "1"}, {"key": "empty", "value": ""}],
            "tags": [{"key": "t", "value": "first"}, {"key": "t", "value": "last"}],
        });
        log(&app, batch.clone()).await;
        log(&app, batch).await;
        let data = get(&app, &run_id).await["data"].take();
        assert_eq!(
            data["metrics"],
            json!([
                {"key": "a", "value": "NaN", "timestamp": 10, "step": 0},
                {"key": "b", "value": 2.5, "timestamp": 10, "step": 1},
                {"key": "c", "value": "-Infinity", "timestamp": 10, "step": -4},
                {"key": "d", "value": "Infinity", "timestamp": 10, "step": 0},
            ])
        );
        assert_eq!(
            data["params"],
            json!([{"key": "empty", "value": ""}, {"key": "p", "value": "1"}])
        );
        assert_eq!(data["tags"][1], json!({"key": "t", "value": "last"}));
    });
}

#[test]
fn nothing_of_a_batch_stays_if_a_parameter_changes() {
    each_database(async |app| {
        let run_id = new_run(&app).await;
        log(&app, json!({"run_id": run_id, "params": [{"key": "p", "value": "1"}]})).await;
        let batch = json!({
            "run_id": run_id,
            "metrics": points(3),
            "params": [{"key": "q", "value": "2"}, {"key": "p", "value": "2"}],
            "tags": pairs(2),
        });
        let before = get(&app, &run_id).await;
        let (status, code, message) = refused(&app, "log-batch", batch).await;
        assert_eq!(
            (status, code.as_str()),
            (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE")
        );
        assert_eq!(
            message,
            format!(
                "Changing param values is not allowed. Params were already logged='[{{'key': 'p', 'old_value': '1', 'new_value': \
                 '2'}}]' for run ID='{run_id}'."
            )
        );
        assert_eq!(get(&app, &run_id).await, before);
    });
}

#[test]
fn batches_have_limits() {
    on_sqlite(async |app| {
        let run_id = new_run(&app).await;
        log(&app, json!({"run_id": run_id, "metrics": points(1000)})).await;
        log(
            &app,
            json!({"run_id": run_id, "metrics": points(800), "params": pairs(100), "tags": pairs(100)}),
        )
        .await;
        for (body, what, most, got) in [
            (json!({"metrics": points(1001)}), "metrics", 1000, 1001),
            (json!({"params": pairs(101)}), "params", 100, 101),
            (json!({"tags": pairs(101)}), "tags", 100, 101),
            (
                json!({"metrics": points(901), "params": pairs(100)}),
                "metrics, params, and tags",
                1000,
                1001,
            ),
        ] {
            let mut body = body;
            body["run_id"] = json!(run_id);
            let (_, code, message) = refused(&app, "log-batch", body).await;
            assert_eq!(code, "INVALID_PARAMETER_VALUE");
            let begins = format!("A batch logging request can contain at most {most} {what}. Got {got} {what}.");
            assert!(message.starts_with(&begins), "{message}");
        }
    });
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    on_sqlite(async |app| {
        let run_id = new_run(&app).await;
        let metric =
            |metric: Value| json!({"run_id": run_id, "metrics": [{"key": "a", "value": 1, "timestamp": 1}, metric]});
        for (body, begins) in [
            (
                json!({}),
                "Missing value for required parameter 'run_id'. See the API docs",
            ),
            (
                json!({"run_id": "a b"}),
                "Invalid value \"a b\" for parameter 'run_id' supplied.",
            ),
            (
                metric(json!({"value": 1, "timestamp": 1})),
                "Missing value for required parameter 'metrics[1].key'.",
            ),
            (
                metric(json!({"key": "", "value": 1, "timestamp": 1})),
                "Missing value for required parameter 'metrics[1].key'.",
            ),
            (
                metric(json!({"key": "a", "timestamp": 1})),
                "Missing value for required parameter 'metrics[1].value'.",
            ),
            (
                metric(json!({"key": "a", "value": null, "timestamp": 1})),
                "Missing value for required parameter 'metrics[1].value'.",
            ),
            (
                metric(json!({"key": "a", "value": 1})),
                "Missing value for required parameter 'metrics[1].timestamp'.",
            ),
            (
                metric(json!({"key": "a", "value": "x", "timestamp": 1})),
                "Invalid value \"x\" for parameter 'metrics[1].value' supplied",
            ),
            (
                metric(json!({"key": "a", "value": 1, "timestamp": 1.5})),
                "Invalid value 1.5 for parameter 'metrics[1].timestamp' supplied",
            ),
            (
                metric(json!({"key": "a", "value": 1, "timestamp": -5})),
                "Invalid value -5 for parameter 'metrics[1].timestamp' supplied",
            ),
            (
                metric(json!({"key": "a//b", "value": 1, "timestamp": 1})),
                "Invalid value \"a//b\" for parameter 'metrics[1].name' supplied",
            ),
            (metric(json!(5)), "Invalid value 5 for parameter 'metrics[1]' supplied"),
            (
                json!({"run_id": run_id, "metrics": 5}),
                "Invalid value 5 for parameter 'metrics' supplied",
            ),
            (
                json!({"run_id": run_id, "params": [{"value": "a"}]}),
                "Missing value for required parameter 'params[0].key'.",
            ),
            (
                json!({"run_id": run_id, "tags": [{"value": "a"}]}),
                "Missing value for required parameter 'tags[0].key'.",
            ),
            (
                json!({"run_id": run_id, "tags": [{"key": "$"}]}),
                "Invalid value \"$\" for parameter 'tags[0].key' supplied",
            ),
            (
                json!({"run_id": run_id, "params": [{"key": "a", "value": "1"}, {"key": "a", "value": "1"}]}),
                "Duplicate parameter keys have been submitted: ['a'].",
            ),
        ] {
            let (status, code, message) = refused(&app, "log-batch", body.clone()).await;
            assert_eq!(
                (status, code.as_str()),
                (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE"),
                "{body}"
            );
            assert!(message.starts_with(begins), "{body}: {message}");
        }
    });
}

#[test]
fn what_other_clients_write_in_other_ways_is_understood() {
    on_sqlite(async |app| {
        let run_id = new_run(&app).await;
        let metric = json!({"key": "a", "value": "1.5", "timestamp": "7", "step": null});
        log(
            &app,
            json!({"run_uuid": run_id, "metrics": [metric], "params": null, "unknown": 1}),
        )
        .await;
        let data = get(&app, &run_id).await["data"].take();
        assert_eq!(
            data["metrics"],
            json!([{"key": "a", "value": 1.5, "timestamp": 7, "step": 0}])
        );
    });
}

#[test]
fn a_bare_nan_is_refused_and_says_how_it_is_written() {
    on_sqlite(async |app| {
        let run_id = new_run(&app).await;
        let body = format!(r#"{{"run_id": "{run_id}", "metrics": [{{"key": "a", "value": NaN, "timestamp": 1}}]}}"#);
        let request = http::Request::post(LOG_BATCH).header("content-type", "application/json");
        let answer = app.send(request.body(body.into()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        let error: Value = serde_json::from_slice(answer.body()).unwrap();
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("the body is no JSON") && message.contains("\"NaN\""),
            "{message}"
        );
        assert_eq!(get(&app, &run_id).await["data"]["metrics"], Value::Null);
    });
}
