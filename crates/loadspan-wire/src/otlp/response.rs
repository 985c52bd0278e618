//! What a backend answers: how much it rejected, or what is wrong and when to come again.

use std::time::Duration;

use prost::Message;
use serde_json::Value;

use super::DecodeError;

/// What the type URL of a `google.rpc.RetryInfo` among the details of a status ends with.
const RETRY_INFO: &str = "/google.rpc.RetryInfo";

/// What became of an export that was accepted: `ExportTraceServiceResponse`, or that of metrics or logs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportOutcome {
    /// Spans, data points or log records that the backend refused for good.
    pub rejected: u64,
    /// What it said: why they were rejected, or a warning if none were.
    pub message: Option<String>,
}

/// A `google.rpc.Status`, as far as exporters need it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RpcStatus {
    /// A gRPC code.
    pub code: i32,
    /// For people.
    pub message: String,
    /// How long to wait before trying again, by RetryInfo. `None`: it says nothing of trying again.
    pub retry_delay: Option<Duration>,
}

/// Decodes an export response. Both signals number its fields alike.
///
/// # Errors
///
/// `body` is no such message.
pub fn decode_outcome(body: &[u8]) -> Result<ExportOutcome, DecodeError> {
    let partial = wire::ExportResponse::decode(body)?.partial_success.unwrap_or_default();
    Ok(ExportOutcome {
        rejected: u64::try_from(partial.rejected).unwrap_or(0),
        message: non_empty(partial.error_message),
    })
}

/// As [`decode_outcome`], from protobuf or JSON, whichever it is: some servers answer in another one than they were asked in.
///
/// # Errors
///
/// `body` is neither.
pub fn decode_any_outcome(body: &[u8]) -> Result<ExportOutcome, String> {
    // No message of protobuf begins like that.
    if body.starts_with(b"{") {
        return decode_outcome_json(body).map_err(|error| error.to_string());
    }
    decode_outcome(body).map_err(|error| error.to_string())
}

/// As [`decode_outcome`], from OTLP/JSON.
///
/// # Errors
///
/// `body` is no JSON.
pub fn decode_outcome_json(body: &[u8]) -> Result<ExportOutcome, serde_json::Error> {
    let response: Value = serde_json::from_slice(body)?;
    let partial = &response["partialSuccess"];
    let rejected =
        ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"].map(|name| whole_number(&partial[name]));
    Ok(ExportOutcome {
        rejected: rejected.into_iter().flatten().max().unwrap_or(0),
        message: partial["errorMessage"]
            .as_str()
            .and_then(|text| non_empty(text.to_owned())),
    })
}

/// Encodes an export response. All signals number its fields alike.
#[must_use]
pub fn encode_outcome(outcome: &ExportOutcome) -> Vec<u8> {
    let partial_success = (*outcome != ExportOutcome::default()).then(|| wire::PartialSuccess {
        rejected: i64::try_from(outcome.rejected).unwrap_or(i64::MAX),
        error_message: outcome.message.clone().unwrap_or_default(),
    });
    wire::ExportResponse { partial_success }.encode_to_vec()
}

/// As [`encode_outcome`], as OTLP/JSON. `rejected` is the name that the signal has for the number: `rejectedSpans`,
/// `rejectedDataPoints` or `rejectedLogRecords`.
#[must_use]
pub fn encode_outcome_json(outcome: &ExportOutcome, rejected: &str) -> Vec<u8> {
    if *outcome == ExportOutcome::default() {
        return b"{}".to_vec();
    }
    let message = outcome.message.as_deref().unwrap_or_default();
    let partial = serde_json::json!({rejected: outcome.rejected.to_string(), "errorMessage": message});
    serde_json::json!({"partialSuccess": partial}).to_string().into_bytes()
}

