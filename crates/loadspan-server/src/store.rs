//! The way to the database: jobs for the writer, whose transactions are shared by all that wait, and jobs for the readers.
//!
//! A job is a function of a connection. One that writes may be run again after a transient error, so that it is an `Fn` and owns what it
//! needs. What it answers is handed over when its transaction is committed: an acknowledgement means durable.

mod figures;
mod job;
mod queue;
mod readers;
mod transaction;
mod waitlist;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use crate::database::{Access, Claim, Connection, Database, DatabaseError, check, migrate};
use crate::store::job::Turn;
use crate::store::readers::{Length, Readers};
use crate::store::writer::Writer;

pub(crate) use figures::Figures;
pub(crate) use queue::Closed;

/// How long a client is kept waiting for what other clients, other programs or the network hold up, before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it may take to finish what is begun when the store is closed. With what comes before, a server ends within the 30 seconds
/// after which others, Kubernetes for one, end it.
const CLOSING: Duration = Duration::from_secs(10);

/// The database, shared by all that serve. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Store {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    figures: Arc<Figures>,
    /// After the threads: another server may come when they are gone.
    _claim: Arc<Option<Claim>>,
}

/// Why a job came to nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum StoreError {
    /// More waits than is good: to be tried again later.
    #[error("the server is busy")]
    Busy,
    /// The server is going down.
    #[error("the server is shutting down")]
    Closed,
    /// The job has a defect, which the panic hook has been told of.
    #[error("the server failed at this request: its log says where")]
    Panicked,
    /// What the database says.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Store {
    /// Opens the database for the one server that serves it, brings its schema up to date, and starts the threads that work on it.
    ///
    /// # Errors
    ///
    /// The database cannot be opened, another server has it, or its schema is newer than this program.
    pub(crate) fn open(database: &dyn Database) -> Result<Self, DatabaseError> {
        beside(|| {
            let claim = database.claim()?;
            migrate(&mut *database.connect(Access::Write)?)?;
            Self::start(database, claim)
        })
    }

    /// The same for one who tends it, and leaves its schema alone.
    ///
    /// # Errors
    ///
    /// There is no database, it cannot be opened, a server has it alone, or its schema is not that of this program.
    pub(crate) fn open_as_it_is(database: &dyn Database) -> Result<Self, DatabaseError> {
        beside(|| {
            check(&mut *database.connect(Access::Read)?)?;
            Self::start(database, database.claim()?)
        })
    }

    fn start(database: &dyn Database, claim: Option<Claim>) -> Result<Self, DatabaseError> {
        let figures = Arc::<Figures>::default();
        Ok(Self {
            writer: Arc::new(Writer::spawn(database, &figures)?),
            readers: Arc::new(Readers::spawn(database, &figures)?),
            figures,
            _claim: Arc::new(claim),
        })
    }

    /// Runs a job that adds or changes, in a transaction of its own or one shared with others; its error undoes what it did, and nothing
    /// else. What it relies on stays until then: see [`remove`](Self::remove).
    ///
    /// `bytes` is what the job keeps in memory while it waits.
    pub(crate) async fn write<T, E, J>(&self, bytes: usize, job: J) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Transience + Send + 'static,
        J: Fn(&mut dyn Connection) -> Result<T, E> + Send + 'static,
    {
        self.writer.run(bytes, (Turn::Shared, job)).await
    }

    /// Runs a job that takes away what other jobs rely on: that an experiment is active, say, or that a run is there. No other job that
    /// writes runs meanwhile, in no server of this database, and it sees what all before it have done.
    pub(crate) async fn remove<T, E, J>(&self, job: J) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Transience + Send + 'static,
        J: Fn(&mut dyn Connection) -> Result<T, E> + Send + 'static,
    {
        self.writer.run(0, (Turn::Alone, job)).await
    }

    /// Runs a job that finds things by their ids, in one transaction: all its queries see the same state. It has 30 seconds, ends when
    /// nobody waits for it, and reads no more than [`crate::answer::ROWS`].
    pub(crate) async fn read<T, E, J>(&self, job: J) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        J: FnOnce(&mut dyn Connection) -> Result<T, E> + Send + 'static,
    {
        self.readers.run(Length::Short, job).await
    }

    /// Runs a job that searches, or reads all there is of something, like [`read`](Self::read). Some readers are never busy with these.
    pub(crate) async fn search<T, E, J>(&self, job: J) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        J: FnOnce(&mut dyn Connection) -> Result<T, E> + Send + 'static,
    {
        self.readers.run(Length::Long, job).await
    }

    /// What the store counts about itself.
    pub(crate) fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Bytes of jobs that wait for the writer or are in its hands.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.writer.waiting_bytes()
    }

    /// Finishes what waits, and takes nothing more. Threads that do not come to an end are left behind: a disk that hangs, say, must not
    /// keep the process from ending.
    pub(crate) async fn close(&self) -> Closed {
        // The writer last: the last connection to leave SQLite puts its log away, which those that only read cannot.
        let until = tokio::time::Instant::now() + CLOSING;
        let readers = self.readers.close(CLOSING).await;
        let writer = self.writer.close(until - tokio::time::Instant::now()).await;
        readers.and(writer)
    }
}

/// PostgreSQL's client must not be met on a thread with an event loop, where stores may well be opened.
fn beside<T: Send>(open: impl FnOnce() -> Result<T, DatabaseError> + Send) -> Result<T, DatabaseError> {
    let opened = std::thread::scope(|scope| scope.spawn(open).join());
    opened.unwrap_or_else(|_| Err(DatabaseError::Permanent("the database cannot be opened".to_owned())))
}

/// Whether an error of a job is worth another try.
pub(crate) trait Transience {
    /// It may succeed if it is tried again at once.
    fn is_transient(&self) -> bool;
}

#[cfg(test)]
mod tests;
