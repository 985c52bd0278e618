//! What comes in, and what does not: by receiver, by sender, and by mistake. Bounded, whatever clients send.

mod figures;
mod mistake;
mod sender;
#[cfg(test)]
mod tests;
mod visible;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use self::visible::visible;
use super::Gauge;
use crate::app::now_ms;
use crate::server::Addresses;

pub(crate) use figures::{ReceiverFigures, RejectFigures, SenderFigures};
pub(crate) use mistake::Mistake;
pub(crate) use sender::Sender;

/// Most senders that are known at the same time. The one that was quiet for the longest is forgotten.
const SENDERS: usize = 200;
/// Most different mistakes. The one that was not made for the longest is forgotten.
const MISTAKES: usize = 64;

/// A port, or a part of what it serves, as clients see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receiver {
    OtlpGrpc,
    OtlpHttp,
    Mlflow,
}

/// A port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    Main,
    OtlpGrpc,
    OtlpHttp,
}

/// What does not change while a server runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    pub(crate) addresses: Addresses,
    pub(crate) retention: Option<Duration>,
}

impl About {
    fn port(&self, entrance: Entrance) -> Option<u16> {
        let address = match entrance {
            Entrance::Main => Some(self.addresses.main),
            Entrance::OtlpGrpc => self.addresses.otlp_grpc,
            Entrance::OtlpHttp => self.addresses.otlp_http,
        };
        address.map(|address| address.port())
    }

    fn address(&self, receiver: Receiver) -> Option<SocketAddr> {
        match receiver {
            Receiver::OtlpGrpc => self.addresses.otlp_grpc,
            Receiver::OtlpHttp => Some(self.addresses.otlp_http.unwrap_or(self.addresses.main)),
            Receiver::Mlflow => Some(self.addresses.main),
        }
    }
}

/// What a receiver has counted.
#[derive(Debug, Default)]
struct Counts {
    accepted: AtomicU64,
    rejected: AtomicU64,
    refused_requests: AtomicU64,
    bytes: AtomicU64,
    in_flight: Arc<AtomicUsize>,
    /// 0: nothing came.
    last_seen_ms: AtomicI64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    spans: u64,
    items: u64,
    last_seen_ms: i64,
}

#[derive(Debug, Clone)]
struct Rejected {
    kind: &'static str,
    remedy: String,
    count: u64,
    first_ms: i64,
    last_ms: i64,
    sample: String,
}

/// What came from a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery<'a> {
    pub(crate) receiver: Receiver,
    pub(crate) client: Option<IpAddr>,
    pub(crate) senders: &'a [(Sender, u64)],
    /// Whether items are spans.
    pub(crate) are_spans: bool,
    /// Its size when it came, decompressed.
    pub(crate) bytes: usize,
    /// Items that were not stored.
    pub(crate) rejected: u64,
}

/// A mistake that was made.
#[derive(Debug, Clone)]
pub(crate) struct Made<'a> {
    pub(crate) mistake: Mistake,
    pub(crate) entrance: Entrance,
    pub(crate) count: u64,
    /// What shows it.
    pub(crate) sample: &'a str,
}

/// The ledger.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    about: OnceLock<About>,
    counts: [Counts; Receiver::ALL.len()],
    senders: Mutex<HashMap<(Sender, Option<IpAddr>), Sent>>,
    rejected: Mutex<HashMap<String, Rejected>>,
    mistakes: [AtomicU64; Mistake::KINDS.len()],
}

impl Receiver {
    const ALL: [Self; 3] = [Self::OtlpGrpc, Self::OtlpHttp, Self::Mlflow];

    const fn as_str(self) -> &'static str {
        match self {
            Self::OtlpGrpc => "otlp_grpc",
            Self::OtlpHttp => "otlp_http",
            Self::Mlflow => "mlflow",
        }
    }

    /// The port that it is for.
    pub(crate) const fn entrance(self) -> Entrance {
        match self {
            Self::OtlpGrpc => Entrance::OtlpGrpc,
            Self::OtlpHttp => Entrance::OtlpHttp,
            Self::Mlflow => Entrance::Main,
        }
    }
}

impl Arrivals {
    /// What the server is, once it is known.
    pub(crate) fn introduce(&self, about: About) {
        self.about.get_or_init(|| about);
    }

