//! What an answer, or the lack of one, means for a request. The tables are those of the OTLP specification.

use std::error::Error;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use loadspan_wire::otlp::response::{ExportOutcome, RpcStatus};
use tonic::Code;

use super::Delivery;

/// The longest text of a server that is repeated.
const MAX_CHARACTERS: usize = 200;

/// No answer in time.
pub(super) fn timeout(limit: Duration) -> Delivery {
    Delivery::Retry {
        after: None,
        reason: format!("no answer within {limit:?}"),
    }
}

/// No connection, or none that lasted until the answer.
pub(super) fn broken(error: &dyn Error) -> Delivery {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let words = cause.to_string();
    Delivery::Retry {
        after: None,
        reason: format!("{}{}", cut(&words), hint(&words)),
    }
}

/// The commonest mistakes have words that say nothing to those who make them.
fn hint(words: &str) -> &'static str {
    match words {
        // What is read first depends on who is quicker: the answer, or the connection that ends.
        words
            if words.contains("frame with invalid size")
                || words.contains("stream closed because of a broken pipe") =>
        {
            "; is it an endpoint of HTTP? Then set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, and its port, 4318 by custom"
        }
        words if words.contains("invalid HTTP version parsed") => {
            "; is it an endpoint of gRPC? Then set OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or its port for HTTP, 4318 by custom"
        }
        _ => "",
    }
}

/// It was taken, whatever else the answer says.
pub(super) fn accepted(outcome: ExportOutcome) -> Delivery {
    Delivery::Accepted {
        rejected: outcome.rejected,
        message: outcome.message.as_deref().map(cut),
    }
}

/// An HTTP answer that is not 2xx.
pub(super) fn http_failure(status: StatusCode, retry_after: Option<&str>, rpc: &RpcStatus) -> Delivery {
    let reason = format!("HTTP {status}{}", said(&rpc.message));
    match status.as_u16() {
        429 | 502 | 503 | 504 => Delivery::Retry {
            after: retry_after.and_then(parse_retry_after).or(rpc.retry_delay),
            reason,
        },
        413 => Delivery::TooLarge { reason },
        // The Collector answers 400 when a body is over its limit.
        400 if rpc.message.contains("request body too large") => Delivery::TooLarge { reason },
        400 | 422 => Delivery::Spoiled { reason },
        _ => Delivery::Refused { reason },
    }
}

/// A gRPC call that ended with another status than OK. `rpc` is what its details say.
pub(super) fn grpc_failure(status: &tonic::Status, rpc: &RpcStatus) -> Delivery {
    if let Some(error) = status.source() {
        // It was made here, of an error of the connection.
        return broken(error);
    }
    let reason = format!("gRPC {:?}{}", status.code(), said(status.message()));
    match status.code() {
        Code::ResourceExhausted | Code::OutOfRange if speaks_of_size(status.message()) => Delivery::TooLarge { reason },
        Code::ResourceExhausted if rpc.retry_delay.is_none() => Delivery::Refused { reason },
        Code::ResourceExhausted
        | Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Delivery::Retry {
            after: rpc.retry_delay,
            reason,
        },
        _ => Delivery::Refused { reason },
    }
}

/// `Retry-After`: seconds or an HTTP date. `None` when it is neither; zero for a date that has passed.
fn parse_retry_after(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(Timestamp::now())).unwrap_or_default())
}

/// The words of the gRPC implementations for a message over their limit.
fn speaks_of_size(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let words = ["larger than max", "too large", "maximum size", "message size"];
    words.iter().any(|words| message.contains(words))
}

fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {}", cut(message))
    }
}

/// One line, not too long.
pub(in crate::export) fn cut(text: &str) -> String {
    let plain = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character });
    plain.take(MAX_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(parse_retry_after(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT"), Some(Duration::ZERO));
        assert_eq!(parse_retry_after("soon"), None);
    }

    #[test]
    fn only_some_statuses_are_tried_again() {
        let is_retried = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            matches!(
                http_failure(status, None, &RpcStatus::default()),
                Delivery::Retry { .. }
            )
        };
        let retried: Vec<u16> = (300..600).filter(|status| is_retried(*status)).collect();
        assert_eq!(retried, [429, 502, 503, 504]);
    }

    #[test]
    fn exhausted_is_tried_again_only_when_the_backend_says_when() {
        let status = tonic::Status::resource_exhausted("quota");
        let refused = grpc_failure(&status, &RpcStatus::default());
        assert!(matches!(refused, Delivery::Refused { .. }));
        let welcome = RpcStatus {
            retry_delay: Some(Duration::from_secs(2)),
            ..RpcStatus::default()
        };
        let after = Some(Duration::from_secs(2));
        assert!(matches!(grpc_failure(&status, &welcome), Delivery::Retry { after: told, .. } if told == after));
        let size = tonic::Status::resource_exhausted("grpc: received message larger than max (5 vs. 4)");
        assert!(matches!(
            grpc_failure(&size, &RpcStatus::default()),
            Delivery::TooLarge { .. }
        ));
    }
}
