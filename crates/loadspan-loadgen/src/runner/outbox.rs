//! Finished records on their way from a worker to the collector.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use loadspan_record::{OutputText, RequestRecord, RunOffset};

use super::control::Control;
use crate::RunClock;
use crate::event::SessionEnd;
use crate::observer::Said;

/// Records are handed over when there are so many …
const BATCH_SIZE: usize = 256;
/// … or when the first of them has waited so long.
const BATCH_AGE: Duration = Duration::from_millis(50);
/// A collector so far behind loses records, which are counted: the load goes on, and memory stays bounded.
const BACKLOG_LIMIT: usize = 65_536;

/// Records of finished requests, and what was kept of their responses, by position.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) records: Vec<RequestRecord>,
    /// Texts whose tokens have yet to be counted.
    pub(crate) texts: Vec<(usize, String)>,
    /// Texts for listeners.
    pub(crate) outputs: Vec<(usize, OutputText)>,
    /// Sessions that have ended; all their records are in this batch or in earlier ones.
    pub(crate) ended: Vec<SessionEnd>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.ended.is_empty()
    }
}

/// A worker's end of the queue to the collector. Never blocks.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: SyncSender<Batch>,
    control: Arc<Control>,
    batch: Batch,
    /// When the first record came into the batch.
    begun_at: RunOffset,
}

impl Outbox {
    pub(crate) fn new(queue: SyncSender<Batch>, control: &Arc<Control>) -> Self {
        Self {
            queue,
            control: Arc::clone(control),
            batch: Batch::default(),
            begun_at: RunOffset::ZERO,
        }
    }

    pub(crate) fn push(&mut self, record: RequestRecord, said: Said, clock: RunClock) {
        if self.batch.records.len() >= BACKLOG_LIMIT {
            self.control.records_lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if self.batch.is_empty() {
            self.begun_at = clock.now();
        }
        let position = self.batch.records.len();
        if !said.whole.is_empty() {
            self.batch.texts.push((position, said.whole));
        }
        if !said.output.is_empty() {
            self.batch.outputs.push((position, said.output));
        }
        self.batch.records.push(record);
        if self.batch.records.len().is_multiple_of(BATCH_SIZE) {
            self.try_flush();
        }
    }

    /// The end of a session: it goes with the next records. One too many is forgotten, as a record would be.
    pub(crate) fn push_end(&mut self, end: SessionEnd) {
        if self.batch.ended.len() < BACKLOG_LIMIT {
            self.batch.ended.push(end);
        }
    }

    pub(crate) fn flush_if_aged(&mut self, now: RunOffset) {
        if !self.batch.is_empty() && now >= self.begun_at.after(BATCH_AGE) {
            self.try_flush();
        }
    }

    /// Hands over what is left; waits for the collector, because there is no load any more to be delayed.
    pub(crate) fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            // An error means that the collector is gone, and with it the run.
            let _ = self.queue.send(batch);
        }
    }

    fn try_flush(&mut self) {
        let next = Batch {
            records: Vec::with_capacity(BATCH_SIZE),
            ..Batch::default()
        };
        match self.queue.try_send(std::mem::replace(&mut self.batch, next)) {
            Ok(()) => {}
            Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => self.batch = batch,
        }
    }
}
