//! What becomes of traces, through the whole of ingest and on a real database.

mod experiments;
mod property;
mod races;
mod tokens;

use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span, Status};
use loadspan_wire::otlp::{ExportTraceServiceRequest, KeyValue, Resource, attribute};
use serde_json::{Value, json};

use crate::database::DatabaseError;
use crate::error::ApiError;
use crate::ingest::{self, Accepted, Incoming, Routing};
use crate::testing::{TestApp, each_database};

const MS: u64 = 1_000_000;
const START: u64 = 1_700_000_000_000 * MS;

/// A span of trace 1: its id, that of its parent (0: none), from and to in milliseconds after the start.
fn span(id: u8, parent: u8, from: u64, to: u64) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![id; 8],
        parent_span_id: if parent == 0 { Vec::new() } else { vec![parent; 8] },
        name: format!("span {id}"),
        start_time_unix_nano: START + from * MS,
        end_time_unix_nano: START + to * MS,
        ..Span::default()
    }
}

fn with(mut span: Span, attributes: Vec<KeyValue>) -> Span {
    span.attributes.extend(attributes);
    span
}

fn failed(mut span: Span) -> Span {
    span.status = Some(Status {
        code: 2,
        message: "it broke".to_owned(),
    });
    span
}

fn unfinished(mut span: Span) -> Span {
    span.end_time_unix_nano = 0;
    span
}

