//! Sends what live metrics and traces the pipelines hand over, to the run that there is.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use loadspan_wire::mlflow::limits::TRACES_PER_LINK;
use loadspan_wire::mlflow::runs::{self, Empty};
use loadspan_wire::mlflow::{EXPERIMENT_ID_HEADER, ErrorCode, OTLP_TRACES, RUN_ID_HEADER};
use loadspan_wire::otlp::response::decode_any_outcome;

use super::client::{ApiError, MlflowClient};
use super::live::RunGate;
use crate::export::client::accepted;
use crate::export::{Delivery, Payload, Transport};

/// So many points that the server does not take are looked for one by one. One that takes none of so many has something against more
/// than a point: then everything is set aside as it is.
const MOST_REJECTED: u32 = 10;

/// Logs points to the run behind a gate.
#[derive(Debug)]
pub(crate) struct PointsTransport {
    client: MlflowClient,
    gate: Arc<RunGate>,
    /// Points that were not taken though they came alone.
    rejected: AtomicU32,
}

impl PointsTransport {
    pub(crate) fn new(client: MlflowClient, gate: Arc<RunGate>) -> Self {
        Self {
            client,
            gate,
            rejected: AtomicU32::new(0),
        }
    }

    /// One point that the server does not take costs its whole batch. In halves, the others get in.
    fn rejected(&self, reason: String, points: u64) -> Delivery {
        if self.rejected.load(Ordering::Relaxed) >= MOST_REJECTED {
            return Delivery::Refused { reason };
        }
        if points > 1 {
            return Delivery::TooLarge { reason };
        }
        self.rejected.fetch_add(1, Ordering::Relaxed);
        Delivery::Invalid { reason }
    }
}

/// Sends spans to the trace store, linked with the run behind a gate.
#[derive(Debug)]
pub(crate) struct TracesTransport {
    pub(crate) client: MlflowClient,
    pub(crate) gate: Arc<RunGate>,
}

/// Sends spans to the trace store, linked with a run.
#[derive(Debug)]
pub(crate) struct TraceStoreTransport {
    pub(crate) client: MlflowClient,
    pub(crate) experiment_id: String,
    pub(crate) run_id: String,
}

impl Transport for PointsTransport {
    async fn send(&self, payload: &Payload) -> Delivery {
        let Some(run) = self.gate.run() else {
            return no_run();
        };
        let body = batch_of(&run.run_id, &payload.body);
        let logged = self.client.post_json::<Empty>(runs::LOG_BATCH, body).await;
        match logged.map_or_else(failed, |_| ACCEPTED) {
            Delivery::Invalid { reason } => self.rejected(reason, payload.items),
            delivery => delivery,
        }
    }
}

impl Transport for TracesTransport {
    async fn send(&self, payload: &Payload) -> Delivery {
        let Some(run) = self.gate.run() else {
            return no_run();
        };
        send_spans(&self.client, [&run.experiment_id, &run.run_id], payload).await
    }
}

impl Transport for TraceStoreTransport {
    async fn send(&self, payload: &Payload) -> Delivery {
        send_spans(&self.client, [&self.experiment_id, &self.run_id], payload).await
    }
}

const ACCEPTED: Delivery = Delivery::Accepted {
    rejected: 0,
    message: None,
};

fn no_run() -> Delivery {
    Delivery::Retry {
        after: None,
        reason: "there is no run yet".to_owned(),
    }
}

/// The body of `runs/log-batch`.
fn batch_of(run_id: &str, points: &[u8]) -> Vec<u8> {
    let run_id = serde_json::Value::from(run_id).to_string();
    [b"{\"run_id\":", run_id.as_bytes(), b",\"metrics\":", points, b"}"].concat()
}

