//! `loadspan/traces/…`: traces in pages, as a skeleton, and as OTLP.

mod find;
mod points;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, header};
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message, json};

use crate::app::App;
use crate::database::Connection;
use crate::error::ApiError;
use crate::http::{Params, Written, found, looked_up};
use crate::traces::export;
use crate::traces::log::{self, LogPage};
use crate::traces::outline::{self, SpanPage, WholeSpan};
use crate::traces::skeleton::{self, Skeleton};
use crate::traces::span::After;

/// Spans, or log records, of a page, unless the client says something else.
const LENGTH: usize = 1000;
const PROTOBUF: &str = "application/x-protobuf";

pub(super) fn routes() -> Router<App> {
    let endpoints = [
        ("skeleton", get(skeleton)),
        ("find", get(find::find)),
        ("spans", get(spans)),
        ("spans/{span_id}", get(span)),
        ("export", get(exported)),
        ("logs", get(logs)),
    ];
    let all = Router::new().route("/api/3.0/loadspan/traces/points", get(points::points));
    endpoints.into_iter().fold(all, |router, (path, methods)| {
        router.route(&format!("/api/3.0/loadspan/traces/{{trace_id}}/{path}"), methods)
    })
}

async fn spans(
    State(app): State<App>,
    Path(trace_id): Path<String>,
    params: Params,
) -> Result<Written<SpanPage>, ApiError> {
    let after = params.text("page_token")?.map(After::of_token).transpose()?;
    let wanted = outline::Wanted {
        trace_id,
        after: after.unwrap_or_default(),
        length: length(&params, outline::MOST)?,
    };
    found(&app, move |connection| outline::page(connection, &wanted)).await
}

async fn skeleton(State(app): State<App>, Path(trace_id): Path<String>) -> Result<Written<Skeleton>, ApiError> {
    found(&app, move |connection| skeleton::skeleton(connection, &trace_id)).await
}

async fn span(
    State(app): State<App>,
    Path((trace_id, span_id)): Path<(String, String)>,
) -> Result<Written<WholeSpan>, ApiError> {
    looked_up(&app, move |connection| outline::one(connection, &trace_id, &span_id)).await
}

async fn logs(
    State(app): State<App>,
    Path(trace_id): Path<String>,
    params: Params,
) -> Result<Written<LogPage>, ApiError> {
    let wanted = log::Wanted {
        trace_id,
        after: params.int("page_token")?.unwrap_or(0),
        length: length(&params, log::MOST)?,
    };
    found(&app, move |connection| log::page(connection, &wanted)).await
}

async fn exported(
    State(app): State<App>,
    Path(trace_id): Path<String>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    let export = match params.text("format")?.unwrap_or("otlp") {
        "otlp" => export::otlp,
        "genai" => export::genai,
        _ => {
            let message = "Invalid value for parameter 'format' supplied: it must be otlp or genai";
            return Err(ApiError::invalid(message));
        }
    };
    let form = Form::of(&headers);
    // Translating and writing take as long as reading: they are parts of the job, beside the event loop.
    let job = move |connection: &mut dyn Connection| {
        let request = export(connection, &trace_id)?;
        Ok::<_, ApiError>(form.write(&request))
    };
    let body = app.store.search(job).await?;
    Ok(([(header::CONTENT_TYPE, form.kind())], body).into_response())
}

/// What an export is written as.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// For those who ask for it.
    Protobuf,
    Json,
}

impl Form {
    fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT).map(HeaderValue::to_str);
        let accepted = accepted.and_then(Result::ok).unwrap_or_default();
        if accepted.to_ascii_lowercase().contains(PROTOBUF) {
            Self::Protobuf
        } else {
            Self::Json
        }
    }

    const fn kind(self) -> HeaderValue {
        match self {
            Self::Protobuf => HeaderValue::from_static(PROTOBUF),
            Self::Json => HeaderValue::from_static("application/json"),
        }
    }

    fn write(self, request: &ExportTraceServiceRequest) -> Vec<u8> {
        match self {
            Self::Protobuf => request.encode_to_vec(),
            Self::Json => json::encode_traces(request),
        }
    }
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
