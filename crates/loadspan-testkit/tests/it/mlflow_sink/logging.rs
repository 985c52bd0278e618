//! Points, parameters, tags.

use loadspan_testkit::{MlflowSink, SinkPoint};
use serde_json::{Value, json};

use super::{Mlflow, failure, refused};

fn point(key: &str, value: &Value, timestamp: i64, step: i64) -> Value {
    json!({"key": key, "value": value, "timestamp": timestamp, "step": step})
}

#[test]
fn a_point_that_comes_twice_is_counted_twice_and_kept_once() {
    let sink = MlflowSink::new().start().unwrap();
    let id = sink.add_run("e", "r");
    let mut mlflow = Mlflow::of(&sink);
    let batch = json!({"run_id": id, "metrics": [point("m", &json!(1.5), 10, 1), point("m", &json!(2.5), 10, 1)]});
    assert_eq!(mlflow.post("runs/log-batch", &batch).body(), "{}");
    assert_eq!(mlflow.post("runs/log-batch", &batch).status, 200);
    let single = json!({"run_id": id, "key": "m", "value": 3.0, "timestamp": 11, "step": 2});
    assert_eq!(mlflow.post("runs/log-metric", &single).status, 200);
    let run = &sink.runs()[0];
    assert_eq!((run.points_received, run.points_stored()), (5, 3));
    let last = SinkPoint {
        step: 2,
        timestamp: 11,
        value: 3.0,
    };
    assert_eq!(run.metrics["m"][2], last);
}

#[test]
fn the_history_is_paged_in_the_order_of_time() {
    let sink = MlflowSink::new().start().unwrap();
    let id = sink.add_run("e", "r");
    let mut mlflow = Mlflow::of(&sink);
    let metrics = [(5, 1), (3, 2), (3, 1)].map(|(timestamp, step)| point("m", &json!(0.5), timestamp, step));
    mlflow.post("runs/log-batch", &json!({"run_id": id, "metrics": metrics}));
    let first = mlflow
        .get(&format!("metrics/get-history?run_id={id}&metric_key=m&max_results=2"))
        .json();
    let places = |page: &Value| -> Vec<(i64, i64)> {
        let points = page["metrics"].as_array().unwrap().iter();
        points
            .map(|p| (p["timestamp"].as_i64().unwrap(), p["step"].as_i64().unwrap()))
            .collect()
    };
    assert_eq!(places(&first), [(3, 1), (3, 2)]);
    let token = first["next_page_token"].as_str().unwrap().replace('=', "%3D");
    let path = format!("metrics/get-history?run_id={id}&metric_key=m&max_results=2&page_token={token}");
    let second = mlflow.get(&path).json();
    assert_eq!(places(&second), [(5, 1)]);
    assert!(second.get("next_page_token").is_none());
    for path in [
        format!("run_id={id}&metric_key=other"),
        "run_id=abc&metric_key=m".to_owned(),
    ] {
        assert_eq!(mlflow.get(&format!("metrics/get-history?{path}")).body(), "{}");
    }
}

#[test]
fn a_run_shows_the_last_point_of_each_metric() {
    let sink = MlflowSink::new().start().unwrap();
    let id = sink.add_run("e", "r");
    let mut mlflow = Mlflow::of(&sink);
    let metrics = [
        point("m", &json!(1.0), 9, 1),
        point("m", &json!(2.0), 3, 2),
        point("nan", &json!("NaN"), 1, 0),
        point("inf", &json!("-Infinity"), 1, 0),
    ];
    mlflow.post("runs/log-batch", &json!({"run_id": id, "metrics": metrics}));
    let run = mlflow.get(&format!("runs/get?run_id={id}")).json();
    let last = |key: &str| {
        let metrics = run["run"]["data"]["metrics"].as_array().unwrap();
        metrics.iter().find(|metric| metric["key"] == key).unwrap()["value"].clone()
    };
    assert_eq!(
        (last("m"), last("nan"), last("inf")),
        (json!(2.0), json!("NaN"), json!(f64::MIN))
    );
}

