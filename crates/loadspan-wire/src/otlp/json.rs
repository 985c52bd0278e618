//! OTLP/JSON: ids are hex, enums numbers, 64-bit integers strings, names in lowerCamelCase; what is empty or absent is left out.
//!
//! It is written by hand: what serde makes of these types has `null` where nothing should be, which the Collector refuses, and
//! loses numbers that are not finite.

mod attributes;
mod logs;
mod object;
mod points;
mod read;
mod spans;

use self::object::Object;
use super::{ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest};

/// Spans as OTLP/JSON, without line breaks.
#[must_use]
pub fn encode_traces(request: &ExportTraceServiceRequest) -> Vec<u8> {
    Object::render(|json| json.objects("resourceSpans", &request.resource_spans, spans::resource_spans))
}

/// Metrics as OTLP/JSON, without line breaks.
#[must_use]
pub fn encode_metrics(request: &ExportMetricsServiceRequest) -> Vec<u8> {
    Object::render(|json| json.objects("resourceMetrics", &request.resource_metrics, points::resource_metrics))
}

/// Log records as OTLP/JSON, without line breaks.
#[must_use]
pub fn encode_logs(request: &ExportLogsServiceRequest) -> Vec<u8> {
    Object::render(|json| json.objects("resourceLogs", &request.resource_logs, logs::resource_logs))
}

/// Spans from OTLP/JSON.
///
/// # Errors
///
/// `json` is none.
pub fn decode_traces(json: &[u8]) -> Result<ExportTraceServiceRequest, serde_json::Error> {
    read::document(json)
}

/// Metrics from OTLP/JSON.
///
/// # Errors
///
/// `json` is none.
pub fn decode_metrics(json: &[u8]) -> Result<ExportMetricsServiceRequest, serde_json::Error> {
    read::document(json)
}

/// Log records from OTLP/JSON.
///
/// # Errors
///
/// `json` is none.
pub fn decode_logs(json: &[u8]) -> Result<ExportLogsServiceRequest, serde_json::Error> {
    read::document(json)
}

/// Why a document was not decoded within a budget.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is none.
    #[error(transparent)]
    Json(serde_json::Error),
    /// It takes more memory than it may.
    #[error("the request would take more than {0} bytes of memory: send smaller batches")]
    TooHeavy(usize),
}

/// Decodes by one of the functions above what takes at most about `bytes` of memory: an object of two bytes may become one of hundreds.
///
/// # Errors
///
/// It is no such document, or takes more.
pub fn decode_within<T>(bytes: usize, decode: impl FnOnce() -> Result<T, serde_json::Error>) -> Result<T, DecodeError> {
    read::within(bytes, decode)
}

#[cfg(test)]
mod tests;
