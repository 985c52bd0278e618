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
use crate::http::otlp::export::{Envelope, Export, Sent, receive};
use crate::http::otlp::format::Format;
use crate::ingest::Accepted;
use crate::operation::Receiver;

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
    let limit = app.limits.body_bytes.saturating_add(frame::HEAD);
    let encoding = encoding(request.headers())?;
    let envelope = Envelope::of(&request, Receiver::OtlpGrpc);
    let mut body = intake::collect(app, request, limit).await?;
    let frame = frame::parse(body.bytes)?;
    body.bytes = frame.message;
    let sent = Sent {
        body,
        encoding: if frame.compressed { encoding } else { Encoding::Identity },
        format: Format::Protobuf,
        envelope,
    };
    Ok(receive::<T>(app, sent).await?)
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
