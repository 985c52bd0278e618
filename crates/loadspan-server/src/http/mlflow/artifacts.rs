//! `artifacts/…`, by run, and `mlflow-artifacts/…`, the proxy, by path.

mod disposition;
mod proxy;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use loadspan_wire::mlflow::artifacts::{ArtifactList, PROXY_SCHEME};
use loadspan_wire::mlflow::runs::Empty;

use super::both;
use crate::app::App;
use crate::artifacts::ArtifactPath;
use crate::database::Connection;
use crate::error::ApiError;
use crate::http::{Json, Params};
use crate::tracking::runs;

pub(super) fn routes() -> Router<App> {
    // Where MLflow's pages look for files.
    let router = proxy::routes().route("/get-artifact", get(of_run));
    let router = both(router, "2.0/mlflow/artifacts/list", get(list));
    let refused = post(async |State(app), params| presigned(app, params, UPLOAD).await);
    let router = both(router, "2.0/mlflow/artifacts/presigned-upload-url", refused);
    let refused = post(async |State(app), params| presigned(app, params, DOWNLOAD).await);
    both(router, "2.0/mlflow/artifacts/presigned-download-url", refused)
}

const UPLOAD: &str = "Presigned upload is not supported for proxied artifact storage (artifact URI scheme: mlflow-artifacts). This \
                      endpoint requires a direct cloud storage artifact URI.";
const DOWNLOAD: &str = "Presigned download is not supported for runs with proxied artifact storage (artifact URI scheme: \
                        mlflow-artifacts). This endpoint requires a run with a direct cloud storage artifact URI.";

async fn list(State(app): State<App>, params: Params) -> Result<Json<ArtifactList>, ApiError> {
    let path = ArtifactPath::parse(params.text("path")?.unwrap_or_default())?;
    let root_uri = root_uri(&app, params.run_id()?).await?;
    let root = proxied(&root_uri)?;
    let mut files = app.artifacts.list(&root.join(&path)?).await?;
    if !path.is_root() {
        for file in &mut files {
            file.path = format!("{path}/{}", file.path);
        }
    }
    Ok(Json(ArtifactList {
        root_uri: Some(root_uri),
        files,
    }))
}

/// A file of a run.
async fn of_run(State(app): State<App>, params: Params) -> Result<Response, ApiError> {
    let path = ArtifactPath::parse(params.required_text("path")?)?;
    let root = proxied(&root_uri(&app, params.run_id()?).await?)?;
    proxy::send(&app, &root.join(&path)?).await
}

/// There is nothing that a client could be sent to: all artifacts go through the proxy.
async fn presigned(app: App, params: Params, message: &'static str) -> Result<Json<Empty>, ApiError> {
    ArtifactPath::parse(params.required_text("path")?)?;
    root_uri(&app, params.run_id()?).await?;
    Err(ApiError::invalid(message))
}

async fn root_uri(app: &App, run_id: &str) -> Result<String, ApiError> {
    let run_id = run_id.to_owned();
    let job = move |connection: &mut dyn Connection| runs::get(connection, &run_id);
    Ok(app.store.read(job).await?.info.artifact_uri)
}

/// The path that the artifacts of a run have in the proxy.
fn proxied(root_uri: &str) -> Result<ArtifactPath, ApiError> {
    let path = root_uri
        .strip_prefix(PROXY_SCHEME)
        .and_then(|rest| rest.strip_prefix(":/"));
    match path {
        Some(path) if !path.starts_with('/') => ArtifactPath::parse(path),
        _ => Err(ApiError::invalid(
            "the artifacts of the run are not kept by this server: list them where its artifact_uri says",
        )),
    }
}

#[cfg(test)]
mod tests;
