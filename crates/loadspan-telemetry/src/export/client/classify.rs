//! What an answer, or the lack of one, means for a payload. The tables are those of the OTLP specification.

use std::error::Error;
use std::fmt::Display;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use loadspan_wire::otlp::response::{ExportOutcome, RpcStatus};
use tonic::Code;

use crate::export::Delivery;

/// What can be said of an HTTP answer that is not 2xx.
pub(super) struct HttpFailure<'a> {
    pub(super) status: StatusCode,
    /// The header `Retry-After`.
    pub(super) retry_after: Option<&'a str>,
    /// The header `Location`.
    pub(super) location: Option<&'a str>,
    /// What the body says; empty when it says nothing.
    pub(super) rpc: RpcStatus,
}

/// A success, with what the answer says of it: it is never to be sent again, not even if that cannot be read.
pub(crate) fn accepted(outcome: Result<ExportOutcome, impl Display>) -> Delivery {
    match outcome {
        Ok(outcome) => Delivery::Accepted {
            rejected: outcome.rejected,
            message: outcome.message,
        },
        Err(error) => Delivery::Accepted {
            rejected: 0,
            message: Some(format!("its answer cannot be read: {error}")),
        },
    }
}

/// No answer in time.
pub(super) fn timeout(limit: Duration) -> Delivery {
    Delivery::Retry {
        after: None,
        reason: format!("no answer within {limit:?}"),
    }
}

/// No connection, or none that lasted until the answer.
pub(super) fn broken(error: &dyn Error) -> Delivery {
    let cause = root_cause(error);
    Delivery::Retry {
        after: None,
        reason: with_hint(&cause, hint(&cause)),
    }
}

/// An HTTP answer that is not 2xx.
pub(super) fn http_failure(failure: &HttpFailure<'_>) -> Delivery {
    let said = format!("HTTP {}{}", failure.status, said(&failure.rpc.message));
    match failure.status.as_u16() {
        429 | 502 | 503 | 504 => Delivery::Retry {
            after: failure
                .retry_after
                .and_then(parse_retry_after)
                .or(failure.rpc.retry_delay),
            reason: said,
        },
        404 | 405 => Delivery::NotTaken { reason: said },
        413 => Delivery::TooLarge { reason: said },
        // The Collector answers 400 when a body is over its limit.
        400 if failure.rpc.message.contains("request body too large") => Delivery::TooLarge { reason: said },
        300..=399 => Delivery::Refused {
            reason: redirected(&said, failure.location),
        },
        401 | 403 | 407 => Delivery::Refused {
            reason: with_hint(&said, CHECK_CREDENTIALS),
        },
        // The request was taken too slowly, or too early: nothing is wrong with it.
        408 | 425 => Delivery::Refused { reason: said },
        415 => Delivery::Invalid {
            reason: with_hint(&said, "try another --otel-protocol"),
        },
        400..=499 => Delivery::Invalid { reason: said },
        _ => Delivery::Refused { reason: said },
    }
}

/// A gRPC call that ended with another status than OK. `rpc` is what its details say.
pub(super) fn grpc_failure(status: &tonic::Status, rpc: &RpcStatus) -> Delivery {
    if let Some(error) = status.source() {
        // It was made here, of an error of the connection.
        return broken(error);
    }
    if let Some(http_status) = foreign_status(status.message()) {
        return not_grpc(http_status);
    }
    let code = status.code();
    let reason = format!("gRPC {}{}", name(code), said(status.message()));
    match code {
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
        Code::Unimplemented => Delivery::NotTaken { reason },
        Code::InvalidArgument => Delivery::Invalid { reason },
        Code::Unauthenticated | Code::PermissionDenied => Delivery::Refused {
            reason: with_hint(&reason, CHECK_CREDENTIALS),
        },
        _ => Delivery::Refused { reason },
    }
}

