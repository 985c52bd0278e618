//! `loadspan/traces/points`: all traces that match, as the columns of a chart.

use axum::extract::State;

use crate::app::App;
use crate::database::Connection;
use crate::error::ApiError;
use crate::http::{Params, Written, found};
use crate::search::{self, TraceSearch};
use crate::traces::points::Points;

pub(super) async fn points(State(app): State<App>, params: Params) -> Result<Written<Points>, ApiError> {
    let search = TraceSearch {
        experiment_ids: params.list("experiment_id")?,
        filter: params.text("filter")?.unwrap_or_default().to_owned(),
        max_results: params.int("max_results")?,
        ..TraceSearch::default()
    };
    let job = move |connection: &mut dyn Connection| {
        let matching = search::matching_traces(connection, &search)?;
        Points::load(connection, &matching)
    };
    found(&app, job).await
}
