//! What a run tells its listeners.
//!
//! One stream of events, many listeners, each with its own bounded queue. When a queue is full, the event is dropped for that
//! listener and its requests are counted: a slow listener delays neither requests nor the others. The last event needs no room in
//! a queue, so that every listener hears of the end however far it is behind, and the end waits for none.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use loadspan_record::{OutputText, Phase, Preopened, RequestRecord, RunOffset, WorkerStats};
use serde::{Deserialize, Serialize};

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// Connections are open and the load of a stage begins.
    LoadStarted {
        /// Which, from 0.
        stage: u32,
        /// When.
        at: RunOffset,
    },
    /// The last request of a stage has ended. Its records came before, but for those that were lost.
    StageEnded(Arc<StageEnd>),
    /// Requests that have finished, in the order in which a worker finished them.
    Records(RecordBatch),
    /// The load, ten times a second.
    Progress(Progress),
    /// The run is over. The last event.
    Finished(Arc<RunEnd>),
}

/// Finished requests, shared by all listeners.
#[derive(Debug, Clone)]
pub struct RecordBatch {
    records: Arc<Vec<RequestRecord>>,
    /// By position of the record, in ascending order. `None` for listeners that did not ask for it.
    outputs: Option<Arc<Outputs>>,
    ended: Option<Arc<Vec<SessionEnd>>>,
}

type Outputs = Vec<(usize, OutputText)>;

impl RecordBatch {
    pub(crate) fn new(records: Vec<RequestRecord>, outputs: Outputs) -> Self {
        Self {
            records: Arc::new(records),
            outputs: (!outputs.is_empty()).then(|| Arc::new(outputs)),
            ended: None,
        }
    }

    pub(crate) fn with_ended(self, ended: Vec<SessionEnd>) -> Self {
        let ended = (!ended.is_empty()).then(|| Arc::new(ended));
        Self { ended, ..self }
    }

    /// Sessions that have ended. All their records are in this batch or in earlier ones.
    #[must_use]
    pub fn ended_sessions(&self) -> &[SessionEnd] {
        self.ended.as_deref().map_or(&[], Vec::as_slice)
    }

    /// The text of the answer to the request at `position`: of its first choice, without secrets, and no more than 64 KiB of answer
    /// and reasoning each. `None` when there was none, when [`RunPlan::output_text`](crate::RunPlan::output_text) is off, or when
    /// the listener has not asked for it ([`Listeners::subscribe_with_output`]).
    #[must_use]
    pub fn output_of(&self, position: usize) -> Option<&OutputText> {
        let outputs = self.outputs.as_ref()?;
        let found = outputs.binary_search_by_key(&position, |(position, _)| *position);
        found.ok().map(|place| &outputs[place].1)
    }
}

impl Deref for RecordBatch {
    type Target = [RequestRecord];

    fn deref(&self) -> &[RequestRecord] {
        &self.records
    }
}

impl From<Vec<RequestRecord>> for RecordBatch {
    fn from(records: Vec<RequestRecord>) -> Self {
        Self::new(records, Vec::new())
    }
}

/// The load at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// When.
    pub at: RunOffset,
    /// The stage that is being run, from 0.
    pub stage: u32,
    /// Requests sent and not finished.
    pub in_flight: u64,
    /// Requests sent so far, warm-up included.
    pub sent: u64,
    /// Sessions that have begun and not ended. `None` in a stage without sessions.
    pub sessions: Option<u64>,
    /// When measuring began in this stage, if it has.
    pub measure_started_at: Option<RunOffset>,
    /// Sending has stopped, in this stage.
    pub draining: bool,
}

/// How a stage ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageEnd {
    /// Which, from 0.
    pub stage: u32,
    /// Why sending stopped.
    pub reason: StopReason,
    /// When its load began.
    pub load_started_at: RunOffset,
    /// When its first measured request was due; `None` when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure_started_at: Option<RunOffset>,
    /// When its last request ended.
    pub ended_at: RunOffset,
    /// Requests that a schedule had due before the end of the stage and that were not sent.
    pub unsent: u64,
    /// What became of its sessions; `None` when it sent none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionCounts>,
    /// Each worker thread.
    pub workers: Vec<WorkerStats>,
    /// CPU time of the whole process during its load, in seconds.
    pub cpu_seconds: f64,
}

