//! `metrics/…`

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use loadspan_wire::mlflow::runs::{self as wire, MetricHistory, RunsMetricHistory};

use super::both;
use crate::app::App;
use crate::database::Connection;
use crate::error::ApiError;
use crate::http::params::absent;
use crate::http::{Params, Written, found};
use crate::tracking::metrics::{self, History, Interval, MOST_POINTS, MOST_RUNS};

type Answer<T> = Result<Written<T>, ApiError>;

pub(super) fn routes() -> Router<App> {
    let path = |endpoint: &str| format!("2.0/mlflow/{endpoint}");
    let router = both(Router::new(), &path(wire::METRIC_HISTORY), get(history));
    let router = both(router, &path(wire::METRIC_HISTORY_BULK_INTERVAL), get(interval));
    // MLflow has this one for its page only.
    router.route(&format!("/ajax-api/{}", path(wire::METRIC_HISTORY_BULK)), get(bulk))
}

async fn history(State(app): State<App>, params: Params) -> Answer<MetricHistory> {
    let wanted = History {
        run_id: params.run_id()?.to_owned(),
        key: params.required_text("metric_key")?.to_owned(),
        max_results: params.int("max_results")?,
        page_token: params.text("page_token")?.map(str::to_owned),
    };
    let job = move |connection: &mut dyn Connection| metrics::history(connection, &wanted);
    found(&app, job).await
}

async fn bulk(State(app): State<App>, params: Params) -> Answer<RunsMetricHistory> {
    let run_ids: Vec<String> = params.list("run_id")?;
    if run_ids.is_empty() {
        let message = "GetMetricHistoryBulk request must specify at least one run_id.";
        return Err(ApiError::invalid(message));
    }
    if run_ids.len() > MOST_RUNS {
        return Err(ApiError::invalid(format!(
            "GetMetricHistoryBulk request cannot specify more than {MOST_RUNS} run_ids. Received {} run_ids.",
            run_ids.len()
        )));
    }
    let key = params.text("metric_key")?;
    let message = "GetMetricHistoryBulk request must specify a metric_key.";
    let wanted = History {
        key: key.ok_or_else(|| ApiError::invalid(message))?.to_owned(),
        max_results: params.int("max_results")?,
        ..History::default()
    };
    let job = move |connection: &mut dyn Connection| {
        let run_ids: Vec<&str> = run_ids.iter().map(String::as_str).collect();
        metrics::bulk(connection, &run_ids, &wanted)
    };
    found(&app, job).await
}

async fn interval(State(app): State<App>, params: Params) -> Answer<RunsMetricHistory> {
    let run_ids: Vec<String> = params.list("run_ids")?;
    if run_ids.is_empty() {
        return Err(absent("run_ids"));
    }
    if run_ids.len() > MOST_RUNS {
        return Err(ApiError::invalid(format!(
            "GetMetricHistoryBulkInterval request must specify at most {MOST_RUNS} run_ids. Received {} run_ids.",
            run_ids.len()
        )));
    }
    let wanted = Interval {
        run_ids,
        key: params.required_text("metric_key")?.to_owned(),
        steps: steps(&params)?,
        max_results: params.int("max_results")?.unwrap_or(MOST_POINTS),
    };
    if !(1..=MOST_POINTS).contains(&wanted.max_results) {
        return Err(ApiError::invalid(format!(
            "max_results must be between 1 and {MOST_POINTS}. See the API docs for more information about request parameters."
        )));
    }
    let job = move |connection: &mut dyn Connection| metrics::interval(connection, &wanted);
    found(&app, job).await
}

fn steps(params: &Params) -> Result<Option<(i64, i64)>, ApiError> {
    match (params.int("start_step")?, params.int("end_step")?) {
        (None, None) => Ok(None),
        (Some(start), Some(end)) if start <= end => Ok(Some((start, end))),
        (Some(start), Some(end)) => Err(ApiError::invalid(format!(
            "end_step must be greater than start_step. Found start_step={start} and end_step={end}."
        ))),
        _ => Err(ApiError::invalid(
            "If either start step or end step are specified, both must be specified.",
        )),
    }
}

#[cfg(test)]
mod tests;
