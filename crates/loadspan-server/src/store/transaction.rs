//! A transaction of the writer: as many jobs as there are, so that one commit pays for many answers. Each has a savepoint, so that its
//! error takes nothing else with it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::job::{Job, Verdict};
use super::queue::{Waiting, Waitlist};
use super::{Figures, PATIENCE, StoreError};
use crate::database::{Connection, DatabaseError, Dialect, Step};

/// After this long a transaction takes no further jobs: whoever came first should have an answer.
const TIME: Duration = Duration::from_millis(10);
/// After so many bytes it takes none either.
const BYTES: usize = 8 << 20;

type WaitingJob = Waiting<Box<dyn Job>>;

/// Where jobs come from, and what is counted.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) waitlist: &'a Waitlist<Box<dyn Job>>,
    pub(super) figures: &'a Figures,
}

/// Runs a job, and those that come while it runs, and answers them.
///
/// Where a transient error takes the transaction away from all of them, each gets one of its own.
pub(super) fn run(connection: &mut dyn Connection, first: WaitingJob, source: Source<'_>) {
    let until = Instant::now() + PATIENCE;
    let mut group = Group {
        begun: Instant::now(),
        bytes: first.size,
        jobs: vec![first],
    };
    match group.attempt(connection, source) {
        Ok(()) => {
            source.figures.committed(group.jobs.len());
            group.answer(&Ok(()));
        }
        Err(Failure::Again(error)) => {
            for waiting in group.jobs {
                let alone = Alone {
                    waiting,
                    error: error.clone(),
                    figures: source.figures,
                };
                alone.run(connection, until);
            }
        }
        Err(Failure::Final(error)) => group.answer(&Err(StoreError::gave_up(error))),
    }
}

/// Why a transaction was not committed.
enum Failure {
    /// It may be run again: nothing of it was kept.
    Again(DatabaseError),
    /// Not so, or nobody knows.
    Final(DatabaseError),
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Transient(_) => Self::Again(error),
            error => Self::Final(error),
        }
    }
}

/// Jobs of one transaction, in the order in which they came.
struct Group {
    jobs: Vec<WaitingJob>,
    begun: Instant,
    bytes: usize,
}

impl Group {
    /// Runs the job that is there, then those that come meanwhile, and commits.
    fn attempt(&mut self, connection: &mut dyn Connection, source: Source<'_>) -> Result<(), Failure> {
        connection.step(Step::Begin)?;
        let mut done = 0;
        while done < self.jobs.len() {
            if let Err(error) = run_saved(&mut *self.jobs[done].job, connection, source.figures) {
                // It may have ended the transaction already.
                drop(connection.step(Step::Rollback));
                return Err(error.into());
            }
            done += 1;
            if done == self.jobs.len() {
                self.take(connection.dialect(), source);
            }
        }
        commit(connection)
    }

    /// Takes one more job, if there is one and time for it.
    fn take(&mut self, dialect: Dialect, source: Source<'_>) {
        if self.jobs.len() < most(dialect) && self.bytes < BYTES && self.begun.elapsed() < TIME {
            let job = source.waitlist.next_now();
            self.bytes += job.as_ref().map_or(0, |job| job.size);
            self.jobs.extend(job);
        }
    }

    fn answer(self, outcome: &Result<(), StoreError>) {
        for waiting in self.jobs {
            waiting.job.answer(outcome.clone());
        }
    }
}

/// How many jobs a transaction takes.
fn most(dialect: Dialect) -> usize {
    match dialect {
        Dialect::Sqlite => 1024,
        // PostgreSQL keeps track of up to 64 savepoints of a transaction in memory that all others see.
        Dialect::Postgres => 60,
    }
}

/// Runs a job within a transaction, and undoes what it did if it fails.
///
/// An error is one of the transaction: not of the job, which keeps its own.
fn run_saved(job: &mut dyn Job, connection: &mut dyn Connection, figures: &Figures) -> Result<(), DatabaseError> {
    connection.step(Step::Save)?;
    match job.run(connection) {
        Verdict::Keep => match connection.step(Step::Keep) {
            Ok(()) => return Ok(()),
            Err(error @ DatabaseError::Transient(_)) => return Err(error),
            // It went on after the error of a statement, which PostgreSQL does not.
            Err(error) => job.fail(error.into()),
        },
        Verdict::Again => return Err(busy()),
        Verdict::Panicked => figures.panicked(),
        Verdict::Undo => {}
    }
    // Some errors end the whole transaction: then there is nothing to go back to, and the others begin again.
    let undone = connection.step(Step::Undo);
    undone.map_err(|error| DatabaseError::Transient(error.to_string()))
}

/// Ends a transaction. When the connection is lost at that, nobody knows what became of it: it is not run again.
fn commit(connection: &mut dyn Connection) -> Result<(), Failure> {
    connection.step(Step::Commit).map_err(|error| {
        drop(connection.step(Step::Rollback));
        Failure::Final(error)
    })
}

/// A job in a transaction of its own.
struct Alone<'a> {
    waiting: WaitingJob,
    /// Why it has not been run so far, or not to the end.
    error: DatabaseError,
    figures: &'a Figures,
}

impl Alone<'_> {
    /// Runs it until it is done or patience ends, and answers it.
    fn run(mut self, connection: &mut dyn Connection, until: Instant) {
        let mut attempts = 0;
        let outcome = loop {
            if Instant::now() >= until {
                break Err(self.error);
            }
            self.figures.tried_again();
            match self.attempt(connection) {
                Ok(()) => break Ok(()),
                Err(Failure::Final(error)) => break Err(error),
                Err(Failure::Again(error)) => self.error = error,
            }
            attempts += 1;
            pause(attempts);
        };
        self.waiting.job.answer(outcome.map_err(StoreError::gave_up));
    }

    /// Runs it once. An error of the job itself is with the job.
    fn attempt(&mut self, connection: &mut dyn Connection) -> Result<(), Failure> {
        connection.step(Step::Begin)?;
        match self.waiting.job.run(connection) {
            Verdict::Keep => {
                commit(connection)?;
                self.figures.committed(1);
                return Ok(());
            }
            Verdict::Again => {
                drop(connection.step(Step::Rollback));
                return Err(busy().into());
            }
            Verdict::Panicked => self.figures.panicked(),
            Verdict::Undo => {}
        }
        drop(connection.step(Step::Rollback));
        Ok(())
    }
}

/// What is said of a job that will be run again.
fn busy() -> DatabaseError {
    DatabaseError::Transient("the database was busy".to_owned())
}

/// A pause that grows to a quarter of a second, and differs between threads that got in each other's way.
fn pause(attempts: u32) {
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    let jitter = Duration::from_micros(u64::from(nanos / 1000 % 5000));
    std::thread::sleep(Duration::from_millis(1 << attempts.min(8)) + jitter);
}
