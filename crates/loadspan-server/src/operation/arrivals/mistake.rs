//! What clients do wrong when they send, in words that say what to do instead.

use std::borrow::Cow;

use super::{About, Entrance};
use crate::ingest::{Flaw, Reason};

/// What a client did wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It spoke gRPC to a port of HTTP.
    GrpcToHttp,
    /// It spoke HTTP to the port of gRPC.
    HttpToGrpc,
    /// It wanted TLS where there is none.
    TlsToPlain,
    /// It wanted none where there is.
    PlainToTls,
    /// Ids of traces were all zeros, or missing.
    NoTraceId,
    ContentType,
    TooLarge,
    Unauthorized,
    Forbidden,
    /// What it sent is neither protobuf nor JSON of OTLP, or a part of it is not.
    Damaged,
    /// What the answer says.
    Other(String),
}

impl Mistake {
    /// The names of all kinds, for counters.
    pub(crate) const KINDS: [&str; 11] = [
        "grpc_to_http",
        "http_to_grpc",
        "tls_to_plain",
        "plain_to_tls",
        "no_trace_id",
        "content_type",
        "too_large",
        "unauthorized",
        "forbidden",
        "damaged",
        "other",
    ];

    /// Its place among these.
    pub(super) const fn place(&self) -> usize {
        match self {
            Self::GrpcToHttp => 0,
            Self::HttpToGrpc => 1,
            Self::TlsToPlain => 2,
            Self::PlainToTls => 3,
            Self::NoTraceId => 4,
            Self::ContentType => 5,
            Self::TooLarge => 6,
            Self::Unauthorized => 7,
            Self::Forbidden => 8,
            Self::Damaged => 9,
            Self::Other(_) => 10,
        }
    }

    /// What an item was refused for.
    pub(crate) fn of_refusal(reason: &Reason) -> Self {
        match reason.flaw() {
            Flaw::NoTraceId => Self::NoTraceId,
            Flaw::Other => Self::Other(reason.to_string()),
        }
    }

    /// What happened, where.
    pub(super) fn reason(&self, entrance: Entrance, about: Option<&About>) -> String {
        let port = about.and_then(|about| about.port(entrance));
        let port = port.map_or_else(|| "a port".to_owned(), |port| format!("port {port}"));
        match self {
            Self::GrpcToHttp => format!("gRPC came to {port}, which speaks HTTP"),
            Self::HttpToGrpc => format!("HTTP came to {port}, which speaks gRPC"),
            Self::TlsToPlain => format!("TLS came to {port}, which speaks plain HTTP"),
            Self::PlainToTls => format!("plain HTTP came to {port}, which speaks TLS"),
            Self::NoTraceId => "the trace id is all zeros".to_owned(),
            Self::ContentType => "the content type is none that is taken".to_owned(),
            Self::TooLarge => "the body is too large".to_owned(),
            Self::Unauthorized => "the token is missing or wrong".to_owned(),
            Self::Forbidden => "the request is not allowed".to_owned(),
            Self::Damaged => "the body is no OTLP, or damaged".to_owned(),
            Self::Other(reason) => reason.clone(),
        }
    }

    /// What to do instead.
    pub(super) fn remedy(&self, about: Option<&About>) -> Cow<'static, str> {
        let port = |entrance| about.and_then(|about| about.port(entrance));
        Cow::Borrowed(match self {
            Self::GrpcToHttp => {
                return match port(Entrance::OtlpGrpc) {
                    Some(grpc) => format!("Use port {grpc}, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.").into(),
                    None => "Set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf: OTLP over gRPC is not served.".into(),
                };
            }
            Self::HttpToGrpc => {
                let http = port(Entrance::OtlpHttp).or_else(|| port(Entrance::Main));
                let http = http.map_or_else(|| "that of HTTP".to_owned(), |port| port.to_string());
                return format!("Use port {http}, or set OTEL_EXPORTER_OTLP_PROTOCOL=grpc.").into();
            }
            Self::TlsToPlain => {
                "Write http:// instead of https:// (OTEL_EXPORTER_OTLP_INSECURE=true for gRPC), or start the server with --tls-cert and --tls-key."
            }
            Self::PlainToTls => "Write https:// instead of http://.",
            Self::NoTraceId => {
                "Start a span before it is sent: a span outside any trace has no id, or a sampler has dropped it."
            }
            Self::ContentType => {
                "Send application/x-protobuf or application/json to /v1/traces, and application/json to the tracking API."
            }
            Self::TooLarge => "Send smaller batches, or start the server with a larger --max-body.",
            Self::Unauthorized => {
                "Set OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN, or MLFLOW_TRACKING_TOKEN for MLflow's client."
            }
            Self::Forbidden => {
                "Use a token that may write, and a name of this server that --allowed-hosts has; pages of other sites may not send."
            }
            Self::Damaged => {
                "Look what changes the body on its way: a proxy, a wrong compression, a content type that does not fit."
            }
            Self::Other(_) => "The answer that the client got says what to change.",
        })
    }
}
