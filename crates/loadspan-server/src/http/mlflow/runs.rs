//! `runs/…`

mod batch;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use loadspan_wire::mlflow::MetricValue;
use loadspan_wire::mlflow::runs::{
    self as wire, CreateRun, Empty, FoundRuns, Metric, Param, RunAnswer, RunStatus, Tag, UpdateRun, UpdatedRun,
};
use serde_json::Value;

use super::both;
use crate::app::{App, now_ms};
use crate::database::Connection;
use crate::error::ApiError;
use crate::http::params::{absent, wrong};
use crate::http::{Json, Params, Written, found, looked_up};
use crate::search::{self, RunSearch};
use crate::tracking::log_batch::{self, CheckedBatch};
use crate::tracking::{inputs, logged_model, runs, tags};

type Answer<T> = Result<Json<T>, ApiError>;

pub(super) fn routes() -> Router<App> {
    let endpoints = [
        (wire::CREATE, post(create)),
        (wire::UPDATE, post(update)),
        (wire::GET, get(by_id)),
        (wire::SEARCH, post(find)),
        (wire::DELETE, post(delete)),
        (wire::RESTORE, post(restore)),
        (wire::LOG_METRIC, post(log_metric)),
        (wire::LOG_PARAM, post(log_param)),
        (wire::LOG_BATCH, post(batch::log)),
        (wire::SET_TAG, post(set_tag)),
        (wire::DELETE_TAG, post(delete_tag)),
        (wire::LOG_INPUTS, post(log_inputs)),
        (wire::LOG_OUTPUTS, post(log_outputs)),
        (wire::LOG_MODEL, post(log_model)),
    ];
    endpoints.into_iter().fold(Router::new(), |router, (path, methods)| {
        both(router, &format!("2.0/mlflow/{path}"), methods)
    })
}

async fn create(State(app): State<App>, params: Params) -> Answer<RunAnswer> {
    let wanted = CreateRun {
        experiment_id: params.text("experiment_id")?.unwrap_or_default().to_owned(),
        user_id: params.text("user_id")?.unwrap_or_default().to_owned(),
        run_name: params.text("run_name")?.unwrap_or_default().to_owned(),
        start_time: params.int("start_time")?.unwrap_or(0),
        tags: params.list("tags")?,
    };
    let job = move |connection: &mut dyn Connection| runs::create(connection, &wanted);
    let run = app.store.write(params.bytes(), job).await?;
    Ok(Json(RunAnswer { run }))
}

async fn update(State(app): State<App>, params: Params) -> Answer<UpdatedRun> {
    let wanted = UpdateRun {
        run_id: params.run_id()?.to_owned(),
        status: status(&params)?,
        end_time: params.int("end_time")?,
        run_name: params.text("run_name")?.map(str::to_owned),
    };
    let job = move |connection: &mut dyn Connection| runs::update(connection, &wanted);
    let run_info = app.store.write(params.bytes(), job).await?;
    Ok(Json(UpdatedRun { run_info }))
}

async fn by_id(State(app): State<App>, params: Params) -> Result<Written<RunAnswer>, ApiError> {
    let run_id = params.run_id()?.to_owned();
    let job = move |connection: &mut dyn Connection| {
        Ok(RunAnswer {
            run: runs::get(connection, &run_id)?,
        })
    };
    looked_up(&app, job).await
}

async fn find(State(app): State<App>, params: Params) -> Result<Written<FoundRuns>, ApiError> {
    let wanted = RunSearch {
        experiment_ids: params.list("experiment_ids")?,
        view: super::view_type(&params, "run_view_type")?,
        filter: params.text("filter")?.unwrap_or_default().to_owned(),
        order_by: params.list("order_by")?,
        max_results: params.int("max_results")?,
        page_token: params.text("page_token")?.map(str::to_owned),
    };
    let job = move |connection: &mut dyn Connection| {
        let mut page = search::runs(connection, &wanted)?;
        page.cut(connection, runs::SIZES)?;
        Ok(FoundRuns {
            runs: runs::load(connection, &page.keys)?,
            next_page_token: page.next,
        })
    };
    found(&app, job).await
}

