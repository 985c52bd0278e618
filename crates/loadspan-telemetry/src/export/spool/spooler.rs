//! The thread that writes the spool, so that neither producers nor exports wait for the disk.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use super::SpoolWriter;
use super::writer::Kept;
use crate::export::Payload;
use crate::export::notice::Trouble;
use crate::export::pipeline::Lane;

/// The most that may wait for the disk while a run goes on.
const BACKLOG_BYTES: usize = 32 * 1024 * 1024;

/// The thread that writes the spool.
#[derive(Debug)]
pub(in crate::export) struct Spooler {
    handle: SpoolHandle,
    thread: JoinHandle<()>,
}

/// Hands payloads to the thread that writes the spool.
#[derive(Debug, Clone)]
pub(in crate::export) struct SpoolHandle {
    jobs: Sender<Job>,
    backlog: Arc<AtomicUsize>,
}

/// Whether a payload may be dropped if the disk is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::export) enum Room {
    /// It may: the run goes on, and memory is bounded.
    Bounded,
    /// It may not: the run is over, and what is in memory gets no more.
    Unbounded,
}

#[derive(Debug)]
enum Job {
    Keep(Arc<Lane>, Payload),
    Stop,
}

impl Spooler {
    pub(in crate::export) fn start(writer: SpoolWriter) -> io::Result<Self> {
        let (jobs, receiver) = channel();
        let backlog = Arc::default();
        let handle = SpoolHandle {
            jobs,
            backlog: Arc::clone(&backlog),
        };
        let thread = thread::Builder::new()
            .name("loadspan-spool".to_owned())
            .spawn(move || work(&receiver, writer, &backlog))?;
        Ok(Self { handle, thread })
    }

    pub(in crate::export) fn handle(&self) -> SpoolHandle {
        self.handle.clone()
    }

    /// Writes what it has been given, and ends.
    pub(in crate::export) fn finish(self) {
        let _ = self.handle.jobs.send(Job::Stop);
        // A panic has left payloads without a fate; the lanes count those as dropped.
        let _ = self.thread.join();
    }
}

impl SpoolHandle {
    /// Hands over a payload; its lane hears what became of it.
    pub(in crate::export) fn keep(&self, lane: &Arc<Lane>, payload: Payload, room: Room) {
        let (items, size) = (payload.items, payload.body.len());
        let waiting = self.backlog.fetch_add(size, Ordering::Relaxed);
        if room == Room::Bounded && waiting + size > BACKLOG_BYTES.max(size) {
            self.backlog.fetch_sub(size, Ordering::Relaxed);
            return lane.dropped(items, &Trouble::DiskBehind);
        }
        if self.jobs.send(Job::Keep(Arc::clone(lane), payload)).is_err() {
            let reason = "the spool is closed".to_owned();
            lane.dropped(items, &Trouble::SpoolFailed { reason });
        }
    }
}

fn work(jobs: &Receiver<Job>, mut writer: SpoolWriter, backlog: &AtomicUsize) {
    while let Ok(Job::Keep(lane, payload)) = jobs.recv() {
        match writer.write(&payload) {
            Ok(Kept::Spooled) => lane.spooled(payload.items),
            Ok(Kept::Full { max_bytes }) => lane.dropped(payload.items, &Trouble::SpoolFull { max_bytes }),
            Err(error) => {
                let reason = error.to_string();
                lane.dropped(payload.items, &Trouble::SpoolFailed { reason });
            }
        }
        backlog.fetch_sub(payload.body.len(), Ordering::Relaxed);
    }
}
