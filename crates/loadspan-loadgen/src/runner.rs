//! Makes the load: stages, workers, collector, and the handle by which a run is stopped and awaited.
//!
//! A stage begins when the one before has ended, with workers and a collector of its own:
//!
//! ```text
//! worker 0 ─┐                          ┌─▶ listener (records file)
//! worker 1 ─┼─ batches ─▶ collector ───┼─▶ listener (summary, terminal)
//! worker n ─┘             (1 thread)   └─▶ listener (…)
//! ```

mod admission;
mod closed;
mod collector;
mod control;
mod course;
mod open;
mod outbox;
mod pacer;
mod part;
mod plan;
mod room;
mod self_check;
mod sessions;
mod slot;
mod stage;
mod worker;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use loadspan_record::{ConnectionUse, Preopened, WorkerStats};

use self::course::Course;
pub use self::plan::{
    FailureThreshold, Limits, LoadConfig, LoadModel, OnFailedTurn, RunPlan, StagePlan, StageRole, Traffic, Warmup,
};
use self::self_check::process_cpu_seconds;
use self::stage::{StageRun, StageWork};
use crate::event::{Listeners, RunEnd, RunEvent, StageEnd};
use crate::{RunClock, StopReason, TargetError};

/// loadspan itself failed; nothing is said about the server.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The plan contradicts itself.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The plan contradicts itself.
    #[error("{0}")]
    Plan(&'static str),
    /// What a replay log says came to an end too early. What was read before has been sent.
    #[error("cannot read on in the replay log: {0}")]
    Log(std::io::Error),
    /// A thread or its event loop could not be started.
    #[error("cannot start a worker: {0}")]
    Start(std::io::Error),
    /// A worker's event loop broke down.
    #[error("a worker failed: {0}")]
    Worker(std::io::Error),
    /// A bug.
    #[error("a thread of the load generator panicked; please report this")]
    Panic,
}

/// A run in progress.
#[derive(Debug)]
pub struct Run {
    clock: RunClock,
    course: Arc<Course>,
    listeners: Arc<Listeners>,
    conductor: JoinHandle<(RunEnd, Option<RunError>)>,
}

/// Stops a run from another thread.
#[derive(Debug, Clone)]
pub struct Stopper {
    clock: RunClock,
    course: Arc<Course>,
}

impl Stopper {
    /// Stops sending; requests in flight have the drain deadline to end.
    pub fn stop(&self) {
        self.course.stop(self.clock.now(), None);
    }

    /// Stops sending and gives up what is in flight.
    pub fn stop_at_once(&self) {
        self.course.stop(self.clock.now(), Some(Duration::ZERO));
    }
}

/// Starts the load. Returns at once; the listeners hear of everything else.
///
/// # Errors
///
/// A thread cannot be started, the user's headers and the plan's trace context are at odds, or requests that are no sessions are to
/// arrive like recorded sessions.
pub fn start(plan: RunPlan, clock: RunClock, listeners: Listeners) -> Result<Run, RunError> {
    if let Some(trace) = plan.trace {
        plan.target_config.check_propagation(trace.propagation)?;
    }
    plan.check()?;
    let listeners = Arc::new(listeners);
    let course = Arc::new(Course::default());
    let conductor = Conductor {
        clock,
        plan: Arc::new(plan),
        course: Arc::clone(&course),
        listeners: Arc::clone(&listeners),
    };
    Ok(Run {
        clock,
        course,
        listeners,
        conductor: spawn("loadspan-run", move || conductor.run())?,
    })
}

fn spawn<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>, RunError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(RunError::Start)
}

impl Run {
    /// A handle that stops the run.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper {
            clock: self.clock,
            course: Arc::clone(&self.course),
        }
    }

    /// Waits for the end of the run, which the listeners hear of first.
    ///
    /// # Errors
    ///
    /// A worker broke down. What the others recorded has reached the listeners all the same.
    pub fn join(self) -> Result<Arc<RunEnd>, RunError> {
        let (end, broken) = self.conductor.join().map_err(|_| RunError::Panic)?;
        let end = Arc::new(end);
        self.listeners.finish(&end);
        broken.map_or(Ok(end), Err)
    }
}

/// Runs the stages one after the other.
struct Conductor {
    clock: RunClock,
    plan: Arc<RunPlan>,
    course: Arc<Course>,
    listeners: Arc<Listeners>,
}

/// What has been done so far.
#[derive(Default)]
struct Done {
    stages: Vec<StageEnd>,
    preopened: Vec<(usize, ConnectionUse)>,
    records_lost: u64,
    sent: u64,
    next_index: u64,
    next_session: u64,
    broken: Option<RunError>,
}

