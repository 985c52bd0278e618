//! OTLP over HTTP: `/v1/traces`, `/v1/metrics`, `/v1/logs`.

pub(crate) mod export;
pub(crate) mod format;
pub(crate) mod status;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use loadspan_wire::mlflow::{EXPERIMENT_ID_HEADER, RUN_ID_HEADER};
use loadspan_wire::otlp::{ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest};

use self::export::{Envelope, Export, Sent, receive};
use self::format::Format;
use super::inflate::{Encoding, InflateError};
use super::intake;
use crate::app::App;
use crate::error::{ApiError, Code, short};
use crate::ingest::{Accepted, Routing};
use crate::operation::{Mistake, Receiver};

/// As [`EXPERIMENT_ID_HEADER`], by name.
const EXPERIMENT_NAME_HEADER: &str = "x-mlflow-experiment-name";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/traces", post(export::<ExportTraceServiceRequest>))
        .route("/v1/metrics", post(export::<ExportMetricsServiceRequest>))
        .route("/v1/logs", post(export::<ExportLogsServiceRequest>))
}

/// Whether a path is one of these.
pub(crate) fn is_export(path: &str) -> bool {
    path.starts_with("/v1/")
}

/// Why a request is not even looked at, in the form that it has itself.
pub(crate) fn refused(headers: &HeaderMap, error: ApiError) -> Response {
    Format::of(headers).unwrap_or(Format::Json).refused(error)
}

async fn export<T: Export>(State(app): State<App>, request: Request) -> Response {
    let format = match Format::of(request.headers()) {
        Ok(format) => format,
        // Which form the client understands is not known: text it is.
        Err(error) => return Format::Json.refused(error),
    };
    match take::<T>(&app, format, request).await {
        Ok(accepted) => format.accepted::<T>(accepted),
        Err(error) => format.refused(error),
    }
}

async fn take<T: Export>(app: &App, format: Format, request: Request) -> Result<Accepted, ApiError> {
    let encoding = encoding(request.headers())?;
    let envelope = Envelope::of(&request, Receiver::OtlpHttp);
    let sent = Sent {
        body: intake::collect(app, request, app.limits.body_bytes).await?,
        encoding,
        format,
        envelope,
    };
    receive::<T>(app, sent).await
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, ApiError> {
    let named = text(headers, &header::CONTENT_ENCODING).unwrap_or_default();
    Encoding::parse(named).ok_or_else(|| {
        ApiError::new(
            Code::BadRequest,
            format!("Unsupported Content-Encoding: {}", short(named)),
        )
    })
}

/// What the headers of a request say about where its items go.
pub(crate) fn routing(headers: &HeaderMap) -> Routing {
    let text = |name: &'static str| text(headers, &HeaderName::from_static(name)).map(str::to_owned);
    Routing {
        experiment_id: text(EXPERIMENT_ID_HEADER),
        experiment_name: text(EXPERIMENT_NAME_HEADER),
        run_id: text(RUN_ID_HEADER),
    }
}

/// A header that is text, in UTF-8.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers
        .get(name)
        .map(HeaderValue::as_bytes)
        .and_then(|value| str::from_utf8(value).ok())
}

impl From<InflateError> for ApiError {
    fn from(error: InflateError) -> Self {
        let (code, mistake) = match error {
            InflateError::TooLarge(_) => (Code::RequestTooLarge, Mistake::TooLarge),
            InflateError::Broken(_) => (Code::BadRequest, Mistake::Damaged),
        };
        Self::new(code, error.to_string()).because(mistake)
    }
}
