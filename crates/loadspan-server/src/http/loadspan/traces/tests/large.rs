//! Traces that are larger than an answer, or become it.

use super::*;
use crate::operation::Trail;

const MIB: usize = 1 << 20;
const WHOLE: &str = "/api/3.0/mlflow/traces/get?allow_partial=true&trace_id=tr-01010101010101010101010101010101";

fn with_input(id: u64, key: &str, input: String) -> Span {
    Span {
        attributes: vec![attribute(key, input)],
        ..span(id, id - 1)
    }
}

#[test]
fn more_than_an_answer_has_is_refused_before_it_is_read_and_an_outline_is_had_all_the_same() {
    each_database(async |app| {
        for id in 1..=9 {
            send(&app, request(vec![with_input(id, "a", "x".repeat(8 * MIB))])).await;
        }
        for path in [WHOLE, &format!("{TRACE}/export")] {
            let (status, answer) = app.call("GET", path, Value::Null).await;
            assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
            let message = answer["message"].as_str().unwrap();
            assert!(message.contains("read them in pages"), "{message}");
        }
        let page = app.get(&format!("{TRACE}/spans")).await;
        assert_eq!(page["spans"].as_array().unwrap().len(), 9);
        let one = app.get(&format!("{TRACE}/spans/0000000000000009")).await;
        assert_eq!(one["attributes"]["a"].as_str().unwrap().len(), 8 * MIB);
    });
}

#[test]
fn large_spans_among_small_ones_are_in_their_place() {
    each_database(async |app| {
        let spans = (1..=20).map(|id| with_input(id, "a", "x".repeat(if id % 3 == 0 { MIB } else { 10 })));
        let sent = request(spans.collect());
        send(&app, sent.clone()).await;
        let asked = Request::get(format!("{TRACE}/export")).header("accept", "application/x-protobuf");
        let answer = app.send(asked.body(Body::empty()).unwrap()).await;
        assert_eq!(ExportTraceServiceRequest::decode(&answer.body()[..]).unwrap(), sent);
    });
}

#[test]
fn a_text_that_would_take_too_much_memory_as_what_it_is_stays_a_text() {
    on_sqlite(async |app| {
        let large = format!("[{}0]", "{\"\":0},".repeat(MIB));
        let small = "{\"a\": 1}".to_owned();
        let inputs = [small.clone(), large.clone(), small];
        for (id, input) in (1..).zip(inputs) {
            send(&app, request(vec![with_input(id, "mlflow.spanInputs", input)])).await;
        }
        let trace = app.get(WHOLE).await;
        let input = |span: usize| {
            let attributes = trace["trace"]["spans"][span]["attributes"].as_array().unwrap();
            let found = attributes.iter().find(|entry| entry["key"] == "mlflow.spanInputs");
            found.unwrap()["value"].clone()
        };
        assert_eq!(input(1), json!({"string_value": large}));
        for span in [0, 2] {
            assert!(input(span).get("kvlist_value").is_some(), "{}", input(span));
        }
    });
}

#[test]
fn a_page_of_logs_ends_when_it_is_large() {
    each_database(async |app| {
        send(&app, request(vec![span(1, 0)])).await;
        for id in 1..=5 {
            let record = LogRecord {
                time_unix_nano: id,
                trace_id: vec![1; 16],
                attributes: vec![attribute("k", "v".repeat(7 * MIB))],
                ..LogRecord::default()
            };
            let logs = ExportLogsServiceRequest {
                resource_logs: vec![ResourceLogs {
                    scope_logs: vec![ScopeLogs {
                        log_records: vec![record],
                        ..ScopeLogs::default()
                    }],
                    ..ResourceLogs::default()
                }],
            };
            let incoming = Incoming {
                trail: Trail::default(),
                routing: Routing::default(),
                bytes: 0,
                request: logs,
            };
            ingest::logs(app.app(), incoming).await.unwrap();
        }
        let (mut lengths, mut token) = (Vec::new(), String::new());
        loop {
            let page = app.get(&format!("{TRACE}/logs?{token}")).await;
            lengths.push(page["logs"].as_array().unwrap().len());
            let Some(next) = page["next_page_token"].as_str() else {
                break;
            };
            token = format!("page_token={next}");
        }
        assert_eq!(lengths, [2, 2, 1]);
    });
}
