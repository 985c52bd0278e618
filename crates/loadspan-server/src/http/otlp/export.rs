//! What the three kinds of exports differ in.

use std::future::Future;

use bytes::Bytes;
use loadspan_wire::otlp::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, Message, json,
};

use crate::app::App;
use crate::error::ApiError;
use crate::ingest::{self, Accepted, Incoming, beside};
use crate::operation::Signal;

/// A kind of export.
pub(crate) trait Export: Message + Default + 'static {
    /// What it is about.
    const SIGNAL: Signal;
    /// The name of the number of items that were refused, in JSON.
    const REJECTED: &'static str;

    /// From OTLP/JSON.
    fn from_json(json: &[u8]) -> Result<Self, serde_json::Error>;

    /// Stores it.
    fn store(app: &App, incoming: Incoming<Self>) -> impl Future<Output = Result<Accepted, ApiError>> + Send;
}

/// Stores an export, and passes it on where that is wanted.
pub(crate) async fn take_in<T: Export>(app: &App, incoming: Incoming<T>) -> Result<Accepted, ApiError> {
    let Some(forward) = &app.forward else {
        return T::store(app, incoming).await;
    };
    let bytes = incoming.bytes;
    let (incoming, copy) = beside(bytes, move || {
        let copy = Bytes::from(incoming.request.encode_to_vec());
        (incoming, copy)
    })
    .await?;
    let accepted = T::store(app, incoming).await?;
    forward.offer(T::SIGNAL, copy);
    Ok(accepted)
}

impl Export for ExportTraceServiceRequest {
    const SIGNAL: Signal = Signal::Traces;
    const REJECTED: &'static str = "rejectedSpans";

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

    fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        json::decode_logs(json)
    }

    fn store(app: &App, incoming: Incoming<Self>) -> impl Future<Output = Result<Accepted, ApiError>> + Send {
        ingest::logs(app, incoming)
    }
}
