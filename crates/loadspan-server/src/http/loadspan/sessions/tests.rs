use axum::http::StatusCode;
use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span, Status, status};
use loadspan_wire::otlp::{ExportTraceServiceRequest, attribute};
use serde_json::{Value, json};

use crate::ingest::{self, Incoming, Routing};
use crate::testing::{TestApp, each_database, on_sqlite};

const SESSIONS: &str = "/api/3.0/loadspan/sessions?experiment_id=0";

/// A turn of a session, in the default experiment: its number says when it was.
struct Turn {
    number: u8,
    session: &'static str,
    asked: &'static str,
    failed: bool,
}

const fn turn(number: u8, session: &'static str, asked: &'static str) -> Turn {
    Turn {
        number,
        session,
        asked,
        failed: false,
    }
}

impl Turn {
    fn span(&self) -> Span {
        let start = u64::from(self.number) * 1_000_000_000;
        let code = if self.failed {
            status::StatusCode::Error
        } else {
            status::StatusCode::Ok
        };
        Span {
            trace_id: vec![self.number; 16],
            span_id: vec![1; 8],
            name: "turn".to_owned(),
            start_time_unix_nano: start,
            end_time_unix_nano: start + 500_000_000,
            attributes: vec![
                attribute("session.id", self.session),
                attribute("mlflow.spanInputs", self.asked),
                attribute("gen_ai.operation.name", "chat"),
                attribute("gen_ai.request.model", format!("model-{}", self.number % 2)),
                attribute("gen_ai.usage.input_tokens", 10_i64),
                attribute("gen_ai.usage.output_tokens", 1_i64),
            ],
            status: Some(Status {
                code: code.into(),
                ..Status::default()
            }),
            ..Span::default()
        }
    }
}

async fn send(app: &TestApp, turns: &[Turn]) {
    send_spans(app, turns.iter().map(Turn::span).collect()).await;
}

async fn send_spans(app: &TestApp, spans: Vec<Span>) {
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    let incoming = Incoming {
        routing: Routing {
            experiment_id: Some("0".to_owned()),
            ..Routing::default()
        },
        request,
        ..Incoming::default()
    };
    ingest::traces(app.app(), incoming).await.unwrap();
}

fn ids(page: &Value) -> Vec<&str> {
    let sessions = page["sessions"].as_array().unwrap();
    sessions
        .iter()
        .map(|session| session["session_id"].as_str().unwrap())
        .collect()
}

#[test]
fn a_session_is_what_its_traces_add_up_to() {
    each_database(async |app| {
        let failed = Turn {
            failed: true,
            ..turn(3, "talk", "and then?")
        };
        send(
            &app,
            &[turn(2, "talk", "why is it so?\nplease"), failed, turn(1, "other", "x")],
        )
        .await;
        let page = app.get(SESSIONS).await;
        assert_eq!((ids(&page), &page["total"]), (vec!["talk", "other"], &json!(2)));
        assert_eq!(page["complete"], true);
        assert_eq!(page["next_page_token"], Value::Null);
        assert_eq!(
            page["sessions"][0],
            json!({
                "session_id": "talk",
                "experiment_id": "0",
                "start_ms": 2_000,
                "end_ms": 3_500,
                "traces": 2,
                "errors": 1,
                "duration_ms": 1_000,
                "input_tokens": 20,
                "output_tokens": 2,
                "cost": null,
                "models": ["model-0", "model-1"],
                "preview": "why is it so?",
            })
        );
    });
}

#[test]
fn a_session_is_found_by_one_of_its_traces_and_told_as_a_whole() {
    each_database(async |app| {
        let failed = Turn {
            failed: true,
            ..turn(3, "a", "x")
        };
        send(&app, &[turn(2, "a", "x"), failed, turn(4, "b", "y")]).await;
        for filter in [
            "status+%3D+'ERROR'",
            "timestamp+%3C+3500+AND+timestamp+%3E+2500",
            "span.status+%3D+'ERROR'",
            "session_id+%3D+'a'",
        ] {
            let page = app.get(&format!("{SESSIONS}&filter={filter}")).await;
            assert_eq!((ids(&page), &page["total"]), (vec!["a"], &json!(1)), "{filter}");
            assert_eq!(page["sessions"][0]["traces"], 2, "{filter}");
        }
        let none = app.get(&format!("{SESSIONS}&filter=span.name+%3D+'none'")).await;
        assert_eq!(none, json!({"sessions": [], "total": 0, "complete": true}));
        let nowhere = app.get("/api/3.0/loadspan/sessions").await;
        assert_eq!(nowhere["total"], 0);
    });
}

#[test]
fn pages_have_each_session_once() {
    each_database(async |app| {
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        let turns: Vec<Turn> = (0_u8..)
            .zip(names)
            .map(|(number, name)| turn(number / 2 + 1, name, "x"))
            .collect();
        for turn in &turns {
            // Those of one moment have traces of their own all the same.
            let mut span = turn.span();
            span.trace_id = vec![turn.session.as_bytes()[0]; 16];
            send_spans(&app, vec![span]).await;
        }
        let mut found = Vec::new();
        let mut token = String::new();
        loop {
            let page = app.get(&format!("{SESSIONS}&max_results=2{token}")).await;
            assert_eq!(page["total"], 7);
            found.extend(ids(&page).into_iter().map(str::to_owned));
            let Some(next) = page["next_page_token"].as_str() else {
                break;
            };
            token = format!("&page_token={next}");
        }
        assert_eq!(found, ["g", "f", "e", "d", "c", "b", "a"]);
        for wrong in ["max_results=201", "max_results=0", "page_token=x", "filter=x"] {
            let (status, answer) = app.call("GET", &format!("{SESSIONS}&{wrong}"), Value::Null).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}: {answer}");
        }
    });
}

#[test]
fn a_page_says_when_not_all_traces_were_looked_at() {
    on_sqlite(async |app| {
        let spans = (1..=5_001_u128).map(|number| Span {
            trace_id: number.to_be_bytes().to_vec(),
            ..turn(1, if number == 1 { "first" } else { "others" }, "x").span()
        });
        send_spans(&app, spans.collect()).await;
        let page = app.get(&format!("{SESSIONS}&filter=span.name+%3D+'turn'")).await;
        assert_eq!((&page["total"], &page["complete"]), (&json!(1), &json!(false)));
        let page = app.get(&format!("{SESSIONS}&filter=name+%3D+'turn'")).await;
        assert_eq!((&page["total"], &page["complete"]), (&json!(2), &json!(true)));
    });
}
