//! What was planned of a recording, and what became of answers: counted while it is sent.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loadspan_record::{PlannedReplay, ReplayAnswers, ReplayLeft, counted};
use loadspan_replay::{BadLines, Format, Left, Note, Origin, Plan, PlannedCall, Planner, TimedCall};

use super::load::Unusable;
use super::remarks::describe_bad;

/// Counts, which workers and whoever reads the log share.
#[derive(Debug)]
pub(super) struct Tally {
    sources: Vec<String>,
    format: Format,
    plan: Mutex<Planning>,
    sessions: AtomicU64,
    calls: AtomicU64,
    /// Those of them that are sessions by themselves, because the recording has no session for them.
    single_calls: AtomicU64,
    /// Lines that cannot be read.
    bad: Mutex<BadLines>,
    unused_spans: u64,
    /// Whether all of it has been read.
    complete: AtomicBool,
    substituted: AtomicU64,
    recorded: AtomicU64,
    tool_calls_left_out: AtomicU64,
    made_up: AtomicU64,
    /// Calls that do not repeat what was said before, because there was no room for it.
    forgotten: AtomicU64,
}

/// What is sent and what is not.
#[derive(Debug)]
enum Planning {
    Done { left: Left, sha256: String },
    Going(Planner),
}

impl Tally {
    pub(super) fn of_plan((sources, format): (Vec<String>, Format), plan: &Plan, unusable: Unusable) -> Arc<Self> {
        let planning = Planning::Done {
            left: plan.left,
            sha256: plan.sha256.clone(),
        };
        let tally = Self {
            unused_spans: unusable.spans,
            ..Self::new((sources, format), planning)
        };
        tally.bad().total = unusable.lines;
        for planned in &plan.sessions {
            tally.count_session(planned.events.len() as u64);
            if planned.session.origin() == Origin::Request {
                tally.count_single_call();
            }
        }
        tally.mark_complete();
        Arc::new(tally)
    }

    pub(super) fn of_log((sources, format): (Vec<String>, Format), planner: Planner) -> Arc<Self> {
        Arc::new(Self::new((sources, format), Planning::Going(planner)))
    }

    fn new((sources, format): (Vec<String>, Format), planning: Planning) -> Self {
        Self {
            sources,
            format,
            plan: Mutex::new(planning),
            sessions: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            single_calls: AtomicU64::new(0),
            bad: Mutex::default(),
            unused_spans: 0,
            complete: AtomicBool::new(false),
            substituted: AtomicU64::new(0),
            recorded: AtomicU64::new(0),
            tool_calls_left_out: AtomicU64::new(0),
            made_up: AtomicU64::new(0),
            forgotten: AtomicU64::new(0),
        }
    }

    /// A log is read from its start, perhaps once more.
    pub(super) fn begin_again(&self, planner: Planner) {
        *self.planning() = Planning::Going(planner);
        *self.bad() = BadLines::default();
        for count in [&self.sessions, &self.calls, &self.single_calls] {
            count.store(0, Ordering::Relaxed);
        }
        self.complete.store(false, Ordering::Relaxed);
    }

    /// Plans a call of a log. `None`: it is not sent.
    pub(super) fn plan(&self, call: TimedCall) -> Option<PlannedCall> {
        match &mut *self.planning() {
            Planning::Going(planner) => planner.call(call),
            Planning::Done { .. } => None,
        }
    }

    pub(super) fn count_session(&self, calls: u64) {
        self.sessions.fetch_add(1, Ordering::Relaxed);
        self.calls.fetch_add(calls, Ordering::Relaxed);
    }

    /// Of the calls of sessions that were counted, one is a session by itself.
    pub(super) fn count_single_call(&self) {
        self.single_calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_turn(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_bad(&self, bad: &BadLines) {
        let mut known = self.bad();
        if known.total != bad.total {
            known.clone_from(bad);
        }
    }

    pub(super) fn mark_complete(&self) {
        self.complete.store(true, Ordering::Relaxed);
    }

    pub(super) fn count_notes(&self, notes: &[Note]) {
        for note in notes {
            match note {
                Note::Substituted { left_out, .. } => {
                    self.substituted.fetch_add(1, Ordering::Relaxed);
                    self.tool_calls_left_out.fetch_add(*left_out as u64, Ordering::Relaxed);
                }
                Note::Recorded { .. } => {
                    self.recorded.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    pub(super) fn count_made_up(&self) {
        self.made_up.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_forgotten(&self) {
        self.count_made_up();
        self.forgotten.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn planned(&self) -> PlannedReplay {
        let (left, sha256) = match &*self.planning() {
            Planning::Done { left, sha256 } => (*left, sha256.clone()),
            Planning::Going(planner) => (planner.left(), planner.sha256()),
        };
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        PlannedReplay {
            sources: self.sources.clone(),
            format: self.format.as_str().to_owned(),
            sessions: load(&self.sessions),
            calls: load(&self.calls),
            single_calls: load(&self.single_calls),
            // Of a part of it, which part is chance.
            sequence: self
                .complete
                .load(Ordering::Relaxed)
                .then(|| format!("sha256:{sha256}")),
            left: ReplayLeft {
                by_window: left.by_window,
                by_sample: left.by_sample,
                failed: left.failed,
                unused_spans: self.unused_spans,
                unread_lines: self.bad().total,
            },
            answers: ReplayAnswers {
                substituted: load(&self.substituted),
                recorded: load(&self.recorded),
                tool_calls_left_out: load(&self.tool_calls_left_out),
            },
            made_up: load(&self.made_up),
        }
    }

    /// What cannot be read.
    pub(super) fn describe_bad(&self) -> Vec<String> {
        describe_bad(&self.bad())
    }

    /// What is not as it was recorded, because there was no room for it.
    pub(super) fn describe_forgotten(&self) -> Option<String> {
        let calls = self.forgotten.load(Ordering::Relaxed);
        (calls > 0).then(|| {
            format!(
                "{} went with made-up texts of the whole length: what is said in sessions had no room in memory any more",
                counted(calls, "later call")
            )
        })
    }

    fn bad(&self) -> MutexGuard<'_, BadLines> {
        self.bad.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn planning(&self) -> MutexGuard<'_, Planning> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
