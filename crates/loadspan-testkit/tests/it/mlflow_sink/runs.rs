//! Experiments and runs.

use loadspan_testkit::MlflowSink;
use serde_json::json;

use super::{Mlflow, failure, refused};

#[test]
fn an_experiment_is_made_once_and_found_by_name_and_id() {
    let sink = MlflowSink::new().start().unwrap();
    let mut mlflow = Mlflow::of(&sink);
    let missing = mlflow.get("experiments/get-by-name?experiment_name=a%20b");
    assert_eq!(failure(&missing), refused(404, "RESOURCE_DOES_NOT_EXIST"));
    let id = mlflow.experiment("a b");
    let again = mlflow.post("experiments/create", &json!({"name": "a b"}));
    assert_eq!(failure(&again), refused(400, "RESOURCE_ALREADY_EXISTS"));
    let by_name = mlflow.get("experiments/get-by-name?experiment_name=a+b").json();
    let by_id = mlflow.get(&format!("experiments/get?experiment_id={id}")).json();
    assert_eq!(by_name, by_id);
    assert_eq!(
        by_id["experiment"],
        json!({
            "experiment_id": "1", "name": "a b", "artifact_location": "mlflow-artifacts:/1", "lifecycle_stage": "active",
            "creation_time": 0, "last_update_time": 0,
        })
    );
    assert_eq!(
        sink.experiments().into_iter().collect::<Vec<_>>(),
        [("a b".to_owned(), id)]
    );
    let unknown = mlflow.get("experiments/get?experiment_id=99");
    assert_eq!(failure(&unknown), refused(404, "RESOURCE_DOES_NOT_EXIST"));
    let nameless = mlflow.post("experiments/create", &json!({}));
    assert_eq!(failure(&nameless), refused(400, "INVALID_PARAMETER_VALUE"));
}

#[test]
fn a_run_begins_and_ends() {
    let sink = MlflowSink::new().artifact_root("s3://bucket/x").start().unwrap();
    let mut mlflow = Mlflow::of(&sink);
    let experiment = mlflow.experiment("e");
    let body =
        json!({"experiment_id": experiment, "run_name": "n", "start_time": 7, "tags": [{"key": "a", "value": "b"}]});
    let id = mlflow.run(&body);
    let seen = mlflow.get(&format!("runs/get?run_id={id}")).json();
    assert_eq!(
        seen["run"]["info"],
        json!({
            "run_id": id, "run_name": "n", "experiment_id": experiment, "status": "RUNNING", "start_time": 7,
            "artifact_uri": format!("s3://bucket/x/{experiment}/{id}/artifacts"), "lifecycle_stage": "active",
        })
    );
    let updated = mlflow.post("runs/update", &json!({"run_id": id, "status": "FAILED", "end_time": 9}));
    assert_eq!(updated.json()["run_info"]["status"], "FAILED");
    let run = &sink.runs()[0];
    assert_eq!(
        (run.status.as_deref(), run.start_time, run.end_time, run.updates),
        (Some("FAILED"), 7, Some(9), 1)
    );
    assert_eq!(run.tags["a"], "b");
    assert_eq!(run.tags["mlflow.runName"], "n");
}

#[test]
fn a_run_without_a_name_gets_one_and_two_names_are_one_too_many() {
    let sink = MlflowSink::new().start().unwrap();
    let mut mlflow = Mlflow::of(&sink);
    let experiment = mlflow.experiment("e");
    mlflow.run(&json!({"experiment_id": experiment}));
    assert_eq!(sink.runs()[0].tags["mlflow.runName"], sink.runs()[0].name);
    assert!(!sink.runs()[0].name.is_empty());
    let tags = [json!({"key": "mlflow.runName", "value": "a"})];
    let both = mlflow.post(
        "runs/create",
        &json!({"experiment_id": experiment, "run_name": "b", "tags": tags}),
    );
    assert_eq!(failure(&both), refused(400, "INVALID_PARAMETER_VALUE"));
    assert_eq!(sink.runs().len(), 1);
}

