//! Spans of a trace by their attributes.

use super::*;

#[test]
fn spans_are_found_by_what_they_and_their_resources_say() {
    each_database(async |app| {
        let with = |id: u64, attributes| Span {
            attributes,
            ..span(id, id - 1)
        };
        let spans = vec![
            with(1, vec![attribute("city", "Oslo"), attribute("n", 7_i64)]),
            with(2, vec![attribute("city", "\"Bergen\"")]),
            with(3, vec![attribute("city", "Oslo"), attribute("n", 8_i64)]),
            with(
                4,
                vec![attribute("large", "x".repeat(100 << 10)), attribute("city", "Oslo")],
            ),
            with(5, vec![attribute("gen_ai.operation.name", "chat")]),
        ];
        send(&app, request(spans)).await;
        for (query, expected) in [
            ("key=city&op=eq&value=Oslo", json!([0, 2, 3])),
            ("key=city&op=ne&value=Oslo", json!([1])),
            ("key=city&value=Bergen", json!([1])),
            ("key=city&op=exists", json!([0, 1, 2, 3])),
            ("key=city&op=eq&value=Oslo&key=n&op=ne&value=7", json!([2])),
            ("key=n&op=exists&key=city&op=eq&value=Oslo", json!([0, 2])),
            ("key=large&op=exists", json!([3])),
            ("key=service.name&op=eq&value=api", json!([0, 1, 2, 3, 4])),
            ("key=mlflow.spanType&op=eq&value=CHAT_MODEL", json!([4])),
            ("key=cit&op=exists", json!([])),
        ] {
            let found = app.get(&format!("{TRACE}/find?{query}")).await;
            assert_eq!(found, json!({"spans": expected}), "{query}");
        }
        for (path, status) in [
            (format!("{TRACE}/find"), StatusCode::BAD_REQUEST),
            (format!("{TRACE}/find?key=a&op=is&value=b"), StatusCode::BAD_REQUEST),
            (
                "/api/3.0/loadspan/traces/tr-no/find?key=a&op=exists".to_owned(),
                StatusCode::NOT_FOUND,
            ),
        ] {
            assert_eq!(app.call("GET", &path, Value::Null).await.0, status, "{path}");
        }
    });
}

#[test]
fn a_trace_that_is_larger_than_a_piece_is_looked_through_to_its_end() {
    on_sqlite(async |app| {
        for id in 1..=5 {
            let large = Span {
                attributes: vec![attribute("large", "x".repeat(15 << 20))],
                ..span(id, id - 1)
            };
            send(&app, request(vec![large])).await;
        }
        let found = app.get(&format!("{TRACE}/find?key=large&op=exists")).await;
        assert_eq!(found, json!({"spans": [0, 1, 2, 3, 4]}));
        // From a place on, as it would be told by an answer that took too long.
        let behind = "page_token=2.1001.0000000000000002";
        let found = app.get(&format!("{TRACE}/find?key=large&op=exists&{behind}")).await;
        assert_eq!(found, json!({"spans": [2, 3, 4]}));
    });
}