#[test]
fn a_parameter_keeps_its_value_and_a_tag_does_not() {
    let sink = MlflowSink::new().start().unwrap();
    let id = sink.add_run("e", "r");
    let mut mlflow = Mlflow::of(&sink);
    let batch = |value: &str| {
        let pair = json!([{"key": "k", "value": value}]);
        json!({"run_id": id, "params": pair, "tags": pair, "metrics": [point(value, &json!(1.0), 1, 1)]})
    };
    assert_eq!(mlflow.post("runs/log-batch", &batch("one")).status, 200);
    assert_eq!(mlflow.post("runs/log-batch", &batch("one")).status, 200);
    let change = mlflow.post("runs/log-batch", &batch("two"));
    assert_eq!(failure(&change), refused(400, "INVALID_PARAMETER_VALUE"));
    assert!(
        change.body().contains("Changing param values is not allowed"),
        "{}",
        change.body()
    );
    // Nothing of the batch was taken.
    let run = &sink.runs()[0];
    assert_eq!(
        (run.params["k"].as_str(), run.tags["k"].as_str(), run.points_received),
        ("one", "one", 2)
    );
    assert_eq!(
        mlflow
            .post("runs/set-tag", &json!({"run_id": id, "key": "k", "value": "two"}))
            .status,
        200
    );
    assert_eq!(
        mlflow
            .post(
                "runs/set-tag",
                &json!({"run_id": id, "key": "mlflow.runName", "value": "new"})
            )
            .status,
        200
    );
    let run = &sink.runs()[0];
    assert_eq!((run.tags["k"].as_str(), run.name.as_str()), ("two", "new"));
}

#[test]
fn long_values_are_cut() {
    let sink = MlflowSink::new().start().unwrap();
    let id = sink.add_run("e", "r");
    let mut mlflow = Mlflow::of(&sink);
    let long = json!([{"key": "k", "value": "x".repeat(9_000)}]);
    for _ in 0..2 {
        let reply = mlflow.post("runs/log-batch", &json!({"run_id": id, "params": long, "tags": long}));
        assert_eq!(reply.status, 200);
    }
    let run = &sink.runs()[0];
    assert_eq!((run.params["k"].len(), run.tags["k"].len()), (6_000, 8_000));
}

#[test]
fn a_batch_that_is_too_large_is_refused() {
    let sink = MlflowSink::new().start().unwrap();
    let id = sink.add_run("e", "r");
    let mut mlflow = Mlflow::of(&sink);
    let metrics = |count: i64| Vec::from_iter((0..count).map(|step| point("m", &json!(1.0), 1, step)));
    let pairs = |count: i64| Vec::from_iter((0..count).map(|n| json!({"key": format!("k{n}"), "value": "v"})));
    for batch in [
        json!({"run_id": id, "metrics": metrics(1_001)}),
        json!({"run_id": id, "params": pairs(101)}),
        json!({"run_id": id, "tags": pairs(101)}),
        json!({"run_id": id, "metrics": metrics(1_000), "tags": pairs(1)}),
    ] {
        assert_eq!(
            failure(&mlflow.post("runs/log-batch", &batch)),
            refused(400, "INVALID_PARAMETER_VALUE")
        );
    }
    assert_eq!(sink.runs()[0].points_received, 0);
    let batch = json!({"run_id": id, "metrics": metrics(900), "params": pairs(100)});
    assert_eq!(mlflow.post("runs/log-batch", &batch).status, 200);
}

#[test]
fn keys_are_those_of_mlflow() {
    let sink = MlflowSink::new().start().unwrap();
    let id = sink.add_run("e", "r");
    let mut mlflow = Mlflow::of(&sink);
    let mut log = |what: &str, key: &str| {
        let value = if what == "metrics" { json!(1.0) } else { json!("v") };
        let batch = json!({"run_id": id, what: [{"key": key, "value": value, "timestamp": 1, "step": 1}]});
        mlflow.post("runs/log-batch", &batch).status
    };
    for what in ["metrics", "params", "tags"] {
        assert_eq!(log(what, "ok größe:1 -/b_c.d"), 200);
        for key in ["a?", "a//b", "../a", "/a", "a/", "", ".", "a/./b", &"x".repeat(251)] {
            assert_eq!(log(what, key), 400, "{what} {key}");
        }
    }
}

#[test]
fn parameters_stand_once_in_a_batch() {
    let sink = MlflowSink::new().start().unwrap();
    let id = sink.add_run("e", "r");
    let pair = json!({"key": "k", "value": "v"});
    let twice = json!({"run_id": id, "params": [pair, pair]});
    let reply = Mlflow::of(&sink).post("runs/log-batch", &twice);
    assert_eq!(failure(&reply), refused(400, "INVALID_PARAMETER_VALUE"));
}

#[test]
fn a_body_has_to_be_json_and_to_say_so() {
    let sink = MlflowSink::new().start().unwrap();
    let path = "/api/2.0/mlflow/experiments/create";
    let mut client = Mlflow::of(&sink).client;
    assert_eq!(
        failure(&client.post(path, r#"{"name":"e"}"#)),
        refused(400, "INVALID_PARAMETER_VALUE")
    );
    let broken = client.post_with(path, "content-type: application/json\r\n", r#"{"name":"#);
    assert_eq!(failure(&broken), refused(400, "INVALID_PARAMETER_VALUE"));
    assert!(sink.experiments().is_empty());
}
