//! Metrics and logs.

use loadspan_wire::otlp::logs::{LogRecord, ResourceLogs, ScopeLogs};
use loadspan_wire::otlp::metrics::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point,
};
use loadspan_wire::otlp::{ExportLogsServiceRequest, ExportMetricsServiceRequest, attribute};

use super::*;

#[test]
fn metrics_and_logs_are_stored_once_however_often_they_come() {
    each_database(async |app| {
        let point = |time_unix_nano, value| NumberDataPoint {
            time_unix_nano,
            value: Some(number_data_point::Value::AsDouble(value)),
            attributes: vec![attribute("a", 1_i64), attribute("b", "x")],
            ..NumberDataPoint::default()
        };
        let mut turned = point(3, f64::NAN);
        turned.attributes.reverse();
        let gauge = Gauge {
            data_points: vec![point(1, 1.0), point(2, 2.0), turned, point(u64::MAX, 4.0)],
        };
        let metric = Metric {
            name: "queue".to_owned(),
            data: Some(metric::Data::Gauge(gauge)),
            ..Metric::default()
        };
        let scope = ScopeMetrics {
            metrics: vec![metric],
            ..ScopeMetrics::default()
        };
        let metrics = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                scope_metrics: vec![scope],
                ..ResourceMetrics::default()
            }],
        };
        let record = LogRecord {
            time_unix_nano: 5,
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            event_name: "gen_ai.choice".to_owned(),
            ..LogRecord::default()
        };
        let logs = ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                scope_logs: vec![ScopeLogs {
                    log_records: vec![record.clone(), LogRecord::default(), record],
                    ..ScopeLogs::default()
                }],
                ..ResourceLogs::default()
            }],
        };
        for _ in 0..2 {
            let answer = post_to(
                &app,
                "/v1/metrics",
                &[("content-type", PROTOBUF)],
                metrics.encode_to_vec(),
            )
            .await;
            assert_eq!(decode_outcome(answer.body()).unwrap().rejected, 1);
            let answer = post_to(
                &app,
                "/v1/metrics",
                &[("content-type", "application/json")],
                json::encode_metrics(&metrics),
            )
            .await;
            assert_eq!(told(&answer).0, 200);
        }
        assert_eq!(
            (count(&app, "otlp_series").await, count(&app, "otlp_points").await),
            (1, 3)
        );
        for _ in 0..2 {
            let answer = post_to(
                &app,
                "/v1/logs",
                &[("content-type", "application/json")],
                json::encode_logs(&logs),
            )
            .await;
            assert_eq!(told(&answer), (200, "application/json", "b\"{}\"".to_owned()));
        }
        let of_trace =
            "SELECT event_name FROM log_records WHERE trace_id = 'tr-01010101010101010101010101010101' LIMIT 10";
        let rows = app
            .read(move |connection| Ok(connection.query(of_trace, &[])?))
            .await
            .unwrap();
        let names: Vec<_> = rows.into_iter().map(|mut row| row.text(0).unwrap()).collect();
        assert_eq!(names, ["gen_ai.choice"]);
    });
}

#[test]
fn what_the_series_of_a_metric_have_in_common_is_stored_once() {
    each_database(async |app| {
        let point = |number: i64| NumberDataPoint {
            time_unix_nano: 1,
            value: Some(number_data_point::Value::AsInt(number)),
            attributes: vec![attribute("a", number)],
            ..NumberDataPoint::default()
        };
        let metric = |description: String| Metric {
            name: "queue".to_owned(),
            description,
            data: Some(metric::Data::Gauge(Gauge {
                data_points: (0..50).map(point).collect(),
            })),
            ..Metric::default()
        };
        // The same metric, whatever is said about it.
        for description in ["d".repeat(10_000), "e".repeat(10_000)] {
            let request = ExportMetricsServiceRequest {
                resource_metrics: vec![ResourceMetrics {
                    scope_metrics: vec![ScopeMetrics {
                        metrics: vec![metric(description)],
                        ..ScopeMetrics::default()
                    }],
                    ..ResourceMetrics::default()
                }],
            };
            let answer = post_to(
                &app,
                "/v1/metrics",
                &[("content-type", PROTOBUF)],
                request.encode_to_vec(),
            );
            assert_eq!(answer.await.status(), StatusCode::OK);
        }
        assert_eq!(
            (count(&app, "otlp_metrics").await, count(&app, "otlp_series").await),
            (1, 50)
        );
        let sql = "SELECT SUM(length(content)) FROM otlp_metrics";
        let row = app
            .read(move |connection| Ok(connection.query_one(sql, &[])?))
            .await
            .unwrap();
        assert!(row.unwrap().int(0).unwrap() < 11_000);
    });
}