/// A session that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionEnd {
    /// Its number in the run.
    pub session: u64,
    /// That of its calls: measured, or of the warm-up.
    pub phase: Phase,
    /// How.
    pub fate: SessionFate,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionFate {
    /// Every call of it was answered.
    Completed,
    /// A call of it failed, and so often as it may.
    Failed,
    /// Sending stopped, or the run ended, before it was complete.
    Cut,
}

/// What became of the sessions of a stage, warm-up included. Every session that began ended in exactly one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SessionCounts {
    /// Sessions that began: the sum of the next three.
    pub started: u64,
    /// Every call of them was answered.
    pub completed: u64,
    /// A call of them failed, and so often as it may.
    pub failed: u64,
    /// Sending stopped, or the run ended, before they were complete.
    pub cut: u64,
    /// Calls of these sessions that were sent, calls sent again included.
    pub calls: u64,
    /// Calls that were sent again after a failure.
    pub retries: u64,
    /// Calls that could not be written. Each has a record, and nothing was sent.
    pub unsendable: u64,
    /// Calls of sessions that failed or were cut, and that were never due or never sent. They have no record.
    pub never_sent: u64,
}

impl SessionCounts {
    /// Those of two together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            started: self.started + other.started,
            completed: self.completed + other.completed,
            failed: self.failed + other.failed,
            cut: self.cut + other.cut,
            calls: self.calls + other.calls,
            retries: self.retries + other.retries,
            unsendable: self.unsendable + other.unsendable,
            never_sent: self.never_sent + other.never_sent,
        }
    }
}

/// How a run ended, and what it took the client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEnd {
    /// Why sending stopped.
    pub reason: StopReason,
    /// When the load began.
    pub load_started_at: RunOffset,
    /// When the first measured request was due; `None` when the run ended in its warm-up.
    pub measure_started_at: Option<RunOffset>,
    /// When the last request ended.
    pub ended_at: RunOffset,
    /// Requests whose records were lost because the collector did not keep up.
    pub records_lost: u64,
    /// Connections opened ahead of the load.
    pub preopened: Vec<Preopened>,
    /// Each worker thread, in the stage in which it had most to do.
    pub workers: Vec<WorkerStats>,
    /// CPU time of the whole process during the load, in seconds.
    pub cpu_seconds: f64,
    /// Requests that a schedule had due before the end of the run and that were not sent.
    pub unsent: u64,
    /// The stages that were begun.
    #[serde(default)]
    pub stages: Vec<StageEnd>,
}

/// Why sending stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Everything was sent, or the time was up.
    Finished,
    /// Somebody asked for it.
    Interrupted,
    /// More requests failed than the threshold allows.
    FailureThreshold,
}

/// The listeners of a run, as they subscribe before it starts.
#[derive(Debug, Default)]
pub struct Listeners {
    senders: Vec<Sender>,
}

#[derive(Debug)]
struct Sender {
    queue: SyncSender<RunEvent>,
    side: Arc<Side>,
    output: Output,
}

/// Whether a listener gets the text of answers: what waits in its queue is kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    Wanted,
    LeftOut,
}

/// The receiving end of a listener's queue.
#[derive(Debug)]
pub struct Subscription {
    queue: Receiver<RunEvent>,
    side: Arc<Side>,
}

/// What a listener is told beside its queue.
#[derive(Debug, Default)]
struct Side {
    missed: AtomicU64,
    end: Mutex<Option<Arc<RunEnd>>>,
}

impl Listeners {
    /// Adds a listener with room for `capacity` events.
    pub fn subscribe(&mut self, capacity: usize) -> Subscription {
        self.add(capacity, Output::LeftOut)
    }

