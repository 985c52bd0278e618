//! Where jobs wait for a thread: first come, first served, with a bound on what waits.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{PATIENCE, StoreError};
use crate::database::DatabaseError;

/// The end of a queue at which jobs arrive, and the threads at the other.
pub(super) struct Queue<J> {
    jobs: Mutex<Option<Sender<Waiting<J>>>>,
    room: Arc<Semaphore>,
    size: usize,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// The end at which threads take them.
pub(super) struct Waitlist<J>(Mutex<Receiver<Waiting<J>>>);

/// A job, with its place in the queue, which it keeps until it is answered.
pub(super) struct Waiting<J> {
    pub(super) job: J,
    /// How much of the room it takes.
    pub(super) size: usize,
    _room: OwnedSemaphorePermit,
}

/// What a thread is called, and what it does.
pub(super) struct Thread {
    pub(super) name: &'static str,
    pub(super) work: Box<dyn FnOnce() + Send>,
}

impl<J> Queue<J> {
    /// A queue with room for jobs of that size altogether.
    pub(super) fn new(size: usize) -> (Self, Arc<Waitlist<J>>) {
        let (jobs, waiting) = channel();
        let queue = Self {
            jobs: Mutex::new(Some(jobs)),
            room: Arc::new(Semaphore::new(size)),
            size,
            threads: Mutex::default(),
        };
        (queue, Arc::new(Waitlist(Mutex::new(waiting))))
    }

    /// Starts a thread that works until the queue is closed.
    pub(super) fn spawn(&self, thread: Thread) -> Result<(), DatabaseError> {
        let spawned = std::thread::Builder::new()
            .name(thread.name.to_owned())
            .spawn(thread.work)
            .map_err(|error| DatabaseError::Permanent(format!("no thread for the database: {error}")))?;
        self.threads().push(spawned);
        Ok(())
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
        let waiting = Waiting {
            job,
            size: room.num_permits(),
            _room: room,
        };
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = jobs.as_ref().map(|jobs| jobs.send(waiting));
        match sent {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(StoreError::Closed),
        }
    }

    /// How much of the room is taken.
    pub(super) fn taken(&self) -> usize {
        self.size.saturating_sub(self.room.available_permits())
    }

    /// Takes no more, and waits until what is there is done. Blocks no event loop.
    pub(super) async fn close(&self) {
        self.room.close();
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        let threads = std::mem::take(&mut *self.threads());
        let joined = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())));
        drop(joined.await);
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Waitlist<J> {
    /// The next job; waits for it. `None`: the queue is closed, and nothing is left.
    pub(super) fn next(&self) -> Option<Waiting<J>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }

    /// The next job, if there is one.
    pub(super) fn next_now(&self) -> Option<Waiting<J>> {
        // Another thread that holds the lock waits for jobs itself: then there are none.
        self.0.try_lock().ok()?.try_recv().ok()
    }
}
