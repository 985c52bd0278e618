use http::StatusCode;
use serde_json::{Value, json};

use super::{API, get, new_run, refused, tag};
use crate::testing::{each_database, on_sqlite};

#[test]
fn a_parameter_is_written_once() {
    each_database(async |app| {
        let run_id = new_run(&app).await;
        let log = |value: &str| json!({"run_id": run_id, "key": "lr", "value": value});
        app.post(&format!("{API}/log-parameter"), log("0.1")).await;
        app.post(&format!("{API}/log-parameter"), log("0.1")).await;
        let (status, code, message) = refused(&app, "log-parameter", log("0.2")).await;
        assert_eq!(
            (status, code.as_str()),
            (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE")
        );
        assert_eq!(
            message,
            format!(
                "Changing param values is not allowed. Param with key='lr' was already logged with value='0.1' for run \
                 ID='{run_id}'. Attempted logging new value '0.2'."
            )
        );
        assert_eq!(
            get(&app, &run_id).await["data"]["params"],
            json!([{"key": "lr", "value": "0.1"}])
        );
    });
}

#[test]
fn long_values_are_cut_and_long_keys_refused() {
    on_sqlite(async |app| {
        let run_id = new_run(&app).await;
        let long = "ä".repeat(9000);
        app.post(
            &format!("{API}/log-parameter"),
            json!({"run_id": run_id, "key": "p", "value": long}),
        )
        .await;
        app.post(
            &format!("{API}/set-tag"),
            json!({"run_id": run_id, "key": "t", "value": long}),
        )
        .await;
        // The same value again is cut in the same way.
        app.post(
            &format!("{API}/log-parameter"),
            json!({"run_id": run_id, "key": "p", "value": long}),
        )
        .await;
        let run = get(&app, &run_id).await;
        assert_eq!(run["data"]["params"][0]["value"], "ä".repeat(6000));
        assert_eq!(tag(&run, "t").unwrap(), "ä".repeat(8000));
        let key = "k".repeat(251);
        for (endpoint, what) in [
            ("log-parameter", "Param key"),
            ("set-tag", "key"),
            ("log-metric", "Metric name"),
        ] {
            let body = json!({"run_id": run_id, "key": key, "value": "1", "timestamp": 1});
            let (_, code, message) = refused(&app, endpoint, body).await;
            assert_eq!(code, "INVALID_PARAMETER_VALUE");
            assert_eq!(
                message,
                format!("'{what}' exceeds the maximum length of 250 characters")
            );
        }
    });
}

#[test]
fn what_makes_no_sense_is_refused_with_what_mlflow_says() {
    on_sqlite(async |app| {
        let run_id = new_run(&app).await;
        for (endpoint, body, begins) in [
            (
                "log-metric",
                json!({"key": "a", "value": 1, "timestamp": 1}),
                "Missing value for required parameter 'run_id'.",
            ),
            (
                "log-metric",
                json!({"run_id": run_id, "value": 1, "timestamp": 1}),
                "Missing value for required parameter 'key'.",
            ),
            (
                "log-metric",
                json!({"run_id": run_id, "key": "a", "timestamp": 1}),
                "Missing value for required parameter 'value'.",
            ),
            (
                "log-metric",
                json!({"run_id": run_id, "key": "a", "value": 1}),
                "Missing value for required parameter 'timestamp'.",
            ),
            (
                "log-metric",
                json!({"run_id": run_id, "key": "a", "value": "x", "timestamp": 1}),
                "Invalid value \"x\" for parameter 'value' supplied",
            ),
            (
                "log-metric",
                json!({"run_id": run_id, "key": "a", "value": true, "timestamp": 1}),
                "Invalid value true for parameter 'value' supplied",
            ),
            (
                "log-metric",
                json!({"run_id": run_id, "key": "a", "value": 1, "timestamp": "x"}),
                "Invalid value \"x\" for parameter 'timestamp' supplied",
            ),
            (
                "log-metric",
                json!({"run_id": run_id, "key": "a", "value": 1, "timestamp": -1}),
                "Invalid value -1 for parameter 'timestamp' supplied: metric 'a' (value=1.0). Timestamp must be",
            ),
            (
                "log-metric",
                json!({"run_id": run_id, "key": "a$", "value": 1, "timestamp": 1}),
                "Invalid value \"a$\" for parameter 'name' supplied: Names may only contain",
            ),
            (
                "log-metric",
                json!({"run_id": run_id, "key": "../a", "value": 1, "timestamp": 1}),
                "Invalid value \"../a\" for parameter 'name' supplied: Names may be treated as files",
            ),
            (
                "log-metric",
                json!({"run_id": 5}),
                "Invalid value 5 for parameter 'run_id' supplied:  Hint: Value was of type 'int'.",
            ),
            (
                "log-parameter",
                json!({"run_id": run_id}),
                "Missing value for required parameter 'key'.",
            ),
            (
                "set-tag",
                json!({"run_id": run_id, "key": "/a"}),
                "Invalid value \"/a\" for parameter 'key' supplied: Names may be",
            ),
            (
                "outputs",
                json!({"run_id": run_id}),
                "Missing value for required parameter 'models'.",
            ),
            (
                "log-inputs",
                json!({"run_id": run_id, "datasets": 1}),
                "Invalid value 1 for parameter 'datasets' supplied",
            ),
            (
                "log-model",
                json!({"run_id": run_id, "model_json": "x"}),
                "Malformed model info.",
            ),
            (
                "log-model",
                json!({"run_id": run_id, "model_json": "{}"}),
                "Model json is missing mandatory fields: {'artifact_path', ",
            ),
            (
                "create",
                json!({"start_time": "x"}),
                "Invalid value \"x\" for parameter 'start_time' supplied",
            ),
            ("create", json!({"experiment_id": "x"}), "Invalid experiment ID 'x'."),
        ] {
            let (status, code, message) = refused(&app, endpoint, body.clone()).await;
            assert_eq!(
                (status, code.as_str()),
                (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE"),
                "{body}"
            );
            assert!(message.starts_with(begins), "{endpoint} {body}: {message}");
        }
    });
}

#[test]
fn tags_are_set_and_deleted() {
    each_database(async |app| {
        let run_id = new_run(&app).await;
        for value in ["1", "2"] {
            app.post(
                &format!("{API}/set-tag"),
                json!({"run_id": run_id, "key": "k", "value": value}),
            )
            .await;
        }
        assert_eq!(tag(&get(&app, &run_id).await, "k").unwrap(), "2");
        app.post(&format!("{API}/delete-tag"), json!({"run_id": run_id, "key": "k"}))
            .await;
        assert_eq!(tag(&get(&app, &run_id).await, "k"), None);
        let (status, code, message) = refused(&app, "delete-tag", json!({"run_id": run_id, "key": "k"})).await;
        assert_eq!(
            (status, code.as_str()),
            (StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST")
        );
        assert_eq!(message, format!("No tag with name: k in run with id {run_id}"));
    });
}

#[test]
fn inputs_and_outputs_are_kept_once() {
    each_database(async |app| {
        let run_id = new_run(&app).await;
        let dataset = json!({"name": "d", "digest": "1", "source_type": "local", "source": "/x", "schema": "{}"});
        let tags = json!([{"key": "mlflow.data.context", "value": "train"}]);
        let inputs = json!({
            "run_id": run_id,
            "datasets": [{"dataset": dataset, "tags": tags}, {"dataset": dataset}],
            "models": [{"model_id": "m-1"}],
        });
        app.post(&format!("{API}/log-inputs"), inputs.clone()).await;
        app.post(&format!("{API}/log-inputs"), inputs).await;
        for step in [1, 2] {
            let models = json!([{"model_id": "m-2", "step": step}]);
            app.post(&format!("{API}/outputs"), json!({"run_id": run_id, "models": models}))
                .await;
        }
        let run = get(&app, &run_id).await;
        assert_eq!(
            run["inputs"],
            json!({
                "dataset_inputs": [{"dataset": dataset, "tags": tags}],
                "model_inputs": [{"model_id": "m-1"}],
            })
        );
        assert_eq!(
            run["outputs"],
            json!({"model_outputs": [{"model_id": "m-2", "step": 2}]})
        );
    });
}

#[test]
fn datasets_that_are_too_much_are_refused() {
    on_sqlite(async |app| {
        let run_id = new_run(&app).await;
        let dataset = |field: &str, value: String| {
            let mut dataset = json!({"name": "d", "digest": "1", "source_type": "local", "source": "/x"});
            dataset[field] = Value::String(value);
            json!({"run_id": run_id, "datasets": [{"dataset": dataset}]})
        };
        for (field, most) in [("name", 500), ("digest", 36), ("source", 65_535), ("schema", 1_048_575)] {
            app.post(&format!("{API}/log-inputs"), dataset(field, "x".repeat(most)))
                .await;
            let (_, code, message) = refused(&app, "log-inputs", dataset(field, "x".repeat(most + 1))).await;
            assert_eq!(code, "INVALID_PARAMETER_VALUE");
            assert_eq!(
                message,
                format!("'{field}' exceeds the maximum length of {most} characters")
            );
        }
        let (_, _, message) = refused(&app, "log-inputs", dataset("name", String::new())).await;
        assert_eq!(message, "Dataset name cannot be None");
    });
}

#[test]
fn models_of_old_clients_are_a_tag() {
    on_sqlite(async |app| {
        let run_id = new_run(&app).await;
        for path in ["a", "b"] {
            let model = json!({
                "artifact_path": path, "flavors": {"f": {"x": 1, "config": 2}}, "run_id": run_id, "utc_time_created": "t",
                "signature": "not kept",
            });
            let body = json!({"run_id": run_id, "model_json": model.to_string()});
            app.post(&format!("{API}/log-model"), body).await;
        }
        let history = tag(&get(&app, &run_id).await, "mlflow.log-model.history").unwrap();
        let kept = |path: &str| json!({"artifact_path": path, "flavors": {"f": {"x": 1}}, "run_id": run_id, "utc_time_created": "t"});
        assert_eq!(
            serde_json::from_str::<Value>(&history).unwrap(),
            json!([kept("a"), kept("b")])
        );
    });
}
