use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::testing::{TestApp, each_database};

const START: i64 = 1_700_000_000_000;

/// A run with three requests, of which one failed.
async fn run(app: &TestApp) -> String {
    let run = json!({"experiment_id": "0", "start_time": START});
    let run = app.post("/api/2.0/mlflow/runs/create", run).await;
    let run_id = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    let mut metrics = Vec::new();
    for (step, ended) in [(0, 500), (1, 900), (2, 2500)] {
        let mut add = |key: &str, value: f64| {
            let key = format!("live.gen_ai.client.{key}");
            metrics.push(json!({"key": key, "value": value, "timestamp": START + ended, "step": step}));
        };
        add("operation.duration", 0.25);
        if step < 2 {
            add("operation.time_to_first_chunk", 0.125);
            add("token.usage.output", 8.0);
        }
    }
    app.post(
        "/api/2.0/mlflow/runs/log-batch",
        json!({"run_id": run_id, "metrics": metrics}),
    )
    .await;
    run_id
}

async fn finish(app: &TestApp, run_id: &str) {
    let ended = json!({"run_id": run_id, "status": "FINISHED", "end_time": START + 3000});
    app.post("/api/2.0/mlflow/runs/update", ended).await;
}

#[test]
fn the_windows_of_a_run_are_those_of_its_points() {
    each_database(async |app| {
        let run_id = run(&app).await;
        finish(&app, &run_id).await;
        let found = app
            .get(&format!("/api/3.0/loadspan/runs/{run_id}/windows?width_ms=1000"))
            .await;
        assert_eq!(
            (&found["status"], &found["source"]),
            (&json!("FINISHED"), &json!("points"))
        );
        assert_eq!(
            (&found["start_time"], &found["end_time"]),
            (&json!(START), &json!(START + 3000))
        );
        assert_eq!(found["windows"]["ended"], json!([2, 0, 1]));
        assert_eq!(found["windows"]["failed"], json!([0, 0, 1]));
        assert_eq!(found["windows"]["output_tokens"], json!([16.0, 0.0, 0.0]));
        assert_eq!(found["total"]["ttft"]["p99"], json!(0.125));
        let part = format!("/api/3.0/loadspan/runs/{run_id}/distribution?from_ms=0&until_ms=900");
        let part = app.get(&part).await;
        assert_eq!((&part["ttft"]["n"], &part["duration"]["n"]), (&json!(1), &json!(1)));
    });
}

#[test]
fn a_run_that_logs_windows_has_those() {
    each_database(async |app| {
        let run = json!({"experiment_id": "0", "start_time": START});
        let run = app.post("/api/2.0/mlflow/runs/create", run).await;
        let run_id = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
        let path = format!("/api/3.0/loadspan/runs/{run_id}/windows?width_ms=5000");
        assert_eq!(app.get(&path).await["source"], "none");
        // Of the second one, half a second; none of it has ended in between.
        let seconds = [
            (0, 1000, [40.0, 40.0, 0.1, 160.0, 0.25]),
            (2, 2500, [10.0, 20.0, 0.0, 40.0, 0.5]),
        ];
        let mut metrics = Vec::new();
        for (step, ended, values) in seconds {
            let keys = [
                "requests.count",
                "requests.rate",
                "requests.error_rate",
                "gen_ai.client.token.usage.output.rate",
                "gen_ai.client.operation.time_to_first_chunk.p99",
            ];
            for (key, value) in keys.into_iter().zip(values) {
                let key = format!("live.window.{key}");
                metrics.push(json!({"key": key, "value": value, "timestamp": START + ended, "step": step}));
            }
        }
        let batch = json!({"run_id": run_id, "metrics": metrics});
        app.post("/api/2.0/mlflow/runs/log-batch", batch).await;
        finish(&app, &run_id).await;
        let found = app.get(&path).await;
        assert_eq!((&found["source"], &found["width_ms"]), (&json!("live"), &json!(1000)));
        let windows = &found["windows"];
        assert_eq!(windows["start_ms"], json!([0, 1000, 2000]));
        assert_eq!(windows["ended"], json!([40, 0, 10]));
        assert_eq!(windows["failed"], json!([4, 0, 0]));
        assert_eq!(windows["sent"], json!([null, null, null]));
        assert_eq!(windows["seconds"], json!([1.0, 1.0, 0.5]));
        assert_eq!(windows["output_tokens"], json!([160.0, 0.0, 20.0]));
        assert_eq!(windows["ttft"]["p99"], json!([0.25, null, 0.5]));
        let total = &found["total"];
        assert_eq!((&total["ended"], &total["failed"]), (&json!(50), &json!(4)));
        assert_eq!(
            (&total["ttft"]["p99"], &total["elapsed_ms"]),
            (&Value::Null, &json!(2500))
        );
        let events = format!("/api/3.0/loadspan/events?run={run_id}");
        let answer = app.send(Request::get(events).body("".into()).unwrap()).await;
        assert!(String::from_utf8_lossy(answer.body()).contains("\"source\":\"live\""));
    });
}