/// An HTTP answer that is not gRPC's, to a gRPC call: of a proxy in between, or of a server that does not speak it. It says nothing
/// of the payload.
fn not_grpc(status: StatusCode) -> Delivery {
    let said = format!("HTTP {status} in place of a gRPC answer");
    match status.as_u16() {
        429 | 502 | 503 | 504 => Delivery::Retry {
            after: None,
            reason: said,
        },
        401 | 403 | 407 => Delivery::Refused {
            reason: with_hint(&said, CHECK_CREDENTIALS),
        },
        404 | 405 => Delivery::NotTaken {
            reason: with_hint(&said, NOT_GRPC),
        },
        _ => Delivery::Refused {
            reason: with_hint(&said, NOT_GRPC),
        },
    }
}

/// `Retry-After`: seconds or an HTTP date. `None` when it is neither; zero for a date that has passed.
pub(crate) fn parse_retry_after(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let wait = date.duration_since(Timestamp::now());
    Some(Duration::try_from(wait).unwrap_or_default())
}

const CHECK_CREDENTIALS: &str = "check the credentials: --otel-header, OTEL_EXPORTER_OTLP_HEADERS";
const NOT_GRPC: &str = "if this port does not speak gRPC, try --otel-protocol http/protobuf";

pub(crate) fn redirected(said: &str, location: Option<&str>) -> String {
    let target = location.map_or(String::new(), |url| format!(" to {}", loadspan_record::redact_url(url)));
    format!("{said}{target}; redirects are not followed, give the final URL")
}

/// The HTTP status behind a gRPC status that tonic made of an answer which is not gRPC's. It says so in its message alone.
fn foreign_status(message: &str) -> Option<StatusCode> {
    const WORDS: [&str; 2] = [
        "mapped from HTTP status code ",
        "while receiving response with status: ",
    ];
    let (_, after) = WORDS.iter().find_map(|words| message.split_once(words))?;
    let status = StatusCode::from_bytes(after.get(..3)?.as_bytes()).ok()?;
    (status != StatusCode::OK).then_some(status)
}

/// The words of the gRPC implementations for a message over their limit.
fn speaks_of_size(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["larger than max", "too large", "maximum size", "message size"]
        .iter()
        .any(|words| message.contains(words))
}

/// What to do about an error of the connection, where it is known.
fn hint(cause: &str) -> &'static str {
    const HINTS: [(&str, &str); 9] = [
        ("Connection refused", "is the collector running?"),
        ("failed to lookup address", "is the host name right?"),
        (
            "invalid HTTP version",
            "if this port speaks gRPC, try --otel-protocol grpc",
        ),
        ("frame with invalid size", NOT_GRPC),
        ("FRAME_SIZE_ERROR", NOT_GRPC),
        ("HTTP/2 was not negotiated", NOT_GRPC),
        (
            "UnknownIssuer",
            "name the authority of its certificate: OTEL_EXPORTER_OTLP_CERTIFICATE",
        ),
        ("InvalidContentType", "if this port does not speak TLS, try http://"),
        (
            "CertificateRequired",
            "it wants OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY",
        ),
    ];
    let known = HINTS.iter().find(|(words, _)| cause.contains(words));
    known.map_or("", |(_, hint)| hint)
}

fn with_hint(said: &str, hint: &str) -> String {
    if hint.is_empty() {
        said.to_owned()
    } else {
        format!("{said}; {hint}")
    }
}

fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

/// The innermost error says what happened; those around it only what was being done.
pub(crate) fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The name that the gRPC documentation gives to a code.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(parse_retry_after(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT"), Some(Duration::ZERO));
        let soon = Timestamp::now() + Duration::from_secs(100);
        let soon = soon.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let wait = parse_retry_after(&soon).unwrap();
        assert!((90..=100).contains(&wait.as_secs()), "{wait:?}");
        assert_eq!(parse_retry_after("soon"), None);
        assert_eq!(parse_retry_after("-1"), None);
    }

    #[test]
    fn messages_over_the_limit_are_known_by_the_words_of_each_implementation() {
        for message in [
            "grpc: received message larger than max (5000000 vs. 4194304)",
            "Received message larger than max (5000000 vs. 4194304)",
            "gRPC message exceeds maximum size 4194304: 5000000",
            "Error, decoded message length too large: found 5000000 bytes, the limit is: 4194304 bytes",
        ] {
            assert!(speaks_of_size(message), "{message}");
        }
        assert!(!speaks_of_size("quota of the tenant is used up"));
    }
}
