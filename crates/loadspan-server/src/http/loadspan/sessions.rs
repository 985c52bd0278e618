//! `loadspan/sessions`: conversations, each of which is some traces.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use crate::app::App;
use crate::database::Connection;
use crate::error::ApiError;
use crate::http::{Params, Written, found};
use crate::search::{self, TraceSearch};
use crate::traces::session::Sessions;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/api/3.0/loadspan/sessions", get(sessions))
}

async fn sessions(State(app): State<App>, params: Params) -> Result<Written<Sessions>, ApiError> {
    let search = TraceSearch {
        experiment_ids: params.list("experiment_id")?,
        filter: params.text("filter")?.unwrap_or_default().to_owned(),
        max_results: params.int("max_results")?,
        page_token: params.text("page_token")?.map(str::to_owned),
        ..TraceSearch::default()
    };
    let job = move |connection: &mut dyn Connection| {
        let page = search::sessions(connection, &search)?;
        Sessions::load(connection, page)
    };
    found(&app, job).await
}

#[cfg(test)]
mod tests;
