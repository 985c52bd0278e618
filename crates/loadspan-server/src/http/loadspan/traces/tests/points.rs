//! Traces as points of a chart.

use super::*;

const POINTS: &str = "/api/3.0/loadspan/traces/points";

/// A trace in the default experiment.
fn trace(id: u8, name: &str, took_ms: u64) -> Span {
    let start = u64::from(id) * 1_000_000_000;
    Span {
        trace_id: vec![id; 16],
        name: name.to_owned(),
        start_time_unix_nano: start,
        end_time_unix_nano: if took_ms == 0 {
            0
        } else {
            start + took_ms * 1_000_000 + 250
        },
        ..span(1, 0)
    }
}

/// The experiment that traces of the service go to.
async fn filled(app: &TestApp) -> String {
    let spans = vec![trace(1, "ask", 5), trace(2, "ask", 0), trace(3, "tell", 70)];
    send(app, request(spans)).await;
    let about = app
        .get("/api/3.0/mlflow/traces/tr-01010101010101010101010101010101")
        .await;
    let location = &about["trace"]["trace_info"]["trace_location"]["mlflow_experiment"];
    location["experiment_id"].as_str().unwrap().to_owned()
}

#[test]
fn points_are_columns_newest_first() {
    each_database(async |app| {
        let experiment = filled(&app).await;
        let points = app.get(&format!("{POINTS}?experiment_id={experiment}")).await;
        assert_eq!(
            points,
            json!({
                "total": 3,
                "complete": true,
                "trace_ids": [
                    "tr-03030303030303030303030303030303",
                    "tr-02020202020202020202020202020202",
                    "tr-01010101010101010101010101010101",
                ],
                "start_ms": [3_000, 2_000, 1_000],
                "duration_ms": [70.000_25, null, 5.000_25],
                "state": ["OK", "IN_PROGRESS", "OK"],
                "names": ["tell", "ask"],
                "name": [0, 1, 1],
                "tokens": [null, null, null],
                "spans": [1, 1, 1],
            })
        );
    });
}

#[test]
fn all_that_match_are_counted_although_not_all_are_told() {
    each_database(async |app| {
        let experiment = filled(&app).await;
        let of = |rest: &str| format!("{POINTS}?experiment_id=77&experiment_id={experiment}{rest}");
        let some = app.get(&of("&max_results=1&filter=name+%3D+'ask'")).await;
        assert_eq!((&some["total"], &some["start_ms"]), (&json!(2), &json!([2_000])));
        let by_span = app.get(&of("&filter=span.name+%3D+'tell'")).await;
        assert_eq!(
            (&by_span["total"], &by_span["complete"], &by_span["start_ms"]),
            (&json!(1), &json!(true), &json!([3_000]))
        );
        let none = app.get(POINTS).await;
        assert_eq!((&none["total"], &none["trace_ids"]), (&json!(0), &json!([])));
        for wrong in ["&max_results=20001", "&max_results=0", "&filter=x"] {
            let (status, answer) = app.call("GET", &of(wrong), Value::Null).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}: {answer}");
        }
    });
}
