//! Pages of a trace, and the trace as OTLP.

mod find;
mod large;
mod points;
mod skeleton;

use axum::body::Body;
use http::{Request, StatusCode};
use loadspan_wire::otlp::logs::{LogRecord, ResourceLogs, ScopeLogs};
use loadspan_wire::otlp::trace::span::Event;
use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span};
use loadspan_wire::otlp::{ExportLogsServiceRequest, ExportTraceServiceRequest, Message, Resource, attribute};
use serde_json::{Value, json};

use crate::ingest::{self, Incoming, Routing};
use crate::testing::{TestApp, each_database, on_sqlite};

const TRACE: &str = "/api/3.0/loadspan/traces/tr-01010101010101010101010101010101";

fn span(id: u64, parent: u64) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: if parent == 0 {
            Vec::new()
        } else {
            parent.to_be_bytes().to_vec()
        },
        name: format!("span {id}"),
        // Some begin at the same time.
        start_time_unix_nano: 1_000 + id / 2,
        end_time_unix_nano: 9_000,
        ..Span::default()
    }
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![attribute("service.name", "api")],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans,
                schema_url: "https://example.com/1".to_owned(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

async fn send(app: &TestApp, request: ExportTraceServiceRequest) {
    let incoming = Incoming {
        trail: crate::operation::Trail::default(),
        routing: Routing::default(),
        bytes: 0,
        request,
    };
    ingest::traces(app.app(), incoming).await.unwrap();
}

#[test]
fn pages_have_each_span_once_in_the_order_of_starts() {
    each_database(async |app| {
        send(&app, request((1..=25).rev().map(|id| span(id, id - 1)).collect())).await;
        let mut names = Vec::new();
        let mut token = String::new();
        loop {
            let page = app.get(&format!("{TRACE}/spans?max_results=10{token}")).await;
            let spans = page["spans"].as_array().unwrap();
            names.extend(spans.iter().map(|span| span["name"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_page_token"].as_str() else {
                break;
            };
            token = format!("&page_token={next}");
        }
        let expected: Vec<_> = (1..=25).map(|id| format!("span {id}")).collect();
        assert_eq!(names, expected);
    });
}

#[test]
fn an_outline_says_what_a_page_shows_and_one_span_says_all() {
    each_database(async |app| {
        let chat = Span {
            attributes: vec![
                attribute("gen_ai.operation.name", "chat"),
                attribute("gen_ai.usage.input_tokens", 3_i64),
                attribute("gen_ai.usage.output_tokens", 4_i64),
            ],
            events: vec![Event {
                name: "ev".to_owned(),
                ..Event::default()
            }],
            ..span(2, 1)
        };
        let running = Span {
            end_time_unix_nano: 0,
            ..span(1, 0)
        };
        send(&app, request(vec![running, chat])).await;
        let page = app.get(&format!("{TRACE}/spans")).await;
        assert_eq!(
            page,
            json!({"spans": [
                {"id": "0000000000000001", "name": "span 1", "status": "UNSET", "start_ns": "1000", "service": "api", "has_events": false},
                {
                    "id": "0000000000000002", "parent": "0000000000000001", "name": "span 2", "type": "CHAT_MODEL",
                    "status": "UNSET", "start_ns": "1001", "end_ns": "9000", "service": "api", "tokens": 7, "has_events": true,
                },
            ]})
        );
        let one = app.get(&format!("{TRACE}/spans/0000000000000002")).await;
        for (name, value) in [
            ("name", json!("span 2")),
            ("tokens", json!(7)),
            (
                "usage",
                json!({"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}),
            ),
            ("resource", json!({"service.name": "api"})),
        ] {
            assert_eq!(one[name], value, "{one}");
        }
        assert_eq!(one["attributes"]["mlflow.spanType"], json!("CHAT_MODEL"));
        assert_eq!(one["attributes"]["gen_ai.operation.name"], json!("chat"));
        assert_eq!(one["events"][0]["name"], json!("ev"));
        for id in ["0000000000000003", "x"] {
            let (status, _) = app.call("GET", &format!("{TRACE}/spans/{id}"), Value::Null).await;
            assert_eq!(status, StatusCode::NOT_FOUND);
        }
    });
}

#[test]
fn numbers_in_texts_of_json_keep_their_digits() {
    each_database(async |app| {
        let said = r#"{"id":123456789012345678901234567890,"seed":18446744073709551615,"n":9007199254740993,"f":0.10}"#;
        let span = Span {
            attributes: vec![
                attribute("input.value", said),
                attribute("seeds", format!(" [{}] ", u64::MAX)),
                attribute("seed", i64::MAX),
                attribute("not json", "{12345678901234567890"),
                attribute("number", "18446744073709551615"),
            ],
            ..span(1, 0)
        };
        send(&app, request(vec![span])).await;
        let asked = Request::get(format!("{TRACE}/spans/0000000000000001")).body(Body::empty());
        let answer = app.send(asked.unwrap()).await;
        let text = str::from_utf8(answer.body()).unwrap();
        for written in [
            format!(r#""input.value":{said}"#),
            format!(r#""mlflow.spanInputs":{said}"#),
            r#""seeds":[18446744073709551615]"#.to_owned(),
            r#""seed":9223372036854775807"#.to_owned(),
            r#""not json":"{12345678901234567890""#.to_owned(),
            r#""number":"18446744073709551615""#.to_owned(),
            r#""mlflow.traceRequestId":"tr-01010101010101010101010101010101""#.to_owned(),
        ] {
            assert!(text.contains(&written), "{written} is not in {text}");
        }
    });
}

#[test]
fn a_trace_goes_out_as_it_came_in() {
    each_database(async |app| {
        let sent = request(vec![span(1, 0), span(2, 1)]);
        send(&app, sent.clone()).await;
        let ask = |accept: &str| {
            let request = Request::get(format!("{TRACE}/export?format=otlp")).header("accept", accept);
            app.send(request.body(Body::empty()).unwrap())
        };
        let protobuf = ask("application/x-protobuf").await;
        assert_eq!(protobuf.headers()["content-type"], "application/x-protobuf");
        assert_eq!(ExportTraceServiceRequest::decode(&protobuf.body()[..]).unwrap(), sent);
        let json = ask("*/*").await;
        assert_eq!(loadspan_wire::otlp::json::decode_traces(json.body()).unwrap(), sent);
    });
}

#[test]
fn a_trace_goes_out_under_the_conventions_of_genai() {
    each_database(async |app| {
        let tool = Span {
            attributes: vec![
                attribute("openinference.span.kind", "TOOL"),
                attribute("input.value", "{\"city\":\"Oslo\"}"),
            ],
            ..span(2, 1)
        };
        let root = Span {
            attributes: vec![attribute("session.id", "s")],
            ..span(1, 0)
        };
        send(&app, request(vec![root.clone(), tool.clone()])).await;
        let asked = Request::get(format!("{TRACE}/export?format=genai")).header("accept", "application/x-protobuf");
        let answer = app.send(asked.body(Body::empty()).unwrap()).await;
        let exported = ExportTraceServiceRequest::decode(&answer.body()[..]).unwrap();
        let named = Span {
            name: "execute_tool span 2".to_owned(),
            attributes: vec![
                attribute("gen_ai.operation.name", "execute_tool"),
                attribute("gen_ai.tool.name", "span 2"),
                attribute("gen_ai.tool.call.arguments", "{\"city\":\"Oslo\"}"),
                attribute("gen_ai.conversation.id", "s"),
            ],
            ..tool
        };
        assert_eq!(exported, request(vec![root, named]));
    });
}

#[test]
fn logs_of_a_trace_come_in_pages() {
    each_database(async |app| {
        send(&app, request(vec![span(1, 0)])).await;
        let records = (1..=3).map(|id| LogRecord {
            time_unix_nano: id,
            trace_id: vec![1; 16],
            span_id: 1_u64.to_be_bytes().to_vec(),
            event_name: format!("event {id}"),
            attributes: vec![attribute("k", "v")],
            ..LogRecord::default()
        });
        let logs = ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                scope_logs: vec![ScopeLogs {
                    log_records: records.collect(),
                    ..ScopeLogs::default()
                }],
                ..ResourceLogs::default()
            }],
        };
        let incoming = Incoming {
            trail: crate::operation::Trail::default(),
            routing: Routing::default(),
            bytes: 0,
            request: logs,
        };
        ingest::logs(app.app(), incoming).await.unwrap();
        let first = app.get(&format!("{TRACE}/logs?max_results=2")).await;
        assert_eq!(first["logs"].as_array().unwrap().len(), 2);
        assert_eq!(first["logs"][0]["event_name"], json!("event 1"));
        assert_eq!(first["logs"][0]["span_id"], json!("0000000000000001"));
        assert_eq!(first["logs"][0]["attributes"], json!({"k": "v"}));
        let token = first["next_page_token"].as_str().unwrap();
        let last = app.get(&format!("{TRACE}/logs?max_results=2&page_token={token}")).await;
        assert_eq!(last["logs"][0]["event_name"], json!("event 3"));
        assert_eq!(last["next_page_token"], Value::Null);
    });
}

#[test]
fn what_makes_no_sense_is_refused() {
    on_sqlite(async |app| {
        send(&app, request(vec![span(1, 0)])).await;
        for (path, status) in [
            ("spans?max_results=0", StatusCode::BAD_REQUEST),
            ("spans?max_results=5001", StatusCode::BAD_REQUEST),
            ("spans?page_token=x", StatusCode::BAD_REQUEST),
            ("logs?page_token=x", StatusCode::BAD_REQUEST),
            ("export?format=zipkin", StatusCode::BAD_REQUEST),
        ] {
            let (found, answer) = app.call("GET", &format!("{TRACE}/{path}"), Value::Null).await;
            assert_eq!(found, status, "{path}: {answer}");
        }
        for path in ["spans", "spans/0000000000000001", "export", "logs"] {
            let path = format!("/api/3.0/loadspan/traces/tr-no/{path}");
            assert_eq!(
                app.call("GET", &path, Value::Null).await.0,
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
    });
}
