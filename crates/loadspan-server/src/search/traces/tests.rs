use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::{Message as _, attribute};

use super::*;
use crate::database::Value;
use crate::error::Code;
use crate::testing::{TestApp, each_database};

const TRACES: &str = "trace_key, trace_id, experiment_id, state, name, client_request_id, request_time, execution_duration, session_id, \
                      user_id, service, input_tokens, total_tokens, start_ns, spans, finalized, last_update_time";

const ROWS: &[&str] = &[
    "(1, 'tr-1', 1, 'OK', 'chat', 'c1', 1000, 50, 's1', 'ann', 'web', 3, 10, 0, 2, 0, 0)",
    "(2, 'tr-2', 1, 'ERROR', 'Chat%', NULL, 2000, 500, 's1', NULL, NULL, NULL, NULL, 0, 1, 0, 0)",
    "(3, 'tr-3', 1, 'IN_PROGRESS', NULL, NULL, 3000, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0)",
    "(4, 'tr-4', 2, 'OK', 'chat', 'c4', 2500, 5, 's1', 'ann', 'web', NULL, 20, 0, 1, 0, 0)",
];

const ENTRIES: &[&str] = &[
    "INSERT INTO trace_tags (trace_key, key, value) VALUES (1, 'env', 'prod'), (2, 'env', 'Prod'), (4, 'env', 'prod'), \
     (1, 'mlflow.x', 'y')",
    "INSERT INTO trace_metadata (trace_key, key, value) VALUES (1, 'mlflow.sourceRun', 'run1'), (2, 'm', 'v')",
    "INSERT INTO trace_runs (run_id, trace_key) VALUES ('run1', 2), ('run2', 3)",
    r#"INSERT INTO assessments (assessment_id, trace_key, name, kind, value, valid, create_time, last_update_time, content) VALUES
        ('a-1', 1, 'good', 'feedback', '"yes"', 1, 0, 0, '{}'), ('a-2', 2, 'good', 'feedback', '"no"', 0, 0, 0, '{}'),
        ('a-3', 2, 'score', 'feedback', '0.8', 1, 0, 0, '{"metadata":{"mlflow.trace.session":"s1"}}'),
        ('a-4', 3, 'score', 'feedback', 'true', 1, 0, 0, '{}'), ('a-5', 3, 'score', 'expectation', '3', 1, 0, 0, '{}'),
        ('a-6', 3, 'issue-7', 'issue', NULL, 1, 0, 0, '{}')"#,
];

/// Trace, id, name, type, status, attribute `model`, translated.
type SpanRow = (
    i64,
    u8,
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static str,
    Option<&'static str>,
);