fn resource_spans(resource: Vec<KeyValue>, spans: Vec<Span>) -> ResourceSpans {
    ResourceSpans {
        resource: Some(Resource {
            attributes: resource,
            ..Resource::default()
        }),
        scope_spans: vec![ScopeSpans {
            spans,
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    }
}

async fn export(app: &TestApp, routing: Routing, resource_spans: Vec<ResourceSpans>) -> Result<Accepted, ApiError> {
    let request = ExportTraceServiceRequest { resource_spans };
    let incoming = Incoming {
        trail: crate::operation::Trail::default(),
        routing,
        request,
        bytes: 0,
    };
    ingest::traces(app.app(), incoming).await
}

/// Sends spans of the service `api`, all of which are to be taken.
async fn send(app: &TestApp, spans: Vec<Span>) {
    let resource = resource_spans(vec![attribute("service.name", "api")], spans);
    let accepted = export(app, Routing::default(), vec![resource]).await.unwrap();
    assert_eq!(accepted, Accepted::default());
}

/// Trace 1, as far as most tests look at it.
async fn trace(app: &TestApp) -> Value {
    let sql = "SELECT state, name, start_ns, end_ns, execution_duration, spans, service, session_id, total_tokens FROM traces";
    let row = app
        .read(move |connection| Ok(connection.query_one(sql, &[])?))
        .await
        .unwrap();
    let mut row = row.expect("a trace");
    let of_row = || -> Result<Value, DatabaseError> {
        let ms = |ns: i64| (ns - i64::try_from(START).unwrap()) / 1_000_000;
        Ok(json!({
            "state": row.text(0)?,
            "name": row.maybe_text(1)?,
            "from": ms(row.int(2)?),
            "to": row.maybe_int(3)?.map(ms),
            "duration": row.maybe_int(4)?,
            "spans": row.int(5)?,
            "service": row.maybe_text(6)?,
            "session": row.maybe_text(7)?,
            "tokens": row.maybe_int(8)?,
        }))
    };
    let mut of_row = of_row;
    of_row().unwrap()
}

/// Names and values of a table of trace 1, in the order of the names.
async fn pairs(app: &TestApp, table: &'static str) -> Vec<String> {
    let sql = format!("SELECT key, value FROM {table} ORDER BY key LIMIT 100");
    let rows = app.read(move |connection| {
        let mut rows = connection.query(&sql, &[])?;
        let pairs = rows
            .iter_mut()
            .map(|row| Ok(format!("{}={}", row.text(0)?, row.text(1)?)));
        pairs.collect::<Result<Vec<_>, ApiError>>()
    });
    rows.await.unwrap()
}

async fn count(app: &TestApp, table: &'static str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    let row = app
        .read(move |connection| Ok(connection.query_one(&sql, &[])?))
        .await
        .unwrap();
    row.unwrap().int(0).unwrap()
}

#[test]
fn a_trace_is_what_its_root_says() {
    each_database(async |app| {
        let root = with(
            span(1, 0, 0, 100),
            vec![
                attribute("session.id", "s"),
                attribute("user.id", "u"),
                attribute("mlflow.traceTag.team", "red"),
                attribute("mlflow.sourceRun", "run"),
                attribute("mlflow.spanInputs", r#"{"question": "why?"}"#),
            ],
        );
        send(&app, vec![root, span(2, 1, 10, 20)]).await;
        assert_eq!(
            trace(&app).await,
            json!({"state": "OK", "name": "span 1", "from": 0, "to": 100, "duration": 100, "spans": 2, "service": "api",
                   "session": "s", "tokens": null})
        );
        assert_eq!(
            pairs(&app, "trace_tags").await,
            [
                "mlflow.artifactLocation=mlflow-artifacts:/1/traces/tr-01010101010101010101010101010101/artifacts",
                "mlflow.trace.spansLocation=TRACKING_STORE",
                "mlflow.traceName=span 1",
                "service.name=api",
                "team=red"
            ]
        );
        assert_eq!(
            pairs(&app, "trace_metadata").await,
            ["mlflow.sourceRun=run", "mlflow.trace.session=s", "mlflow.trace.user=u"]
        );
        assert_eq!(count(&app, "trace_runs").await, 1);
    });
}

#[test]
fn spans_may_come_in_any_order_and_times_only_widen() {
    each_database(async |app| {
        send(&app, vec![span(2, 1, 10, 20)]).await;
        let found = trace(&app).await;
        assert_eq!((&found["state"], &found["name"]), (&json!("IN_PROGRESS"), &json!(null)));
        send(&app, vec![span(1, 0, 5, 15)]).await;
        let found = trace(&app).await;
        assert_eq!((&found["state"], &found["name"]), (&json!("OK"), &json!("span 1")));
        assert_eq!(
            (&found["from"], &found["to"], &found["duration"]),
            (&json!(5), &json!(20), &json!(15))
        );
        send(&app, vec![span(3, 1, 0, 30)]).await;
        let found = trace(&app).await;
        assert_eq!(
            (&found["from"], &found["to"], &found["spans"]),
            (&json!(0), &json!(30), &json!(3))
        );
    });
}

#[test]
fn a_span_that_is_sent_again_is_stored_once_and_its_latest_word_counts() {
    each_database(async |app| {
        send(&app, vec![span(1, 0, 0, 10), span(2, 1, 1, 2)]).await;
        send(
            &app,
            vec![failed(span(1, 0, 0, 10)), span(2, 1, 1, 2), span(2, 1, 1, 2)],
        )
        .await;
        let found = trace(&app).await;
        assert_eq!((&found["state"], &found["spans"]), (&json!("ERROR"), &json!(2)));
        assert_eq!(count(&app, "spans").await, 2);
    });
}

#[test]
fn the_first_of_two_roots_decides() {
    each_database(async |app| {
        send(&app, vec![span(1, 0, 0, 10), failed(span(2, 0, 1, 2))]).await;
        send(&app, vec![failed(span(3, 0, 0, 10))]).await;
        let found = trace(&app).await;
        assert_eq!((&found["state"], &found["name"]), (&json!("OK"), &json!("span 1")));
    });
}

#[test]
fn a_span_without_end_is_not_finished() {
    each_database(async |app| {
        send(&app, vec![unfinished(span(1, 0, 0, 0))]).await;
        let found = trace(&app).await;
        assert_eq!(
            (&found["state"], &found["name"]),
            (&json!("IN_PROGRESS"), &json!("span 1"))
        );
        assert_eq!((&found["to"], &found["duration"]), (&json!(null), &json!(null)));
        send(&app, vec![span(1, 0, 0, 40)]).await;
        let found = trace(&app).await;
        assert_eq!((&found["state"], &found["duration"]), (&json!("OK"), &json!(40)));
        // An early word that comes late takes nothing back.
        send(&app, vec![unfinished(span(1, 0, 0, 0))]).await;
        let found = trace(&app).await;
        assert_eq!(
            (&found["state"], &found["duration"], &found["spans"]),
            (&json!("OK"), &json!(40), &json!(1))
        );
        let row = app
            .read(|connection| Ok(connection.query_one("SELECT end_ns FROM spans", &[])?))
            .await
            .unwrap();
        assert_eq!(row.unwrap().int(0).unwrap(), i64::try_from(START + 40 * MS).unwrap());
    });
}

#[test]
fn an_end_before_the_start_lasts_no_time() {
    each_database(async |app| {
        send(&app, vec![span(1, 0, 20, 10)]).await;
        assert_eq!(trace(&app).await["duration"], json!(0));
    });
}

#[test]
fn one_bad_span_does_not_take_its_neighbours_with_it() {
    each_database(async |app| {
        let mut long = span(2, 1, 0, 1);
        long.span_id = vec![2; 9];
        let mut empty = span(3, 1, 0, 1);
        empty.trace_id.clear();
        let mut late = span(4, 1, 0, 1);
        late.end_time_unix_nano = u64::MAX;
        let spans = vec![span(1, 0, 0, 1), long, empty, late];
        let accepted = export(&app, Routing::default(), vec![resource_spans(Vec::new(), spans)])
            .await
            .unwrap();
        assert_eq!(
            (accepted.rejected, accepted.message.as_str()),
            (
                3,
                "1 × the span id has more than 8 bytes; 1 × the trace id is empty; 1 × a time is out of range"
            )
        );
        assert_eq!(trace(&app).await["spans"], json!(1));
    });
}

#[test]
fn a_long_session_does_not_cost_the_trace() {
    each_database(async |app| {
        send(
            &app,
            vec![with(span(1, 0, 0, 1), vec![attribute("session.id", "s".repeat(1000))])],
        )
        .await;
        assert_eq!(trace(&app).await["session"], json!("s".repeat(250)));
    });
}
