//! What the ledger says, for people.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::{Arrivals, Receiver, locked};

/// What a receiver has counted, for people.
#[derive(Debug, Serialize)]
pub(crate) struct ReceiverFigures {
    name: &'static str,
    /// Null: it is not served.
    address: Option<String>,
    /// Spans, points, records; of MLflow's API calls that write.
    accepted: u64,
    rejected: u64,
    /// Requests of which nothing was taken.
    refused_requests: u64,
    bytes: u64,
    /// Requests that came and are not answered.
    queue_depth: usize,
    last_seen_ms: Option<i64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SenderFigures {
    service: Option<String>,
    sdk: Option<String>,
    sdk_version: Option<String>,
    address: Option<IpAddr>,
    spans: u64,
    /// Spans, points and records.
    items: u64,
    last_seen_ms: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct RejectFigures {
    kind: &'static str,
    pub(super) reason: String,
    count: u64,
    first_ms: i64,
    last_ms: i64,
    sample: String,
    remedy: String,
}

impl Arrivals {
    pub(crate) fn receiver_figures(&self) -> Vec<ReceiverFigures> {
        let figures = Receiver::ALL.into_iter().map(|receiver| {
            let counts = self.counts(receiver);
            let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
            let address = self.about.get().and_then(|about| about.address(receiver));
            ReceiverFigures {
                name: receiver.as_str(),
                address: address.map(|address| address.to_string()),
                accepted: load(&counts.accepted),
                rejected: load(&counts.rejected),
                refused_requests: load(&counts.refused_requests),
                bytes: load(&counts.bytes),
                queue_depth: counts.in_flight.load(Ordering::Relaxed),
                last_seen_ms: Some(counts.last_seen_ms.load(Ordering::Relaxed)).filter(|seen| *seen > 0),
            }
        });
        figures.collect()
    }

    /// The one that sent last comes first.
    pub(crate) fn sender_figures(&self) -> Vec<SenderFigures> {
        let senders = locked(&self.senders).clone();
        let figures = senders.into_iter().map(|((sender, address), sent)| SenderFigures {
            service: sender.service,
            sdk: sender.sdk,
            sdk_version: sender.sdk_version,
            address,
            spans: sent.spans,
            items: sent.items,
            last_seen_ms: sent.last_seen_ms,
        });
        let mut figures: Vec<_> = figures.collect();
        figures.sort_by(|one, other| {
            let by_time = other.last_seen_ms.cmp(&one.last_seen_ms);
            by_time.then_with(|| one.service.cmp(&other.service))
        });
        figures
    }

    /// The one that was made last comes first.
    pub(crate) fn reject_figures(&self) -> Vec<RejectFigures> {
        let rejected = locked(&self.rejected).clone();
        let figures = rejected.into_iter().map(|(reason, rejected)| RejectFigures {
            kind: rejected.kind,
            reason,
            count: rejected.count,
            first_ms: rejected.first_ms,
            last_ms: rejected.last_ms,
            sample: rejected.sample,
            remedy: rejected.remedy,
        });
        let mut figures: Vec<_> = figures.collect();
        figures.sort_by(|one, other| {
            other
                .last_ms
                .cmp(&one.last_ms)
                .then_with(|| one.reason.cmp(&other.reason))
        });
        figures
    }
}