#[test]
fn a_run_that_is_over_is_one_frame_and_the_end() {
    each_database(async |app| {
        let run_id = run(&app).await;
        finish(&app, &run_id).await;
        let events = format!("/api/3.0/loadspan/events?run={run_id}&rate=10&after=7");
        let answer = app.send(Request::get(events).body("".into()).unwrap()).await;
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        let events: Vec<&str> = text.split("\n\n").filter(|event| !event.is_empty()).collect();
        assert!(events[0].starts_with("id: 8\nevent: windows\ndata: {"), "{text}");
        let frame: Value = serde_json::from_str(events[0].split_once("data: ").unwrap().1).unwrap();
        assert_eq!(
            (&frame["seq"], &frame["windows"]["ended"]),
            (&json!(8), &json!([2, 0, 1]))
        );
        assert!(events[1].starts_with("id: 8\nevent: end\ndata: {"), "{text}");
        assert_eq!(events.len(), 2);
    });
}

/// A run that goes on, with a sample of a server, one of a GPU, failures of a second, and metrics that are none of these.
async fn run_observed(app: &TestApp) -> String {
    let start = crate::app::now_ms() - 10_000;
    let run = json!({"experiment_id": "0", "start_time": start});
    let run = app.post("/api/2.0/mlflow/runs/create", run).await;
    let run_id = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    let metrics: Vec<Value> = [
        ("live.server.0.requests_running", 8.0, 1_250),
        ("live.server.0.requests_running", 9.0, 2_250),
        ("live.server.0.generation_tokens.rate", 800.0, 2_250),
        ("system/gpu_0_utilization_percentage", 50.0, 2_000),
        ("system/gpu_0_memory_usage_percentage", 50.0, 2_000),
        ("live.requests.by_error.http_status_503", 4.0, 2_000),
        ("live.gen_ai.client.operation.duration", 0.25, 2_000),
    ]
    .into_iter()
    .map(|(key, value, at)| json!({"key": key, "value": value, "timestamp": start + at, "step": at / 1_000}))
    .collect();
    let batch = json!({"run_id": run_id, "metrics": metrics});
    app.post("/api/2.0/mlflow/runs/log-batch", batch).await;
    run_id
}

#[test]
fn what_was_logged_beside_the_requests_is_told_as_the_files_have_it() {
    each_database(async |app| {
        let run_id = run_observed(&app).await;
        let observed = app.get(&format!("/api/3.0/loadspan/runs/{run_id}/observed")).await;
        let server: Vec<_> = observed["server"].as_array().unwrap().iter().collect();
        assert_eq!(server[0]["metrics"], json!({"requests_running": 8.0}));
        assert_eq!(
            (&server[1]["at_ns"], &server[1]["rates"]),
            (&json!(2_250_000_000_i64), &json!({"generation_tokens": 800.0}))
        );
        assert_eq!(observed["gpus"][0]["gpus"], json!([{"index": 0, "utilization": 0.5}]));
        assert_eq!(observed["failures"][0]["by_error"], json!({"http_status_503": 4.0}));
        assert_eq!(observed["from_ms"], 0);
        let unknown = format!("/api/3.0/loadspan/runs/{}/observed", "0".repeat(32));
        let answer = app.send(Request::get(unknown).body("".into()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    });
}

#[test]
fn the_first_frame_of_a_run_has_what_was_logged_beside_its_requests() {
    each_database(async |app| {
        let run_id = run_observed(&app).await;
        finish(&app, &run_id).await;
        let events = format!("/api/3.0/loadspan/events?run={run_id}");
        let answer = app.send(Request::get(events).body("".into()).unwrap()).await;
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        let frame = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        let frame: Value = serde_json::from_str(frame).unwrap();
        assert_eq!(frame["observed"]["gpus"][0]["gpus"][0]["utilization"], 0.5, "{text}");
    });
}

#[test]
fn what_is_asked_for_wrongly_is_said_before_the_stream_begins() {
    each_database(async |app| {
        let unknown = "0".repeat(32);
        for (query, status) in [
            ("".to_owned(), StatusCode::BAD_REQUEST),
            (format!("run={unknown}"), StatusCode::NOT_FOUND),
            (format!("run={unknown}&rate=100"), StatusCode::BAD_REQUEST),
            (format!("run={unknown}&width_ms=1"), StatusCode::BAD_REQUEST),
        ] {
            let path = format!("/api/3.0/loadspan/events?{query}");
            let answer = app.send(Request::get(path).body("".into()).unwrap()).await;
            assert_eq!(answer.status(), status, "{query}");
        }
    });
}

#[test]
fn a_server_that_stops_does_not_wait_for_those_who_look() {
    each_database(async |app| {
        let run_id = run(&app).await;
        app.app().end_streams();
        // The run goes on: without an end from the server, this has none.
        let events = format!("/api/3.0/loadspan/events?run={run_id}");
        let answer = app.send(Request::get(events).body("".into()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK);
    });
}
