//! One destination's way: from its queue into batches, several of them in flight.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use super::batch::Batch;
use super::deliver::{Courier, Destination};
use super::ledger::Room;
use super::queue::{Item, Offer, Queue, estimate};
use crate::config::BatchConfig;
use crate::diagnostics::{self, Kind};
use crate::guard::DestinationCounts;

/// Where spans for one destination are put.
#[derive(Debug)]
pub(super) struct Lane {
    name: &'static str,
    queue: Arc<Queue>,
    flushes: mpsc::UnboundedSender<Sender<()>>,
}

impl Lane {
    /// Starts the task that empties the queue.
    pub(super) fn start(destination: Destination, config: BatchConfig, runtime: &Handle) -> Self {
        let room = Room {
            spans: config.queue,
            bytes: config.queue_bytes,
        };
        let queue = Arc::new(Queue::new(config.spans, room));
        let (flushes, asked) = mpsc::unbounded_channel();
        let name = destination.name();
        let driver = Driver {
            queue: Arc::clone(&queue),
            asked,
            slots: Arc::new(Semaphore::new(config.in_flight)),
            courier: Arc::new(Courier::new(destination, config.export_timeout)),
            config,
            ready: VecDeque::new(),
            taken: 0,
            urgent: 0,
            in_flight: JoinSet::new(),
            first_of: HashMap::new(),
            flushes: Vec::new(),
        };
        runtime.spawn(driver.run());
        Self { name, queue, flushes }
    }

    pub(super) fn offer(&self, item: Item) -> Offer {
        let offer = self.queue.offer(item);
        if offer == Offer::NoRoom {
            let message = format!(
                "the queue to {} is full: spans are dropped; loadspan_sdk::counts() says how many, \
                 OTEL_BSP_MAX_QUEUE_SIZE makes it longer",
                self.name
            );
            diagnostics::warn(Kind::QueueFull, &message);
        }
        offer
    }

    /// Asks for everything to be exported; `done` hears of it.
    pub(super) fn flush(&self, done: Sender<()>) {
        // Without a driver there is nothing left to flush, and the sender is dropped with it.
        let _ = self.flushes.send(done);
    }

    pub(super) fn counts(&self) -> DestinationCounts {
        self.queue.ledger.counts(self.name)
    }

    pub(super) fn close(&self) {
        self.queue.close();
    }
}

/// The task that empties a queue. Spans have numbers, in the order in which they are taken.
struct Driver {
    queue: Arc<Queue>,
    asked: mpsc::UnboundedReceiver<Sender<()>>,
    slots: Arc<Semaphore>,
    courier: Arc<Courier>,
    config: BatchConfig,
    /// Taken, and in no batch yet.
    ready: VecDeque<Item>,
    taken: u64,
    /// Those before this number need not wait for their batch to be full.
    urgent: u64,
    in_flight: JoinSet<()>,
    /// The first number in each batch in flight.
    first_of: HashMap<Id, u64>,
    flushes: Vec<(u64, Sender<()>)>,
}

impl Driver {
    async fn run(mut self) {
        let mut due = Instant::now() + self.config.delay;
        loop {
            tokio::select! {
                biased;
                flush = self.asked.recv() => match flush {
                    Some(done) => self.begin_flush(done),
                    None => return,
                },
                Some(ended) = self.in_flight.join_next_with_id() => {
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    self.first_of.remove(&id);
                }
                Ok(slot) = Arc::clone(&self.slots).acquire_owned(), if self.has_batch() => self.send(slot),
                () = self.queue.full_batch.notified() => self.take(),
                () = tokio::time::sleep_until(due) => {
                    self.take();
                    self.urgent = self.taken;
                    due = Instant::now() + self.config.delay.max(Duration::from_millis(1));
                }
            }
            self.answer_flushes();
        }
    }

    fn take(&mut self) {
        let items = self.queue.take();
        self.taken += items.len() as u64;
        self.courier.see(&items);
        self.ready.extend(items);
    }

    fn begin_flush(&mut self, done: Sender<()>) {
        self.take();
        self.urgent = self.taken;
        self.flushes.push((self.taken, done));
    }

    /// The number of the first span that is in no batch yet.
    fn front(&self) -> u64 {
        self.taken - self.ready.len() as u64
    }

    fn has_batch(&self) -> bool {
        self.ready.len() >= self.config.spans || (self.front() < self.urgent && !self.ready.is_empty())
    }

    fn send(&mut self, slot: OwnedSemaphorePermit) {
        let first = self.front();
        let batch = Batch::new(self.next_items(), Arc::clone(&self.queue));
        let courier = Arc::clone(&self.courier);
        let task = self.in_flight.spawn(async move { courier.carry(batch, slot).await });
        self.first_of.insert(task.id(), first);
    }

    /// As many as a request may hold, and one at least.
    fn next_items(&mut self) -> Vec<Item> {
        let mut bytes = 0;
        let fits = self.ready.iter().take(self.config.spans).take_while(|item| {
            bytes += item.bytes as usize;
            bytes <= self.config.bytes
        });
        let count = fits.count().max(1).min(self.ready.len());
        self.ready.drain(..count).collect()
    }

    fn answer_flushes(&mut self) {
        if self.flushes.is_empty() {
            return;
        }
        let settled = self
            .first_of
            .values()
            .copied()
            .min()
            .map_or(self.front(), |first| first.min(self.front()));
        self.flushes.retain(|(target, done)| {
            let is_open = settled < *target;
            if !is_open {
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
            }
            is_open
        });
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // They are settled as dropped.
        drop(Batch::new(self.ready.drain(..).collect(), Arc::clone(&self.queue)));
    }
}

/// A span to be put into queues.
pub(super) fn item(span: Arc<opentelemetry_sdk::trace::SpanData>, trace: Option<Arc<crate::trace::TraceInfo>>) -> Item {
    let bytes = estimate(&span);
    Item { span, trace, bytes }
}