/// Encodes a status. A delay is rounded down to milliseconds in JSON.
#[must_use]
pub fn encode_status(status: &RpcStatus) -> Vec<u8> {
    let details = status.retry_delay.map(|delay| wire::Any {
        type_url: format!("type.googleapis.com{RETRY_INFO}"),
        value: wire::RetryInfo {
            retry_delay: Some(wire::Duration::of(delay)),
        }
        .encode_to_vec(),
    });
    let status = wire::Status {
        code: status.code,
        message: status.message.clone(),
        details: details.into_iter().collect(),
    };
    status.encode_to_vec()
}

/// As [`encode_status`], as JSON.
#[must_use]
pub fn encode_status_json(status: &RpcStatus) -> Vec<u8> {
    let mut json = serde_json::json!({"code": status.code, "message": status.message});
    if let Some(delay) = status.retry_delay {
        json["details"] = serde_json::json!([{
            "@type": format!("type.googleapis.com{RETRY_INFO}"),
            "retryDelay": format!("{}.{:03}s", delay.as_secs(), delay.subsec_millis()),
        }]);
    }
    json.to_string().into_bytes()
}

/// Decodes a status.
///
/// # Errors
///
/// `body` is no such message.
pub fn decode_status(body: &[u8]) -> Result<RpcStatus, DecodeError> {
    let status = wire::Status::decode(body)?;
    let retry_info = status
        .details
        .iter()
        .find(|detail| detail.type_url.ends_with(RETRY_INFO));
    let retry_info = retry_info.and_then(|detail| wire::RetryInfo::decode(&detail.value[..]).ok());
    Ok(RpcStatus {
        code: status.code,
        message: status.message,
        // A RetryInfo without a delay still says that trying again is welcome.
        retry_delay: retry_info.map(|info| info.retry_delay.map_or(Duration::ZERO, wire::Duration::to_std)),
    })
}

/// As [`decode_status`], from JSON.
///
/// # Errors
///
/// `body` is no JSON object.
pub fn decode_status_json(body: &[u8]) -> Result<RpcStatus, serde_json::Error> {
    let status: serde_json::Map<String, Value> = serde_json::from_slice(body)?;
    let details = status.get("details").and_then(Value::as_array);
    let retry_info = details.and_then(|details| details.iter().find(|detail| is_retry_info(detail)));
    Ok(RpcStatus {
        code: status.get("code").and_then(Value::as_i64).map_or(0, |code| code as i32),
        message: status
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        retry_delay: retry_info.map(|info| seconds(&info["retryDelay"])),
    })
}

fn is_retry_info(detail: &Value) -> bool {
    detail["@type"].as_str().is_some_and(|url| url.ends_with(RETRY_INFO))
}

/// 64-bit integers are strings in OTLP/JSON; some servers send numbers all the same.
fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// `"1.5s"`; zero for anything else.
fn seconds(value: &Value) -> Duration {
    let seconds = value.as_str().and_then(|text| text.strip_suffix('s')?.parse().ok());
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .unwrap_or_default()
}

fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The messages as they are on the wire. None of the crates in use has them all.
mod wire {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct ExportResponse {
        #[prost(message, optional, tag = "1")]
        pub(super) partial_success: Option<PartialSuccess>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct PartialSuccess {
        #[prost(int64, tag = "1")]
        pub(super) rejected: i64,
        #[prost(string, tag = "2")]
        pub(super) error_message: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Status {
        #[prost(int32, tag = "1")]
        pub(super) code: i32,
        #[prost(string, tag = "2")]
        pub(super) message: String,
        #[prost(message, repeated, tag = "3")]
        pub(super) details: Vec<Any>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Any {
        #[prost(string, tag = "1")]
        pub(super) type_url: String,
        #[prost(bytes = "vec", tag = "2")]
        pub(super) value: Vec<u8>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct RetryInfo {
        #[prost(message, optional, tag = "1")]
        pub(super) retry_delay: Option<Duration>,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub(super) struct Duration {
        #[prost(int64, tag = "1")]
        pub(super) seconds: i64,
        #[prost(int32, tag = "2")]
        pub(super) nanos: i32,
    }

    impl Duration {
        pub(super) fn of(duration: std::time::Duration) -> Self {
            Self {
                seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
                nanos: duration.subsec_nanos() as i32,
            }
        }

        /// Zero for a negative one.
        pub(super) fn to_std(self) -> std::time::Duration {
            let seconds = u64::try_from(self.seconds).unwrap_or(0);
            let nanos = u32::try_from(self.nanos).unwrap_or(0).min(999_999_999);
            std::time::Duration::new(seconds, nanos)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ExportMetricsPartialSuccess, ExportMetricsServiceResponse};
    use super::*;

    #[test]
    fn an_empty_answer_rejects_nothing() {
        assert_eq!(decode_outcome(b"").unwrap(), ExportOutcome::default());
        assert_eq!(decode_outcome_json(b"{}").unwrap(), ExportOutcome::default());
    }

    #[test]
    fn a_partial_success_says_how_much_and_why() {
        let response = ExportMetricsServiceResponse {
            partial_success: Some(ExportMetricsPartialSuccess {
                rejected_data_points: 3,
                error_message: "too old".to_owned(),
            }),
        };
        let expected = ExportOutcome {
            rejected: 3,
            message: Some("too old".to_owned()),
        };
        assert_eq!(decode_outcome(&response.encode_to_vec()).unwrap(), expected);
        for number in ["3", "\"3\""] {
            let json = format!(r#"{{"partialSuccess":{{"rejectedDataPoints":{number},"errorMessage":"too old"}}}}"#);
            assert_eq!(decode_outcome_json(json.as_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn a_status_says_when_to_come_again() {
        let retry_info = wire::RetryInfo {
            retry_delay: Some(wire::Duration {
                seconds: 1,
                nanos: 500_000_000,
            }),
        };
        let other = wire::Any {
            type_url: "type.googleapis.com/google.rpc.DebugInfo".to_owned(),
            value: b"\xff".to_vec(),
        };
        let details = wire::Any {
            type_url: format!("type.googleapis.com{RETRY_INFO}"),
            value: retry_info.encode_to_vec(),
        };
        let status = wire::Status {
            code: 8,
            message: "slow down".to_owned(),
            details: vec![other, details],
        };
        let expected = RpcStatus {
            code: 8,
            message: "slow down".to_owned(),
            retry_delay: Some(Duration::from_millis(1500)),
        };
        assert_eq!(decode_status(&status.encode_to_vec()).unwrap(), expected);
        let json = format!(
            r#"{{"code":8,"message":"slow down","details":[{{"@type":"type.googleapis.com{RETRY_INFO}","retryDelay":"1.500s"}}]}}"#
        );
        assert_eq!(decode_status_json(json.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn what_is_encoded_can_be_decoded() {
        let outcome = ExportOutcome {
            rejected: 3,
            message: Some("too old".to_owned()),
        };
        assert_eq!(decode_outcome(&encode_outcome(&outcome)).unwrap(), outcome);
        let json = encode_outcome_json(&outcome, "rejectedLogRecords");
        assert_eq!(decode_outcome_json(&json).unwrap(), outcome);
        assert!(encode_outcome(&ExportOutcome::default()).is_empty());
        assert_eq!(encode_outcome_json(&ExportOutcome::default(), "rejectedSpans"), b"{}");
        let status = RpcStatus {
            code: 14,
            message: "busy".to_owned(),
            retry_delay: Some(Duration::from_millis(1500)),
        };
        assert_eq!(decode_status(&encode_status(&status)).unwrap(), status);
        assert_eq!(decode_status_json(&encode_status_json(&status)).unwrap(), status);
    }

    #[test]
    fn a_status_without_details_says_nothing_of_coming_again() {
        assert_eq!(decode_status(b"\x08\x03").unwrap().retry_delay, None);
        assert_eq!(decode_status_json(br#"{"code":3}"#).unwrap().retry_delay, None);
        assert!(decode_status_json(b"[]").is_err());
    }
}
