//! HTTP: routes, and what is the same for all of them.

pub(crate) mod guard;
pub(crate) mod inflate;
pub(crate) mod intake;
mod json;
mod loadspan;
mod metrics;
mod mlflow;
pub(crate) mod observe;
pub(crate) mod otlp;
pub(crate) mod params;

use axum::Router;
use http::{Method, Uri};

use crate::app::App;
use crate::error::{ApiError, Code};

pub(crate) use json::Json;
pub(crate) use params::Params;

/// Everything on the main port.
pub(crate) fn routes(app: App) -> Router {
    Router::new()
        .merge(mlflow::routes())
        .merge(otlp::routes())
        .merge(loadspan::routes())
        .merge(metrics::routes())
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app)
}

/// What OTLP's own port has.
pub(crate) fn otlp_routes(app: App) -> Router {
    let router = otlp::routes().fallback(unknown);
    router.method_not_allowed_fallback(wrong_method).with_state(app)
}

async fn unknown(uri: Uri) -> ApiError {
    let message = format!(
        "there is no endpoint {}: see docs/server.md for those there are",
        uri.path()
    );
    ApiError::new(Code::EndpointNotFound, message)
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("the endpoint {} does not take {method}", uri.path());
    ApiError::new(Code::MethodNotAllowed, message)
}