    pub(crate) fn retention(&self) -> Option<Duration> {
        self.about.get()?.retention
    }

    /// A request came.
    pub(crate) fn in_flight(&self, receiver: Receiver) -> Gauge {
        Gauge::new(&self.counts(receiver).in_flight)
    }

    /// A request was refused as a whole.
    pub(crate) fn refuse_request(&self, receiver: Receiver) {
        self.counts(receiver).refused_requests.fetch_add(1, Ordering::Relaxed);
        self.seen(receiver);
    }

    /// A call of MLflow's API that writes was answered.
    pub(crate) fn call(&self, bytes: u64) {
        let counts = self.counts(Receiver::Mlflow);
        counts.accepted.fetch_add(1, Ordering::Relaxed);
        counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.seen(Receiver::Mlflow);
    }

    /// Items came, and some of them may not have been stored.
    pub(crate) fn deliver(&self, delivery: &Delivery<'_>) {
        let items: u64 = delivery.senders.iter().map(|(_, items)| items).sum();
        let counts = self.counts(delivery.receiver);
        let rejected = delivery.rejected.min(items);
        counts.accepted.fetch_add(items - rejected, Ordering::Relaxed);
        counts.rejected.fetch_add(delivery.rejected, Ordering::Relaxed);
        counts.bytes.fetch_add(delivery.bytes as u64, Ordering::Relaxed);
        self.seen(delivery.receiver);
        let now = now_ms();
        let mut senders = locked(&self.senders);
        for (sender, items) in delivery.senders {
            let key = (sender.clone(), delivery.client);
            if senders.len() >= SENDERS && !senders.contains_key(&key) {
                forget_oldest(&mut senders, |sent| sent.last_seen_ms);
            }
            let sent = senders.entry(key).or_default();
            sent.items += items;
            sent.spans += if delivery.are_spans { *items } else { 0 };
            sent.last_seen_ms = now;
        }
    }

    /// A client did something wrong.
    pub(crate) fn mistake(&self, made: &Made<'_>) {
        let place = made.mistake.place();
        self.mistakes[place].fetch_add(made.count, Ordering::Relaxed);
        let reason = visible(&made.mistake.reason(made.entrance, self.about.get()));
        let now = now_ms();
        let mut rejected = locked(&self.rejected);
        if rejected.len() >= MISTAKES && !rejected.contains_key(&reason) {
            forget_oldest(&mut rejected, |rejected| rejected.last_ms);
        }
        let entry = rejected.entry(reason).or_insert_with(|| Rejected {
            kind: Mistake::KINDS[place],
            remedy: made.mistake.remedy(self.about.get()).into_owned(),
            count: 0,
            first_ms: now,
            last_ms: now,
            sample: String::new(),
        });
        entry.count += made.count;
        entry.last_ms = now;
        entry.sample = visible(made.sample);
    }

    /// Items of a delivery were refused.
    pub(crate) fn refuse_items(&self, delivery: &Delivery<'_>, (mistake, count): (Mistake, u64)) {
        let service = delivery
            .senders
            .first()
            .and_then(|(sender, _)| sender.service.as_deref());
        let client = delivery.client.map(|client| client.to_string());
        let sample = format!(
            "from {} at {}",
            service.unwrap_or("a service without name"),
            client.as_deref().unwrap_or("an unknown address")
        );
        self.mistake(&Made {
            mistake,
            entrance: delivery.receiver.entrance(),
            count,
            sample: &sample,
        });
    }

    /// How often mistakes of each kind were made.
    pub(crate) fn mistakes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.mistakes.iter().map(|count| count.load(Ordering::Relaxed));
        Mistake::KINDS.into_iter().zip(counts)
    }

    fn counts(&self, receiver: Receiver) -> &Counts {
        &self.counts[receiver as usize]
    }

    fn seen(&self, receiver: Receiver) {
        self.counts(receiver).last_seen_ms.store(now_ms(), Ordering::Relaxed);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn forget_oldest<K: Clone + Eq + std::hash::Hash, V>(map: &mut HashMap<K, V>, last_ms: impl Fn(&V) -> i64) {
    let oldest = map.iter().min_by_key(|(_, value)| last_ms(value));
    if let Some(key) = oldest.map(|(key, _)| key.clone()) {
        map.remove(&key);
    }
}
