//! `experiments/…`

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use loadspan_wire::mlflow::experiments::{
    self as wire, CreateExperiment, CreatedExperiment, ExperimentAnswer, FoundExperiments,
};
use loadspan_wire::mlflow::runs::{Empty, Tag};

use super::both;
use crate::app::{App, now_ms};
use crate::database::Connection;
use crate::error::ApiError;
use crate::http::{Json, Params, Written, found};
use crate::search::{self, ExperimentSearch};
use crate::tracking::{experiments, valid};

type Answer<T> = Result<Json<T>, ApiError>;

pub(super) fn routes() -> Router<App> {
    let endpoints = [
        (wire::CREATE, post(create)),
        (wire::GET, get(by_id)),
        (wire::GET_BY_NAME, get(by_name)),
        (wire::SEARCH, get(find).post(find)),
        (wire::DELETE, post(delete)),
        (wire::RESTORE, post(restore)),
        (wire::UPDATE, post(update)),
        (wire::SET_TAG, post(set_tag)),
        (wire::DELETE_TAG, post(delete_tag)),
    ];
    endpoints.into_iter().fold(Router::new(), |router, (path, methods)| {
        both(router, &format!("2.0/mlflow/{path}"), methods)
    })
}

async fn create(State(app): State<App>, params: Params) -> Answer<CreatedExperiment> {
    let wanted = CreateExperiment {
        name: params.required_text("name")?.to_owned(),
        artifact_location: params.text("artifact_location")?.map(str::to_owned),
        tags: params.list("tags")?,
    };
    let job = move |connection: &mut dyn Connection| experiments::create(connection, &wanted, now_ms());
    let id: i64 = app.store.write(params.bytes(), job).await?;
    Ok(Json(CreatedExperiment {
        experiment_id: id.to_string(),
    }))
}

async fn by_id(State(app): State<App>, params: Params) -> Answer<ExperimentAnswer> {
    let id = id(&params)?;
    let experiment = app
        .store
        .read(move |connection| experiments::get(connection, id))
        .await?;
    Ok(Json(ExperimentAnswer { experiment }))
}

async fn by_name(State(app): State<App>, params: Params) -> Answer<ExperimentAnswer> {
    let name = params.required_text("experiment_name")?.to_owned();
    let job = move |connection: &mut dyn Connection| experiments::get_by_name(connection, &name);
    let experiment = app.store.read(job).await?;
    Ok(Json(ExperimentAnswer { experiment }))
}

async fn find(State(app): State<App>, params: Params) -> Result<Written<FoundExperiments>, ApiError> {
    let wanted = ExperimentSearch {
        view: super::view_type(&params, "view_type")?,
        filter: params.text("filter")?.unwrap_or_default().to_owned(),
        order_by: params.list("order_by")?,
        // It has no default here, unlike in other searches: an absent one is 0, which is refused.
        max_results: Some(params.int("max_results")?.unwrap_or(0)),
        page_token: params.text("page_token")?.map(str::to_owned),
    };
    let job = move |connection: &mut dyn Connection| {
        let mut page = search::experiments(connection, &wanted)?;
        page.cut(connection, experiments::SIZES)?;
        Ok(FoundExperiments {
            experiments: experiments::load(connection, &page.keys)?,
            next_page_token: page.next,
        })
    };
    found(&app, job).await
}

async fn delete(State(app): State<App>, params: Params) -> Answer<Empty> {
    let id = id(&params)?;
    let job = move |connection: &mut dyn Connection| experiments::delete(connection, id, now_ms());
    app.store.remove(job).await?;
    Ok(Json(Empty {}))
}

async fn restore(State(app): State<App>, params: Params) -> Answer<Empty> {
    let id = id(&params)?;
    let job = move |connection: &mut dyn Connection| experiments::restore(connection, id, now_ms());
    app.store.write(0, job).await?;
    Ok(Json(Empty {}))
}

async fn update(State(app): State<App>, params: Params) -> Answer<Empty> {
    let id = id(&params)?;
    let name = params.required_text("new_name")?.to_owned();
    let job = move |connection: &mut dyn Connection| {
        let renamed = experiments::Renamed { id, name: &name };
        experiments::rename(connection, &renamed, now_ms())
    };
    app.store.write(params.bytes(), job).await?;
    Ok(Json(Empty {}))
}

async fn set_tag(State(app): State<App>, params: Params) -> Answer<Empty> {
    let id = id(&params)?;
    let tag = Tag::new(params.required_text("key")?, params.text("value")?.unwrap_or_default());
    let job = move |connection: &mut dyn Connection| experiments::set_tag(connection, id, &tag);
    app.store.write(params.bytes(), job).await?;
    Ok(Json(Empty {}))
}

async fn delete_tag(State(app): State<App>, params: Params) -> Answer<Empty> {
    let id = id(&params)?;
    let key = params.required_text("key")?.to_owned();
    let job = move |connection: &mut dyn Connection| experiments::delete_tag(connection, id, &key);
    app.store.write(0, job).await?;
    Ok(Json(Empty {}))
}

fn id(params: &Params) -> Result<i64, ApiError> {
    valid::experiment_id(params.required_text("experiment_id")?)
}

#[cfg(test)]
mod tests;
