//! MLflow's REST API. Each path is served below `/api` for clients and below `/ajax-api` for pages.

mod artifacts;
mod experiments;
mod metrics;
mod runs;
mod server_info;
mod traces;

use axum::Router;
use axum::routing::MethodRouter;

use crate::app::App;
use crate::error::ApiError;
use crate::http::Params;
use crate::search::ViewType;

/// The MLflow that this server speaks like. Clients ask before they send spans, and want 3.4 at least.
pub(crate) const MLFLOW_VERSION: &str = "3.17.2";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .merge(server_info::routes())
        .merge(experiments::routes())
        .merge(runs::routes())
        .merge(metrics::routes())
        .merge(traces::routes())
        .merge(artifacts::routes())
}

/// Serves `path`, such as `2.0/mlflow/runs/get`, below both prefixes.
pub(super) fn both(router: Router<App>, path: &str, methods: MethodRouter<App>) -> Router<App> {
    router
        .route(&format!("/api/{path}"), methods.clone())
        .route(&format!("/ajax-api/{path}"), methods)
}

/// Whether deleted things are wanted: by name, or by the number that the name has in MLflow's protocol.
fn view_type(params: &Params, name: &str) -> Result<ViewType, ApiError> {
    let named = match params.int(name) {
        Ok(Some(2)) => Some("DELETED_ONLY"),
        Ok(Some(3)) => Some("ALL"),
        Ok(_) => None,
        Err(_) => params.text(name)?,
    };
    Ok(ViewType::parse(named))
}
