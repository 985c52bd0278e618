//! What is old goes, in steps, and what is not stays.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::database::Connection;
use crate::testing::{TestApp, each_database};

const DAY_MS: i64 = 86_400_000;

/// A trace with some spans that began `age_ms` ago.
async fn send_trace(app: &TestApp, age_ms: i64, trace_id: &str) {
    let start = (crate::app::now_ms() - age_ms) * 1_000_000;
    let spans: Vec<_> = (1..=30)
        .map(|number| {
            json!({"traceId": trace_id, "spanId": format!("{number:016x}"), "name": "a", "startTimeUnixNano": start.to_string(),
                "endTimeUnixNano": (start + 5).to_string()})
        })
        .collect();
    let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]});
    app.post("/v1/traces", body).await;
}

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    let count = move |connection: &mut dyn Connection| {
        let row = connection.query_one(sql, &[])?;
        Ok(row.map_or(Ok(0), |row| row.int(0))?)
    };
    app.read(count).await.unwrap()
}

#[test]
fn what_is_too_old_is_deleted() {
    each_database(async |app| {
        send_trace(&app, 3 * DAY_MS, "01010101010101010101010101010101").await;
        send_trace(&app, DAY_MS, "02020202020202020202020202020202").await;
        let old = json!({"experiment_id": "0", "start_time": 1});
        let run = app.post("/api/2.0/mlflow/runs/create", old.clone()).await;
        let id = &run["run"]["info"]["run_id"];
        app.post(
            "/api/2.0/mlflow/runs/update",
            json!({"run_id": id, "status": "FINISHED", "end_time": 2}),
        )
        .await;
        // As old, and not ended.
        app.post("/api/2.0/mlflow/runs/create", old).await;

        let upkeep = Upkeep {
            trace_timeout: Duration::from_secs(3600),
            retention: Some(Retention::new(Duration::from_secs(2 * 86_400))),
        };
        upkeep.round(app.app()).await.unwrap();
        assert_eq!(count(&app, "SELECT COUNT(*) FROM traces").await, 1);
        assert_eq!(count(&app, "SELECT COUNT(*) FROM spans").await, 30);
        assert_eq!(count(&app, "SELECT COUNT(*) FROM runs").await, 1);
    });
}

#[test]
fn what_only_old_items_had_in_common_goes_after_them() {
    each_database(async |app| {
        let now = (crate::app::now_ms() - 10 * DAY_MS) * 1_000_000;
        let metrics = |service: &str| {
            json!({"resourceMetrics": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
                "scopeMetrics": [{"scope": {"name": service}, "metrics": [{"name": "m", "gauge": {"dataPoints": [
                    {"timeUnixNano": now.to_string(), "asDouble": 1.0}]}}]}]}]})
        };
        let counts = async || {
            let mut counts = Vec::new();
            for table in ["otlp_points", "otlp_series", "otlp_metrics", "scopes", "resources"] {
                let sql: &'static str = format!("SELECT COUNT(*) FROM {table}").leak();
                counts.push(count(&app, sql).await);
            }
            counts
        };
        app.post("/v1/metrics", metrics("gone")).await;
        app.post("/v1/metrics", metrics("still here")).await;
        let long_ago = |connection: &mut dyn Connection| {
            for table in ["otlp_series", "otlp_metrics", "scopes", "resources"] {
                connection.execute(&format!("UPDATE {table} SET seen_day = seen_day - 20"), &[])?;
            }
            Ok(())
        };
        app.write(long_ago).await.unwrap();
        // Its points are as old, but they come today.
        app.post("/v1/metrics", metrics("still here")).await;
        let upkeep = Upkeep {
            trace_timeout: Duration::from_secs(3600),
            retention: Some(Retention::new(Duration::from_secs(5 * 86_400))),
        };
        assert_eq!(counts().await, [2, 2, 2, 2, 2]);
        upkeep.round(app.app()).await.unwrap();
        assert_eq!(counts().await, [0, 1, 1, 1, 1]);
    });
}

#[test]
fn a_large_trace_goes_in_steps() {
    each_database(async |app| {
        send_trace(&app, DAY_MS, "01010101010101010101010101010101").await;
        let delete = |connection: &mut dyn Connection| {
            let old = crate::traces::older_than(connection, i64::MAX, 10)?;
            Ok(crate::traces::delete(connection, &old, 20)?)
        };
        assert_eq!(app.write(delete).await.unwrap(), 0);
        assert_eq!(count(&app, "SELECT COUNT(*) FROM spans").await, 10);
        assert_eq!(app.write(delete).await.unwrap(), 1);
        assert_eq!(count(&app, "SELECT COUNT(*) FROM spans").await, 0);
        assert_eq!(count(&app, "SELECT COUNT(*) FROM trace_tags").await, 0);
    });
}

#[test]
fn a_large_trace_is_counted_again() {
    each_database(async |app| {
        let spans = |numbers: std::ops::Range<u64>| {
            let span = |number: u64| {
                let tokens = json!({"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1"}});
                json!({"traceId": "01010101010101010101010101010101", "spanId": format!("{number:016x}"), "name": "a",
                    "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": [tokens]})
            };
            json!({"resourceSpans": [{"scopeSpans": [{"spans": numbers.map(span).collect::<Vec<_>>()}]}]})
        };
        let tokens = "SELECT total_tokens FROM traces";
        app.post("/v1/traces", spans(1..1001)).await;
        app.post("/v1/traces", spans(1001..1002)).await;
        assert_eq!(count(&app, tokens).await, 1000);
        recount::round(app.app()).await.unwrap();
        assert_eq!(count(&app, tokens).await, 1001);
        assert_eq!(
            count(&app, "SELECT COUNT(*) FROM traces WHERE recount IS NOT NULL").await,
            0
        );
    });
}
