//! All OTLP goes to another backend as well, if that is wanted: from a bounded queue, with patience, and never in the way of whoever
//! sends it. What finds no room, or is not taken in time, is dropped and counted.

mod ledger;
mod post;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

pub(crate) use self::ledger::{ForwardLedger, Outcome};
use self::post::Poster;
use super::{Journal, Signal};
use crate::config::{ConfigError, Forward};

/// Bytes of requests that may wait.
const WAITING: usize = 64 << 20;
/// What a request counts for at least.
const SMALLEST: usize = 1024;
/// Requests on their way at the same time.
const AT_ONCE: usize = 4;

/// The way to the other backend. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Forwarder(Arc<Shared>);

struct Shared {
    queue: Mutex<Option<UnboundedSender<Parcel>>>,
    room: Arc<Semaphore>,
    ledger: ForwardLedger,
    workers: Mutex<JoinSet<()>>,
}

/// A request that waits.
struct Parcel {
    signal: Signal,
    body: Bytes,
    _room: OwnedSemaphorePermit,
}

type Waiting = tokio::sync::Mutex<UnboundedReceiver<Parcel>>;

impl Forwarder {
    /// Starts to deliver. To be called within an event loop.
    ///
    /// # Errors
    ///
    /// The other backend is none that can be spoken to.
    pub(crate) fn start(config: &Forward, journal: &Journal) -> Result<Self, ConfigError> {
        let poster = Arc::new(Poster::new(config)?);
        let (queue, waiting) = unbounded_channel();
        let waiting = Arc::new(Waiting::new(waiting));
        let forwarder = Self(Arc::new(Shared {
            queue: Mutex::new(Some(queue)),
            room: Arc::new(Semaphore::new(WAITING)),
            ledger: ForwardLedger::default(),
            workers: Mutex::default(),
        }));
        for _ in 0..AT_ONCE {
            let worker = Worker {
                waiting: Arc::clone(&waiting),
                poster: Arc::clone(&poster),
                shared: Arc::downgrade(&forwarder.0),
                journal: journal.clone(),
            };
            forwarder.workers().spawn(worker.run());
        }
        Ok(forwarder)
    }

    /// Offers a request, as protobuf.
    pub(crate) fn offer(&self, signal: Signal, body: Bytes) {
        self.0.ledger.count(signal, Outcome::Offered);
        let size = u32::try_from(body.len().clamp(SMALLEST, WAITING)).unwrap_or(u32::MAX);
        let taken = match Arc::clone(&self.0.room).try_acquire_many_owned(size) {
            Ok(room) => self.queue().as_ref().is_some_and(|queue| {
                let parcel = Parcel {
                    signal,
                    body,
                    _room: room,
                };
                queue.send(parcel).is_ok()
            }),
            Err(_) => false,
        };
        if !taken {
            self.0.ledger.count(signal, Outcome::NoRoom);
        }
    }

    /// What became of the requests.
    pub(crate) fn ledger(&self) -> &ForwardLedger {
        &self.0.ledger
    }

    /// Takes no more, and delivers what is there, but not for ever; how many requests are lost.
    pub(crate) async fn close(&self, patience: Duration) -> u64 {
        drop(self.queue().take());
        let mut workers = std::mem::take(&mut *self.workers());
        let done = async { while workers.join_next().await.is_some() {} };
        drop(tokio::time::timeout(patience, done).await);
        workers.shutdown().await;
        self.0.ledger.waiting()
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Option<UnboundedSender<Parcel>>> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn workers(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.0.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Worker {
    waiting: Arc<Waiting>,
    poster: Arc<Poster>,
    shared: std::sync::Weak<Shared>,
    journal: Journal,
}

impl Worker {
    /// Delivers until the queue is closed and empty.
    async fn run(self) {
        loop {
            let parcel = self.waiting.lock().await.recv().await;
            let (Some(parcel), Some(shared)) = (parcel, self.shared.upgrade()) else {
                return;
            };
            let outcome = match self.poster.deliver(parcel.signal, &parcel.body).await {
                Ok(()) => Outcome::Delivered,
                Err(message) => {
                    if shared.ledger.is_news(&message) {
                        self.journal.warn(&format!("--forward-otlp: {message}"));
                    }
                    Outcome::NotTaken
                }
            };
            shared.ledger.count(parcel.signal, outcome);
        }
    }
}
