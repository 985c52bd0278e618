//! A worker thread: its own event loop, connections, timers and random numbers. Workers share nothing but atomics.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use loadspan_record::{
    ChunkGaps, ConnectionUse, Failure, HttpExchange, HttpVersion, Outcome, Phase, Propagation, RequestId,
    RequestRecord, RunId, RunOffset, Timings, TokenCounts, TracePlan, Traceparent, WorkerStats,
};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use tokio::sync::Notify;
use tokio::task::LocalSet;

use super::admission::Admission;
use super::closed;
use super::control::{Control, Tickets};
use super::outbox::Outbox;
use super::pacer::Pacer;
use super::part::Part;
use super::plan::{LoadModel, RunPlan, Share, StagePlan, StageRole, Traffic};
use super::self_check::{LoopLag, Spent};
use super::sessions::LogQueue;
use super::slot::{Due, Scratch};
use crate::RunClock;
use crate::deadline::Cutoff;
use crate::event::{SessionCounts, SessionEnd};
use crate::http1::{Exchange, ReadBuffer};
use crate::link::Links;
use crate::observer::{ObserverConfig, Said, TextCapture, TextConfig};
use crate::openai::BodyBuilder;
use crate::redaction::Redaction;
use crate::target::Route;

/// How often a worker looks up: for the end of the run, for records to hand over, and at its own lag.
const TICK: Duration = Duration::from_millis(10);
/// How far ahead of the last worker's readiness the load starts, so that all have heard of it.
const START_AHEAD: Duration = Duration::from_millis(5);

