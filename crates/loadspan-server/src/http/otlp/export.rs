//! Exports, from a body to what became of them, and what the three kinds differ in.

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;

use axum::extract::Request;
use bytes::Bytes;
use loadspan_wire::otlp::logs::{LogRecord, ResourceLogs, ScopeLogs};
use loadspan_wire::otlp::metrics::{Metric, ResourceMetrics, ScopeMetrics};
use loadspan_wire::otlp::salvage::Checks;
use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span};
use loadspan_wire::otlp::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, Message, Resource, json, weight,
};

use super::format::{Decoded, Format};
use crate::app::App;
use crate::error::ApiError;
use crate::http::inflate::Encoding;
use crate::http::intake::{Admitted, Arrived};
use crate::http::observe::Client;
use crate::ingest::{self, Accepted, Incoming, Routing, Unreadable, beside, to_the_end};
use crate::operation::{Delivery, Made, Mistake, Parcel, Receiver, Sender, Signal, Trail};

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

    /// Who sent it, and how many items of each.
    fn senders(&self) -> Vec<(Sender, u64)>;

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
    receiver: Receiver,
    client: Option<IpAddr>,
}

impl Envelope {
    pub(crate) fn of(request: &Request, receiver: Receiver) -> Self {
        let headers = request.headers();
        Self {
            routing: super::routing(headers),
            trail: Trail::of(headers),
            receiver,
            client: request.extensions().get().map(|Client(address)| *address),
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
        let came = Came {
            receiver: sent.envelope.receiver,
            client: sent.envelope.client,
            senders: request.senders(),
            bytes: size,
        };
        let incoming = Incoming {
            routing: sent.envelope.routing,
            request,
            bytes: size,
            trail: sent.envelope.trail,
        };
        let accepted = take_in(&app, incoming).await;
        drop(room);
        came.note::<T>(&app, &accepted);
        Ok(match unreadable {
            Some(unreadable) => {
                came.note_unreadable(&app, &unreadable);
                unreadable.beside(&app, T::SIGNAL, accepted?)
            }
            None => accepted?,
        })
    })
    .await
}

/// What is noted of an export.
struct Came {
    receiver: Receiver,
    client: Option<IpAddr>,
    senders: Vec<(Sender, u64)>,
    bytes: usize,
}

impl Came {
    fn delivery(&self, signal: Signal, rejected: u64) -> Delivery<'_> {
        Delivery {
            receiver: self.receiver,
            client: self.client,
            senders: &self.senders,
            are_spans: signal == Signal::Traces,
            bytes: self.bytes,
            rejected,
        }
    }

    /// Which of its items are stored, and what was wrong with others. A request that failed as a whole has its own place for that.
    fn note<T: Export>(&self, app: &App, accepted: &Result<Accepted, ApiError>) {
        let refused = accepted.as_ref().map_or(&[][..], |accepted| &accepted.refused);
        let rejected = match accepted {
            Ok(_) => refused.iter().map(|(_, items)| items).sum(),
            Err(_) => self.senders.iter().map(|(_, items)| items).sum(),
        };
        let delivery = self.delivery(T::SIGNAL, rejected);
        let arrivals = app.meters.arrivals();
        arrivals.deliver(&delivery);
        for (reason, items) in refused {
            arrivals.refuse_items(&delivery, (Mistake::of_refusal(reason), *items));
        }
    }

    fn note_unreadable(&self, app: &App, unreadable: &Unreadable) {
        app.meters.arrivals().mistake(&Made {
            mistake: Mistake::Damaged,
            entrance: self.receiver.entrance(),
            count: unreadable.items as u64,
            sample: &unreadable.reason,
        });
    }
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

/// Who sends, each once. Of many resources only the first are told apart.
fn senders<'r>(resources: impl Iterator<Item = (Option<&'r Resource>, usize)>) -> Vec<(Sender, u64)> {
    /// As many as a Collector gathers from a node.
    const MOST: usize = 100;
    let mut senders: HashMap<Sender, u64> = HashMap::new();
    for (place, (resource, items)) in resources.enumerate() {
        let sender = if place < MOST {
            Sender::of(resource)
        } else {
            Sender::default()
        };
        *senders.entry(sender).or_default() += items as u64;
    }
    senders.into_iter().collect()
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

    fn senders(&self) -> Vec<(Sender, u64)> {
        let resources = self.resource_spans.iter().map(|resource| {
            let items = resource.scope_spans.iter().map(|scope| scope.spans.len()).sum();
            (resource.resource.as_ref(), items)
        });
        senders(resources)
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

    fn senders(&self) -> Vec<(Sender, u64)> {
        let resources = self.resource_metrics.iter().map(|resource| {
            let items = ingest::points_of(resource);
            (resource.resource.as_ref(), items)
        });
        senders(resources)
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

    fn senders(&self) -> Vec<(Sender, u64)> {
        let resources = self.resource_logs.iter().map(|resource| {
            let items = resource.scope_logs.iter().map(|scope| scope.log_records.len()).sum();
            (resource.resource.as_ref(), items)
        });
        senders(resources)
    }

    fn store(app: &App, incoming: Incoming<Self>) -> impl Future<Output = Result<Accepted, ApiError>> + Send {
        ingest::logs(app, incoming)
    }
}
