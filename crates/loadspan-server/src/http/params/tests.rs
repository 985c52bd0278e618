use serde_json::json;

use super::*;

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
