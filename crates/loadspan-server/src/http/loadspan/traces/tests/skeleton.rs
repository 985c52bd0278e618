//! Skeletons of traces: what a page draws, in one answer.

use loadspan_wire::otlp::trace::span::{Link, SpanKind};
use loadspan_wire::otlp::trace::{Status, status};

use super::*;

#[test]
fn a_skeleton_has_all_that_is_drawn_column_by_column() {
    each_database(async |app| {
        let chat = Span {
            start_time_unix_nano: 2_000,
            kind: SpanKind::Client.into(),
            attributes: vec![
                attribute("gen_ai.operation.name", "chat"),
                attribute("gen_ai.request.model", "my-model"),
                attribute("gen_ai.usage.input_tokens", 3_i64),
                attribute("gen_ai.usage.output_tokens", 4_i64),
                attribute("llm.cost.total", 0.5),
            ],
            events: vec![Event {
                name: "first_token".to_owned(),
                time_unix_nano: 2_500,
                ..Event::default()
            }],
            links: vec![Link {
                trace_id: vec![2; 16],
                span_id: vec![2; 8],
                ..Link::default()
            }],
            status: Some(Status {
                code: status::StatusCode::Error.into(),
                ..Status::default()
            }),
            ..span(2, 1)
        };
        let running = Span {
            end_time_unix_nano: 0,
            ..span(1, 0)
        };
        let orphan = Span {
            start_time_unix_nano: 3_000,
            ..span(3, 99)
        };
        send(&app, request(vec![orphan, chat, running])).await;
        let skeleton = app.get(&format!("{TRACE}/skeleton")).await;
        assert_eq!(
            skeleton,
            json!({
                "trace_id": "tr-01010101010101010101010101010101",
                "base_ns": "1000",
                "spans": 3,
                "ids": ["0000000000000001", "0000000000000002", "0000000000000003"],
                "parents": [-1, 0, -1],
                "missing_parents": {"2": "0000000000000063"},
                "starts": [0, 1_000, 2_000],
                "durations": [null, 7_000, 6_000],
                "names": ["span 1", "span 2", "span 3"],
                "name": [0, 1, 2],
                "services": ["api"],
                "service": [0, 0, 0],
                "types": ["CHAT_MODEL"],
                "type": [-1, 0, -1],
                "kinds": ["UNSPECIFIED", "CLIENT"],
                "kind": [0, 1, 0],
                "models": ["my-model"],
                "model": [-1, 0, -1],
                "status": [0, 2, 0],
                "input_tokens": [null, 3, null],
                "output_tokens": [null, 4, null],
                "cost": [null, 0.5, null],
                "links": [0, 1, 0],
                "events": [0, 1, 0],
            })
        );
        let (status, _) = app
            .call("GET", "/api/3.0/loadspan/traces/tr-no/skeleton", Value::Null)
            .await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn tens_of_thousands_of_spans_are_one_answer() {
    each_database(async |app| {
        let spans = (1..=33_000_u64).map(|id| Span {
            start_time_unix_nano: 1_000 * id,
            end_time_unix_nano: 1_000 * id + 500,
            attributes: vec![attribute("gen_ai.input.messages", "x".repeat(500))],
            ..span(id, id / 2)
        });
        send(&app, request(spans.collect())).await;
        let asked = Request::get(format!("{TRACE}/skeleton")).body(Body::empty()).unwrap();
        let answer = app.send(asked).await;
        let skeleton: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(skeleton["spans"], 33_000);
        assert_eq!(skeleton["parents"][32_999], json!(33_000 / 2 - 1));
        for column in ["ids", "starts", "durations", "name", "service", "status", "events"] {
            assert_eq!(skeleton[column].as_array().unwrap().len(), 33_000, "{column}");
        }
        // A slow machine may take more than one answer for all that was looked through.
        let (mut found, mut token) = (0, String::new());
        loop {
            let query = format!("key=gen_ai.input.messages&op=ne&value=y{token}");
            let answer = app.get(&format!("{TRACE}/find?{query}")).await;
            found += answer["spans"].as_array().unwrap().len();
            let Some(next) = answer["next_page_token"].as_str() else {
                break;
            };
            token = format!("&page_token={next}");
        }
        assert_eq!(found, 33_000);
    });
}

#[test]
fn a_span_that_ends_before_it_starts_says_so() {
    each_database(async |app| {
        let times = |id, start, end| Span {
            start_time_unix_nano: start,
            end_time_unix_nano: end,
            ..span(id, id - 1)
        };
        send(
            &app,
            request(vec![
                times(1, 5_000, 9_000),
                times(2, 6_000, 5_999),
                times(3, 7_000, 2_000),
            ]),
        )
        .await;
        let skeleton = app.get(&format!("{TRACE}/skeleton")).await;
        assert_eq!(skeleton["durations"], json!([4_000, -1, -5_000]));
        let outlines = app.get(&format!("{TRACE}/spans")).await;
        assert_eq!(outlines["spans"][2]["end_ns"], "2000");
        let (_, info) = app
            .call(
                "GET",
                "/api/3.0/mlflow/traces/tr-01010101010101010101010101010101",
                Value::Null,
            )
            .await;
        assert_eq!(info["trace"]["trace_info"]["execution_duration"], "0s", "{info}");
    });
}
