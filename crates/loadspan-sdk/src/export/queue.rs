//! Spans that wait for a destination. Threads put them into parts of their own, and the exporter takes all parts at one moment: a
//! root is never taken before a child that ended before it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry_sdk::trace::SpanData;
use tokio::sync::Notify;

use super::ledger::{Fate, Ledger, Room};
use crate::part::{self, PARTS};
use crate::trace::TraceInfo;

/// A span on its way.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) span: Arc<SpanData>,
    /// For a root: what is known of its trace.
    pub(super) trace: Option<Arc<TraceInfo>>,
    /// An estimate of its size.
    pub(super) bytes: u32,
}

/// Spans that wait for one destination.
pub(super) struct Queue {
    parts: [Mutex<Part>; PARTS],
    /// So many were in each part the last time.
    taken: [AtomicUsize; PARTS],
    waiting: AtomicUsize,
    /// So many waiting are worth waking the exporter for.
    batch: usize,
    room: Room,
    pub(super) ledger: Ledger,
    pub(super) full_batch: Notify,
}

#[derive(Default)]
struct Part {
    items: Vec<Item>,
    is_closed: bool,
}

/// What became of a span that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    Taken,
    /// Taken, and a batch is full with it.
    TakenFullBatch,
    NoRoom,
    Closed,
}

impl Queue {
    pub(super) fn new(batch: usize, room: Room) -> Self {
        Self {
            parts: Default::default(),
            taken: Default::default(),
            waiting: AtomicUsize::new(0),
            batch,
            room,
            ledger: Ledger::default(),
            full_batch: Notify::new(),
        }
    }

    /// Never waits but for another thread that is doing the same.
    pub(super) fn offer(&self, item: Item) -> Offer {
        let bytes = u64::from(item.bytes);
        if !self.ledger.hold(bytes, self.room) {
            return Offer::NoRoom;
        }
        let waiting = {
            let mut part = lock(&self.parts[part::own()]);
            if part.is_closed {
                self.ledger.settle(Fate::Dropped, 1, bytes);
                return Offer::Closed;
            }
            part.items.push(item);
            self.waiting.fetch_add(1, Ordering::Relaxed) + 1
        };
        // Again for each further one: whoever should take them may be gone.
        if !waiting.is_multiple_of(self.batch) {
            return Offer::Taken;
        }
        self.full_batch.notify_one();
        Offer::TakenFullBatch
    }

    /// Everything that waits.
    pub(super) fn take(&self) -> Vec<Item> {
        // Made before the locks: the threads find as much room as they needed last time.
        let mut lists: [Vec<Item>; PARTS] =
            std::array::from_fn(|part| Vec::with_capacity(self.taken[part].load(Ordering::Relaxed)));
        {
            let mut parts: [MutexGuard<'_, Part>; PARTS] = std::array::from_fn(|part| lock(&self.parts[part]));
            self.waiting.store(0, Ordering::Relaxed);
            for (part, list) in parts.iter_mut().zip(&mut lists) {
                std::mem::swap(&mut part.items, list);
            }
        }
        for (taken, list) in self.taken.iter().zip(&lists) {
            taken.store(list.len(), Ordering::Relaxed);
        }
        lists.into_iter().flatten().collect()
    }

    /// Takes nothing any more; what waits is dropped.
    pub(super) fn close(&self) {
        for part in &self.parts {
            lock(part).is_closed = true;
        }
        for item in self.take() {
            self.ledger.settle(Fate::Dropped, 1, u64::from(item.bytes));
        }
    }
}

impl fmt::Debug for Queue {
    /// Counts: spans are the application's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("room", &self.room)
            .field("ledger", &self.ledger)
            .finish_non_exhaustive()
    }
}

fn lock(part: &Mutex<Part>) -> MutexGuard<'_, Part> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

/// About as many bytes as a span has on the wire.
pub(super) fn estimate(span: &SpanData) -> u32 {
    use opentelemetry::{KeyValue, Value};
    /// Ids, times and what is around attributes.
    const SPAN: usize = 120;
    const ATTRIBUTE: usize = 8;
    let attribute = |attribute: &KeyValue| {
        let value = match &attribute.value {
            Value::String(text) => text.as_str().len(),
            Value::Array(values) => values.to_string().len(),
            _ => 8,
        };
        ATTRIBUTE + attribute.key.as_str().len() + value
    };
    let attributes = |list: &[KeyValue]| list.iter().map(attribute).sum::<usize>();
    let events: usize = span
        .events
        .iter()
        .map(|event| event.name.len() + attributes(&event.attributes) + 16)
        .sum();
    let links: usize = span.links.iter().map(|link| attributes(&link.attributes) + 40).sum();
    let bytes = SPAN + span.name.len() + attributes(&span.attributes) + events + links;
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
