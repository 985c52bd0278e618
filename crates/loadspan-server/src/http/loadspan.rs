//! What only this server has: `loadspan/…`

mod curves;
mod ingest;
mod runs;
mod sessions;
mod traces;

use axum::Router;
use axum::routing::get;
use serde::Serialize;

use crate::app::App;
use crate::http::Json;

/// What tells this server from others that speak like MLflow.
#[derive(Debug, Serialize)]
struct About {
    name: &'static str,
    version: &'static str,
}

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/3.0/loadspan/server", get(async || Json(about())))
        .merge(curves::routes())
        .merge(ingest::routes())
        .merge(runs::routes())
        .merge(sessions::routes())
        .merge(traces::routes())
}

fn about() -> About {
    About {
        name: "loadspan",
        version: env!("CARGO_PKG_VERSION"),
    }
}
