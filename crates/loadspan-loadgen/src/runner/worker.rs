//! A worker thread: its own event loop, connections, timers and random numbers. Workers share nothing but atomics.

mod seed;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use loadspan_record::{
    ChunkGaps, ConnectionUse, Failure, HttpExchange, HttpVersion, Outcome, Phase, Propagation, RequestId,
    RequestRecord, RunId, RunOffset, Timings, TokenCounts, TracePlan, Traceparent,
};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;
use tokio::sync::Notify;

pub(crate) use self::seed::{WorkerReport, WorkerSeed};
use super::admission::Admission;
use super::control::{Control, Tickets};
use super::outbox::Outbox;
use super::pacer::Pacer;
use super::plan::{StageRole, Traffic};
use super::self_check::LoopLag;
use super::slot::{Due, Scratch};
use crate::deadline::Cutoff;
use crate::event::SessionEnd;
use crate::http1::Exchange;
use crate::link::Links;
use crate::observer::{ObserverConfig, Said};
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
        self.unless_stopped(tokio::time::sleep(pause)).await;
    }

    /// Waits for something, or until nothing is to be sent any more.
    async fn unless_stopped(&self, awaited: impl Future<Output = ()>) {
        tokio::select! {
            () = awaited => {}
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