async fn delete(State(app): State<App>, params: Params) -> Answer<Empty> {
    let run_id = params.run_id()?.to_owned();
    let job = move |connection: &mut dyn Connection| runs::delete(connection, &run_id, now_ms());
    app.store.remove(job).await?;
    Ok(Json(Empty {}))
}

async fn restore(State(app): State<App>, params: Params) -> Answer<Empty> {
    let run_id = params.run_id()?.to_owned();
    done(&app, &params, move |connection| runs::restore(connection, &run_id)).await
}

async fn log_metric(State(app): State<App>, params: Params) -> Answer<Empty> {
    let run_id = params.run_id()?;
    let key = params.required_text("key")?.to_owned();
    let metric = Metric {
        key,
        value: params.required::<MetricValue>("value")?,
        timestamp: params.required_int("timestamp")?,
        step: params.int("step")?.unwrap_or(0),
    };
    let batch = CheckedBatch::of_metric(run_id, metric)?;
    done(&app, &params, move |connection| log_batch::log(connection, &batch)).await
}

async fn log_param(State(app): State<App>, params: Params) -> Answer<Empty> {
    let run_id = params.run_id()?;
    let param = Param::new(params.required_text("key")?, params.text("value")?.unwrap_or_default());
    let batch = CheckedBatch::of_param(run_id, &param)?;
    done(&app, &params, move |connection| log_batch::log(connection, &batch)).await
}

async fn set_tag(State(app): State<App>, params: Params) -> Answer<Empty> {
    let run_id = params.run_id()?;
    let tag = Tag::new(params.required_text("key")?, params.text("value")?.unwrap_or_default());
    let batch = CheckedBatch::of_tag(run_id, &tag)?;
    done(&app, &params, move |connection| log_batch::log(connection, &batch)).await
}

async fn delete_tag(State(app): State<App>, params: Params) -> Answer<Empty> {
    let run_id = params.run_id()?.to_owned();
    let key = params.required_text("key")?.to_owned();
    done(&app, &params, move |connection| tags::delete(connection, &run_id, &key)).await
}

async fn log_inputs(State(app): State<App>, params: Params) -> Answer<Empty> {
    let run_id = params.run_id()?.to_owned();
    let inputs = inputs::Inputs {
        datasets: params.list("datasets")?,
        models: params.list("models")?,
    };
    inputs.check()?;
    done(&app, &params, move |connection| {
        inputs::log(connection, &run_id, &inputs)
    })
    .await
}

async fn log_outputs(State(app): State<App>, params: Params) -> Answer<Empty> {
    let run_id = params.run_id()?.to_owned();
    if params.get("models").is_none() {
        return Err(absent("models"));
    }
    let models: Vec<_> = params.list("models")?;
    done(&app, &params, move |connection| {
        inputs::log_outputs(connection, &run_id, &models)
    })
    .await
}

async fn log_model(State(app): State<App>, params: Params) -> Answer<Empty> {
    let run_id = params.run_id()?.to_owned();
    let model = logged_model::checked(params.required_text("model_json")?)?;
    done(&app, &params, move |connection| {
        logged_model::log(connection, &run_id, &model)
    })
    .await
}

/// Runs a job whose answer says nothing.
async fn done<J>(app: &App, params: &Params, job: J) -> Answer<Empty>
where
    J: Fn(&mut dyn Connection) -> Result<(), ApiError> + Send + 'static,
{
    app.store.write(params.bytes(), job).await?;
    Ok(Json(Empty {}))
}

/// The state of a run: by name, or by the number that the name has in MLflow's protocol.
fn status(params: &Params) -> Result<Option<RunStatus>, ApiError> {
    let Some(value) = params.get("status") else {
        return Ok(None);
    };
    let status = match value {
        Value::Number(number) => match number.as_i64() {
            Some(1) => Some(RunStatus::Running),
            Some(2) => Some(RunStatus::Scheduled),
            Some(3) => Some(RunStatus::Finished),
            Some(4) => Some(RunStatus::Failed),
            Some(5) => Some(RunStatus::Killed),
            _ => None,
        },
        value => serde_json::from_value(value.clone()).ok(),
    };
    status.map(Some).ok_or_else(|| wrong("status", value))
}

#[cfg(test)]
mod tests;
