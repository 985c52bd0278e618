//! The upkeep of the write-ahead log. What is committed is copied into the database's file by a thread of its own, so that no commit
//! waits for the disk; and the log is begun anew before it grows large, which only the writer can do, between two transactions.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::{BUSY_TIMEOUT, Sqlite};
use crate::database::{Access, DatabaseError};

/// How long the writer waits for readers of an old log, before it goes on with that one and tries again later.
const WAIT_FOR_READERS: Duration = Duration::from_millis(20);
/// The same, when the log is longer than it should ever be.
const WAIT_AT_MOST: Duration = Duration::from_secs(1);
/// How often the writer looks meanwhile whether there is anything left to copy.
const LOOKS: u32 = 20;
/// How often a log is copied in a row, each time a smaller rest.
const ROUNDS: usize = 8;

/// Lengths of the log, in pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct WalLimits {
    /// So much is worth copying.
    pub(super) copy: usize,
    /// So much that is not yet copied may the writer copy itself.
    pub(super) rest: usize,
    /// From here on the log is to begin anew.
    pub(super) renew: usize,
    /// From here on the writer waits for the readers that hold it up, a while each time that `copy` more have come.
    pub(super) most: usize,
}

impl Default for WalLimits {
    /// With pages of 4 KiB: 8 MiB, 2 MiB, 64 MiB, 512 MiB.
    fn default() -> Self {
        Self {
            copy: 2048,
            rest: 512,
            renew: 16_384,
            most: 131_072,
        }
    }
}

/// The upkeep of one connection that writes. Its thread is started when there is something to do, and ends with this.
pub(super) struct Upkeep {
    database: Sqlite,
    state: Arc<State>,
    thread: Option<Copier>,
    /// How long the log was when the thread was last told.
    told: usize,
    /// How long it may become before the writer waits.
    patient_until: usize,
}

#[derive(Default)]
struct State {
    /// How long the log is.
    pages: AtomicUsize,
    copying: Mutex<Copying>,
    /// Told when that changes for the better.
    changed: Condvar,
}

/// How far the copying is. Of copying and beginning anew, SQLite refuses one while the other is going on.
#[derive(Default)]
struct Copying {
    /// Hardly anything is left to copy: the writer may begin the log anew.
    is_done: bool,
    is_going_on: bool,
}

impl Copying {
    fn may_renew(&self) -> bool {
        self.is_done && !self.is_going_on
    }
}

struct Copier {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Upkeep {
    pub(super) fn new(database: Sqlite) -> Self {
        Self {
            patient_until: database.wal.most,
            database,
            state: Arc::default(),
            thread: None,
            told: 0,
        }
    }

