//! All OTLP goes to another backend as well, if that is wanted: from a bounded queue, with patience, and never in the way of whoever
//! sends it. What finds no room, or is not taken in time, is dropped and counted.

mod ledger;
mod post;
#[cfg(test)]
mod tests;
mod trail;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use uuid::Uuid;

pub(crate) use self::ledger::{ForwardLedger, Outcome};
use self::post::Poster;
pub(crate) use self::trail::Trail;
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
    /// Of this process, for the others.
    id: Uuid,
    queue: Mutex<Option<UnboundedSender<Waiting>>>,
    room: Arc<Semaphore>,
    ledger: ForwardLedger,
    workers: Mutex<JoinSet<()>>,
}

/// A request that is to be passed on.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) signal: Signal,
    /// As protobuf.
    pub(crate) body: Bytes,
    /// Where it has been already.
    pub(crate) trail: Trail,
}

/// A request that waits.
struct Waiting {
    parcel: Parcel,
    _room: OwnedSemaphorePermit,
}

type Waitlist = tokio::sync::Mutex<UnboundedReceiver<Waiting>>;

impl Forwarder {
    /// Starts to deliver. To be called within an event loop.
    ///
    /// # Errors
    ///
    /// The other backend is none that can be spoken to.
    pub(crate) fn start(config: &Forward, journal: &Journal) -> Result<Self, ConfigError> {
        let poster = Arc::new(Poster::new(config)?);
        let (queue, waiting) = unbounded_channel();
        let waiting = Arc::new(Waitlist::new(waiting));
        let forwarder = Self(Arc::new(Shared {
            id: Uuid::new_v4(),
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

    /// Offers a request. One that came from here goes no further.
    pub(crate) fn offer(&self, parcel: Parcel) {
        let signal = parcel.signal;
        self.0.ledger.count(signal, Outcome::Offered);
        if let Err(outcome) = self.queue_up(parcel) {
            self.0.ledger.count(signal, outcome);
        }
    }

    fn queue_up(&self, parcel: Parcel) -> Result<(), Outcome> {
        if !parcel.trail.allows(self.0.id) {
            return Err(Outcome::Returned);
        }
        let size = u32::try_from(parcel.body.len().clamp(SMALLEST, WAITING)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.0.room).try_acquire_many_owned(size);
        let waiting = Waiting {
            parcel,
            _room: room.map_err(|_| Outcome::NoRoom)?,
        };
        let queue = self.queue();
        let sent = queue.as_ref().map(|queue| queue.send(waiting));
        sent.and_then(Result::ok).ok_or(Outcome::NoRoom)
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

    fn queue(&self) -> std::sync::MutexGuard<'_, Option<UnboundedSender<Waiting>>> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn workers(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.0.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Worker {
    waiting: Arc<Waitlist>,
    poster: Arc<Poster>,
    shared: std::sync::Weak<Shared>,
    journal: Journal,
}

impl Worker {
    /// Delivers until the queue is closed and empty.
    async fn run(self) {
        loop {
            let waiting = self.waiting.lock().await.recv().await;
            let (Some(waiting), Some(shared)) = (waiting, self.shared.upgrade()) else {
                return;
            };
            let (outcome, message) = self.poster.deliver(&waiting.parcel, shared.id).await;
            if let Some(message) = message.filter(|message| shared.ledger.is_news(message)) {
                self.journal.warn(&format!("--forward-otlp: {message}"));
            }
            shared.ledger.count(waiting.parcel.signal, outcome);
        }
    }
}
