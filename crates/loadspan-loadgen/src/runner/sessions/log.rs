//! Reads a log while it is sent: a thread of its own, which the file may block, and a bounded queue for each worker.
//!
//! Entries come in the order of time, so that a full queue delays nobody: what it is full of is due before anything that others wait
//! for.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::watch;

use crate::runner::{RunError, spawn};
use crate::sessions::{LogEntry, SessionLog};

/// Entries that a worker may have before it, at most.
const QUEUE_ENTRIES: usize = 1024;

/// The thread that reads a log.
#[derive(Debug)]
pub(crate) struct LogReader {
    thread: JoinHandle<()>,
    error: Arc<Mutex<Option<std::io::Error>>>,
}

/// A worker's part of a log.
#[derive(Debug)]
pub(crate) struct LogQueue {
    entries: Receiver<LogEntry>,
    over: bool,
    /// Whether the first entry of all has been found. Closed at the end of the log.
    found: watch::Receiver<bool>,
}

impl LogReader {
    /// Begins to read for so many workers.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub(crate) fn start(log: SessionLog, workers: usize) -> Result<(Self, Vec<LogQueue>), RunError> {
        let (find, found) = watch::channel(false);
        let (senders, queues): (Vec<_>, Vec<_>) = (0..workers)
            .map(|_| {
                let (sender, entries) = channel(QUEUE_ENTRIES);
                let queue = LogQueue {
                    entries,
                    over: false,
                    found: found.clone(),
                };
                (sender, queue)
            })
            .unzip();
        let error = Arc::new(Mutex::new(None));
        let failed = Arc::clone(&error);
        let thread = spawn("loadspan-replay", move || {
            let mut workers: Vec<_> = senders.into_iter().map(Some).collect();
            let read = deal_out(log, &mut workers, &find);
            // Before the workers hear of the end: they ask then.
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = read.err();
            drop(workers);
        })?;
        Ok((Self { thread, error }, queues))
    }

    /// What made it stop too early. Called when the workers are gone: a reader that waits for a file then is left alone.
    pub(crate) fn error(self) -> Option<std::io::Error> {
        let panicked = self.thread.is_finished() && self.thread.join().is_err();
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner).take();
        error.or_else(|| panicked.then(|| std::io::Error::other("its reader panicked; please report this")))
    }
}

/// Gives each entry to the worker whose session it is about, until nobody wants more.
fn deal_out(
    log: SessionLog,
    workers: &mut [Option<Sender<LogEntry>>],
    find: &watch::Sender<bool>,
) -> std::io::Result<()> {
    for entry in log {
        let entry = entry?;
        find.send_if_modified(|found| !std::mem::replace(found, true));
        let place = (entry.session % workers.len().max(1) as u64) as usize;
        let gone = match workers.get(place) {
            Some(Some(worker)) => worker.blocking_send(entry).is_err(),
            _ => false,
        };
        if gone {
            workers[place] = None;
        }
        if workers.iter().all(Option::is_none) {
            return Ok(());
        }
    }
    Ok(())
}

impl LogQueue {
    /// Waits until the log has been read as far as there is something to send, or to its end. What comes before that is of no
    /// concern to the load, and may take long: half of a large log lies outside a window.
    pub(crate) async fn begins(&mut self) {
        // An error is that the log has ended.
        let _ = self.found.wait_for(|found| *found).await;
    }

    /// The next entry, if it has been read.
    pub(super) fn try_next(&mut self) -> Option<LogEntry> {
        let entry = self.entries.try_recv();
        self.over |= matches!(entry, Err(TryRecvError::Disconnected));
        entry.ok()
    }

    /// Waits for the next entry; `None` when there are no more.
    pub(super) async fn next(&mut self) -> Option<LogEntry> {
        let entry = self.entries.recv().await;
        self.over |= entry.is_none();
        entry
    }

    /// Whether the last entry has been taken.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }
}
