//! A job for the writer, whatever its types.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use super::{StoreError, Transience};
use crate::database::{Connection, DatabaseError};

/// A job that waits for the writer.
pub(super) trait Job: Send {
    /// Beside whom it may run.
    fn turn(&self) -> Turn;
    /// Runs it. It may be run again.
    fn run(&mut self, connection: &mut dyn Connection) -> Verdict;
    /// Puts an error in the place of its answer.
    fn fail(&mut self, error: StoreError);
    /// Hands over its answer: that of its last run, or the error that took the work of that run away.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// Beside whom a job may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// All others of its kind: it adds and changes.
    Shared,
    /// Nobody, in no server of this database: it removes what others rely on.
    Alone,
}

/// What becomes of the work of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is kept.
    Keep,
    /// It is undone, and the job answered with its error.
    Undo,
    /// It is undone, and the job may be run again.
    Again,
    /// It is undone, and the job has a defect.
    Panicked,
}

/// A job with its types.
pub(super) struct TypedJob<T, E, J> {
    turn: Turn,
    work: J,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, J> TypedJob<T, E, J> {
    pub(super) fn new((turn, work): (Turn, J), answer: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            turn,
            work,
            result: None,
            answer,
        }
    }
}

impl<T, E, J> Job for TypedJob<T, E, J>
where
    T: Send + 'static,
    E: From<StoreError> + Transience + Send + 'static,
    J: Fn(&mut dyn Connection) -> Result<T, E> + Send + 'static,
{
    fn turn(&self) -> Turn {
        self.turn
    }

    fn run(&mut self, connection: &mut dyn Connection) -> Verdict {
        let (result, verdict) = match caught(|| (self.work)(connection)) {
            Err(panicked) => (Err(panicked.into()), Verdict::Panicked),
            Ok(Err(error)) if error.is_transient() => (Err(error), Verdict::Again),
            Ok(Err(error)) => (Err(error), Verdict::Undo),
            Ok(result) => (result, Verdict::Keep),
        };
        self.result = Some(result);
        verdict
    }

    fn fail(&mut self, error: StoreError) {
        self.result = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (committed, self.result) {
            (_, Some(Err(error))) => Err(error),
            (Err(error), _) => Err(error.into()),
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StoreError::Closed.into()),
        };
        // Whoever asked may have gone; what was written stays written.
        drop(self.answer.send(result));
    }
}

/// Runs what may panic. The panic hook says where it did; the thread goes on.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, StoreError> {
    // A connection has no state of its own that a panic could leave half done: its transaction is undone.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| StoreError::Panicked)
}

impl StoreError {
    /// What the database said in the end, as a transient error that nobody will try again.
    pub(super) fn gave_up(error: DatabaseError) -> Self {
        Self::Database(match error {
            DatabaseError::Transient(message) => DatabaseError::Unavailable(message),
            error => error,
        })
    }
}
