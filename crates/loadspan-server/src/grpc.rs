//! OTLP over gRPC. Its three calls have one message each way, so that a call is a POST with five bytes before the message and a status
//! in the trailers; decompression and limits are those of HTTP.

mod answer;
mod frame;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use http::{HeaderMap, HeaderValue, header};
use loadspan_wire::otlp::{ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest};

use self::answer::Failure;
use crate::app::App;
use crate::error::ApiError;
use crate::http::inflate::Encoding;
use crate::http::intake;
use crate::http::otlp::export::{Export, take_in};
use crate::http::otlp::routing;
use crate::ingest::{Accepted, Incoming, beside};

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// What the port of OTLP over gRPC has.
pub(crate) fn routes(app: App) -> Router {
    Router::new()
        .route(TRACES, post(export::<ExportTraceServiceRequest>))
        .route(METRICS, post(export::<ExportMetricsServiceRequest>))
        .route(LOGS, post(export::<ExportLogsServiceRequest>))
        .fallback(async || answer::failed(&Failure::unimplemented("there is no such method")))
        .with_state(app)
}

/// Why a request is not even looked at.
pub(crate) fn refused(error: ApiError) -> Response {
    answer::failed(&error.into())
}

async fn export<T: Export>(State(app): State<App>, request: Request) -> Response {
    if !is_grpc(request.headers()) {
        return answer::not_grpc();
    }
    match take::<T>(&app, request).await {
        Ok(accepted) => answer::accepted(accepted),
        Err(failure) => answer::failed(&failure),
    }
}

async fn take<T: Export>(app: &App, request: Request) -> Result<Accepted, Failure> {
    let limit = app.limits.body_bytes;
    let encoding = encoding(request.headers())?;
    let routing = routing(request.headers());
    let mut admission = app.gate().enter(0).await?;
    let body = intake::collect(request.into_body(), limit.saturating_add(frame::HEAD), &mut admission).await?;
    let frame = frame::parse(body)?;
    let encoding = if frame.compressed { encoding } else { Encoding::Identity };
    let decoded = beside(frame.message.len(), move || -> Result<(T, usize), Failure> {
        let message = encoding.inflate(frame.message, limit)?;
        Ok((T::decode(&message[..])?, message.len()))
    });
    let (request, bytes) = decoded.await??;
    admission.grow(bytes).await?;
    let incoming = Incoming {
        routing,
        request,
        bytes,
    };
    Ok(take_in(app, incoming).await?)
}

/// `application/grpc`, with or without a suffix that says protobuf.
fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/grpc") || kind.eq_ignore_ascii_case("application/grpc+proto")
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Failure> {
    let named = headers.get("grpc-encoding").map_or(Ok(""), HeaderValue::to_str);
    let known = named.ok().and_then(Encoding::parse);
    known.ok_or_else(|| Failure::unimplemented("messages may be compressed with gzip, deflate or zstd"))
}