async fn send_spans(client: &MlflowClient, [experiment_id, run_id]: [&str; 2], payload: &Payload) -> Delivery {
    if payload.items > TRACES_PER_LINK {
        // Each request may be a trace of its own.
        return Delivery::TooLarge {
            reason: format!("MLflow links no more than {TRACES_PER_LINK} traces at once"),
        };
    }
    let request = client
        .http()
        .post(client.url(OTLP_TRACES))
        .timeout(client.server().timeout)
        .header(CONTENT_TYPE, "application/x-protobuf")
        .header(CONTENT_ENCODING, "gzip")
        .header(EXPERIMENT_ID_HEADER, experiment_id)
        .header(RUN_ID_HEADER, run_id)
        .body(gzip(&payload.body));
    match client.send(request).await {
        Ok(answer) => accepted(decode_any_outcome(&answer)),
        // One span that the store does not like costs its whole batch. In halves, the others get in.
        Err(ApiError::Api {
            status: 400 | 422,
            body,
        }) if payload.items > 1 => Delivery::TooLarge { reason: body.message },
        Err(error) => failed(error),
    }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}

/// What an error means for a payload.
fn failed(error: ApiError) -> Delivery {
    let is_gone = is_gone(&error);
    let not_implemented = error.is(ErrorCode::NotImplemented);
    match error {
        ApiError::Unavailable { reason, after, .. } => Delivery::Retry { after, reason },
        ApiError::Refused { reason } => Delivery::Refused { reason },
        ApiError::Api { body, .. } if is_gone => Delivery::Gone { reason: body.message },
        ApiError::Api { body, .. } if not_implemented => Delivery::NotTaken { reason: body.message },
        ApiError::Api { status: 413, body } => Delivery::TooLarge { reason: body.message },
        ApiError::Api { body, .. } => Delivery::Invalid { reason: body.message },
    }
}

/// Whether run or experiment is no longer there. To a run that lies in the bin nothing can be logged, either: of that only the
/// message tells.
pub(super) fn is_gone(error: &ApiError) -> bool {
    match error {
        ApiError::Api { body, .. } if body.is(ErrorCode::InvalidParameterValue) => {
            body.message.contains("'active' state")
        }
        error => error.is(ErrorCode::ResourceDoesNotExist),
    }
}

#[cfg(test)]
mod tests {
    use loadspan_wire::mlflow::ErrorBody;

    use super::*;

    #[test]
    fn points_are_wrapped_with_their_run() {
        let body = batch_of("a\"b", br#"[{"key":"k"}]"#);
        assert_eq!(body, br#"{"run_id":"a\"b","metrics":[{"key":"k"}]}"#);
    }

    #[test]
    fn errors_mean_what_the_server_says() {
        let api = |status, code: &str, message: &str| ApiError::Api {
            status,
            body: ErrorBody {
                error_code: code.to_owned(),
                message: message.to_owned(),
            },
        };
        let deleted = "The run 1 must be in the 'active' state. Current state is deleted.";
        let cases = [
            (api(404, "RESOURCE_DOES_NOT_EXIST", "Run with id=1 not found"), "Gone"),
            (api(400, "INVALID_PARAMETER_VALUE", deleted), "Gone"),
            (api(400, "INVALID_PARAMETER_VALUE", "Metric value must be"), "Invalid"),
            (api(413, "", "too large"), "TooLarge"),
            (api(501, "NOT_IMPLEMENTED", "not supported by FileStore"), "NotTaken"),
            (
                ApiError::Refused {
                    reason: "401".to_owned(),
                },
                "Refused",
            ),
            (
                ApiError::Unavailable {
                    reason: "503".to_owned(),
                    status: Some(503),
                    after: None,
                },
                "Retry",
            ),
        ];
        for (error, expected) in cases {
            let delivery = format!("{:?}", failed(error));
            assert!(delivery.starts_with(expected), "{delivery}");
        }
    }

    #[test]
    fn spans_that_are_not_taken_are_counted_though_the_request_succeeds() {
        let protobuf = [&b"\x0a\x0a\x08\x02\x12\x06"[..], b"no run"].concat();
        let json = br#"{"partialSuccess": {"rejectedSpans": "2", "errorMessage": "no run"}}"#;
        let expected = Delivery::Accepted {
            rejected: 2,
            message: Some("no run".to_owned()),
        };
        let taken = |answer: &[u8]| accepted(decode_any_outcome(answer));
        assert_eq!(taken(&protobuf), expected);
        assert_eq!(taken(json), expected);
        assert_eq!(taken(b""), ACCEPTED);
        assert_eq!(taken(b"{}"), ACCEPTED);
    }
}
