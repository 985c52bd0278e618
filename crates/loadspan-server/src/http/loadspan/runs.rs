//! `loadspan/runs`: runs as a table, for pages.

use axum::Router;
use axum::extract::State;
use axum::routing::{MethodRouter, get};
use serde::Serialize;

use crate::app::App;
use crate::database::Connection;
use crate::error::ApiError;
use crate::http::{Params, Written, found};
use crate::search::{self, RunSearch, ViewType};
use crate::tracking::runs::table::{self, Column, KnownColumn, MOST_COLUMNS, TableRow};

/// Of so many of the latest runs the columns are told.
const LATEST: i64 = 200;

pub(super) fn routes() -> Router<App> {
    let route = |router: Router<App>, path: &str, methods: MethodRouter<App>| {
        router.route(&format!("/api/3.0/loadspan/runs{path}"), methods)
    };
    let router = route(Router::new(), "", get(rows));
    route(router, "/columns", get(columns))
}

#[derive(Debug, Serialize)]
struct Table {
    runs: Vec<TableRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

async fn rows(State(app): State<App>, params: Params) -> Result<Written<Table>, ApiError> {
    let search = search_of(&params)?;
    let columns: Vec<String> = params.list("column")?;
    if columns.len() > MOST_COLUMNS {
        return Err(ApiError::invalid(format!(
            "`column` is there {} times: at most {MOST_COLUMNS}",
            columns.len()
        )));
    }
    let columns: Vec<Column> = columns
        .iter()
        .map(|column| Column::parse(column))
        .collect::<Result<_, _>>()?;
    let job = move |connection: &mut dyn Connection| {
        let page = search::runs(connection, &search)?;
        Ok(Table {
            runs: table::rows(connection, &page.keys, &columns)?,
            next_page_token: page.next,
        })
    };
    found(&app, job).await
}

#[derive(Debug, Serialize)]
struct Columns {
    columns: Vec<KnownColumn>,
}

async fn columns(State(app): State<App>, params: Params) -> Result<Written<Columns>, ApiError> {
    let search = RunSearch {
        max_results: Some(LATEST),
        page_token: None,
        ..search_of(&params)?
    };
    let job = move |connection: &mut dyn Connection| {
        let page = search::runs(connection, &search)?;
        Ok(Columns {
            columns: table::columns(connection, &page.keys)?,
        })
    };
    found(&app, job).await
}

fn search_of(params: &Params) -> Result<RunSearch, ApiError> {
    Ok(RunSearch {
        experiment_ids: params.list("experiment_id")?,
        view: ViewType::ActiveOnly,
        filter: params.text("filter")?.unwrap_or_default().to_owned(),
        order_by: params.list("order_by")?,
        max_results: params.int("max_results")?,
        page_token: params.text("page_token")?.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests;