const SPANS: &[SpanRow] = &[
    (1, 1, "root", Some("CHAIN"), "OK", "none", None),
    (
        1,
        2,
        "call",
        Some("LLM"),
        "OK",
        "gpt-4",
        Some(r#"{"mlflow.llm.model":"\"GPT 4\""}"#),
    ),
    (2, 1, "call", None, "ERROR", "claude", None),
    (4, 1, "call", Some("LLM"), "OK", "gpt-4", None),
];

async fn filled(app: &TestApp) {
    let written = app.write(|connection: &mut dyn Connection| {
        for row in ROWS {
            connection.execute(&format!("INSERT INTO traces ({TRACES}) VALUES {row}"), &[])?;
        }
        for entries in ENTRIES {
            connection.execute(entries, &[])?;
        }
        for span in SPANS {
            add_span(connection, span)?;
        }
        Ok(())
    });
    written.await.expect("rows");
}

fn add_span(connection: &mut dyn Connection, row: &SpanRow) -> Result<(), ApiError> {
    let &(trace, id, name, kind, status, model, translated) = row;
    let span = Span {
        name: name.to_owned(),
        attributes: vec![attribute("model", model), attribute("tokens", 7_i64)],
        ..Span::default()
    };
    let content = span.encode_to_vec();
    let id = [id; 8];
    connection.execute(
        "INSERT INTO spans (trace_key, span_id, name, type, status, start_ns, end_ns, resource_key, scope_key, events, content, translated) \
         VALUES ($1, $2, $3, $4, $5, 0, 0, 1, 1, 0, $6, $7)",
        &[
            trace.into(),
            Value::Blob(&id),
            name.into(),
            kind.into(),
            status.into(),
            Value::Blob(&content),
            translated.into(),
        ],
    )?;
    Ok(())
}

fn of_experiment_1(filter: &str) -> TraceSearch {
    TraceSearch {
        experiment_ids: vec!["1".to_owned()],
        filter: filter.to_owned(),
        ..TraceSearch::default()
    }
}

async fn found(app: &TestApp, search: TraceSearch) -> Vec<i64> {
    let page = app.read(move |connection| find(connection, &search)).await;
    page.expect("a page").keys
}

async fn check(app: &TestApp, searches: &[(&str, &[i64])]) {
    for (filter, keys) in searches {
        assert_eq!(found(app, of_experiment_1(filter)).await, *keys, "{filter}");
    }
}

#[test]
fn traces_are_found_by_their_attributes() {
    each_database(async |app| {
        filled(&app).await;
        let searches: &[(&str, &[i64])] = &[
            ("", &[3, 2, 1]),
            ("request_id = 'tr-1'", &[1]),
            ("trace.request_id IN ('tr-1', 'tr-3', 'tr-4')", &[3, 1]),
            ("attributes.request_id NOT IN ('tr-1')", &[3, 2]),
            ("status = 'OK'", &[1]),
            ("trace.status != 'OK'", &[3, 2]),
            ("state IN ('OK', 'ERROR')", &[2, 1]),
            ("attribute.status RLIKE '^(OK|ERROR)$'", &[2, 1]),
            ("name = 'chat'", &[1]),
            ("name != 'chat'", &[2]),
            ("trace.name LIKE 'chat%'", &[1]),
            ("trace.name LIKE 'Chat\\%'", &[2]),
            ("trace.name ILIKE 'CHAT%'", &[2, 1]),
            ("name RLIKE '[Cc]hat'", &[2, 1]),
            ("name IS NULL", &[3]),
            ("client_request_id = 'c1'", &[1]),
            ("timestamp > 1000", &[3, 2]),
            ("timestamp_ms >= 1000 AND timestamp_ms <= 2000", &[2, 1]),
            ("trace.timestamp = '2000'", &[2]),
            ("execution_time > 50", &[2]),
            ("execution_time_ms >= 50 AND execution_time_ms < 500", &[1]),
            ("end_time = 1050", &[1]),
            ("trace.end_time_ms >= 2500", &[3, 2]),
            ("run_id = 'run1'", &[2, 1]),
            ("attributes.run_id = 'run2'", &[3]),
            ("run_id IS NULL", &[]),
            ("run_id IS NOT NULL", &[3, 2, 1]),
            ("metadata.mlflow.sourceRun = 'run1'", &[2, 1]),
            ("run_id IN ('run1', 'run2')", &[3, 2, 1]),
            ("session_id = 's1'", &[2, 1]),
            ("user_id = 'ann'", &[1]),
            ("service = 'web'", &[1]),
            ("total_tokens >= 10", &[1]),
        ];
        check(&app, searches).await;
    });
}

#[test]
fn traces_of_no_run_are_found() {
    each_database(async |app| {
        filled(&app).await;
        let unlink = "DELETE FROM trace_runs WHERE trace_key = 3";
        app.write(move |connection| Ok(connection.execute(unlink, &[])?))
            .await
            .unwrap();
        check(
            &app,
            &[("run_id IS NULL", &[3]), ("attributes.run_id IS NOT NULL", &[2, 1])],
        )
        .await;
    });
}

#[test]
fn traces_are_found_by_what_belongs_to_them() {
    each_database(async |app| {
        filled(&app).await;
        let searches: &[(&str, &[i64])] = &[
            ("tags.env = 'prod'", &[1]),
            ("tag.env != 'prod'", &[2]),
            ("tags.env ILIKE 'PROD'", &[2, 1]),
            ("tags.env RLIKE '^P'", &[2]),
            ("tags.env IS NULL", &[3]),
            ("tags.env IS NOT NULL", &[2, 1]),
            ("tags.`mlflow.x` = 'y'", &[1]),
            ("tags.mlflow.traceName = 'chat'", &[1]),
            ("tags.mlflow.traceName IS NULL", &[3]),
            ("metadata.m = 'v'", &[2]),
            ("request_metadata.m IS NULL", &[3, 1]),
            ("metadata.`mlflow.trace.session` = 's1'", &[2, 1]),
            ("metadata.mlflow.trace.session IS NULL", &[3]),
            ("metadata.mlflow.trace.user LIKE 'a%'", &[1]),
            ("metadata.mlflow.trace.tokenUsage IS NOT NULL", &[1]),
            (
                "metadata.mlflow.trace.tokenUsage = '{\"input_tokens\": 3, \"total_tokens\": 10}'",
                &[1],
            ),
            ("metadata.mlflow.trace.tokenUsage = '{\"total_tokens\": 10}'", &[]),
            ("metadata.mlflow.trace.tokenUsage != '{\"total_tokens\": 10}'", &[1]),
            ("feedback.good = 'yes'", &[1]),
            ("feedback.good IS NOT NULL", &[1]),
            ("feedback.good = 'no'", &[]),
            ("feedback.score > 0.7", &[2, 1]),
            ("feedback.score = '0.8'", &[2, 1]),
            ("feedback.score = 'true'", &[3]),
            ("feedback.score IS NULL", &[]),
            ("feedback.good IS NULL", &[3, 2]),
            ("feedback.good LIKE 'y%'", &[1]),
            ("expectation.score <= 3", &[3]),
            ("expectation.score IS NOT NULL", &[3]),
            ("issue.id = 'issue-7'", &[3]),
            ("tags.env = 'prod' AND status = 'OK' AND execution_time > 10", &[1]),
            ("tags.env = 'prod' AND status = 'ERROR'", &[]),
        ];
        check(&app, searches).await;
    });
}

#[test]
fn one_span_of_a_trace_stands_all_that_is_said_about_spans() {
    each_database(async |app| {
        filled(&app).await;
        let searches: &[(&str, &[i64])] = &[
            ("span.name = 'call'", &[2, 1]),
            ("span.type = 'LLM'", &[1]),
            ("span.type = 'UNKNOWN'", &[2]),
            ("span.status != 'OK'", &[2]),
            ("span.name IN ('root', 'x')", &[1]),
            ("span.name = 'root' AND span.type = 'LLM'", &[]),
            ("span.name = 'call' AND span.type = 'LLM'", &[1]),
            ("span.attributes.model = 'gpt-4'", &[1]),
            ("span.attributes.model LIKE '%gpt%'", &[1]),
            ("span.attributes.model ILIKE 'CLAUDE'", &[2]),
            ("span.attributes.`model` RLIKE '^c.*e$'", &[2]),
            ("span.attributes.model NOT IN ('gpt-4', 'none')", &[2]),
            ("span.attributes.mlflow.llm.model = 'GPT 4'", &[1]),
            ("span.attributes.tokens = 7", &[2, 1]),
            ("span.attributes.model = 'gpt-4' AND span.name = 'root'", &[]),
            ("span.content LIKE '%model: claude%'", &[2]),
            ("trace.text ILIKE '%CLAUDE%'", &[2]),
            ("span.content LIKE 'claude'", &[]),
            ("span.content LIKE '%e%' AND tags.env = 'prod'", &[1]),
        ];
        check(&app, searches).await;
    });
}

#[test]
fn traces_are_ordered() {
    each_database(async |app| {
        filled(&app).await;
        for (order, keys) in [
            ("timestamp ASC", [1, 2, 3]),
            ("timestamp_ms DESC", [3, 2, 1]),
            ("execution_time DESC", [2, 1, 3]),
            ("attributes.execution_time_ms", [1, 2, 3]),
            ("status", [2, 3, 1]),
            ("name ASC", [2, 1, 3]),
            ("tags.env", [2, 1, 3]),
            ("tags.env DESC", [1, 2, 3]),
            ("metadata.m", [2, 3, 1]),
            ("run_id", [1, 3, 2]),
            ("request_id DESC", [3, 2, 1]),
            ("end_time DESC", [3, 2, 1]),
            ("metadata.mlflow.trace.session", [2, 1, 3]),
        ] {
            let search = TraceSearch {
                order_by: vec![order.to_owned()],
                ..of_experiment_1("")
            };
            assert_eq!(found(&app, search).await, keys, "{order}");
        }
    });
}

#[test]
fn several_experiments_are_searched_side_by_side() {
    each_database(async |app| {
        filled(&app).await;
        let search = |filter: &str, order_by: &[&str]| TraceSearch {
            experiment_ids: vec!["1".to_owned(), "2".to_owned()],
            order_by: order_by.iter().map(|clause| (*clause).to_owned()).collect(),
            ..of_experiment_1(filter)
        };
        assert_eq!(found(&app, search("", &[])).await, [3, 4, 2, 1]);
        assert_eq!(found(&app, search("", &["name DESC"])).await, [4, 1, 2, 3]);
        assert_eq!(found(&app, search("", &["tags.env DESC"])).await, [4, 1, 2, 3]);
        assert_eq!(found(&app, search("name = 'chat'", &[])).await, [4, 1]);
        assert_eq!(
            found(&app, search("span.name = 'call'", &["execution_time"])).await,
            [4, 1, 2]
        );
    });
}

#[test]
fn mistakes_are_the_clients() {
    each_database(async |app| {
        filled(&app).await;
        for (filter, message) in [
            (
                "foo.x = 'a'",
                "Invalid entity type 'foo'. Valid values are ['attribute', 'tag', 'metadata', 'span', 'feedback', 'expectation', 'issue'] (at position 1 of the filter)",
            ),
            (
                "tags.x > 'a'",
                "Invalid comparator '>' not one of {'=', '!=', 'LIKE', 'ILIKE', 'RLIKE', 'IS NULL', 'IS NOT NULL'} for 'x' (at position 8 of the filter)",
            ),
            (
                "timestamp > 'a'",
                "Expected numeric value type for numeric attribute: timestamp (at position 13 of the filter)",
            ),
            (
                "status = 1",
                "Expected a quoted string value for 'status' (e.g. 'my-value') (at position 10 of the filter)",
            ),
            (
                "span.foo = 'x'",
                "Invalid span attribute 'foo'. Supported attributes: content, name, status, type, attributes.<attribute_name>. (at position 1 of the filter)",
            ),
            (
                "span.content = 'x'",
                "Invalid comparator '=' not one of {'LIKE', 'ILIKE'} for 'content' (at position 14 of the filter)",
            ),
            (
                "name RLIKE '('",
                "Invalid regular expression (at position 12 of the filter)",
            ),
            (
                "feedback.x > 'a'",
                "Expected a numeric value for 'x' when using comparator '>' (at position 14 of the filter)",
            ),
            (
                "issue.x = 'a'",
                "Invalid issue attribute 'x'. Supported attributes: id (at position 1 of the filter)",
            ),
            (
                "prompt = 'a/1'",
                "Traces are not searched by prompt: this server has no prompt registry (at position 1 of the filter)",
            ),
        ] {
            let search = of_experiment_1(filter);
            let error = app
                .read(move |connection| find(connection, &search))
                .await
                .expect_err(filter);
            assert_eq!(
                (error.code, error.message.as_str()),
                (Code::InvalidParameterValue, message)
            );
        }
    });
}

#[test]
fn a_page_of_a_search_in_spans_ends_early_rather_than_late() {
    each_database(async |app| {
        let written = app.write(|connection: &mut dyn Connection| {
            for key in 10..1_300 {
                // Each trace says that it has so many spans that few of them make a page.
                let row = format!(
                    "({key}, 'tr-{key}', 1, 'OK', NULL, NULL, {key}, 1, NULL, NULL, NULL, NULL, NULL, 0, 1000, 0, 0)"
                );
                connection.execute(&format!("INSERT INTO traces ({TRACES}) VALUES {row}"), &[])?;
                let kind = if key % 100 == 0 { "LLM" } else { "CHAIN" };
                add_span(connection, &(key, 1, "call", Some(kind), "OK", "m", None))?;
            }
            Ok(())
        });
        written.await.expect("rows");
        for filter in ["span.type = 'LLM'", "span.type = 'LLM' AND span.content LIKE '%call%'"] {
            let (mut seen, mut token, mut pages) = (Vec::new(), None, 0);
            loop {
                let search = TraceSearch {
                    max_results: Some(5),
                    page_token: token.take(),
                    ..of_experiment_1(filter)
                };
                let page = app
                    .read(move |connection| find(connection, &search))
                    .await
                    .expect("a page");
                assert!(page.keys.len() <= 5);
                seen.extend(page.keys);
                pages += 1;
                match page.next {
                    Some(next) => token = Some(next),
                    None => break,
                }
            }
            assert_eq!(
                seen,
                [1200, 1100, 1000, 900, 800, 700, 600, 500, 400, 300, 200, 100],
                "{filter}"
            );
            assert!((10..30).contains(&pages), "{filter}: {pages} pages");
        }
    });
}

#[test]
fn a_trace_with_many_spans_is_looked_at_to_its_end() {
    each_database(async |app| {
        let written = app.write(|connection: &mut dyn Connection| {
            let row = "(1, 'tr-1', 1, 'OK', NULL, NULL, 1, 1, NULL, NULL, NULL, NULL, NULL, 0, 100, 0, 0)";
            connection.execute(&format!("INSERT INTO traces ({TRACES}) VALUES {row}"), &[])?;
            for id in 1..=100 {
                let model = if id == 100 { "last" } else { "other" };
                add_span(connection, &(1, id, "call", None, "OK", model, None))?;
            }
            Ok(())
        });
        written.await.expect("rows");
        check(
            &app,
            &[
                ("span.attributes.model = 'last'", &[1]),
                ("span.attributes.model = 'none'", &[]),
            ],
        )
        .await;
    });
}