/// What the tasks of one worker thread share.
pub(crate) struct Worker {
    number: u16,
    stage: u32,
    role: StageRole,
    run_id: RunId,
    trace: Option<TracePlan>,
    pub(crate) exchange: Exchange,
    pub(crate) routes: Vec<Route>,
    pub(crate) observing: ObserverConfig,
    pub(crate) traffic: Traffic,
    pub(crate) body: BodyBuilder,
    pub(crate) control: Arc<Control>,
    pub(crate) tickets: Arc<Tickets>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) links: Links,
    pub(crate) cutoff: Rc<Cutoff>,
    /// Wakes whoever sleeps until a request is due, when nothing is to be sent any more.
    pub(crate) stopped: Notify,
    pub(crate) scratch: RefCell<Scratch>,
    /// Connections opened ahead of the load, by target.
    pub(crate) preopened: RefCell<Vec<(usize, ConnectionUse)>>,
    lag: RefCell<LoopLag>,
    random: RefCell<Xoshiro256PlusPlus>,
    outbox: RefCell<Outbox>,
    redaction: Redaction,
    /// The number after the highest that was sent.
    next_index: Cell<u64>,
}

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
        let part = Part {
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

impl Worker {
    /// Tells the others that this worker is ready, and waits for the start of the load. Returns early when the run is stopped
    /// before: whoever goes on then finds nothing to be sent.
    async fn await_start(&self, pacer: &mut Pacer) -> RunOffset {
        let clock = self.exchange.clock;
        self.control.worker_is_ready(clock.now(), START_AHEAD);
        let start = loop {
            match self.control.load_start() {
                Some(start) => break start,
                None if !self.control.may_send(clock.now()) => break clock.now(),
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        };
        pacer.sleep_until(start).await;
        // How late the loop was while connections were opened says nothing about the load.
        self.lag.replace(LoopLag::new());
        start
    }

    /// Whether a request may be sent when it is due, which this waits for.
    pub(crate) async fn may_send_when_due(&self, due: RunOffset, pacer: &mut Pacer) -> bool {
        tokio::select! {
            biased;
            () = pacer.sleep_until(due) => {}
            () = self.stopped.notified() => {}
        }
        let now = self.exchange.clock.now();
        now >= due && self.control.may_send(now)
    }

    /// Waits for `pause`, or until nothing is to be sent any more.
    pub(crate) async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.stopped.notified() => {}
        }
    }

    /// Notes a request whose task ended without a record, which only a bug makes it do.
    pub(crate) fn count_lost(&self, ended: &Result<(), tokio::task::JoinError>) {
        if ended.is_err() {
            self.control.finished.fetch_add(1, Ordering::Relaxed);
            self.control.records_lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Looks up every tick, until it is aborted.
    async fn attend(self: Rc<Self>, mut pacer: Pacer) {
        let mut due = self.exchange.clock.now();
        loop {
            due = due.after(TICK).max(self.exchange.clock.now());
            pacer.sleep_until(due).await;
            let now = self.exchange.clock.now();
            self.lag.borrow_mut().record(now.nanos_since(due));
            self.outbox.borrow_mut().flush_if_aged(now);
            if !self.control.may_send(now) {
                self.stopped.notify_waiters();
            }
            if self.control.is_cut_off(now) {
                self.cutoff.reach();
            }
        }
    }

    /// A record of a request of which nothing is known but that it is due.
    pub(crate) fn blank_record(&self, due: Due, target: usize) -> RequestRecord {
        self.next_index.set(self.next_index.get().max(due.index + 1));
        let mut random = self.random.borrow_mut();
        // Zero is no valid id in W3C trace context.
        let own_trace_id = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64() | 1);
        let session = due.turn.map(|turn| turn.session);
        RequestRecord {
            id: RequestId {
                run: self.run_id,
                index: due.index,
            },
            phase: match self.role {
                StageRole::Measured => due.phase,
                StageRole::Warmup => Phase::Warmup,
            },
            stage: self.stage,
            session,
            turn: due.turn.map(|turn| turn.number),
            turns: due.turn.and_then(|turn| turn.of),
            attempt: due.turn.map_or(0, |turn| turn.attempt),
            target: target as u16,
            worker: self.number,
            timings: Timings {
                scheduled_at: due.scheduled_at,
                ..Timings::default()
            },
            held_back_ns: due.held_back_ns,
            chunk_gaps: ChunkGaps::None,
            chunks: 0,
            outcome: Outcome::Cancelled,
            tokens: TokenCounts::default(),
            finish_reason: None,
            response_id: None,
            response_model: None,
            http: HttpExchange {
                version: HttpVersion::Http11,
                status: None,
                connection: ConnectionUse::Failed,
                bytes_sent: 0,
                bytes_received: 0,
                server_request_id: None,
            },
            trace_id: self.trace.map_or(own_trace_id, |plan| {
                plan.trace_ids.of(self.stage, session, own_trace_id)
            }),
            span_id: random.next_u64() | 1,
        }
    }

    /// The header that tells the server of the request's span. `None`: it is not told.
    pub(crate) fn traceparent(&self, record: &RequestRecord) -> Option<Traceparent> {
        let plan = self.trace.filter(|plan| plan.propagation == Propagation::Traceparent)?;
        let sampled = plan.is_sampled(record.trace_id, record.span_id);
        Some(Traceparent::new(record.trace_id, record.span_id, sampled))
    }

    /// Hands over the end of a session, after the records of its calls.
    pub(crate) fn session_ended(&self, end: SessionEnd) {
        self.outbox.borrow_mut().push_end(end);
    }

    /// Hands over a finished record, and the text that was kept of its response.
    pub(crate) fn finish(&self, mut record: RequestRecord, said: Said) {
        if let Outcome::Failed(Failure {
            message: Some(message), ..
        }) = &mut record.outcome
        {
            *message = self.redaction.quote(message);
        }
        let words = [
            &mut record.finish_reason,
            &mut record.response_id,
            &mut record.http.server_request_id,
        ];
        words
            .into_iter()
            .flatten()
            .for_each(|word| self.redaction.quote_word(word));
        if let Some(model) = &mut record.response_model {
            self.redaction.quote_word(model);
        }
        self.outbox.borrow_mut().push(record, said, self.exchange.clock);
    }
}

/// Ids of spans must differ between runs, also between those that send the same prompts: no seed of the user's fixes them.
fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}
