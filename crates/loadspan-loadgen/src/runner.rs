//! Makes the load: workers, collector, and the handle by which a run is stopped and awaited.
//!
//! ```text
//! worker 0 ─┐                          ┌─▶ listener (records file)
//! worker 1 ─┼─ batches ─▶ collector ───┼─▶ listener (summary, terminal)
//! worker n ─┘             (1 thread)   └─▶ listener (…)
//! ```

mod closed;
mod collector;
mod control;
mod open;
mod outbox;
mod pacer;
mod plan;
mod self_check;
mod slot;
mod worker;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;

use loadspan_record::{ConnectionUse, Preopened};

use self::collector::{Collector, QUEUE_BATCHES};
use self::control::{Control, Tickets};
use self::outbox::Outbox;
pub use self::plan::{FailureThreshold, Limits, LoadConfig, LoadModel, RunPlan, Warmup};
use self::self_check::process_cpu_seconds;
use self::worker::{WorkerReport, WorkerSeed};
use crate::event::{Listeners, RunEnd};
use crate::{RunClock, StopReason, TargetError};

/// loadspan itself failed; nothing is said about the server.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The plan contradicts itself.
    #[error(transparent)]
    Target(#[from] TargetError),
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
    plan: Arc<RunPlan>,
    control: Arc<Control>,
    workers: Vec<JoinHandle<std::io::Result<WorkerReport>>>,
    listeners: Arc<Listeners>,
    collector: JoinHandle<()>,
    cpu_seconds_before: f64,
}

/// Stops a run from another thread.
#[derive(Debug, Clone)]
pub struct Stopper {
    clock: RunClock,
    plan: Arc<RunPlan>,
    control: Arc<Control>,
}

impl Stopper {
    /// Stops sending; requests in flight have the drain deadline to end.
    pub fn stop(&self) {
        self.control
            .stop(StopReason::Interrupted, self.clock.now(), self.plan.load.limits.drain);
    }

    /// Stops sending and gives up what is in flight.
    pub fn stop_at_once(&self) {
        self.control
            .stop(StopReason::Interrupted, self.clock.now(), Duration::ZERO);
    }
}

/// Starts the load. Returns at once; the listeners hear of everything else.
///
/// # Errors
///
/// A thread cannot be started, or the user's headers and the plan's trace context are at odds.
pub fn start(plan: RunPlan, clock: RunClock, listeners: Listeners) -> Result<Run, RunError> {
    if let Some(trace) = plan.trace {
        plan.target_config.check_propagation(trace.propagation)?;
    }
    let plan = Arc::new(plan);
    let listeners = Arc::new(listeners);
    let count = plan.load.worker_count();
    let limit = match plan.load.model {
        LoadModel::Open { max_concurrency, .. } => max_concurrency,
        LoadModel::Closed { .. } => None,
    };
    let control = Arc::new(Control::new(&plan.load.limits, count).with_room(limit));
    let tickets = Arc::new(Tickets::new(plan.load.warmup, &plan.load.limits));
    let (sender, queue) = sync_channel(QUEUE_BATCHES);
    let collector = Collector {
        clock,
        control: Arc::clone(&control),
        plan: Arc::clone(&plan),
        queue,
        listeners: Arc::clone(&listeners),
        redaction: plan.target_config.redaction(),
    };
    let collector = spawn("loadspan-collect", || collector.run())?;
    let cpu_seconds_before = process_cpu_seconds();
    let workers = (0..count).map(|number| {
        let seed = WorkerSeed {
            number,
            of: count,
            clock,
            plan: Arc::clone(&plan),
            control: Arc::clone(&control),
            tickets: Arc::clone(&tickets),
            outbox: Outbox::new(sender.clone(), &control),
        };
        spawn("loadspan-worker", || seed.run())
    });
    let workers = workers.collect::<Result<_, _>>();
    Ok(Run {
        // Those that did start would wait for the others.
        workers: workers.inspect_err(|_| control.break_down(clock.now()))?,
        clock,
        plan,
        control,
        listeners,
        collector,
        cpu_seconds_before,
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
            plan: Arc::clone(&self.plan),
            control: Arc::clone(&self.control),
        }
    }

    /// Waits for the end of the run, which the listeners hear of first.
    ///
    /// # Errors
    ///
    /// A worker broke down. What the others recorded has reached the listeners all the same.
    pub fn join(self) -> Result<Arc<RunEnd>, RunError> {
        let reports: Vec<_> = self.workers.into_iter().map(JoinHandle::join).collect();
        let ended_at = self.clock.now();
        let cpu_seconds = process_cpu_seconds() - self.cpu_seconds_before;
        let collected = self.collector.join().map_err(|_| RunError::Panic);
        let (done, broken) = sort_reports(reports);
        let load = Ordering::Relaxed;
        let end = Arc::new(RunEnd {
            reason: self.control.stop_reason(),
            load_started_at: self.control.load_start().unwrap_or_default(),
            measure_started_at: self.control.measure_start(),
            ended_at,
            records_lost: self.control.records_lost.load(load),
            preopened: describe_preopened(&done),
            workers: done.into_iter().map(|report| report.load).collect(),
            cpu_seconds,
            unsent: self.control.unsent.load(load),
        });
        self.listeners.finish(&end);
        collected.and(broken.map_or(Ok(end), Err))
    }
}

/// The reports of the workers that came to the end, and what befell another.
fn sort_reports(
    reports: Vec<std::thread::Result<std::io::Result<WorkerReport>>>,
) -> (Vec<WorkerReport>, Option<RunError>) {
    let mut done = Vec::with_capacity(reports.len());
    let mut broken = None;
    for report in reports {
        match report {
            Ok(Ok(report)) => done.push(report),
            Ok(Err(error)) => broken = Some(RunError::Worker(error)),
            Err(_) => broken = Some(RunError::Panic),
        }
    }
    (done, broken)
}

/// The connections opened ahead of the load, by target.
fn describe_preopened(reports: &[WorkerReport]) -> Vec<Preopened> {
    let mut by_target = std::collections::BTreeMap::<usize, (Vec<u64>, u64)>::new();
    for (target, connection) in reports.iter().flat_map(|report| &report.preopened) {
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
