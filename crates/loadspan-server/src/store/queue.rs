//! Where jobs wait for a thread: first come, first served, with a bound on what waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::waitlist::{Waiting, Waitlist};
use super::{PATIENCE, StoreError};
use crate::database::DatabaseError;

/// The end of a queue at which jobs arrive, and the threads at the other.
pub(super) struct Queue<J> {
    waitlist: Arc<Waitlist<J>>,
    room: Arc<Semaphore>,
    size: usize,
    threads: Mutex<Threads>,
}

/// What tells that all threads have ended: each has one end of a channel through which nothing goes.
struct Threads {
    /// For those that are started. `None`: no more are.
    alive: Option<mpsc::Sender<()>>,
    ended: Option<mpsc::Receiver<()>>,
}

/// What a thread is called, and what it does.
pub(super) struct Thread {
    pub(super) name: &'static str,
    pub(super) work: Box<dyn FnOnce() + Send>,
}

/// Whether threads that were to end did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// They did.
    Whole,
    /// Some are still at it: they were left behind.
    LeftBehind,
}

impl Closed {
    /// Of two queues.
    pub(super) fn and(self, other: Self) -> Self {
        if self == Self::Whole { other } else { self }
    }
}

impl<J> Queue<J> {
    /// A queue with room for jobs of that size altogether.
    pub(super) fn new(size: usize) -> (Self, Arc<Waitlist<J>>) {
        let waitlist = Arc::new(Waitlist::default());
        let (alive, ended) = mpsc::channel(1);
        let queue = Self {
            waitlist: Arc::clone(&waitlist),
            room: Arc::new(Semaphore::new(size)),
            size,
            threads: Mutex::new(Threads {
                alive: Some(alive),
                ended: Some(ended),
            }),
        };
        (queue, waitlist)
    }

    /// Starts a thread that works until the queue is closed.
    pub(super) fn spawn(&self, thread: Thread) -> Result<(), DatabaseError> {
        let alive = self.threads().alive.clone();
        let spawned = std::thread::Builder::new().name(thread.name.to_owned()).spawn(move || {
            (thread.work)();
            // What the work has had, connections say, is gone by now.
            drop(alive);
        });
        let refused = |error| DatabaseError::Permanent(format!("no thread for the database: {error}"));
        spawned.map(drop).map_err(refused)
    }

    /// A place for a job of that size. One that is larger than the queue waits until it is alone.
    pub(super) async fn room(&self, size: usize) -> Result<OwnedSemaphorePermit, StoreError> {
        let size = u32::try_from(size.min(self.size)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(size);
        match tokio::time::timeout(PATIENCE, room).await {
            Ok(room) => room.map_err(|_| StoreError::Closed),
            Err(_) => Err(StoreError::Busy),
        }
    }

    /// Puts a job into its place.
    pub(super) fn send(&self, job: J, room: OwnedSemaphorePermit) -> Result<(), StoreError> {
        self.waitlist.add(Waiting::new(job, room))
    }

    /// How much of the room is taken.
    pub(super) fn taken(&self) -> usize {
        self.size.saturating_sub(self.room.available_permits())
    }

    /// Takes no more, and waits until what is there is done, but no longer than `patience`. Blocks no event loop.
    pub(super) async fn close(&self, patience: Duration) -> Closed {
        self.room.close();
        self.waitlist.close();
        let ended = {
            let mut threads = self.threads();
            threads.alive = None;
            threads.ended.take()
        };
        let Some(mut ended) = ended else {
            return Closed::Whole;
        };
        match tokio::time::timeout(patience, ended.recv()).await {
            Ok(_) => Closed::Whole,
            Err(_) => Closed::LeftBehind,
        }
    }

    fn threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn a_thread_that_hangs_is_left_behind() {
        let (queue, _waitlist) = Queue::<()>::new(1);
        let (ends, end) = channel::<()>();
        let hang = move || {
            let _ = end.recv();
        };
        queue
            .spawn(Thread {
                name: "hangs",
                work: Box::new(hang),
            })
            .unwrap();
        assert_eq!(queue.close(Duration::from_millis(20)).await, Closed::LeftBehind);
        drop(ends);
    }

    #[tokio::test]
    async fn a_queue_whose_threads_have_ended_is_closed() {
        let (queue, waitlist) = Queue::<()>::new(1);
        let work = move || while waitlist.next().is_some() {};
        queue
            .spawn(Thread {
                name: "works",
                work: Box::new(work),
            })
            .unwrap();
        assert_eq!(queue.close(Duration::from_secs(60)).await, Closed::Whole);
        assert_eq!(queue.close(Duration::from_secs(60)).await, Closed::Whole, "again");
    }
}
