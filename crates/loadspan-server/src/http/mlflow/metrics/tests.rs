use http::StatusCode;
use serde_json::{Value, json};

use crate::testing::{TestApp, each_database, on_sqlite};

const API: &str = "/api/2.0/mlflow/metrics";
const AJAX: &str = "/ajax-api/2.0/mlflow/metrics";

async fn run_with(app: &TestApp, points: &[Value]) -> String {
    let run = app.post("/api/2.0/mlflow/runs/create", json!({})).await;
    let run_id = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    for points in points.chunks(1000) {
        let batch = json!({"run_id": run_id, "metrics": points});
        app.post("/api/2.0/mlflow/runs/log-batch", batch).await;
    }
    run_id
}

fn point(step: i64, timestamp: i64, value: impl Into<Value>) -> Value {
    json!({"key": "m", "step": step, "timestamp": timestamp, "value": value.into()})
}

async fn refused(app: &TestApp, path: String) -> String {
    let (status, answer) = app.call("GET", &path, Value::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {answer}");
    assert_eq!(answer["error_code"], "INVALID_PARAMETER_VALUE");
    answer["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_history_is_in_the_order_of_time_and_each_point_is_there_once() {
    each_database(async |app| {
        let (a, b, c, d) = (
            point(5, 1, 0.5),
            point(1, 2, "NaN"),
            point(1, 2, -3.0),
            point(1, 2, "Infinity"),
        );
        let run_id = run_with(&app, &[d.clone(), b.clone(), a.clone(), b.clone()]).await;
        app.post(
            "/api/2.0/mlflow/runs/log-batch",
            json!({"run_id": run_id, "metrics": [a, c]}),
        )
        .await;
        let found = app
            .get(&format!("{API}/get-history?run_id={run_id}&metric_key=m"))
            .await;
        assert_eq!(found, json!({"metrics": [a, c, b, d]}));
    });
}

#[test]
fn a_history_goes_on_where_the_page_before_ended() {
    each_database(async |app| {
        let points: Vec<Value> = (0..25).map(|i| point(i, i / 10, f64::from(i as i32) / 2.0)).collect();
        let run_id = run_with(&app, &points).await;
        let mut pages = Vec::new();
        let mut token = String::new();
        loop {
            let path = format!("{API}/get-history?run_id={run_id}&metric_key=m&max_results=10&page_token={token}");
            let page = app.get(&path).await;
            pages.push(page["metrics"].as_array().unwrap().clone());
            match page["next_page_token"].as_str() {
                Some(next) => token = next.to_owned(),
                None => break,
            }
            // What comes meanwhile at an earlier place moves nothing.
            let early = json!({"run_id": run_id, "metrics": [point(0, 0, 1000 + pages.len())]});
            app.post("/api/2.0/mlflow/runs/log-batch", early).await;
        }
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
        assert_eq!(pages.concat(), points);
    });
}

#[test]
fn what_was_never_logged_has_no_history() {
    on_sqlite(async |app| {
        let run_id = run_with(&app, &[point(0, 1, 1)]).await;
        for query in [
            format!("run_id={run_id}&metric_key=x"),
            "run_id=nope&metric_key=m".to_owned(),
        ] {
            assert_eq!(app.get(&format!("{API}/get-history?{query}")).await, json!({}));
        }
        for (query, begins) in [
            ("metric_key=m", "Missing value for required parameter 'run_id'."),
            ("run_id=a", "Missing value for required parameter 'metric_key'."),
            (
                "run_id=a&metric_key=m&max_results=0",
                "Invalid value 0 for parameter 'max_results' supplied.",
            ),
            (
                "run_id=a&metric_key=m&max_results=x",
                "Invalid value \"x\" for parameter 'max_results' supplied",
            ),
            ("run_id=a&metric_key=m&page_token=x", "Invalid page token"),
        ] {
            let message = refused(&app, format!("{API}/get-history?{query}")).await;
            assert!(message.starts_with(begins), "{query}: {message}");
        }
    });
}

#[test]
fn histories_of_several_runs_come_run_by_run() {
    each_database(async |app| {
        let mut ids = [
            run_with(&app, &[point(1, 10, 1), point(0, 20, 2)]).await,
            run_with(&app, &[point(0, 1, "NaN")]).await,
        ];
        ids.sort();
        let path = format!(
            "{AJAX}/get-history-bulk?run_id={}&run_id={}&run_id=nope&metric_key=m",
            ids[1], ids[0]
        );
        let found = app.get(&path).await;
        let runs: Vec<_> = found["metrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|metric| metric["run_id"].clone())
            .collect();
        assert!(runs.is_sorted_by_key(|run| run.as_str().unwrap().to_owned()), "{found}");
        assert_eq!(runs.len(), 3);
        let first = app.get(&format!("{path}&max_results=1")).await;
        assert_eq!(
            first["metrics"].as_array().unwrap(),
            &found["metrics"].as_array().unwrap()[..1]
        );

        let many = "run_id=a&".repeat(101);
        for (query, says) in [
            (
                "metric_key=m".to_owned(),
                "GetMetricHistoryBulk request must specify at least one run_id.",
            ),
            (
                "run_id=a".to_owned(),
                "GetMetricHistoryBulk request must specify a metric_key.",
            ),
            (
                format!("{many}metric_key=m"),
                "GetMetricHistoryBulk request cannot specify more than 100 run_ids. Received 101 run_ids.",
            ),
        ] {
            assert_eq!(refused(&app, format!("{AJAX}/get-history-bulk?{query}")).await, says);
        }
        // As with MLflow, it is for pages.
        let (status, _) = app.call("GET", &path.replace("/ajax-api/", "/api/"), Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn an_interval_is_thinned_out_evenly_with_its_ends() {
    each_database(async |app| {
        let points: Vec<Value> = (0..1001).map(|i| point(i, 5000 - i, i)).collect();
        let run_id = run_with(&app, &points).await;
        let steps = async |query: &str| -> Vec<i64> {
            let path = format!("{API}/get-history-bulk-interval?run_ids={run_id}&metric_key=m{query}");
            let found = app.get(&path).await;
            let metrics = found["metrics"].as_array().unwrap();
            assert!(
                metrics
                    .iter()
                    .all(|metric| metric["run_id"] == *run_id && metric["key"] == "m")
            );
            metrics.iter().map(|metric| metric["step"].as_i64().unwrap()).collect()
        };
        assert_eq!(steps("").await, (0..1001).collect::<Vec<_>>());
        assert_eq!(steps("&max_results=6").await, [0, 200, 400, 600, 800, 1000]);
        assert_eq!(steps("&max_results=2").await, [0, 1000]);
        assert_eq!(steps("&max_results=1").await, [1000]);
        assert_eq!(steps("&max_results=3&start_step=10&end_step=20").await, [10, 15, 20]);
        assert_eq!(steps("&start_step=10&end_step=12").await, [10, 11, 12]);
        assert_eq!(steps("&start_step=5000&end_step=6000").await, [] as [i64; 0]);
        for most in [4, 7, 100, 999, 1000] {
            let steps = steps(&format!("&max_results={most}")).await;
            assert_eq!((steps.len(), steps[0], steps[most - 1]), (most, 0, 1000));
        }
    });
}

#[test]
fn intervals_that_make_no_sense_are_refused() {
    on_sqlite(async |app| {
        let many = "run_ids=a&".repeat(101);
        for (query, begins) in [
            ("metric_key=m", "Missing value for required parameter 'run_ids'."),
            ("run_ids=a", "Missing value for required parameter 'metric_key'."),
            (
                "run_ids=a&metric_key=m&max_results=0",
                "max_results must be between 1 and 2500.",
            ),
            (
                "run_ids=a&metric_key=m&max_results=2501",
                "max_results must be between 1 and 2500.",
            ),
            (
                "run_ids=a&metric_key=m&start_step=1",
                "If either start step or end step are specified, both must be specified.",
            ),
            (
                "run_ids=a&metric_key=m&start_step=2&end_step=1",
                "end_step must be greater than start_step. Found start_step=2 and end_step=1.",
            ),
            (
                &format!("{many}metric_key=m"),
                "GetMetricHistoryBulkInterval request must specify at most 100 run_ids.",
            ),
        ] {
            let message = refused(&app, format!("{API}/get-history-bulk-interval?{query}")).await;
            assert!(message.starts_with(begins), "{query}: {message}");
        }
    });
}