#[test]
fn runs_are_found_by_tag_name_and_parameter() {
    let sink = MlflowSink::new().start().unwrap();
    let mut mlflow = Mlflow::of(&sink);
    let experiment = mlflow.experiment("e");
    for (name, started) in [("first", 1), ("second", 2)] {
        let tags = [json!({"key": "benchmark_id", "value": name})];
        let body = json!({"experiment_id": experiment, "run_name": name, "start_time": started, "tags": tags});
        let id = mlflow.run(&body);
        mlflow.post(
            "runs/log-batch",
            &json!({"run_id": id, "params": [{"key": "p", "value": name}]}),
        );
    }
    for (filter, names) in [
        ("", vec!["second", "first"]),
        ("tags.benchmark_id = 'first'", vec!["first"]),
        ("tags.`benchmark_id`=\"second\"", vec!["second"]),
        (
            "attributes.run_name = 'first' and tags.\"mlflow.runName\" = 'first'",
            vec!["first"],
        ),
        (
            "run_name != 'first' AND params.p = 'second' AND attribute.status = 'RUNNING'",
            vec!["second"],
        ),
        ("tags.benchmark_id = 'third'", vec![]),
        ("tags.none != 'x'", vec![]),
    ] {
        let body = json!({"experiment_ids": [experiment], "filter": filter, "max_results": 10});
        let found = mlflow.post("runs/search", &body).json();
        let runs = found["runs"].as_array().cloned().unwrap_or_default();
        let found: Vec<_> = runs
            .iter()
            .map(|run| run["info"]["run_name"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{filter}");
    }
    for filter in [
        "tags.x",
        "foo.bar = 'x'",
        "tags.x = 'y' OR tags.z = 'w'",
        "tags.x = y",
        "tags.x = 'y' AND",
    ] {
        let body = json!({"experiment_ids": [experiment], "filter": filter, "max_results": 10});
        let reply = mlflow.post("runs/search", &body);
        assert_eq!(failure(&reply), refused(400, "INVALID_PARAMETER_VALUE"), "{filter}");
    }
}

#[test]
fn a_search_comes_in_pages() {
    let sink = MlflowSink::new().start().unwrap();
    for name in ["a", "b", "c"] {
        sink.add_run("e", name);
    }
    let mut mlflow = Mlflow::of(&sink);
    let first = mlflow
        .post("runs/search", &json!({"experiment_ids": ["1"], "max_results": 2}))
        .json();
    assert_eq!(first["runs"].as_array().unwrap().len(), 2);
    let token = &first["next_page_token"];
    let body = json!({"experiment_ids": ["1"], "max_results": 2, "page_token": token});
    let second = mlflow.post("runs/search", &body).json();
    assert_eq!(second["runs"].as_array().unwrap().len(), 1);
    assert!(second.get("next_page_token").is_none());
    let none = mlflow.post("runs/search", &json!({"experiment_ids": ["1"], "max_results": 0}));
    assert_eq!(failure(&none), refused(400, "INVALID_PARAMETER_VALUE"));
}

#[test]
fn what_is_deleted_stays_and_takes_nothing() {
    let sink = MlflowSink::new().start().unwrap();
    let id = sink.add_run("e", "r");
    let mut mlflow = Mlflow::of(&sink);
    assert_eq!(mlflow.post("runs/delete", &json!({"run_id": id})).status, 200);
    let deleted = mlflow.get(&format!("runs/get?run_id={id}")).json();
    assert_eq!(deleted["run"]["info"]["lifecycle_stage"], "deleted");
    for (endpoint, body) in [
        ("runs/update", json!({"run_id": id, "status": "FINISHED"})),
        ("runs/log-batch", json!({"run_id": id})),
        ("runs/set-tag", json!({"run_id": id, "key": "k", "value": "v"})),
    ] {
        assert_eq!(
            failure(&mlflow.post(endpoint, &body)),
            refused(400, "INVALID_PARAMETER_VALUE"),
            "{endpoint}"
        );
    }
    let found = mlflow.post("runs/search", &json!({"experiment_ids": ["1"], "max_results": 10}));
    assert_eq!(found.json(), json!({}));
    assert!(sink.runs()[0].deleted);
}

#[test]
fn a_deleted_experiment_keeps_its_name_and_loses_its_runs() {
    let sink = MlflowSink::new().start().unwrap();
    sink.add_run("e", "r");
    sink.delete_experiment("e");
    let mut mlflow = Mlflow::of(&sink);
    let experiment = mlflow.get("experiments/get-by-name?experiment_name=e").json();
    assert_eq!(experiment["experiment"]["lifecycle_stage"], "deleted");
    let again = mlflow.post("experiments/create", &json!({"name": "e"}));
    assert_eq!(failure(&again), refused(400, "RESOURCE_ALREADY_EXISTS"));
    let run = mlflow.post("runs/create", &json!({"experiment_id": "1"}));
    assert_eq!(failure(&run), refused(400, "INVALID_PARAMETER_VALUE"));
    assert!(sink.runs()[0].deleted);
}

#[test]
fn unknown_runs_are_not_found() {
    let sink = MlflowSink::new().start().unwrap();
    let mut mlflow = Mlflow::of(&sink);
    for (endpoint, body) in [
        ("runs/update", json!({"run_id": "abc"})),
        ("runs/log-batch", json!({"run_id": "abc"})),
        ("runs/set-tag", json!({"run_id": "abc", "key": "k"})),
        ("runs/delete", json!({"run_id": "abc"})),
    ] {
        assert_eq!(
            failure(&mlflow.post(endpoint, &body)),
            refused(404, "RESOURCE_DOES_NOT_EXIST"),
            "{endpoint}"
        );
    }
    assert_eq!(
        failure(&mlflow.get("runs/get?run_id=abc")),
        refused(404, "RESOURCE_DOES_NOT_EXIST")
    );
    assert_eq!(
        failure(&mlflow.get("runs/get")),
        refused(400, "INVALID_PARAMETER_VALUE")
    );
}
