//! One stage: its threads, from the first to the last.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use super::admission::Admission;
use super::collector::{Collector, QUEUE_BATCHES};
use super::control::{Control, Tickets};
use super::course::Course;
use super::outbox::{Batch, Outbox};
use super::plan::{LoadModel, RunPlan, StagePlan, Traffic};
use super::self_check::process_cpu_seconds;
use super::sessions::{LogQueue, LogReader};
use super::worker::{WorkerReport, WorkerSeed};
use super::{RunError, spawn};
use crate::RunClock;
use crate::event::{Listeners, SessionCounts, StageEnd};

/// What a stage is started with.
pub(super) struct StageWork {
    pub(super) clock: RunClock,
    pub(super) plan: Arc<RunPlan>,
    pub(super) listeners: Arc<Listeners>,
    /// Which of the plan's stages.
    pub(super) stage: u32,
    /// The number of its first request.
    pub(super) first_index: u64,
    /// The number of its first session.
    pub(super) first_session: u64,
    /// How many requests were sent before it.
    pub(super) sent_before: u64,
}

/// A stage in progress.
pub(super) struct StageRun {
    clock: RunClock,
    stage: u32,
    control: Arc<Control>,
    workers: Vec<JoinHandle<std::io::Result<WorkerReport>>>,
    collector: JoinHandle<()>,
    /// Reads the log whose sessions are sent.
    reader: Option<LogReader>,
    cpu_seconds_before: f64,
}

type LogQueues = std::vec::IntoIter<LogQueue>;

/// What a stage comes to.
pub(super) struct Ended {
    pub(super) end: StageEnd,
    pub(super) reports: Vec<WorkerReport>,
    pub(super) records_lost: u64,
    pub(super) sent: u64,
    pub(super) broken: Option<RunError>,
}

impl StageWork {
    fn collector(&self, control: &Arc<Control>, queue: Receiver<Batch>) -> Collector {
        Collector {
            clock: self.clock,
            control: Arc::clone(control),
            plan: Arc::clone(&self.plan),
            stage: self.stage,
            sent_before: self.sent_before,
            queue,
            listeners: Arc::clone(&self.listeners),
            redaction: self.plan.target_config.redaction(),
        }
    }
}

/// How many requests may be in flight, where a schedule decides when they begin.
fn room(model: &LoadModel) -> Option<NonZeroU32> {
    match model {
        LoadModel::Open { max_concurrency, .. } | LoadModel::Recorded { max_concurrency } => *max_concurrency,
        LoadModel::Closed { .. } => None,
    }
}

impl StageRun {
    /// `None`: the run was stopped before.
    pub(super) fn start(work: StageWork, course: &Course) -> Result<Option<Self>, RunError> {
        let StageWork { clock, plan, stage, .. } = &work;
        let (clock, stage) = (*clock, *stage);
        let load = &plan.stages[stage as usize].load;
        let count = load.worker_count();
        let control = Arc::new(Control::new(&load.limits, count).with_room(room(&load.model)));
        if !course.begin(&control, load.limits.drain) {
            return Ok(None);
        }
        let tickets = Arc::new(Tickets::new(load.warmup, &load.limits, work.first_index));
        let admission = Arc::new(Admission::new(load, work.first_index));
        let (reader, mut entries) = start_reader(&plan.stages[stage as usize], count)?;
        let (sender, queue) = sync_channel(QUEUE_BATCHES);
        let collector = work.collector(&control, queue);
        let collector = spawn("loadspan-collect", || collector.run())?;
        let cpu_seconds_before = process_cpu_seconds();
        let workers = (0..count).map(|number| {
            let seed = WorkerSeed {
                number,
                of: count,
                clock,
                plan: Arc::clone(plan),
                stage,
                first_index: work.first_index,
                control: Arc::clone(&control),
                first_session: work.first_session,
                tickets: Arc::clone(&tickets),
                admission: Arc::clone(&admission),
                log: entries.next(),
                outbox: Outbox::new(sender.clone(), &control),
            };
            spawn("loadspan-worker", || seed.run())
        });
        let workers = workers.collect::<Result<_, _>>();
        Ok(Some(Self {
            // Those that did start would wait for the others.
            workers: workers.inspect_err(|_| control.break_down(clock.now()))?,
            clock,
            stage,
            control,
            collector,
            reader,
            cpu_seconds_before,
        }))
    }

    /// Waits for the last request, and for the last record.
    pub(super) fn join(self) -> Ended {
        let reports: Vec<_> = self.workers.into_iter().map(JoinHandle::join).collect();
        let ended_at = self.clock.now();
        let cpu_seconds = process_cpu_seconds() - self.cpu_seconds_before;
        let collected = self.collector.join().map_err(|_| RunError::Panic);
        let (reports, broken) = sort_reports(reports);
        let unread = self.reader.and_then(LogReader::error).map(RunError::Log);
        let load = Ordering::Relaxed;
        let end = StageEnd {
            stage: self.stage,
            reason: self.control.stop_reason(),
            load_started_at: self.control.load_start().unwrap_or_default(),
            measure_started_at: self.control.measure_start(),
            ended_at,
            unsent: self.control.unsent.load(load),
            sessions: add_up(&reports),
            workers: reports.iter().map(|report| report.load).collect(),
            cpu_seconds,
        };
        Ended {
            end,
            reports,
            records_lost: self.control.records_lost.load(load),
            sent: self.control.sent.load(load),
            broken: collected.err().or(broken).or(unread),
        }
    }
}

/// Begins to read the log whose sessions are sent, if it is one; a queue for each worker.
fn start_reader(stage: &StagePlan, workers: usize) -> Result<(Option<LogReader>, LogQueues), RunError> {
    let (Traffic::Sessions(sessions), LoadModel::Recorded { .. }) = (&stage.traffic, &stage.load.model) else {
        return Ok((None, Vec::new().into_iter()));
    };
    let Some(log) = sessions.open_log() else {
        return Ok((None, Vec::new().into_iter()));
    };
    let (reader, queues) = LogReader::start(log, workers)?;
    Ok((Some(reader), queues.into_iter()))
}

/// What became of the sessions of all workers; `None` when there were none to send.
fn add_up(reports: &[WorkerReport]) -> Option<SessionCounts> {
    reports
        .iter()
        .filter_map(|report| report.sessions)
        .reduce(SessionCounts::plus)
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
