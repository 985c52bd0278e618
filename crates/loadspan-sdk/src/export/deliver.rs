//! Brings batches to a destination: tries again, makes halves of what is too large, and settles every span.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use loadspan_wire::otlp::{Message, Resource, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::batch::Batch;
use super::client::{Client, Delivery, Packed};
use super::encode::{self, Style};
use super::ledger::Fate;
use super::mlflow::MlflowServer;
use super::queue::Item;
use super::retry;
use crate::diagnostics::{self, Kind, Trouble};
use crate::processor::begins_trace;

/// Pieces in a row that are refused for what is in them: then it is not one bad span, and no more halves are made.
const MOST_SPOILED: u32 = 32;

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

    const fn kind(&self, trouble: Trouble) -> Kind {
        match self {
            Self::Otlp(_) => Kind::Otlp(trouble),
            Self::Mlflow(_) => Kind::Mlflow(trouble),
        }
    }

    fn encode(&self, items: &[Item]) -> Packed {
        let spans = items.iter().map(|item| &*item.span);
        match self {
            Self::Otlp(otlp) => otlp.client.pack(otlp.encode(otlp.resource.get(), spans)),
            Self::Mlflow(server) => Packed::plain(server.encode(spans)),
        }
    }

    async fn send(&self, request: &Packed) -> Delivery {
        match self {
            Self::Otlp(otlp) => otlp.client.send(request).await,
            Self::Mlflow(server) => server.send(request.body()).await,
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
        let roots = self.deliver(batch).await;
        drop(slot);
        if let Destination::Mlflow(server) = &self.destination {
            server.describe(roots, self.patience).await;
        }
    }

    /// In halves where it is not taken as a whole. Returns the roots that are there and are to be described.
    async fn deliver(&self, batch: Batch) -> Vec<Item> {
        let deadline = Instant::now() + self.patience;
        let mut roots = Vec::new();
        let mut spoiled = 0;
        let mut pieces = vec![batch];
        while let Some(mut piece) = pieces.pop() {
            let delivery = self.persist(&piece, deadline).await;
            spoiled = match &delivery {
                Delivery::Spoiled { .. } => spoiled + 1,
                Delivery::Accepted { .. } => 0,
                _ => spoiled,
            };
            if self.may_halve(&delivery, spoiled)
                && let Some(half) = piece.halves()
            {
                pieces.extend([half, piece]);
                continue;
            }
            roots.extend(self.settle(piece, delivery));
        }
        roots
    }

    /// An MLflow server takes all spans of a request or none: a bad one must not take the others with it.
    fn may_halve(&self, delivery: &Delivery, spoiled: u32) -> bool {
        match delivery {
            Delivery::TooLarge { .. } => true,
            Delivery::Spoiled { .. } => matches!(self.destination, Destination::Mlflow(_)) && spoiled <= MOST_SPOILED,
            Delivery::Accepted { .. } | Delivery::Refused { .. } | Delivery::Retry { .. } => false,
        }
    }

    /// Returns the roots that are there and are to be described.
    fn settle(&self, piece: Batch, delivery: Delivery) -> Vec<Item> {
        let roots = self.roots(&piece);
        let (fate, reason) = match delivery {
            Delivery::Accepted { rejected, message } => {
                self.tell(rejected, message);
                piece.settle(Fate::Exported, rejected);
                return roots;
            }
            Delivery::TooLarge { reason } | Delivery::Spoiled { reason } | Delivery::Refused { reason } => {
                (Fate::Rejected, reason)
            }
            Delivery::Retry { reason, .. } => (Fate::Dropped, reason),
        };
        if let Destination::Mlflow(server) = &self.destination {
            server.forget(&roots);
        }
        self.lose(piece, fate, &reason);
        Vec::new()
    }

    fn roots(&self, piece: &Batch) -> Vec<Item> {
        match &self.destination {
            Destination::Mlflow(_) => {
                let roots = piece.items.iter().filter(|item| begins_trace(&item.span));
                roots.cloned().collect()
            }
            Destination::Otlp(_) => Vec::new(),
        }
    }

    /// A backend may have something to say although it took everything.
    fn tell(&self, rejected: u64, message: Option<String>) {
        match (rejected, message) {
            (0, None) => {}
            (0, Some(message)) => self.warn(Trouble::Rejected, &format!("takes spans, but says: {message}")),
            (_, message) => self.warn(
                Trouble::Rejected,
                &format!("rejects spans: {}", message.unwrap_or_default()),
            ),
        }
    }

    /// Tries until there is an answer that counts, or time is up.
    async fn persist(&self, piece: &Batch, deadline: Instant) -> Delivery {
        let request = self.destination.encode(&piece.items);
        let mut failures = 0;
        loop {
            let delivery = tokio::select! {
                delivery = self.destination.send(&request) => delivery,
                () = tokio::time::sleep_until(deadline) => return Delivery::Retry {
                    after: None,
                    reason: format!("no answer within {:?}", self.patience),
                },
            };
            let Delivery::Retry { after, reason } = &delivery else {
                return delivery;
            };
            failures += 1;
            self.warn(
                Trouble::Unreachable,
                &format!("cannot be reached: {reason}; trying again"),
            );
            let again = Instant::now() + retry::wait_after(failures, *after);
            if again >= deadline {
                return delivery;
            }
            tokio::time::sleep_until(again).await;
        }
    }

    fn lose(&self, piece: Batch, fate: Fate, reason: &str) {
        let trouble = match fate {
            Fate::Dropped => Trouble::Lost,
            Fate::Rejected | Fate::Exported => Trouble::Refused,
        };
        self.warn(trouble, &format!("does not take spans: {reason}"));
        piece.settle(fate, 0);
    }

    fn warn(&self, trouble: Trouble, what: &str) {
        let message = format!(
            "{} {what}; loadspan_sdk::counts() says how many spans are lost",
            self.destination.name()
        );
        diagnostics::warn(self.destination.kind(trouble), &message);
    }
}
