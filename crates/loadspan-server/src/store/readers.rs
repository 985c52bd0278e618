//! Threads that read. Each has a connection of its own; a job runs in one transaction, so that all its queries see the same state.
//!
//! There is no queue: a job waits for a thread that is free, with the others that wait, in the order in which they came. Those that may
//! take long never get all threads, so that what is found by its id is found while others search.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::job::caught;
use super::queue::{Closed, Queue, Thread};
use super::transaction::pause;
use super::{Figures, PATIENCE, StoreError};
use crate::answer;
use crate::database::{Access, Allowance, Connection, Database, DatabaseError, Step, Waits};

/// Readers: as many as are useful beside a writer on a small machine.
const READERS: usize = 4;
/// Those that long jobs may have.
const LONG: usize = READERS - 1;
/// How long a job may read.
const TIME: Duration = Duration::from_secs(30);

type Job = Box<dyn FnOnce(&mut dyn Connection) + Send>;

/// How long a job may well take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// It finds things by their ids.
    Short,
    /// It searches, or reads as much as an answer has.
    Long,
}

/// The threads, and the way to them.
pub(super) struct Readers {
    queue: Queue<Job>,
    long: Arc<Semaphore>,
    figures: Arc<Figures>,
}

impl Readers {
    pub(super) fn spawn(database: &dyn Database, figures: &Arc<Figures>) -> Result<Self, DatabaseError> {
        let (queue, waitlist) = Queue::<Job>::new(READERS);
        for _ in 0..READERS {
            let mut connection = database.connect(Access::Read)?;
            let waitlist = Arc::clone(&waitlist);
            let work = move || {
                while let Some(waiting) = waitlist.next() {
                    (waiting.job)(&mut *connection);
                }
            };
            queue.spawn(Thread {
                name: "store-reader",
                work: Box::new(work),
            })?;
        }
        Ok(Self {
            queue,
            long: Arc::new(Semaphore::new(LONG)),
            figures: Arc::clone(figures),
        })
    }

    pub(super) async fn run<T, E, J>(&self, length: Length, job: J) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        J: FnOnce(&mut dyn Connection) -> Result<T, E> + Send + 'static,
    {
        let place = tokio::time::timeout(PATIENCE, self.place(length)).await;
        let (among_long, room) = place
            .unwrap_or(Err(StoreError::Busy))
            .inspect_err(|_| self.figures.turn_away())?;
        let (answer, answered) = oneshot::channel();
        let figures = Arc::clone(&self.figures);
        let waits = Waits::default();
        let allowance = Allowance {
            bytes: answer::ROWS,
            until: Instant::now() + TIME,
            asker: waits.asker(),
        };
        let job: Job = Box::new(move |connection| {
            figures.read();
            let result = in_transaction(connection, allowance, job);
            if let Err(StoreError::Panicked) = &result {
                figures.panicked();
            }
            drop(answer.send(result.unwrap_or_else(|error| Err(error.into()))));
            drop(among_long);
        });
        self.queue.send(job, room)?;
        let result = answered.await.unwrap_or_else(|_| Err(StoreError::Closed.into()));
        drop(waits);
        result
    }

    /// A free thread; for a long job a place among these first.
    async fn place(&self, length: Length) -> Result<(Option<OwnedSemaphorePermit>, OwnedSemaphorePermit), StoreError> {
        let among_long = match length {
            Length::Short => None,
            Length::Long => {
                let place = Arc::clone(&self.long).acquire_owned().await;
                Some(place.map_err(|_| StoreError::Closed)?)
            }
        };
        Ok((among_long, self.queue.room(1).await?))
    }

    pub(super) async fn close(&self, patience: Duration) -> Closed {
        self.long.close();
        self.queue.close(patience).await
    }
}

fn in_transaction<T, E, J>(
    connection: &mut dyn Connection,
    allowance: Allowance,
    job: J,
) -> Result<Result<T, E>, StoreError>
where
    J: FnOnce(&mut dyn Connection) -> Result<T, E>,
{
    begin(connection).map_err(StoreError::gave_up)?;
    connection.allow(allowance);
    let result = caught(|| job(connection));
    // Nothing was written. A connection that cannot even end its transaction is lost, and found so by the next job.
    drop(connection.step(Step::Rollback));
    result
}

/// Begins a transaction, as soon as there is a database.
fn begin(connection: &mut dyn Connection) -> Result<(), DatabaseError> {
    let until = Instant::now() + PATIENCE;
    let mut attempts = 0;
    loop {
        match connection.step(Step::Begin) {
            Err(DatabaseError::Transient(_)) if Instant::now() < until => {}
            begun => return begun,
        }
        std::thread::sleep(pause(attempts));
        attempts += 1;
    }
}
