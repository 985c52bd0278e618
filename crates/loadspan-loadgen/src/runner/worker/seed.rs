//! How a worker thread comes to be, and what it leaves behind.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use loadspan_record::{ConnectionUse, WorkerStats};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use tokio::sync::Notify;
use tokio::task::LocalSet;

use super::Worker;
use crate::RunClock;
use crate::event::SessionCounts;
use crate::http1::{Exchange, ReadBuffer};
use crate::link::Links;
use crate::observer::{ObserverConfig, TextCapture, TextConfig};
use crate::runner::admission::Admission;
use crate::runner::closed;
use crate::runner::control::{Control, Tickets};
use crate::runner::outbox::Outbox;
use crate::runner::pacer::Pacer;
use crate::runner::part::Part;
use crate::runner::plan::{LoadModel, RunPlan, Share, StagePlan, Traffic};
use crate::runner::self_check::{LoopLag, Spent};
use crate::runner::sessions::LogQueue;

/// What a worker thread is started with.
pub(crate) struct WorkerSeed {
    pub(crate) number: usize,
    pub(crate) of: usize,
    pub(crate) clock: RunClock,
    pub(crate) plan: Arc<RunPlan>,
    /// Which of the plan's stages, and the number of its first request.
    pub(crate) stage: u32,
    pub(crate) first_index: u64,
    /// The number of its first session.
    pub(crate) first_session: u64,
    pub(crate) control: Arc<Control>,
    pub(crate) tickets: Arc<Tickets>,
    pub(crate) admission: Arc<Admission>,
    /// The sessions that are this worker's, where they come out of a log.
    pub(crate) log: Option<LogQueue>,
    pub(crate) outbox: Outbox,
}

/// What a worker thread leaves behind.
#[derive(Debug)]
pub(crate) struct WorkerReport {
    pub(crate) load: WorkerStats,
    pub(crate) preopened: Vec<(usize, ConnectionUse)>,
    /// The number after the highest that was sent.
    pub(crate) next_index: u64,
    /// What became of its sessions, if it sends sessions …
    pub(crate) sessions: Option<SessionCounts>,
    /// … and the number after the highest of them.
    pub(crate) next_session: u64,
}

/// Ends the run when a worker breaks down, by an error or a panic: the others would wait for it.
struct Bond(Option<(Arc<Control>, RunClock)>);

impl Drop for Bond {
    fn drop(&mut self) {
        if let Some((control, clock)) = self.0.take() {
            control.break_down(clock.now());
        }
    }
}

impl WorkerSeed {
    /// Makes the worker's share of the load; returns when the last of its requests has ended.
    pub(crate) fn run(self) -> std::io::Result<WorkerReport> {
        let mut bond = Bond(Some((Arc::clone(&self.control), self.clock)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let report = LocalSet::new().block_on(&runtime, self.run_on_loop())?;
        bond.0 = None;
        Ok(report)
    }

    async fn run_on_loop(mut self) -> std::io::Result<WorkerReport> {
        let plan = Arc::clone(&self.plan);
        let mut part = Part {
            plan: &plan.stages[self.stage as usize],
            share: Share {
                number: self.number as u64,
                of: self.of as u64,
            },
            first_index: self.first_index,
            first_session: self.first_session,
            log: self.log.take(),
        };
        let mut next_session = self.first_session;
        let worker = Rc::new(self.build());
        let clock = worker.exchange.clock;
        let mut pacer = Pacer::new(clock)?;
        let attendant = tokio::task::spawn_local(Rc::clone(&worker).attend(Pacer::new(clock)?));
        let slots = match &part.plan.load.model {
            LoadModel::Closed { concurrency, .. } => closed::open_slots(&worker, part.connections(*concurrency)).await,
            LoadModel::Open { .. } | LoadModel::Recorded { .. } => Vec::new(),
        };
        if let Some(log) = &mut part.log {
            worker.unless_stopped(log.begins()).await;
        }
        let start = worker.await_start(&mut pacer).await;
        let began = Spent::until(clock.now());
        let sessions = part.run(&worker, (slots, start), &mut pacer).await;
        attendant.abort();
        worker.outbox.borrow_mut().flush();
        let spent = Spent::until(clock.now()).since(&began);
        if let Some(report) = &sessions {
            next_session = report.next_session;
        }
        Ok(WorkerReport {
            load: worker.lag.borrow().describe(&spent),
            preopened: worker.preopened.take(),
            next_index: worker.next_index.get(),
            sessions: sessions.map(|report| report.counts),
            next_session,
        })
    }

    fn build(self) -> Worker {
        let Self {
            number,
            clock,
            plan,
            stage,
            first_index,
            control,
            tickets,
            admission,
            outbox,
            ..
        } = self;
        let StagePlan { traffic, role, .. } = &plan.stages[stage as usize];
        Worker {
            number: number as u16,
            stage,
            role: *role,
            run_id: plan.run_id,
            trace: plan.trace,
            exchange: Exchange {
                clock,
                deadlines: plan.target_config.deadlines,
                read_buffer: ReadBuffer::new(),
            },
            routes: plan.target.routes().to_vec(),
            observing: ObserverConfig {
                endpoint_type: plan.body.endpoint_type,
                streaming: plan.body.streaming,
                text: TextConfig {
                    whole: match plan.tokenizer {
                        Some(_) => TextCapture::On,
                        None => TextCapture::Off,
                    },
                    output: plan.output_text,
                    answer: match traffic {
                        Traffic::Sessions(_) => TextCapture::On,
                        Traffic::Requests(_) => TextCapture::Off,
                    },
                },
                gap_limit: plan.gap_limit,
            },
            traffic: traffic.clone(),
            body: plan.body.build(),
            control,
            tickets,
            admission,
            links: Links::new(clock, plan.target.routes().len()),
            cutoff: Rc::default(),
            stopped: Notify::new(),
            scratch: RefCell::default(),
            preopened: RefCell::default(),
            lag: RefCell::new(LoopLag::new()),
            random: RefCell::new(Xoshiro256PlusPlus::seed_from_u64(fresh_seed())),
            outbox: RefCell::new(outbox),
            redaction: plan.target_config.redaction(),
            next_index: Cell::new(first_index),
        }
    }
}

/// Ids of spans must differ between runs, also between those that send the same prompts: no seed of the user's fixes them.
fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}
