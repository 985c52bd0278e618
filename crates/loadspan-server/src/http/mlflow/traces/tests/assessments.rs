//! What people and programs think of a trace.

use super::*;

const NAMED: &str = "feedback.ok = 'true'";

fn path() -> String {
    format!("/api/3.0/mlflow/traces/{ID}/assessments")
}

async fn create(app: &TestApp, assessment: Value) -> Value {
    let answer = app.post(&path(), json!({"assessment": assessment})).await;
    answer["assessment"].clone()
}

fn feedback() -> Value {
    json!({
        "assessment_name": "ok", "trace_id": ID, "source": {"source_type": "HUMAN", "source_id": "me"},
        "create_time": "2025-01-01T00:00:00Z", "last_update_time": "2025-01-01T00:00:00Z", "feedback": {"value": true},
        "rationale": "why", "metadata": {"a": "b"},
    })
}

#[test]
fn feedback_is_made_had_changed_and_deleted() {
    each_database(async |app| {
        send(&app).await;
        let made = create(&app, feedback()).await;
        let id = made["assessment_id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("a-") && id.len() == 34, "{id}");
        let mut expected = feedback();
        expected["assessment_id"] = json!(id);
        expected["valid"] = json!(true);
        assert_eq!(made, expected);
        assert_eq!(search(&app, NAMED).await, [ID]);

        let one = format!("{}/{id}", path());
        let change = json!({
            "assessment": {"feedback": {"value": 0.5}, "rationale": "new", "metadata": {"c": "d"}, "assessment_name": "not this"},
            "update_mask": "feedback,rationale,metadata",
        });
        let (status, changed) = app.call("PATCH", &one, change).await;
        assert_eq!(status, StatusCode::OK, "{changed}");
        expected["feedback"] = json!({"value": 0.5});
        expected["rationale"] = json!("new");
        expected["metadata"] = json!({"a": "b", "c": "d"});
        expected["last_update_time"] = changed["assessment"]["last_update_time"].clone();
        assert_ne!(expected["last_update_time"], expected["create_time"]);
        assert_eq!(changed["assessment"], expected);
        assert_eq!(app.get(&one).await["assessment"], expected);
        assert_eq!(info(&app).await["assessments"], json!([expected]));
        assert!(search(&app, NAMED).await.is_empty());

        for _ in 0..2 {
            let (status, answer) = app.call("DELETE", &one, Value::Null).await;
            assert_eq!((status, answer), (StatusCode::OK, json!({})));
        }
        assert_eq!(app.call("GET", &one, Value::Null).await.0, StatusCode::NOT_FOUND);
    });
}

#[test]
fn an_assessment_that_takes_the_place_of_another_can_be_taken_back() {
    each_database(async |app| {
        send(&app).await;
        let old = create(&app, feedback()).await["assessment_id"].clone();
        let mut better = feedback();
        better["overrides"] = old.clone();
        better["feedback"]["value"] = json!(false);
        let new = create(&app, better.clone()).await["assessment_id"].clone();
        let old = format!("{}/{}", path(), old.as_str().unwrap());
        assert_eq!(app.get(&old).await["assessment"]["valid"], json!(false));
        assert!(search(&app, NAMED).await.is_empty());
        app.call("DELETE", &format!("{}/{}", path(), new.as_str().unwrap()), Value::Null)
            .await;
        assert_eq!(app.get(&old).await["assessment"]["valid"], json!(true));
        better["overrides"] = json!("a-no");
        let (status, _) = app.call("POST", &path(), json!({"assessment": better})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn expectations_and_issues_are_assessments_too() {
    each_database(async |app| {
        send(&app).await;
        let serialized = json!({"serialization_format": "JSON_FORMAT", "value": "[1, 2]"});
        for (name, kind, value) in [
            ("plain", "expectation", json!({"value": "text"})),
            ("list", "expectation", json!({"serialized_value": serialized})),
            ("iss-1", "issue", json!({"issue_name": "slow"})),
            (
                "failed",
                "feedback",
                json!({"value": null, "error": {"error_code": "E", "error_message": "m"}}),
            ),
        ] {
            let mut assessment = json!({"assessment_name": name, "source": {"source_type": "CODE"}});
            assessment[kind] = value.clone();
            let made = create(&app, assessment).await;
            assert_eq!((&made[kind], &made["trace_id"]), (&value, &json!(ID)));
        }
        assert_eq!(search(&app, "expectation.plain = 'text'").await, [ID]);
        assert_eq!(search(&app, "issue.id = 'iss-1'").await, [ID]);
    });
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |value, _| json!([value]))
}

#[test]
fn assessments_that_make_no_sense_are_refused() {
    on_sqlite(async |app| {
        send(&app).await;
        for (assessment, part) in [
            (json!({"assessment_name": "a"}), "Unknown assessment type: None"),
            (
                json!({"feedback": {"value": 1}, "issue": {"issue_name": "i"}}),
                "this one is several",
            ),
            (
                json!({"expectation": {"serialized_value": {"serialization_format": "PICKLE", "value": ""}}}),
                "Only JSON_FORMAT is supported",
            ),
            (
                json!({"expectation": {"serialized_value": {"serialization_format": "JSON_FORMAT", "value": "{"}}}),
                "is no JSON",
            ),
            (
                json!({"expectation": {"value": null}}),
                "The `value` field must be specified.",
            ),
            (json!({"expectation": {}}), "The `value` field must be specified."),
            (json!({"feedback": {"value": nested(26)}}), "more than 24 deep"),
        ] {
            let (status, answer) = app.call("POST", &path(), json!({"assessment": assessment})).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
            assert!(answer["message"].as_str().unwrap().contains(part), "{answer}");
        }
        let other = "/api/3.0/mlflow/traces/tr-no/assessments";
        let (status, answer) = app.call("POST", other, json!({"assessment": feedback()})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(answer["message"], json!("Trace with ID 'tr-no' not found."));
        let made = create(&app, feedback()).await;
        let one = format!("{}/{}", path(), made["assessment_id"].as_str().unwrap());
        let change = json!({"assessment": {"expectation": {"value": 1}}, "update_mask": "expectation"});
        assert_eq!(app.call("PATCH", &one, change).await.0, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn assessments_that_come_with_a_trace_come_once_however_often_it_is_sent() {
    each_database(async |app| {
        let mut said = start();
        said["trace"]["trace_info"]["assessments"] = json!([feedback()]);
        for _ in 0..2 {
            app.post("/api/3.0/mlflow/traces", said.clone()).await;
        }
        assert_eq!(info(&app).await["assessments"].as_array().unwrap().len(), 1);
    });
}