impl Conductor {
    fn run(self) -> (RunEnd, Option<RunError>) {
        let cpu_seconds_before = process_cpu_seconds();
        let mut done = Done::default();
        for stage in 0..self.plan.stages.len() {
            if !self.course.wait(self.plan.stages[stage].pause) {
                break;
            }
            self.run_stage(stage as u32, &mut done);
            let came_to_its_end = done.stages.last().is_some_and(|end| end.reason == StopReason::Finished);
            if done.broken.is_some() || !came_to_its_end {
                break;
            }
        }
        let cpu_seconds = process_cpu_seconds() - cpu_seconds_before;
        done.finish(&self, cpu_seconds)
    }

    fn run_stage(&self, stage: u32, done: &mut Done) {
        let work = StageWork {
            clock: self.clock,
            plan: Arc::clone(&self.plan),
            listeners: Arc::clone(&self.listeners),
            stage,
            first_index: done.next_index,
            first_session: done.next_session,
            sent_before: done.sent,
        };
        let running = match StageRun::start(work, &self.course) {
            Ok(Some(running)) => running,
            Ok(None) => return,
            Err(error) => {
                done.broken = Some(error);
                return;
            }
        };
        let ended = running.join();
        self.listeners
            .publish(&RunEvent::StageEnded(Arc::new(ended.end.clone())));
        done.add(ended, self.plan.stages[stage as usize].role);
    }
}

impl Done {
    fn add(&mut self, ended: stage::Ended, role: StageRole) {
        let mut end = ended.end;
        if role == StageRole::Warmup {
            end.measure_started_at = None;
        }
        self.stages.push(end);
        self.records_lost += ended.records_lost;
        self.sent += ended.sent;
        for report in ended.reports {
            self.next_index = self.next_index.max(report.next_index);
            self.next_session = self.next_session.max(report.next_session);
            self.preopened.extend(report.preopened);
        }
        self.broken = self.broken.take().or(ended.broken);
    }

    fn finish(self, conductor: &Conductor, cpu_seconds: f64) -> (RunEnd, Option<RunError>) {
        let stopped = conductor.course.is_stopped().then_some(StopReason::Interrupted);
        let last = self.stages.last();
        let reason = last
            .map(|end| end.reason)
            .filter(|reason| *reason != StopReason::Finished);
        let end = RunEnd {
            reason: reason.or(stopped).unwrap_or(StopReason::Finished),
            load_started_at: self.stages.first().map(|end| end.load_started_at).unwrap_or_default(),
            measure_started_at: self.stages.iter().find_map(|end| end.measure_started_at),
            ended_at: last.map_or_else(|| conductor.clock.now(), |end| end.ended_at),
            records_lost: self.records_lost,
            preopened: describe_preopened(&self.preopened),
            workers: at_worst(&self.stages),
            cpu_seconds,
            unsent: self.stages.iter().map(|end| end.unsent).sum(),
            stages: self.stages,
        };
        (end, self.broken)
    }
}

/// Each worker in the stage in which it had most to do; its CPU time is that of all stages.
fn at_worst(stages: &[StageEnd]) -> Vec<WorkerStats> {
    let count = stages.iter().map(|end| end.workers.len()).max().unwrap_or(0);
    let of = |number: usize| {
        let each = stages.iter().filter_map(move |end| end.workers.get(number));
        each.copied().reduce(|one, other| WorkerStats {
            cpu_seconds: one.cpu_seconds + other.cpu_seconds,
            busy_share: one.busy_share.max(other.busy_share),
            loop_lag_p50_ms: one.loop_lag_p50_ms.max(other.loop_lag_p50_ms),
            loop_lag_p99_ms: one.loop_lag_p99_ms.max(other.loop_lag_p99_ms),
            loop_lag_max_ms: one.loop_lag_max_ms.max(other.loop_lag_max_ms),
        })
    };
    (0..count).filter_map(of).collect()
}

/// The connections opened ahead of the load, by target.
fn describe_preopened(connections: &[(usize, ConnectionUse)]) -> Vec<Preopened> {
    let mut by_target = std::collections::BTreeMap::<usize, (Vec<u64>, u64)>::new();
    for (target, connection) in connections {
        let (opened, failed) = by_target.entry(*target).or_default();
        match connection {
            ConnectionUse::Opened { connect_ns, tls_ns } => opened.push(connect_ns + tls_ns),
            ConnectionUse::Failed => *failed += 1,
            // A further stream on an HTTP/2 connection that is counted already.
            ConnectionUse::Reused => {}
        }
    }
    let describe = |(target, (mut nanos, failed)): (usize, (Vec<u64>, u64))| {
        nanos.sort_unstable();
        let millis = |at: usize| nanos.get(at).map_or(0.0, |nanos| *nanos as f64 / 1e6);
        Preopened {
            target: target as u16,
            opened: nanos.len() as u64,
            failed,
            connect_p50_ms: millis(nanos.len() / 2),
            connect_max_ms: millis(nanos.len().saturating_sub(1)),
        }
    };
    by_target.into_iter().map(describe).collect()
}
