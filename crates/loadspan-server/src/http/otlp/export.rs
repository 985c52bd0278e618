//! Exports, from a body to what became of them, and what the three kinds differ in.

use std::future::Future;

use bytes::Bytes;
use http::HeaderMap;
use loadspan_wire::otlp::logs::{LogRecord, ResourceLogs, ScopeLogs};
use loadspan_wire::otlp::metrics::{Metric, ResourceMetrics, ScopeMetrics};
use loadspan_wire::otlp::salvage::Checks;
use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span};
use loadspan_wire::otlp::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, Message, json, weight,
};

use super::format::{Decoded, Format};
use crate::app::App;
use crate::error::ApiError;
use crate::http::inflate::Encoding;
use crate::http::intake::{Admitted, Arrived};
use crate::ingest::{self, Accepted, Incoming, Routing, beside, to_the_end};
use crate::operation::{Parcel, Signal, Trail};

/// A kind of export.
pub(crate) trait Export: Message + Default + 'static {
    /// What it is about.
    const SIGNAL: Signal;
    /// The name of the number of items that were refused, in JSON.
    const REJECTED: &'static str;

    /// What protobuf of it takes in memory when it is decoded.
    fn weigh(protobuf: &[u8]) -> usize;

    /// How its parts are decoded.
    const CHECKS: Checks;

    /// From OTLP/JSON.
    fn from_json(json: &[u8]) -> Result<Self, serde_json::Error>;

    /// Stores it.
    fn store(app: &App, incoming: Incoming<Self>) -> impl Future<Output = Result<Accepted, ApiError>> + Send;
}

/// An export as it came.
pub(crate) struct Sent {
    pub(crate) body: Arrived,
    pub(crate) encoding: Encoding,
    pub(crate) format: Format,
    pub(crate) envelope: Envelope,
}

/// What the headers of a request say of it, beside its form.
pub(crate) struct Envelope {
    routing: Routing,
    trail: Trail,
}

impl Envelope {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self {
            routing: super::routing(headers),
            trail: Trail::of(headers),
        }
    }
}

/// Decodes an export when there is room for it, and stores it.
///
/// # Errors
///
/// Nothing was stored: it cannot be read, is too large, makes no sense, or the server is busy.
pub(crate) async fn receive<T: Export>(app: &App, sent: Sent) -> Result<Accepted, ApiError> {
    let format = sent.format;
    let body = sent.body.inflated(app, sent.encoding).await?;
    let limit = app.limits.decoded_bytes();
    let Admitted { bytes, weight, room } = body.admitted(app, move |body| format.weigh::<T>(body, limit)).await?;
    let app = app.clone();
    to_the_end(async move {
        let size = bytes.len();
        let decoded = beside(size, move || format.decode::<T>(&bytes, weight)).await??;
        let Decoded { request, unreadable } = decoded;
        let incoming = Incoming {
            routing: sent.envelope.routing,
            request,
            bytes: size,
            trail: sent.envelope.trail,
        };
        let accepted = take_in(&app, incoming).await;
        drop(room);
        Ok(match unreadable {
            Some(unreadable) => unreadable.beside(&app, T::SIGNAL, accepted?),
            None => accepted?,
        })
    })
    .await
}

/// Stores an export, and passes it on where that is wanted.
async fn take_in<T: Export>(app: &App, incoming: Incoming<T>) -> Result<Accepted, ApiError> {
    let Some(forward) = &app.forward else {
        return T::store(app, incoming).await;
    };
    let bytes = incoming.bytes;
    let (incoming, parcel) = beside(bytes, move || {
        let parcel = Parcel {
            signal: T::SIGNAL,
            body: Bytes::from(incoming.request.encode_to_vec()),
            trail: incoming.trail.clone(),
        };
        (incoming, parcel)
    })
    .await?;
    let accepted = T::store(app, incoming).await?;
    forward.offer(parcel);
    Ok(accepted)
}

impl Export for ExportTraceServiceRequest {
    const SIGNAL: Signal = Signal::Traces;
    const REJECTED: &'static str = "rejectedSpans";
    const CHECKS: Checks = Checks {
        resource: |frame| ResourceSpans::decode(frame).map(drop),
        scope: |frame| ScopeSpans::decode(frame).map(drop),
        item: |item| Span::decode(item).map(drop),
    };

    fn weigh(protobuf: &[u8]) -> usize {
        weight::of_traces(protobuf)
    }

    fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        json::decode_traces(json)
    }

    fn store(app: &App, incoming: Incoming<Self>) -> impl Future<Output = Result<Accepted, ApiError>> + Send {
        ingest::traces(app, incoming)
    }
}

impl Export for ExportMetricsServiceRequest {
    const SIGNAL: Signal = Signal::Metrics;
    const REJECTED: &'static str = "rejectedDataPoints";
    const CHECKS: Checks = Checks {
        resource: |frame| ResourceMetrics::decode(frame).map(drop),
        scope: |frame| ScopeMetrics::decode(frame).map(drop),
        item: |item| Metric::decode(item).map(drop),
    };

    fn weigh(protobuf: &[u8]) -> usize {
        weight::of_metrics(protobuf)
    }

    fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        json::decode_metrics(json)
    }

    fn store(app: &App, incoming: Incoming<Self>) -> impl Future<Output = Result<Accepted, ApiError>> + Send {
        ingest::metrics(app, incoming)
    }
}

impl Export for ExportLogsServiceRequest {
    const SIGNAL: Signal = Signal::Logs;
    const REJECTED: &'static str = "rejectedLogRecords";
    const CHECKS: Checks = Checks {
        resource: |frame| ResourceLogs::decode(frame).map(drop),
        scope: |frame| ScopeLogs::decode(frame).map(drop),
        item: |item| LogRecord::decode(item).map(drop),
    };

    fn weigh(protobuf: &[u8]) -> usize {
        weight::of_logs(protobuf)
    }

    fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        json::decode_logs(json)
    }

    fn store(app: &App, incoming: Incoming<Self>) -> impl Future<Output = Result<Accepted, ApiError>> + Send {
        ingest::logs(app, incoming)
    }
}
