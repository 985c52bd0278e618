//! The way to the database: jobs for the writer, whose transactions are shared by all that wait, and jobs for the readers.
//!
//! A job is a function of a connection. One that writes may be run again after a transient error, so that it is an `Fn` and owns what it
//! needs. What it answers is handed over when its transaction is committed: an acknowledgement means durable.

mod figures;
mod job;
mod queue;
mod readers;
mod transaction;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use crate::database::{Access, Claim, Connection, Database, DatabaseError, migrate};
use crate::store::readers::Readers;
use crate::store::writer::Writer;

pub(crate) use figures::Figures;

/// How long a client is kept waiting for what other clients, other programs or the network hold up, before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

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
        // PostgreSQL's client must not be met on a thread with an event loop, where this may well be called.
        let opened = std::thread::scope(|scope| scope.spawn(|| Self::open_here(database)).join());
        opened.unwrap_or_else(|_| Err(DatabaseError::Permanent("the database cannot be opened".to_owned())))
    }

    fn open_here(database: &dyn Database) -> Result<Self, DatabaseError> {
        let claim = database.claim()?;
        migrate(&mut *database.connect(Access::Write)?)?;
        let figures = Arc::<Figures>::default();
        Ok(Self {
            writer: Arc::new(Writer::spawn(database, &figures)?),
            readers: Arc::new(Readers::spawn(database, &figures)?),
            figures,
            _claim: Arc::new(claim),
        })
    }

    /// Runs a job that writes, in a transaction of its own or one shared with others; its error undoes what it did, and nothing else.
    ///
    /// `bytes` is what the job keeps in memory while it waits.
    pub(crate) async fn write<T, E, J>(&self, bytes: usize, job: J) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Transience + Send + 'static,
        J: Fn(&mut dyn Connection) -> Result<T, E> + Send + 'static,
    {
        self.writer.run(bytes, job).await
    }

    /// Runs a job that reads, in one transaction: all its queries see the same state. It has 30 seconds.
    pub(crate) async fn read<T, E, J>(&self, job: J) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        J: FnOnce(&mut dyn Connection) -> Result<T, E> + Send + 'static,
    {
        self.readers.run(job).await
    }

    /// What the store counts about itself.
    pub(crate) fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Bytes of jobs that wait for the writer or are in its hands.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.writer.waiting_bytes()
    }

    /// Finishes what waits, and takes nothing more.
    pub(crate) async fn close(&self) {
        // The writer last: the last connection to leave SQLite puts its log away, which those that only read cannot.
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Whether an error of a job is worth another try.
pub(crate) trait Transience {
    /// It may succeed if it is tried again at once.
    fn is_transient(&self) -> bool;
}

#[cfg(test)]
mod cost;
#[cfg(test)]
mod tests;
