use axum::body::Body;
use http::StatusCode;
use serde_json::json;

use super::*;
use crate::testing::on_sqlite;

fn params(json: &Value) -> Params {
    Params::of_json(json.to_string().as_bytes()).unwrap()
}

#[test]
fn a_body_is_an_object_also_when_it_was_encoded_twice() {
    let body = json!({"run_id": "a"});
    for json in [body.clone(), Value::String(body.to_string())] {
        assert_eq!(params(&json).required_text("run_id").unwrap(), "a");
    }
    assert_eq!(
        Params::of_json(b" ")
            .unwrap()
            .required_text("run_id")
            .unwrap_err()
            .message,
        "Missing value for required parameter 'run_id'. See the API docs for more information about request parameters."
    );
}

#[test]
fn what_is_no_object_is_refused() {
    for body in ["[1]", "1", "{\"value\": NaN}", "{", "\"text\"", "\"[1]\""] {
        let error = Params::of_json(body.as_bytes()).unwrap_err();
        assert!(error.message.starts_with("the body is no JSON"), "{body}: {error}");
    }
    let error = Params::of_json(b"{\"value\": NaN}").unwrap_err();
    assert!(error.message.contains("\"NaN\""), "{error}");
}

#[test]
fn a_run_is_known_by_its_old_name() {
    assert_eq!(params(&json!({"run_uuid": "a"})).run_id().unwrap(), "a");
    assert_eq!(params(&json!({"run_id": "b", "run_uuid": "a"})).run_id().unwrap(), "b");
    assert!(params(&json!({})).run_id().unwrap_err().message.contains("'run_id'"));
}

#[test]
fn wrong_types_are_named_as_python_names_them() {
    for (value, kind) in [
        (json!(5), "int"),
        (json!(5.5), "float"),
        (json!(true), "bool"),
        (json!([]), "list"),
        (json!({}), "dict"),
    ] {
        let error = params(&json!({"name": value})).text("name").unwrap_err();
        let message =
            format!("Invalid value {value} for parameter 'name' supplied:  Hint: Value was of type '{kind}'.");
        assert!(error.message.starts_with(&message), "{error}");
    }
}

#[test]
fn numbers_may_be_texts() {
    let params = params(&json!({"a": "12", "b": -3, "c": null, "d": "x", "e": 1.5, "f": 7.0, "g": 1e300}));
    assert_eq!(params.int("a").unwrap(), Some(12));
    assert_eq!(params.int("b").unwrap(), Some(-3));
    assert_eq!(params.int("c").unwrap(), None);
    assert!(params.int("d").is_err());
    assert!(params.int("e").is_err());
    assert_eq!(params.int("f").unwrap(), Some(7));
    assert!(params.int("g").is_err());
}

#[test]
fn only_json_is_taken_for_json() {
    let headers =
        |kind: &'static str| HeaderMap::from_iter([(header::CONTENT_TYPE, http::HeaderValue::from_static(kind))]);
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
    ] {
        assert!(require_json(&headers(kind)).is_ok(), "{kind}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let error = require_json(&headers(kind)).unwrap_err();
        assert_eq!(
            error.message,
            "Bad Request. Content-Type must be one of ['application/json']."
        );
    }
    let error = require_json(&HeaderMap::new()).unwrap_err();
    assert_eq!(error.message, "Bad Request. Content-Type header is missing.");
}

#[test]
fn messages_are_shorter_than_what_they_are_about() {
    let long = json!(["a".repeat(10_000)]);
    let error = params(&json!({"name": long})).text("name").unwrap_err();
    assert!(error.message.len() < 1000, "{error}");
}

#[test]
fn one_value_of_a_query_is_a_list_and_a_number_of_a_body_is_none() {
    let of_query = Params::of_query("a=1&b=2&b=3");
    assert_eq!(of_query.list::<String>("a").unwrap(), ["1"]);
    assert_eq!(of_query.list::<String>("b").unwrap(), ["2", "3"]);
    assert!(of_query.list::<String>("c").unwrap().is_empty());
    assert!(params(&json!({"a": 5})).list::<i64>("a").is_err());
}

#[test]
fn a_call_of_too_many_values_is_refused_before_they_are_read() {
    on_sqlite(async |app| {
        let objects = "{\"\":0},".repeat(1 << 19);
        let once = format!("{{\"experiment_ids\":[\"0\"],\"x\":[{objects}0]}}");
        let twice = Value::String(once.clone()).to_string();
        for body in [once, twice] {
            let request = Request::post("/api/2.0/mlflow/runs/search").header("content-type", "application/json");
            let answer = app.send(request.body(Body::from(body)).unwrap()).await;
            let said: Value = serde_json::from_slice(answer.body()).unwrap();
            assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE, "{said}");
            assert!(said["message"].as_str().unwrap().contains("bytes of memory"), "{said}");
        }
        let limit = app.app().limits.call_bytes;
        let request = Request::post("/api/2.0/mlflow/runs/log-batch")
            .header("content-type", "application/json")
            .header("content-length", limit + 1);
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    });
}

#[test]
fn a_call_of_the_largest_text_is_taken() {
    on_sqlite(async |app| {
        let run = app
            .post("/api/2.0/mlflow/runs/create", json!({"experiment_id": "0"}))
            .await;
        let run_id = &run["run"]["info"]["run_id"];
        // The most that MLflow's client sends as the profile of a data set, with each quote escaped.
        let profile = "\"abcdefg".repeat((1 << 24) / 8 - 1);
        let dataset = json!({"name": "n", "digest": "d", "source_type": "t", "source": "s", "profile": profile});
        let inputs = json!({"run_id": run_id, "datasets": [{"dataset": dataset, "tags": []}]});
        app.post("/api/2.0/mlflow/runs/log-inputs", inputs).await;
    });
}
