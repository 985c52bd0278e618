//! Which experiment traces go to.

use super::*;
use crate::error::Code;

fn to_id(id: &str) -> Routing {
    Routing {
        experiment_id: Some(id.to_owned()),
        ..Routing::default()
    }
}

fn to_name(name: &str) -> Routing {
    Routing {
        experiment_name: Some(name.to_owned()),
        ..Routing::default()
    }
}

/// A root of a trace of its own.
fn root(number: u8) -> Span {
    Span {
        trace_id: vec![number; 16],
        ..span(number, 0, 0, 1)
    }
}

fn of_service(name: &str, spans: Vec<Span>) -> ResourceSpans {
    resource_spans(vec![attribute("service.name", name)], spans)
}

/// The names of the experiments that traces are in, in the order of the traces' ids.
async fn experiments(app: &TestApp) -> Vec<String> {
    let sql = "SELECT e.name FROM traces t JOIN experiments e ON e.experiment_id = t.experiment_id ORDER BY t.trace_id LIMIT 100";
    let rows = app
        .read(move |connection| Ok(connection.query(sql, &[])?))
        .await
        .unwrap();
    rows.into_iter().map(|mut row| row.text(0).unwrap()).collect()
}

async fn delete(app: &TestApp, name: &'static str) {
    let sql = "UPDATE experiments SET lifecycle_stage = 'deleted' WHERE name = $1";
    let changed = app
        .write(move |connection| Ok(connection.execute(sql, &[name.into()])?))
        .await
        .unwrap();
    assert_eq!(changed, 1);
}

#[test]
fn every_service_has_an_experiment_of_its_own() {
    each_database(async |app| {
        let request = vec![
            of_service("one", vec![root(1)]),
            of_service("two", vec![root(2)]),
            resource_spans(vec![attribute("mlflow.experiment.name", "named")], vec![root(3)]),
            resource_spans(Vec::new(), vec![root(4)]),
            of_service("one", vec![root(5)]),
        ];
        export(&app, Routing::default(), request).await.unwrap();
        assert_eq!(experiments(&app).await, ["one", "two", "named", "Default", "one"]);
    });
}

#[test]
fn a_service_takes_part_in_traces_of_others() {
    each_database(async |app| {
        let in_one_batch = vec![
            of_service("database", vec![span(2, 1, 0, 1)]),
            of_service("web", vec![span(1, 0, 0, 1)]),
        ];
        export(&app, Routing::default(), in_one_batch).await.unwrap();
        let later = vec![of_service("cache", vec![span(3, 1, 0, 1)])];
        assert_eq!(
            export(&app, Routing::default(), later).await.unwrap(),
            Accepted::default()
        );
        assert_eq!(experiments(&app).await, ["web"]);
        assert_eq!(count(&app, "spans").await, 3);
        // No experiment is made for a service that has no trace.
        assert_eq!(count(&app, "experiments").await, 2);
    });
}

#[test]
fn a_trace_stays_in_the_experiment_that_was_asked_for_first() {
    each_database(async |app| {
        export(&app, to_name("first"), vec![of_service("web", vec![span(1, 0, 0, 1)])])
            .await
            .unwrap();
        let request = vec![of_service("web", vec![span(2, 1, 0, 1), root(9)])];
        let accepted = export(&app, to_name("second"), request).await.unwrap();
        assert_eq!(accepted.rejected, 1);
        assert_eq!(accepted.message, "1 × its trace belongs to another experiment");
        assert_eq!(experiments(&app).await, ["first", "second"]);
    });
}

#[test]
fn an_id_must_be_that_of_an_experiment() {
    each_database(async |app| {
        let spans = || vec![of_service("web", vec![root(1)])];
        let missing = export(&app, to_id("999999"), spans()).await.unwrap_err();
        assert_eq!(
            (missing.code, missing.message.as_str()),
            (Code::ResourceDoesNotExist, "No Experiment with id=999999 exists")
        );
        let invalid = export(&app, to_id("abc"), spans()).await.unwrap_err();
        assert_eq!(invalid.code, Code::InvalidParameterValue);
        export(&app, to_id("0"), spans()).await.unwrap();
        assert_eq!(experiments(&app).await, ["Default"]);
    });
}

#[test]
fn what_is_deleted_takes_nothing() {
    each_database(async |app| {
        export(&app, Routing::default(), vec![of_service("web", vec![root(1)])])
            .await
            .unwrap();
        delete(&app, "web").await;
        let late = Span {
            trace_id: vec![1; 16],
            ..span(7, 1, 0, 1)
        };
        let accepted = export(
            &app,
            Routing::default(),
            vec![of_service("web", vec![late, root(2)]), of_service("api", vec![root(3)])],
        );
        let accepted = accepted.await.unwrap();
        assert_eq!(accepted.rejected, 2);
        assert!(
            accepted.message.contains("experiment 1 is deleted"),
            "{}",
            accepted.message
        );
        assert_eq!(experiments(&app).await, ["web", "api"]);
    });
}

#[test]
fn a_trace_has_a_limit() {
    each_database(async |app| {
        let mut limits = app.app().limits;
        limits.trace_spans = 2;
        let request = ExportTraceServiceRequest {
            resource_spans: vec![of_service("web", vec![span(1, 0, 0, 1)])],
        };
        let prices = crate::translate::PriceTable::default();
        let maker = crate::ingest::span::Maker {
            prices: &prices,
            span_bytes: 1 << 20,
        };
        let prepare = |request| crate::ingest::batch::Batch::prepare(request, &Routing::default(), maker).unwrap();
        let batch = prepare(request);
        app.write(move |connection| super::super::store(connection, &batch, &limits))
            .await
            .unwrap();
        let spans = vec![span(1, 0, 0, 2), span(2, 1, 0, 1), span(3, 1, 0, 1)];
        let batch = prepare(ExportTraceServiceRequest {
            resource_spans: vec![of_service("web", spans)],
        });
        let refused = app
            .write(move |connection| super::super::store(connection, &batch, &limits))
            .await
            .unwrap();
        assert_eq!(
            refused.accepted().message,
            "1 × its trace has 2 spans, which is the limit"
        );
        assert_eq!(trace(&app).await["spans"], json!(2));
    });
}
