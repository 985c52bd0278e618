//! The upkeep of the write-ahead log. What is committed is copied into the database's file by a thread of its own, so that no commit
//! waits for the disk; and the log is begun anew before it grows large, which only the writer can do, between two transactions.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::{BUSY_TIMEOUT, Sqlite};
use crate::database::{Access, DatabaseError};

/// How long the writer waits for readers of an old log, before it goes on with that one and tries again later.
const WAIT_FOR_READERS: Duration = Duration::from_millis(20);
/// The same, when the log must not grow any more.
const WAIT_AT_MOST: Duration = Duration::from_secs(1);
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
    /// Here the writer waits until it does.
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
}

#[derive(Default)]
struct State {
    /// How long the log is.
    pages: AtomicUsize,
    /// Hardly anything is left to copy: the writer may begin the log anew.
    copied: AtomicBool,
    /// Held while the thread copies.
    copying: Mutex<()>,
}

struct Copier {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Upkeep {
    pub(super) fn new(database: Sqlite) -> Self {
        Self {
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
            self.told = 0;
        }
        if pages < self.told + self.database.wal.copy {
            return;
        }
        self.told = pages;
        let copier = self
            .thread
            .get_or_insert_with(|| Copier::spawn(self.database.clone(), Arc::clone(&self.state)));
        copier.wake();
    }

    /// Before a transaction: begins the log anew, if that is due and readers allow it.
    pub(super) fn before_transaction(&mut self, connection: &Connection) {
        let pages = self.state.pages.load(Ordering::Relaxed);
        if pages >= self.database.wal.most {
            let _copied = self.state.turn();
            self.renew(connection, WAIT_AT_MOST);
        } else if self.state.copied.swap(false, Ordering::Relaxed) {
            self.renew(connection, WAIT_FOR_READERS);
        }
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
    fn turn(&self) -> MutexGuard<'_, ()> {
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
            let turn = state.turn();
            // An error, of a disk that is full say, is met by the writer as well, which has someone to tell.
            let Ok(log) = checkpoint(&connection, "PRAGMA wal_checkpoint(PASSIVE)") else {
                break;
            };
            drop(turn);
            if log.pages < database.wal.renew {
                break;
            }
            // The writer is to find on the disk what is copied, and to wait for the rest only.
            drop(file.as_ref().map(File::sync_data));
            if log.rest() <= database.wal.rest {
                state.copied.store(true, Ordering::Relaxed);
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