    /// Has SQLite tell how long the log is, in place of copying it at commits.
    pub(super) fn watch(&self, connection: &mut Connection) -> Result<(), DatabaseError> {
        let state = Arc::clone(&self.state);
        connection.wal_hook(Some(move |_: &mut _, pages: i32| {
            state
                .pages
                .store(usize::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(())
    }

    /// After a commit: wakes the thread when there is enough to copy.
    pub(super) fn after_commit(&mut self) {
        let pages = self.state.pages.load(Ordering::Relaxed);
        if pages < self.told {
            // It has begun anew.
            (self.told, self.patient_until) = (0, self.database.wal.most);
        }
        if pages >= self.told + self.database.wal.copy {
            self.told = pages;
            self.wake();
        }
    }

    /// Before a transaction: begins the log anew, if that is due and readers allow it.
    pub(super) fn before_transaction(&mut self, connection: &Connection) {
        let pages = self.state.pages.load(Ordering::Relaxed);
        if pages < self.patient_until {
            self.renew_if_copied(connection, Duration::ZERO..WAIT_FOR_READERS);
            return;
        }
        // Should a reader stay for long, it is not waited for before each transaction: then none would be done.
        self.patient_until = pages + self.database.wal.copy;
        for _ in 0..LOOKS {
            self.wake();
            if self.renew_if_copied(connection, WAIT_AT_MOST / LOOKS..WAIT_AT_MOST) {
                break;
            }
        }
    }

    /// Begins the log anew, if it is copied, for which it waits as long as the first, and for readers as long as the second of two
    /// times; whether it was copied.
    fn renew_if_copied(&self, connection: &Connection, patience: Range<Duration>) -> bool {
        let mut copying = self.state.wait(patience.start);
        let may_renew = copying.may_renew();
        if may_renew {
            copying.is_done = false;
            self.renew(connection, patience.end);
        }
        may_renew
    }

    fn wake(&mut self) {
        let copier = self
            .thread
            .get_or_insert_with(|| Copier::spawn(self.database.clone(), Arc::clone(&self.state)));
        copier.wake();
    }

    fn renew(&self, connection: &Connection, patience: Duration) {
        // Whether it succeeds is seen in the length of the log after the next commit.
        let renewed = connection
            .busy_timeout(patience)
            .and_then(|()| checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)"));
        if renewed.is_ok_and(|log| log.rest() == 0) {
            self.state.pages.store(0, Ordering::Relaxed);
        }
        drop(connection.busy_timeout(BUSY_TIMEOUT));
    }
}

impl State {
    /// Waits until the writer may begin the log anew, but no longer than that. Meanwhile no copying begins.
    fn wait(&self, patience: Duration) -> MutexGuard<'_, Copying> {
        let copying = self.copying();
        if patience.is_zero() || copying.may_renew() {
            return copying;
        }
        let waited = self
            .changed
            .wait_timeout_while(copying, patience, |copying| !copying.may_renew());
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn copying(&self) -> MutexGuard<'_, Copying> {
        self.copying.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Copier {
    fn spawn(database: Sqlite, state: Arc<State>) -> Self {
        let (wake, woken) = sync_channel(1);
        let thread = std::thread::Builder::new().name("store-wal".to_owned());
        let thread = thread.spawn(move || copy(&database, &state, &woken)).ok();
        Self {
            wake: Some(wake),
            thread,
        }
    }

    fn wake(&self) {
        if let Some(wake) = &self.wake {
            // A full channel: it has yet to begin. A closed one: there is no thread, and the writer does it all at the limit.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn copy(database: &Sqlite, state: &State, woken: &Receiver<()>) {
    let Ok(connection) = database.open(Access::Write) else {
        return;
    };
    // Never closed: a process that closes a handle to a file loses the locks that SQLite has on it.
    let file = ManuallyDrop::new(File::open(database.path()));
    while woken.recv().is_ok() {
        for _ in 0..ROUNDS {
            state.copying().is_going_on = true;
            let log = checkpoint(&connection, "PRAGMA wal_checkpoint(PASSIVE)");
            let is_long = log.as_ref().is_ok_and(|log| log.pages >= database.wal.renew);
            if is_long {
                // The writer is to find on the disk what is copied, and to wait for the rest only.
                drop(file.as_ref().map(File::sync_data));
            }
            let is_done = is_long && log.is_ok_and(|log| log.rest() <= database.wal.rest);
            let mut copying = state.copying();
            (copying.is_done, copying.is_going_on) = (is_done, false);
            drop(copying);
            state.changed.notify_one();
            // An error, of a disk that is full say, is met by the writer as well, which has someone to tell.
            if is_done || !is_long {
                break;
            }
        }
    }
}

/// A log, as a checkpoint has left it.
struct Log {
    pages: usize,
    copied: usize,
}

impl Log {
    fn rest(&self) -> usize {
        self.pages.saturating_sub(self.copied)
    }
}

fn checkpoint(connection: &Connection, statement: &str) -> rusqlite::Result<Log> {
    connection.prepare_cached(statement)?.query_row([], |row| {
        let pages = |column| row.get(column).map(|pages: i64| usize::try_from(pages).unwrap_or(0));
        Ok(Log {
            pages: pages(1)?,
            copied: pages(2)?,
        })
    })
}
