//! Threads that read. Each has a connection of its own; a job runs in one transaction, so that all its queries see the same state.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::job::caught;
use super::queue::{Queue, Thread};
use super::{Figures, StoreError};
use crate::database::{Access, Connection, Database, DatabaseError, Step};

/// Readers: as many as are useful beside a writer on a small machine.
const READERS: usize = 4;
/// Jobs that may wait.
const WAITING: usize = 1024;

type Job = Box<dyn FnOnce(&mut dyn Connection) + Send>;

/// The threads, and the way to them.
pub(super) struct Readers {
    queue: Queue<Job>,
    figures: Arc<Figures>,
}

impl Readers {
    pub(super) fn spawn(database: &dyn Database, figures: &Arc<Figures>) -> Result<Self, DatabaseError> {
        let (queue, waitlist) = Queue::<Job>::new(WAITING);
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
            figures: Arc::clone(figures),
        })
    }

    pub(super) async fn run<T, E, J>(&self, job: J) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        J: FnOnce(&mut dyn Connection) -> Result<T, E> + Send + 'static,
    {
        let room = self.queue.room(1).await.inspect_err(|_| self.figures.turn_away())?;
        let (answer, answered) = oneshot::channel();
        let figures = Arc::clone(&self.figures);
        let job: Job = Box::new(move |connection| {
            // Whoever asked may have gone: then there is no need.
            if !answer.is_closed() {
                figures.read();
                drop(answer.send(in_transaction(connection, job, &figures)));
            }
        });
        self.queue.send(job, room)?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    pub(super) async fn close(&self) {
        self.queue.close().await;
    }
}

fn in_transaction<T, E, J>(connection: &mut dyn Connection, job: J, figures: &Figures) -> Result<T, E>
where
    E: From<StoreError>,
    J: FnOnce(&mut dyn Connection) -> Result<T, E>,
{
    connection.step(Step::Begin).map_err(StoreError::gave_up)?;
    let result = caught(|| job(connection));
    // Nothing was written. A connection that cannot even end its transaction is lost, and found so by the next job.
    drop(connection.step(Step::Rollback));
    result.unwrap_or_else(|panicked| {
        figures.panicked();
        Err(panicked.into())
    })
}
