//! Brings batches to a destination: tries again, makes halves of what is too large, and settles every span.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use loadspan_wire::otlp::{Message, Resource, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::batch::Batch;
use super::client::{Client, Delivery};
use super::encode::{self, Style};
use super::ledger::Fate;
use super::mlflow::MlflowServer;
use super::queue::Item;
use super::retry;
use crate::diagnostics::{self, Kind};
use crate::processor::is_root;

/// Where spans go.
#[derive(Debug)]
pub(super) enum Destination {
    Otlp(Otlp),
    Mlflow(Arc<MlflowServer>),
}

/// An OTLP endpoint.
#[derive(Debug)]
pub(super) struct Otlp {
    pub(super) client: Client,
    pub(super) style: Style,
    pub(super) resource: super::SharedResource,
}

/// Brings batches to one destination.
#[derive(Debug)]
pub(super) struct Courier {
    destination: Destination,
    patience: Duration,
}

impl Destination {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Otlp(_) => "otlp",
            Self::Mlflow(_) => "mlflow",
        }
    }

    const fn trouble(&self) -> Kind {
        match self {
            Self::Otlp(_) => Kind::OtlpFailed,
            Self::Mlflow(_) => Kind::MlflowFailed,
        }
    }

    fn encode(&self, items: &[Item]) -> Bytes {
        let spans = items.iter().map(|item| &*item.span);
        match self {
            Self::Otlp(otlp) => otlp.encode(otlp.resource.get(), spans),
            Self::Mlflow(server) => server.encode(spans),
        }
    }

    async fn send(&self, body: Bytes) -> Delivery {
        match self {
            Self::Otlp(otlp) => otlp.client.send(body).await,
            Self::Mlflow(server) => server.send(body).await,
        }
    }
}

impl Otlp {
    fn encode<'a>(
        &self,
        resource: Resource,
        spans: impl Iterator<Item = &'a opentelemetry_sdk::trace::SpanData>,
    ) -> Bytes {
        let request = encode::request(resource, spans, &self.style);
        if self.client.wants_json() {
            return json::encode_traces(&request).into();
        }
        request.encode_to_vec().into()
    }
}

impl Courier {
    pub(super) fn new(destination: Destination, patience: Duration) -> Self {
        Self { destination, patience }
    }

    /// Takes note of spans in the order in which they ended.
    pub(super) fn see(&self, items: &[Item]) {
        if let Destination::Mlflow(server) = &self.destination {
            server.see(items);
        }
    }

    /// Brings a batch there; the slot is free again when its spans are settled.
    pub(super) async fn carry(&self, batch: Batch, slot: OwnedSemaphorePermit) {
        let roots: Vec<Item> = match &self.destination {
            Destination::Mlflow(_) => batch.items.iter().filter(|item| is_root(&item.span)).cloned().collect(),
            Destination::Otlp(_) => Vec::new(),
        };
        let is_there = self.deliver(batch).await;
        drop(slot);
        if let (true, Destination::Mlflow(server)) = (is_there, &self.destination) {
            server.describe(&roots, self.patience).await;
        }
    }

    /// `false`: something of it was not taken.
    async fn deliver(&self, batch: Batch) -> bool {
        let deadline = Instant::now() + self.patience;
        let mut is_there = true;
        let mut pieces = vec![batch];
        while let Some(mut piece) = pieces.pop() {
            match self.persist(&piece, deadline).await {
                Delivery::Accepted { rejected, message } => {
                    if rejected > 0 {
                        self.warn(&format!("rejects spans: {}", message.unwrap_or_default()));
                    }
                    piece.settle(Fate::Exported, rejected);
                }
                Delivery::TooLarge { reason } => match piece.halves() {
                    Some(half) => pieces.extend([half, piece]),
                    None => is_there &= self.lose(piece, Fate::Rejected, &reason),
                },
                Delivery::Refused { reason } => is_there &= self.lose(piece, Fate::Rejected, &reason),
                Delivery::Retry { reason, .. } => is_there &= self.lose(piece, Fate::Dropped, &reason),
            }
        }
        is_there
    }

    /// Tries until there is an answer that counts, or time is up.
    async fn persist(&self, piece: &Batch, deadline: Instant) -> Delivery {
        let body = self.destination.encode(&piece.items);
        let mut failures = 0;
        loop {
            let delivery = tokio::select! {
                delivery = self.destination.send(body.clone()) => delivery,
                () = tokio::time::sleep_until(deadline) => return Delivery::Retry {
                    after: None,
                    reason: format!("no answer within {:?}", self.patience),
                },
            };
            let Delivery::Retry { after, reason } = &delivery else {
                return delivery;
            };
            failures += 1;
            self.warn(&format!("cannot be reached: {reason}; trying again"));
            let again = Instant::now() + retry::wait_after(failures, *after);
            if again >= deadline {
                return delivery;
            }
            tokio::time::sleep_until(again).await;
        }
    }

    fn lose(&self, piece: Batch, fate: Fate, reason: &str) -> bool {
        self.warn(&format!("does not take spans: {reason}"));
        piece.settle(fate, 0);
        false
    }

    fn warn(&self, what: &str) {
        let message = format!(
            "{} {what}; loadspan_sdk::counts() says how many spans are lost",
            self.destination.name()
        );
        diagnostics::warn(self.destination.trouble(), &message);
    }
}
