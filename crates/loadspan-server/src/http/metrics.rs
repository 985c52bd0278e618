//! `GET /metrics`: what the server counts about itself, as Prometheus reads it.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;

use crate::app::App;
use crate::database;
use crate::error::ApiError;
use crate::ingest;
use crate::operation::{Exposition, Ledger, Signal};

const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn routes() -> Router<App> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(State(app): State<App>) -> Response {
    let mut exposition = Exposition::default();
    let about = ("loadspan_server_info", "gauge");
    exposition.family(about.0, about.1, "What serves.");
    exposition.sample(about.0, &[("version", env!("CARGO_PKG_VERSION"))], 1);
    ledgers(&app, &mut exposition);
    mistakes(&app, &mut exposition);
    requests(&app, &mut exposition);
    store(&app, &mut exposition);
    if let Some(forward) = &app.forward {
        forward.ledger().render(&mut exposition);
    }
    // A database that does not answer is no reason to say nothing.
    if let Ok(size) = app
        .store
        .read::<_, ApiError, _>(|connection| Ok(database::size(connection)?))
        .await
    {
        let one = ("loadspan_server_database_bytes", "gauge");
        exposition.one(one, "Size of the database.", size.data);
        let one = ("loadspan_server_database_log_bytes", "gauge");
        exposition.one(one, "Size of SQLite's write-ahead log.", size.log);
    }
    if let Ok(count) = app
        .store
        .read::<_, ApiError, _>(|connection| Ok(ingest::experiments_of_services(connection)?))
        .await
    {
        let one = ("loadspan_server_service_experiments", "gauge");
        exposition.one(one, "Experiments that were made for services.", count);
    }
    ([(header::CONTENT_TYPE, KIND)], exposition.into_text()).into_response()
}

/// received = stored + rejected, once nothing is in flight.
fn ledgers(app: &App, exposition: &mut Exposition) {
    type Count = fn(&Ledger) -> u64;
    let families: [(&str, &str, Count); 3] = [
        (
            "loadspan_server_items_received_total",
            "Spans, points or records that came over OTLP.",
            Ledger::received,
        ),
        (
            "loadspan_server_items_stored_total",
            "Those of them that are durable.",
            Ledger::stored,
        ),
        (
            "loadspan_server_items_rejected_total",
            "Those of them that are not: refused, or the server was busy.",
            Ledger::rejected,
        ),
    ];
    for (name, help, count) in families {
        exposition.family(name, "counter", help);
        for signal in Signal::ALL {
            let labels = [("signal", signal.as_str())];
            exposition.sample(name, &labels, count(app.meters.ledger(signal)));
        }
    }
}

/// What clients did wrong when they sent.
fn mistakes(app: &App, exposition: &mut Exposition) {
    let name = "loadspan_server_client_mistakes_total";
    exposition.family(
        name,
        "counter",
        "Requests or items that were refused, by what was wrong with them.",
    );
    for (kind, count) in app.meters.arrivals().mistakes() {
        exposition.sample(name, &[("kind", kind)], count);
    }
}

fn requests(app: &App, exposition: &mut Exposition) {
    let (in_flight, connections) = app.meters.now();
    let gauge = |name| (name, "gauge");
    exposition.one(
        gauge("loadspan_server_requests_in_flight"),
        "Requests that are not yet answered.",
        in_flight,
    );
    exposition.one(gauge("loadspan_server_connections"), "Open connections.", connections);
    let lost = ("loadspan_server_access_log_lines_lost_total", "counter");
    let help = "Lines of the access log that found no room, because nobody reads it.";
    exposition.one(lost, help, app.meters.lines_lost());
    let doomed = ("loadspan_server_artifact_folders_to_delete", "gauge");
    let help = "Folders of artifacts whose owners are gone, and that could not be deleted yet.";
    exposition.one(doomed, help, app.meters.doomed_folders());
    app.meters.requests().render(exposition);
}

fn store(app: &App, exposition: &mut Exposition) {
    let waiting = ("loadspan_server_store_waiting_bytes", "gauge");
    let help = "Bytes that wait for the database, or are on their way into it.";
    exposition.one(waiting, help, app.store.waiting_bytes());
    let figures = app.store.figures();
    let counters = [
        (
            "transactions",
            "Transactions that were committed.",
            figures.transactions(),
        ),
        ("writes", "Jobs that wrote, in these transactions.", figures.writes()),
        ("reads", "Jobs that read.", figures.reads()),
        ("retries", "Transactions that were tried again.", figures.retries()),
        ("panics", "Jobs that failed of a defect.", figures.panics()),
        (
            "turned_away",
            "Jobs for which there was no room.",
            figures.turned_away(),
        ),
    ];
    for (name, help, count) in counters {
        let name = format!("loadspan_server_store_{name}_total");
        exposition.one((&name, "counter"), help, count);
    }
}
