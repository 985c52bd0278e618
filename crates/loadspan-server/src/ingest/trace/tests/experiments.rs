//! Which experiment traces go to.

use super::*;
use crate::error::Code;
use crate::ingest::batch::Batch;
use crate::testing::each_pair_of_stores;

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
fn what_followed_from_a_service_gives_way_to_what_is_asked_for() {
    each_database(async |app| {
        export(
            &app,
            Routing::default(),
            vec![of_service("web", vec![span(1, 0, 0, 1)])],
        )
        .await
        .unwrap();
        let asked = || vec![of_service("web", vec![span(1, 0, 0, 1), span(2, 1, 0, 1)])];
        let accepted = export(&app, to_name("first"), asked()).await.unwrap();
        assert_eq!(accepted, Accepted::default());
        assert_eq!(experiments(&app).await, ["first"]);
        // From then on it is as if it had been asked for at once.
        let accepted = export(&app, to_name("second"), asked()).await.unwrap();
        assert_eq!(accepted.rejected, 2);
        export(&app, Routing::default(), asked()).await.unwrap();
        assert_eq!(experiments(&app).await, ["first"]);
    });
}

#[test]
fn what_is_asked_for_stays_whoever_joins() {
    each_database(async |app| {
        let child = || vec![of_service("vllm", vec![span(2, 1, 0, 1)])];
        let root = || vec![of_service("client", vec![span(1, 0, 0, 2)])];
        let all = [
            (Routing::default(), child(), to_name("run"), root()),
            (to_name("run"), root(), Routing::default(), child()),
        ];
        for (first, spans, second, others) in all {
            let accepted = export(&app, first, spans).await.unwrap();
            assert_eq!(accepted, Accepted::default());
            let accepted = export(&app, second, others).await.unwrap();
            assert_eq!(accepted, Accepted::default());
            assert_eq!(experiments(&app).await, ["run"]);
            let found = trace(&app).await;
            assert_eq!((&found["name"], &found["spans"]), (&json!("span 1"), &json!(2)));
            let location = pairs(&app, "trace_tags").await.swap_remove(0);
            let id = experiment_of("run", &app).await;
            assert_eq!(
                location,
                format!(
                    "mlflow.artifactLocation=mlflow-artifacts:/{id}/traces/tr-01010101010101010101010101010101/artifacts"
                )
            );
            for table in ["traces", "spans", "trace_tags"] {
                let sql = format!("DELETE FROM {table}");
                app.write(move |connection| Ok(connection.execute(&sql, &[])?))
                    .await
                    .unwrap();
            }
        }
    });
}

async fn experiment_of(name: &'static str, app: &TestApp) -> i64 {
    let sql = "SELECT experiment_id FROM experiments WHERE name = $1";
    let row = app
        .read(move |connection| Ok(connection.query_one(sql, &[name.into()])?))
        .await
        .unwrap();
    row.unwrap().int(0).unwrap()
}

#[test]
fn what_is_refused_makes_no_experiment() {
    each_database(async |app| {
        let spans = || vec![of_service("web", vec![span(1, 0, 0, 1)])];
        export(&app, to_name("first"), spans()).await.unwrap();
        let accepted = export(&app, to_name("second"), spans()).await.unwrap();
        assert_eq!(accepted.rejected, 1);
        assert_eq!(count(&app, "experiments").await, 2);
    });
}

#[test]
fn services_beyond_the_limit_have_no_experiment_of_their_own() {
    each_database(async |app| {
        let mut limits = app.app().limits;
        limits.service_experiments = 2;
        for spans in [
            vec![of_service("one", vec![root(1)]), of_service("two", vec![root(2)])],
            vec![of_service("three", vec![root(3)]), of_service("one", vec![root(4)])],
            vec![resource_spans(
                vec![attribute("mlflow.experiment.name", "asked")],
                vec![root(5)],
            )],
        ] {
            let batch = batch(&Routing::default(), spans);
            let refused = app.write(move |connection| super::super::store(connection, &batch, &limits));
            assert_eq!(refused.await.unwrap().accepted(), Accepted::default());
        }
        assert_eq!(experiments(&app).await, ["one", "two", "Default", "one", "asked"]);
    });
}

