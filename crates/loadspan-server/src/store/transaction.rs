//! A transaction of the writer: as many jobs as there are, so that one commit pays for many answers.
//!
//! Each job runs between [`Step::Save`] and, as it ends, [`Step::Keep`] or [`Step::Undo`], so that its error takes nothing else with it:
//!
//! | a job ends with | it is | the others |
//! |---|---|---|
//! | an answer | answered after the commit | |
//! | an error of its own, or a panic | undone, and answered with it after the commit | stay |
//! | a transient error: a lock, a deadlock, a lost connection | put back, to be run later, alone | run again at once, without it |
//!
//! What cannot even begin, or be committed, concerns all of them. How long a client waits in all is [`PATIENCE`], from when its job came;
//! but each job is tried once, unless no transaction can begin at all.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::job::{Job, Turn, Verdict};
use super::waitlist::{Waiting, Waitlist};
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

/// Runs a job, and those that come while it runs, and answers them, or puts them back.
pub(super) fn run(connection: &mut dyn Connection, first: WaitingJob, source: Source<'_>) {
    let mut group = Group::of(first);
    while !group.jobs.is_empty() {
        match group.attempt(connection, source) {
            Ok(()) => return group.answer(&Ok(())),
            Err(Failure::Of(place, error)) => source.set_aside(group.jobs.remove(place), error),
            Err(Failure::NotBegun(error)) => return source.set_all_aside(group.jobs, &error),
            Err(Failure::Lost(error)) => return group.answer(&Err(StoreError::gave_up(error))),
        }
        source.figures.tried_again();
    }
}

/// Why a transaction was not committed.
enum Failure {
    /// Because of the job at this place. Nothing was kept of any.
    Of(usize, Aside),
    /// It did not even begin.
    NotBegun(DatabaseError),
    /// Nobody knows whether it was.
    Lost(DatabaseError),
}

/// What becomes of a job that is taken out of a group.
enum Aside {
    /// It may be run again; or else this is what is said of it.
    Again(DatabaseError),
    /// It has an error of its own.
    Answered,
}

impl Aside {
    /// A job that the transaction could not take, for this reason.
    fn of(job: &mut dyn Job, error: DatabaseError) -> Self {
        match error {
            DatabaseError::Transient(_) => Self::Again(error),
            error => {
                job.fail(error.into());
                Self::Answered
            }
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
    fn of(first: WaitingJob) -> Self {
        Self {
            begun: Instant::now(),
            bytes: first.size,
            jobs: vec![first],
        }
    }

    /// Runs the jobs that are there, then those that come meanwhile, and commits.
    fn attempt(&mut self, connection: &mut dyn Connection, source: Source<'_>) -> Result<(), Failure> {
        connection.step(self.turn().begin()).map_err(Failure::NotBegun)?;
        let mut done = 0;
        let mut kept = 0;
        while done < self.jobs.len() {
            match run_saved(&mut *self.jobs[done].job, connection, source.figures) {
                Ok(is_kept) => kept += usize::from(is_kept),
                Err(aside) => {
                    // It may have ended the transaction already.
                    drop(connection.step(Step::Rollback));
                    return Err(Failure::Of(done, aside));
                }
            }
            done += 1;
            if done == self.jobs.len() {
                self.take(connection.dialect(), source);
            }
        }
        commit(connection)?;
        source.figures.committed(kept);
        Ok(())
    }

    fn turn(&self) -> Turn {
        self.jobs.first().map_or(Turn::Shared, |first| first.job.turn())
    }

    /// Takes one more job, if there is one and time for it. One that was put back stays alone, for the sake of the others.
    fn take(&mut self, dialect: Dialect, source: Source<'_>) {
        let may_share = |job: &WaitingJob| dialect == Dialect::Sqlite || job.job.turn() == Turn::Shared;
        let has_room = self.jobs.len() < most(dialect) && self.bytes < BYTES && self.begun.elapsed() < TIME;
        if has_room && self.jobs.iter().all(|job| job.put_back == 0 && may_share(job)) {
            // What others have committed since the transaction began is not seen in it. Who was told of that comes later.
            let begun = self.begun;
            let in_time = |job: &WaitingJob| dialect == Dialect::Sqlite || job.since < begun;
            let job = source.waitlist.next_if(|job| may_share(job) && in_time(job));
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

impl Source<'_> {
    /// Puts a job back that was tried, unless its client has waited for long enough.
    fn set_aside(self, waiting: WaitingJob, aside: Aside) {
        match aside {
            Aside::Answered => waiting.job.answer(Ok(())),
            Aside::Again(error) if waiting.waited() >= PATIENCE => {
                waiting.job.answer(Err(StoreError::gave_up(error)));
            }
            Aside::Again(_) => {
                let pause = pause(waiting.put_back);
                self.waitlist.put_back(waiting, pause);
            }
        }
    }

    /// The same with jobs that were not, and with those that have waited for as long as that: they would be told the same, one after
    /// the other.
    fn set_all_aside(self, jobs: Vec<WaitingJob>, error: &DatabaseError) {
        let older = self.waitlist.take_older(PATIENCE);
        for waiting in jobs.into_iter().chain(older) {
            match error {
                DatabaseError::Transient(_) => self.set_aside(waiting, Aside::Again(error.clone())),
                _ => waiting.job.answer(Err(error.clone().into())),
            }
        }
    }
}

impl Turn {
    fn begin(self) -> Step {
        match self {
            Self::Shared => Step::Begin,
            Self::Alone => Step::BeginAlone,
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

/// Runs a job within a transaction, and undoes what it did if it fails; whether it was kept.
///
/// An error is one of the transaction: not of the job, which keeps its own.
fn run_saved(job: &mut dyn Job, connection: &mut dyn Connection, figures: &Figures) -> Result<bool, Aside> {
    if let Err(error) = connection.step(Step::Save) {
        return Err(Aside::of(job, error));
    }
    match job.run(connection) {
        Verdict::Keep => match connection.step(Step::Keep) {
            Ok(()) => return Ok(true),
            Err(error @ DatabaseError::Transient(_)) => return Err(Aside::Again(error)),
            // It went on after the error of a statement, which PostgreSQL does not.
            Err(error) => job.fail(error.into()),
        },
        Verdict::Again => return Err(Aside::Again(busy())),
        Verdict::Panicked => figures.panicked(),
        Verdict::Undo => {}
    }
    // Some errors, that of a full disk for one, end the whole transaction: then there is nothing to go back to, and the others begin
    // again without it.
    connection.step(Step::Undo).map(|()| false).map_err(|_| Aside::Answered)
}

/// Ends a transaction. When the connection is lost at that, nobody knows what became of it: it is not run again.
fn commit(connection: &mut dyn Connection) -> Result<(), Failure> {
    connection.step(Step::Commit).map_err(|error| {
        drop(connection.step(Step::Rollback));
        Failure::Lost(error)
    })
}

/// What is said of a job that will be run again.
fn busy() -> DatabaseError {
    DatabaseError::Transient("the database was busy".to_owned())
}

/// A pause that grows to a quarter of a second, and differs between threads that got in each other's way.
pub(super) fn pause(attempts: u32) -> Duration {
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    let jitter = Duration::from_micros(u64::from(nanos / 1000 % 5000));
    Duration::from_millis(1 << attempts.min(8)) + jitter
}
