//! The client against real sockets, in all protocols.

mod answers;
mod connection;
mod proxy;
mod requests;
mod tls;

use std::time::Duration;

use loadspan_record::TelemetrySignal;
use loadspan_testkit::{OtlpSink, RunningOtlpSink, SinkAnswer};
use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span};
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message};

use super::*;
use crate::config::{Compression, TlsFiles};
use crate::export::Contents;

const PROTOCOLS: [Protocol; 3] = [Protocol::Grpc, Protocol::HttpProtobuf, Protocol::HttpJson];

/// Longer than any test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// A base URL as the endpoint for spans.
fn config(base_url: &str, protocol: Protocol) -> OtlpConfig {
    let path = match protocol {
        Protocol::Grpc => "",
        Protocol::HttpProtobuf | Protocol::HttpJson => "/v1/traces",
    };
    OtlpConfig {
        endpoint: format!("{base_url}{path}").parse().unwrap(),
        had_credentials: false,
        protocol,
        headers: Vec::new(),
        timeout: Some(PATIENCE),
        compression: Compression::None,
        tls: TlsFiles::default(),
    }
}

fn client(config: &OtlpConfig) -> OtlpClient {
    OtlpClient::build(config, TelemetrySignal::Traces).unwrap()
}

fn request(spans: usize) -> ExportTraceServiceRequest {
    let span = |number: usize| Span {
        trace_id: vec![0xab; 16],
        span_id: (number as u64).to_be_bytes().to_vec(),
        name: format!("chat {number}"),
        ..Span::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: (0..spans).map(span).collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn payload(spans: usize) -> Payload {
    Payload {
        contents: Contents::Traces,
        items: spans as u64,
        body: request(spans).encode_to_vec().into(),
    }
}

const ACCEPTED: Delivery = Delivery::Accepted {
    rejected: 0,
    message: None,
};

/// What comes of sending three spans to a sink that answers like this.
async fn answered(answer: SinkAnswer, protocol: Protocol) -> Delivery {
    let sink = OtlpSink::new().answer(answer).start().unwrap();
    send_to(&sink, protocol).await
}

async fn send_to(sink: &RunningOtlpSink, protocol: Protocol) -> Delivery {
    client(&config(&sink.url(), protocol)).send(&payload(3)).await
}

/// The reason, whatever it is one for.
fn reason(delivery: &Delivery) -> &str {
    match delivery {
        Delivery::Accepted { .. } => panic!("it was accepted"),
        Delivery::Retry { reason, .. }
        | Delivery::TooLarge { reason }
        | Delivery::NotTaken { reason }
        | Delivery::Gone { reason }
        | Delivery::Invalid { reason }
        | Delivery::Refused { reason } => reason,
    }
}

/// The kind of delivery, for tables.
fn kind(delivery: &Delivery) -> &'static str {
    match delivery {
        Delivery::Accepted { .. } => "accepted",
        Delivery::Retry { .. } => "retry",
        Delivery::TooLarge { .. } => "too large",
        Delivery::NotTaken { .. } => "not taken",
        Delivery::Gone { .. } => "gone",
        Delivery::Invalid { .. } => "invalid",
        Delivery::Refused { .. } => "refused",
    }
}