#[test]
fn what_a_resource_says_is_not_copied_to_any_number_of_traces() {
    each_database(async |app| {
        let traces = |count: u64| {
            let spans = (1..=count).map(|number| Span {
                trace_id: number.to_be_bytes().to_vec(),
                ..span(1, 0, 0, 1)
            });
            let resource = (0..128).map(|number| attribute(format!("k{number}"), "v".repeat(8000)));
            vec![resource_spans(resource.collect(), spans.collect())]
        };
        export(&app, Routing::default(), traces(3)).await.unwrap();
        let sql = "SELECT SUM(length(value)) FROM trace_tags WHERE key LIKE 'k%'";
        let row = app
            .read(move |connection| Ok(connection.query_one(sql, &[])?))
            .await
            .unwrap();
        assert_eq!(row.unwrap().int(0).unwrap(), 3 * 128 * 250);
        let refused = export(&app, Routing::default(), traces(1000)).await.unwrap_err();
        assert_eq!(refused.code, Code::RequestTooLarge);
        assert_eq!(count(&app, "traces").await, 3);
    });
}

#[test]
fn who_asks_for_an_experiment_gets_it_whatever_another_server_is_sent() {
    each_pair_of_stores(async |one, other| {
        let limits = crate::config::Limits::default();
        for number in 1..=20 {
            let of_trace = |span: Span| Span {
                trace_id: vec![number; 16],
                ..span
            };
            let child = batch(
                &Routing::default(),
                vec![of_service("vllm", vec![of_trace(span(2, 1, 0, 1))])],
            );
            let root = batch(
                &to_name("run"),
                vec![of_service("client", vec![of_trace(span(1, 0, 0, 2))])],
            );
            let followed = one.write(0, move |connection| super::super::store(connection, &child, &limits));
            let asked = other.write(0, move |connection| super::super::store(connection, &root, &limits));
            let (followed, asked): (Result<_, ApiError>, Result<_, ApiError>) = tokio::join!(followed, asked);
            assert_eq!(followed.unwrap().accepted(), Accepted::default());
            assert_eq!(asked.unwrap().accepted(), Accepted::default());
        }
        let sql = "SELECT COUNT(*) FROM traces t JOIN experiments e ON e.experiment_id = t.experiment_id \
                   WHERE e.name = 'run' AND t.asked_for = 1";
        let found = one.read(move |connection| Ok::<_, ApiError>(connection.query_one(sql, &[])?));
        let row = found.await.unwrap().unwrap();
        assert_eq!(row.int(0).unwrap(), 20);
        let spans = one.read(|connection| Ok::<_, ApiError>(connection.query_one("SELECT COUNT(*) FROM spans", &[])?));
        assert_eq!(spans.await.unwrap().unwrap().int(0).unwrap(), 40);
    });
}

fn batch(routing: &Routing, resource_spans: Vec<ResourceSpans>) -> Batch {
    let prices = crate::translate::PriceTable::default();
    let maker = crate::ingest::span::Maker {
        prices: &prices,
        span_bytes: 1 << 20,
    };
    Batch::prepare(ExportTraceServiceRequest { resource_spans }, routing, maker).unwrap()
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
        let first = batch(&Routing::default(), vec![of_service("web", vec![span(1, 0, 0, 1)])]);
        app.write(move |connection| super::super::store(connection, &first, &limits))
            .await
            .unwrap();
        let spans = vec![span(1, 0, 0, 2), span(2, 1, 0, 1), span(3, 1, 0, 1)];
        let second = batch(&Routing::default(), vec![of_service("web", spans)]);
        let refused = app
            .write(move |connection| super::super::store(connection, &second, &limits))
            .await
            .unwrap();
        assert_eq!(
            refused.accepted().message,
            "1 × its trace has 2 spans, which is the limit"
        );
        assert_eq!(trace(&app).await["spans"], json!(2));
    });
}