    /// Adds a listener that gets the text of answers, too. An event may have 256 of them.
    pub fn subscribe_with_output(&mut self, capacity: usize) -> Subscription {
        self.add(capacity, Output::Wanted)
    }

    fn add(&mut self, capacity: usize, output: Output) -> Subscription {
        let (sender, queue) = sync_channel(capacity);
        let side = Arc::new(Side::default());
        self.senders.push(Sender {
            queue: sender,
            side: Arc::clone(&side),
            output,
        });
        Subscription { queue, side }
    }

    /// Hands an event to every listener that has room for it.
    pub(crate) fn publish(&self, event: &RunEvent) {
        for sender in &self.senders {
            if let Err(TrySendError::Full(RunEvent::Records(batch))) = sender.queue.try_send(sender.share_of(event)) {
                sender.side.missed.fetch_add(batch.len() as u64, Ordering::Relaxed);
            }
        }
    }

    /// Leaves the last event to every listener, which finds it when its queue is empty and the listeners are dropped.
    pub(crate) fn finish(&self, end: &Arc<RunEnd>) {
        for sender in &self.senders {
            *sender.side.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(end));
        }
    }
}

impl Sender {
    /// The event, without what its listener has not asked for.
    fn share_of(&self, event: &RunEvent) -> RunEvent {
        match event {
            RunEvent::Records(batch) if self.output == Output::LeftOut => RunEvent::Records(RecordBatch {
                records: Arc::clone(&batch.records),
                outputs: None,
                ended: batch.ended.clone(),
            }),
            event => event.clone(),
        }
    }
}

impl Subscription {
    /// The next event; `None` after `timeout` without one, or after the last.
    #[must_use]
    pub fn next_within(&self, timeout: Duration) -> Option<RunEvent> {
        match self.queue.recv_timeout(timeout) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => self.end(),
        }
    }

    /// The next event, however long it takes; `None` when the run is gone.
    #[must_use]
    pub fn next(&self) -> Option<RunEvent> {
        self.queue.recv().ok().or_else(|| self.end())
    }

    /// The last event, once.
    fn end(&self) -> Option<RunEvent> {
        let mut place = self.side.end.lock().unwrap_or_else(PoisonError::into_inner);
        place.take().map(RunEvent::Finished)
    }

    /// Requests whose records did not fit into the queue.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.side.missed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_costs_only_its_own_listener() {
        let mut listeners = Listeners::default();
        let (slow, fast) = (listeners.subscribe(1), listeners.subscribe(8));
        for _ in 0..3 {
            listeners.publish(&RunEvent::Records(Vec::new().into()));
        }
        listeners.publish(&RunEvent::LoadStarted {
            stage: 0,
            at: RunOffset::ZERO,
        });
        let count = |listener: &Subscription| std::iter::from_fn(|| listener.next_within(Duration::ZERO)).count();
        assert_eq!((count(&slow), count(&fast)), (1, 4));
    }

    #[test]
    fn the_end_reaches_a_listener_that_is_behind() {
        let mut listeners = Listeners::default();
        let (slow, gone) = (listeners.subscribe(1), listeners.subscribe(1));
        drop(gone);
        for _ in 0..2 {
            listeners.publish(&RunEvent::LoadStarted {
                stage: 0,
                at: RunOffset::ZERO,
            });
        }
        listeners.finish(&Arc::new(end()));
        drop(listeners);
        assert!(matches!(slow.next(), Some(RunEvent::LoadStarted { .. })));
        assert!(matches!(slow.next_within(Duration::ZERO), Some(RunEvent::Finished(_))));
        assert!(slow.next().is_none(), "the end comes once");
    }

    fn end() -> RunEnd {
        RunEnd {
            reason: StopReason::Finished,
            load_started_at: RunOffset::ZERO,
            measure_started_at: None,
            ended_at: RunOffset::ZERO,
            records_lost: 0,
            preopened: Vec::new(),
            workers: Vec::new(),
            cpu_seconds: 0.0,
            unsent: 0,
            stages: Vec::new(),
        }
    }
}
