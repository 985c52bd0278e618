//! Threads that write: one on SQLite, some on PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::job::{Job, Turn, TypedJob};
use super::queue::{Closed, Queue, Thread};
use super::transaction::{self, Source};
use super::{Figures, StoreError, Transience};
use crate::database::{Access, Connection, Database, DatabaseError};

/// Bytes of jobs that may wait. A job that is larger waits until it is alone.
const WAITING_BYTES: usize = 64 << 20;
/// What a job counts for at least.
const SMALLEST: usize = 1024;

/// The threads, and the way to them.
pub(super) struct Writer {
    queue: Queue<Box<dyn Job>>,
    figures: Arc<Figures>,
}

impl Writer {
    pub(super) fn spawn(database: &dyn Database, figures: &Arc<Figures>) -> Result<Self, DatabaseError> {
        let (queue, waitlist) = Queue::new(WAITING_BYTES);
        for _ in 0..database.writers() {
            let mut connection = database.connect(Access::Write)?;
            let waitlist = Arc::clone(&waitlist);
            let figures = Arc::clone(figures);
            let work = move || {
                let source = Source {
                    waitlist: &waitlist,
                    figures: &figures,
                };
                while let Some(first) = waitlist.next() {
                    transaction::run(&mut *connection, first, source);
                }
            };
            queue.spawn(Thread {
                name: "store-writer",
                work: Box::new(work),
            })?;
        }
        Ok(Self {
            queue,
            figures: Arc::clone(figures),
        })
    }

    pub(super) async fn run<T, E, J>(&self, bytes: usize, (turn, work): (Turn, J)) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Transience + Send + 'static,
        J: Fn(&mut dyn Connection) -> Result<T, E> + Send + 'static,
    {
        let room = self.queue.room(bytes.max(SMALLEST)).await;
        let room = room.inspect_err(|_| self.figures.turn_away())?;
        let (answer, answered) = oneshot::channel();
        self.queue.send(Box::new(TypedJob::new((turn, work), answer)), room)?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    pub(super) fn waiting_bytes(&self) -> usize {
        self.queue.taken()
    }

    pub(super) async fn close(&self, patience: Duration) -> Closed {
        self.queue.close(patience).await
    }
}
