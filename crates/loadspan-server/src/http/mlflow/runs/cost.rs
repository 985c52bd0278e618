//! What logging and reading cost, through the router, with everything but the network:
//! `cargo test --release -p loadspan-server --lib -- --ignored --nocapture runs::cost`

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::Request;
use serde_json::json;
use tower::ServiceExt;

use super::tests::new_run;
use crate::testing::{TestApp, on_sqlite};

const CLIENTS: usize = 4;
const TIME: Duration = Duration::from_secs(4);

async fn post(router: &Router, path: &'static str, body: String) {
    let request = Request::post(path).header("content-type", "application/json");
    let answer = router
        .clone()
        .oneshot(request.body(Body::from(body)).unwrap())
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
}

/// Calls one endpoint from several clients; calls per second, and the time that 99 of 100 calls take at most.
async fn calls(app: &TestApp, path: &'static str, body: fn(&str, usize) -> String) -> (f64, Duration) {
    let router = crate::http::routes(app.app().clone());
    let begun = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let (router, run_id) = (router.clone(), new_run(app).await);
        clients.push(tokio::spawn(async move {
            let mut times = Vec::new();
            while begun.elapsed() < TIME {
                let body = body(&run_id, times.len());
                let call = Instant::now();
                post(&router, path, body).await;
                times.push(call.elapsed());
            }
            times
        }));
    }
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.unwrap());
    }
    let elapsed = begun.elapsed().as_secs_f64();
    times.sort();
    (times.len() as f64 / elapsed, times[times.len() * 99 / 100])
}

fn batch_of(run_id: &str, call: usize, keys: usize) -> String {
    let points = (0..1000).map(|index| {
        let step = call * (1000 / keys) + index / keys;
        json!({"key": format!("metric_{}", index % keys), "value": index as f64 / 7.0, "timestamp": 1_700_000_000_000_u64 + step as u64, "step": step})
    });
    json!({"run_id": run_id, "metrics": points.collect::<Vec<_>>()}).to_string()
}

#[test]
#[ignore = "a measurement"]
fn logging() {
    on_sqlite(async |app| {
        const LOG_BATCH: &str = "/api/2.0/mlflow/runs/log-batch";
        let one: fn(&str, usize) -> String = |run_id, call| batch_of(run_id, call, 1);
        let ten: fn(&str, usize) -> String = |run_id, call| batch_of(run_id, call, 10);
        let all: fn(&str, usize) -> String = |run_id, call| batch_of(run_id, call, 1000);
        for (keys, body) in [(1, one), (10, ten), (1000, all)] {
            let (rate, p99) = calls(&app, LOG_BATCH, body).await;
            println!(
                "log-batch of 1,000, {keys} keys: {:.0} metrics/s, p99 {p99:?}",
                rate * 1000.0
            );
        }
        let metric = |run_id: &str, call: usize| {
            json!({"run_id": run_id, "key": "loss", "value": call, "timestamp": call, "step": call}).to_string()
        };
        let (rate, p99) = calls(&app, "/api/2.0/mlflow/runs/log-metric", metric).await;
        println!("log-metric: {rate:.0}/s, p99 {p99:?}");
    });
}

#[test]
#[ignore = "a measurement"]
fn reading() {
    on_sqlite(async |app| {
        let router = crate::http::routes(app.app().clone());
        let pairs: Vec<_> = (0..50)
            .map(|key| json!({"key": format!("param_{key}"), "value": "a value"}))
            .collect();
        let points: Vec<_> = (0..50)
            .map(|key| json!({"key": format!("metric_{key}"), "value": 1.5, "timestamp": 1}))
            .collect();
        for _ in 0..10_000 {
            let run_id = new_run(&app).await;
            let batch = json!({"run_id": run_id, "metrics": points, "params": pairs});
            post(&router, "/api/2.0/mlflow/runs/log-batch", batch.to_string()).await;
        }
        for most in [1, 100, 1000, 10_000] {
            let begun = Instant::now();
            let found = app
                .read(move |connection| {
                    let keys: Vec<i64> = (1..=most).collect();
                    crate::tracking::runs::load(connection, &keys)
                })
                .await;
            println!(
                "load {} of 10,000 runs with 50 params and metrics: {:?}",
                found.unwrap().len(),
                begun.elapsed()
            );
        }
        let run_id = new_run(&app).await;
        for call in 0..1000 {
            post(&router, "/api/2.0/mlflow/runs/log-batch", batch_of(&run_id, call, 1)).await;
        }
        for path in [
            format!("/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key=metric_0&max_results=25000"),
            format!(
                "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={run_id}&metric_key=metric_0&max_results=320"
            ),
            format!("/api/2.0/mlflow/runs/get?run_id={run_id}"),
        ] {
            let begun = Instant::now();
            app.get(&path).await;
            println!("{path}, of 1,000,000 points: {:?}", begun.elapsed());
        }
    });
}
