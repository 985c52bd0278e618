//! `traces/…`

mod artifact;
mod assessments;
mod change;
mod read;

use axum::Router;
use axum::routing::{get, patch, post};
use loadspan_wire::mlflow::traces as wire;

use super::both;
use crate::app::App;
use crate::error::ApiError;
use crate::http::{Json, Written, unknown};

type Answer<T> = Result<Json<T>, ApiError>;
type Large<T> = Result<Written<T>, ApiError>;

pub(super) fn routes() -> Router<App> {
    let tags = || patch(change::set_tag).delete(change::delete_tag);
    let endpoints = [
        (v3(wire::START), post(change::start)),
        (v3(wire::GET), get(read::whole)),
        (v3(wire::BATCH_GET), get(read::wholes)),
        (v3(wire::BATCH_GET_INFOS), post(read::infos)),
        (v3(wire::SEARCH), post(read::find)),
        (v3("traces/{trace_id}"), get(read::info)),
        (v3("traces/{trace_id}/tags"), tags()),
        (v2("traces/{trace_id}/tags"), tags()),
        (v3(wire::DELETE), post(change::delete)),
        (v2(wire::DELETE), post(change::delete)),
        (v2(wire::LINK_TO_RUN), post(change::link_to_run)),
        (v2(wire::LINK_PROMPTS), post(change::link_prompts)),
        (v3("traces/{trace_id}/assessments"), post(assessments::create)),
        (
            v3("traces/{trace_id}/assessments/{assessment_id}"),
            get(assessments::by_id)
                .patch(assessments::update)
                .delete(assessments::delete),
        ),
        // Without these, the path of a trace would say that only the method is wrong.
        (v3("traces/metrics"), post(unknown)),
        (v3("traces/calculate-filter-correlation"), post(unknown)),
    ];
    let router = endpoints
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| both(router, &path, methods));
    // For pages only, as MLflow has it.
    router.route("/ajax-api/3.0/mlflow/get-trace-artifact", get(artifact::spans))
}

fn v2(path: &str) -> String {
    format!("2.0/mlflow/{path}")
}

fn v3(path: &str) -> String {
    format!("3.0/mlflow/{path}")
}

#[cfg(test)]
mod tests;
