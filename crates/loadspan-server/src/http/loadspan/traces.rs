//! `loadspan/traces/…`: traces in pages, and as OTLP.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, header};
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message, json};
use serde_json::Value;

use crate::app::App;
use crate::database::Connection;
use crate::error::{ApiError, Code};
use crate::http::{Json, Params};
use crate::traces::export;
use crate::traces::log::{self, LogPage};
use crate::traces::outline::{self, SpanPage};
use crate::traces::span::After;

/// Spans, or log records, of a page, unless the client says something else.
const LENGTH: usize = 1000;
const PROTOBUF: &str = "application/x-protobuf";

pub(super) fn routes() -> Router<App> {
    let endpoints = [
        ("spans", get(spans)),
        ("spans/{span_id}", get(span)),
        ("export", get(exported)),
        ("logs", get(logs)),
    ];
    endpoints.into_iter().fold(Router::new(), |router, (path, methods)| {
        router.route(&format!("/api/3.0/loadspan/traces/{{trace_id}}/{path}"), methods)
    })
}

async fn spans(
    State(app): State<App>,
    Path(trace_id): Path<String>,
    params: Params,
) -> Result<Json<SpanPage>, ApiError> {
    let after = params.text("page_token")?.map(After::of_token).transpose()?;
    let wanted = outline::Wanted {
        trace_id,
        after: after.unwrap_or_default(),
        length: length(&params, outline::MOST)?,
    };
    let job = move |connection: &mut dyn Connection| outline::page(connection, &wanted);
    Ok(Json(app.store.read(job).await?))
}

async fn span(
    State(app): State<App>,
    Path((trace_id, span_id)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let job = move |connection: &mut dyn Connection| outline::one(connection, &trace_id, &span_id);
    Ok(Json(app.store.read(job).await?))
}

async fn logs(State(app): State<App>, Path(trace_id): Path<String>, params: Params) -> Result<Json<LogPage>, ApiError> {
    let wanted = log::Wanted {
        trace_id,
        after: params.int("page_token")?.unwrap_or(0),
        length: length(&params, log::MOST)?,
    };
    let job = move |connection: &mut dyn Connection| log::page(connection, &wanted);
    Ok(Json(app.store.read(job).await?))
}

async fn exported(
    State(app): State<App>,
    Path(trace_id): Path<String>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    match params.text("format")?.unwrap_or("otlp") {
        "otlp" => {}
        "genai" => {
            let message = "traces cannot be had in the GenAI convention yet: ask for format=otlp";
            return Err(ApiError::new(Code::NotImplemented, message));
        }
        _ => {
            let message = "Invalid value for parameter 'format' supplied: it must be otlp or genai";
            return Err(ApiError::invalid(message));
        }
    }
    let job = move |connection: &mut dyn Connection| export::otlp(connection, &trace_id);
    Ok(answer(&app.store.read(job).await?, &headers))
}

/// In protobuf for those who ask for it, else in JSON.
fn answer(request: &ExportTraceServiceRequest, headers: &HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).map(HeaderValue::to_str);
    let accepted = accepted.and_then(Result::ok).unwrap_or_default();
    if accepted.to_ascii_lowercase().contains(PROTOBUF) {
        return typed(PROTOBUF, request.encode_to_vec());
    }
    typed("application/json", json::encode_traces(request))
}

fn typed(kind: &'static str, body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
}

fn length(params: &Params, most: usize) -> Result<usize, ApiError> {
    let Some(wanted) = params.int("max_results")? else {
        return Ok(LENGTH);
    };
    let fits = usize::try_from(wanted)
        .ok()
        .filter(|length| (1..=most).contains(length));
    fits.ok_or_else(|| {
        ApiError::invalid(format!(
            "Invalid value {wanted} for parameter 'max_results' supplied. It must be between 1 and {most}"
        ))
    })
}

#[cfg(test)]
mod tests;
