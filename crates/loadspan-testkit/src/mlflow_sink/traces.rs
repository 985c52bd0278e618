//! `v1/traces`: spans, linked with a run. Nothing is kept of them but their number.

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use loadspan_wire::mlflow::{EXPERIMENT_ID_HEADER, RUN_ID_HEADER};
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message};
use serde_json::json;

use super::call::Call;
use super::reply::Reply;
use super::store::World;

impl World {
    pub(super) fn take_spans(&mut self, call: &Call) -> Reply {
        let Some(experiment_id) = call.header(EXPERIMENT_ID_HEADER) else {
            let missing = json!([{"type": "missing", "loc": ["header", EXPERIMENT_ID_HEADER], "msg": "Field required", "input": null}]);
            return Reply::new(422, "application/json", json!({ "detail": missing }).to_string());
        };
        let request = match decode(call) {
            Ok(request) => request,
            Err(detail) => return Reply::new(400, "application/json", json!({ "detail": detail }).to_string()),
        };
        if let Err(failure) = self.known_experiment(experiment_id) {
            return failure.into();
        }
        let spans = count(&request);
        *self.spans.entry(experiment_id.to_owned()).or_default() += spans;
        // Spans are taken also for a run that nobody knows.
        let run_id = call.header(RUN_ID_HEADER);
        if let Some(run) = self.runs.iter_mut().find(|run| run_id == Some(&run.seen.id)) {
            run.seen.traces += spans;
        }
        Reply::new(200, "application/x-protobuf", "")
    }
}

fn decode(call: &Call) -> Result<ExportTraceServiceRequest, String> {
    let content_type = call.header("content-type").unwrap_or_default();
    if content_type.split(';').next() != Some("application/x-protobuf") {
        return Err(format!(
            "Invalid Content-Type: {content_type}. Expected: application/x-protobuf or application/json"
        ));
    }
    let body = match call.header("content-encoding") {
        None => call.body.clone(),
        Some("gzip") => unpack(&call.body).ok_or("Failed to decompress gzip payload")?,
        Some(other) => return Err(format!("Unsupported Content-Encoding: {other}")),
    };
    match ExportTraceServiceRequest::decode(body) {
        Err(_) => Err("Invalid OpenTelemetry format".to_owned()),
        Ok(request) if request.resource_spans.is_empty() => {
            Err("Invalid OpenTelemetry format - no spans found".to_owned())
        }
        Ok(request) => Ok(request),
    }
}

fn unpack(packed: &[u8]) -> Option<Bytes> {
    let mut unpacked = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut unpacked).ok()?;
    Some(unpacked.into())
}

fn count(request: &ExportTraceServiceRequest) -> u64 {
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    scopes.map(|scope| scope.spans.len() as u64).sum()
}
