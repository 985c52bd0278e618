//! `mlflow-artifacts/…`: files by path, as they go to and come from the place where artifacts are kept.

use std::io;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderValue, header};
use loadspan_wire::mlflow::artifacts::{ArtifactList, MULTIPART_ABORT, MULTIPART_COMPLETE, MULTIPART_CREATE};
use loadspan_wire::mlflow::runs::Empty;

use super::disposition;
use crate::app::App;
use crate::artifacts::{ArtifactPath, Upload, too_large};
use crate::error::{ApiError, Code};
use crate::http::mlflow::both;
use crate::http::{Json, Params};

/// A path at the end of a URL, decoded once.
type Tail = Result<Path<String>, PathRejection>;

pub(super) fn routes() -> Router<App> {
    let files = get(download).put(upload).delete(delete);
    let router = both(Router::new(), &path("artifacts/{*path}"), files);
    let router = both(router, &path("artifacts"), get(list));
    let router = both(
        router,
        &path("presigned/{*path}"),
        get(async || unsupported("download")),
    );
    let multipart = [MULTIPART_CREATE, MULTIPART_COMPLETE, MULTIPART_ABORT];
    multipart.into_iter().fold(router, |router, endpoint| {
        let refused = post(async || unsupported("upload"));
        both(router, &path(&format!("{endpoint}/{{*path}}")), refused)
    })
}

fn path(endpoint: &str) -> String {
    format!("2.0/mlflow-artifacts/{endpoint}")
}

async fn upload(State(app): State<App>, tail: Tail, request: Request) -> Result<(), ApiError> {
    let path = parse(tail)?;
    let limit = app.limits.artifact_bytes;
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|bytes| bytes.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > limit) {
        return Err(too_large(limit));
    }
    let content = request.into_body().into_data_stream().map_err(io::Error::other);
    app.artifacts.put(&path, Upload::new(content.boxed(), limit)).await
}

async fn download(State(app): State<App>, tail: Tail) -> Result<Response, ApiError> {
    send(&app, &parse(tail)?).await
}

/// A file, as something to be kept and not to be shown.
pub(super) async fn send(app: &App, path: &ArtifactPath) -> Result<Response, ApiError> {
    let found = app.artifacts.get(path).await?;
    let mut response = Body::from_stream(found.content).into_response();
    let headers = response.headers_mut();
    *headers = disposition::headers(path.name());
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(found.bytes));
    Ok(response)
}

async fn list(State(app): State<App>, params: Params) -> Result<Json<ArtifactList>, ApiError> {
    let path = ArtifactPath::parse(params.text("path")?.unwrap_or_default())?;
    Ok(Json(ArtifactList {
        files: app.artifacts.list(&path).await?,
        ..ArtifactList::default()
    }))
}

async fn delete(State(app): State<App>, tail: Tail) -> Result<Json<Empty>, ApiError> {
    app.artifacts.delete(&parse(tail)?).await?;
    Ok(Json(Empty {}))
}

fn parse(tail: Tail) -> Result<ArtifactPath, ApiError> {
    let Path(path) = tail.map_err(|_| ApiError::invalid("Invalid path"))?;
    ArtifactPath::parse(&path)
}

/// Clients put files whole then.
fn unsupported(direction: &str) -> ApiError {
    ApiError::new(
        Code::NotImplemented,
        format!("Multipart {direction} is not supported for the current artifact repository"),
    )
}
