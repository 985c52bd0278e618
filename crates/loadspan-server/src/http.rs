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
mod outbox;
mod page;
pub(crate) mod params;
mod weight;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri};

use crate::app::App;
use crate::error::{ApiError, Code, short};
use crate::grpc;

use self::outbox::Outbox;

pub(crate) use json::{Json, Written, found, looked_up};
pub(crate) use params::Params;

/// Everything on the main port.
pub(crate) fn routes(app: App) -> Router {
    let router = Router::new()
        .merge(mlflow::routes())
        .merge(otlp::routes())
        .merge(loadspan::routes())
        .merge(metrics::routes())
        .merge(page::routes())
        .fallback(nothing)
        .method_not_allowed_fallback(wrong_method);
    Outbox::default().watch(router).with_state(app)
}

/// What OTLP's own port has.
pub(crate) fn otlp_routes(app: App) -> Router {
    let router = otlp::routes().fallback(unknown);
    router.method_not_allowed_fallback(wrong_method).with_state(app)
}

/// For what there is not: people are told on the page.
async fn nothing(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method == Method::GET && page::is_asked_for(&headers) {
        return (StatusCode::NOT_FOUND, page::index().await).into_response();
    }
    unknown(uri, headers).await
}

/// For what there is not.
pub(crate) async fn unknown(uri: Uri, headers: HeaderMap) -> Response {
    if observe::is_grpc(&headers) {
        let message = "this port speaks HTTP: OTLP over gRPC has a port of its own, 4317 unless --otlp-grpc-port says something else";
        return grpc::refused(ApiError::new(Code::EndpointNotFound, message));
    }
    no_endpoint(uri.path()).into_response()
}

fn no_endpoint(path: &str) -> ApiError {
    let hint = if path.contains("/logged-models") {
        "there are no logged models here: autologging works with log_models=False, and files are kept by log_artifact"
    } else {
        "of MLflow's API it has experiments, runs, artifacts and traces, not the registries, the gateway or GraphQL"
    };
    let message = format!("loadspan serve has no endpoint {}: {hint}", short(path));
    ApiError::new(Code::EndpointNotFound, message)
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("the endpoint {} does not take {method}", uri.path());
    ApiError::new(Code::MethodNotAllowed, message)
}
