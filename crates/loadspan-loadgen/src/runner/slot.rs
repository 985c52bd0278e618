//! One request after the other: body, connection, exchange, record.

mod scratch;

use std::rc::Rc;
use std::sync::atomic::Ordering;

use loadspan_record::{ConnectionUse, Failure, Outcome, Phase, RequestRecord, RunOffset, TokenCounts};

use self::scratch::Asked;
pub(crate) use self::scratch::{Scratch, WrittenCall};
use super::worker::Worker;
use crate::deadline::Watchdog;
use crate::link::{Link, NoLink, Opened, Outgoing};
use crate::observer::{Observed, Observer, Said, TextCapture};
use crate::sessions::Answer;
use crate::target::RequestParts;

/// A slot that waits for its next call keeps no larger buffer: there may be many thousands.
const KEPT_MESSAGE: usize = 16 << 10;

/// Sends one request at a time, for as long as the run lasts. A closed load has one for each request in flight.
pub(crate) struct Slot {
    worker: Rc<Worker>,
    observer: Observer,
    watchdog: Watchdog,
    /// An open connection to each target.
    links: Vec<Option<Link>>,
    message: Vec<u8>,
}

/// Whether a request got as far as a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sending {
    Sent,
    NoConnection,
}

/// A request that is due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    pub(crate) index: u64,
    pub(crate) phase: Phase,
    pub(crate) scheduled_at: RunOffset,
    pub(crate) held_back_ns: u64,
    /// The turn that it is, in a load of sessions.
    pub(crate) turn: Option<Turn>,
}

/// A turn of a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// Number of the session in the run.
    pub(crate) session: u64,
    pub(crate) number: u32,
    /// How many there are, if that was known when the session began.
    pub(crate) of: Option<u32>,
    /// How often it had failed before.
    pub(crate) attempt: u32,
}

impl Due {
    /// Which of `targets` it goes to. All turns of a session go to the same one.
    pub(crate) fn target(&self, targets: usize) -> usize {
        let number = self.turn.map_or(self.index, |turn| turn.session);
        (number % targets as u64) as usize
    }
}

/// How a request ended, for whoever goes on from there.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) sending: Sending,
    pub(crate) finished_at: RunOffset,
    pub(crate) fate: Fate,
    /// Nothing but for calls of sessions.
    pub(crate) answer: Answer,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Completed,
    Failed,
    Cancelled,
}

impl Slot {
    pub(crate) fn new(worker: &Rc<Worker>) -> Self {
        Self {
            worker: Rc::clone(worker),
            observer: Observer::new(worker.observing),
            watchdog: Watchdog::new(worker.exchange.clock, &worker.cutoff),
            links: worker.routes.iter().map(|_| None).collect(),
            message: Vec::new(),
        }
    }

    /// Opens a connection to each target ahead of the load; the times it took are reported apart.
    pub(crate) async fn open_connections(&mut self) {
        for target in 0..self.links.len() {
            let opened = self
                .worker
                .links
                .open(target, &self.worker.routes[target], &mut self.watchdog)
                .await;
            let connection = match opened {
                Ok((link, connection)) => {
                    self.links[target] = Some(link);
                    connection
                }
                // The request will try again and record what comes of it.
                Err(_) => ConnectionUse::Failed,
            };
            self.worker.preopened.borrow_mut().push((target, connection));
        }
    }

    /// Sends the request that is due, waits for its end and records it. What it says is that of the workload's request with its
    /// number, or `call`.
    pub(crate) async fn send(&mut self, due: Due, call: Option<WrittenCall>) -> Ended {
        let worker = Rc::clone(&self.worker);
        let target = due.target(worker.routes.len());
        worker.control.sent.fetch_add(1, Ordering::Relaxed);
        let mut record = worker.blank_record(due, target);
        let linked = self.link_to(target).await;
        let sending = if linked.is_ok() {
            Sending::Sent
        } else {
            Sending::NoConnection
        };
        let mut said = match linked {
            Ok(opened) => self.send_over(opened, &mut record, call).await,
            Err(no_link) => {
                record.timings.finished_at = worker.exchange.clock.now();
                record.outcome = match no_link {
                    NoLink::Dial(error) => Outcome::Failed(Failure::with_message(error.kind, error.message)),
                    NoLink::Cutoff => Outcome::Cancelled,
                };
                Said::default()
            }
        };
        worker.control.finished.fetch_add(1, Ordering::Relaxed);
        let ended = Ended {
            sending,
            finished_at: record.timings.finished_at,
            fate: Fate::of(&record.outcome),
            answer: answer(&mut said, &record.tokens),
        };
        worker.finish(record, said);
        ended
    }

    async fn send_over(&mut self, opened: Opened, record: &mut RequestRecord, call: Option<WrittenCall>) -> Said {
        let (mut link, connection) = opened;
        let is_call = call.is_some();
        let (outgoing, asked, body) = self.compose((record, &link), call);
        let (sent_at, exchanged) = link
            .exchange(
                (outgoing, &self.message),
                &mut self.observer,
                &mut self.watchdog,
                &self.worker.exchange,
            )
            .await;
        record.timings.sent_at = Some(sent_at);
        record.http.connection = connection;
        record.http.version = link.version();
        // A connection that is of no use any more is closed now: its server may be generating for nobody.
        self.links[usize::from(record.target)] = link.is_kept_alive().then_some(link);
        if is_call && self.message.capacity() > KEPT_MESSAGE {
            self.message = Vec::new();
        }
        let mut said = fill(record, self.observer.conclude(exchanged), asked);
        said.output.body = body;
        said
    }

    /// The slot's connection if it still holds, else a new one.
    async fn link_to(&mut self, target: usize) -> Result<Opened, NoLink> {
        if let Some(mut link) = self.links[target].take()
            && link.is_usable(&self.worker.exchange)
        {
            return Ok((link, ConnectionUse::Reused));
        }
        self.worker
            .links
            .open(target, &self.worker.routes[target], &mut self.watchdog)
            .await
    }

    /// Writes the request, which borrows what the slots share, and only then waits. The last is the body of a call, if listeners
    /// are to have it.
    fn compose(
        &mut self,
        (record, link): (&RequestRecord, &Link),
        call: Option<WrittenCall>,
    ) -> (Outgoing, Asked, Vec<u8>) {
        let worker = Rc::clone(&self.worker);
        let scratch = &mut *worker.scratch.borrow_mut();
        scratch.name(record);
        let asked = match &call {
            Some(call) => call.asked,
            None => scratch.fill(&worker, record.id),
        };
        let body = call.as_ref().map_or(&scratch.body, |call| &call.body);
        let parts = RequestParts {
            request_id: &scratch.request_id,
            traceparent: worker.traceparent(record),
            session: record.session.map(|_| &*scratch.session_id),
            body,
        };
        let route = &worker.routes[usize::from(record.target)];
        let outgoing = link.compose(&route.head, parts, &mut self.message);
        let asked = Asked {
            bytes: body.len().max(self.message.len()) as u64,
            ..asked
        };
        let wanted = worker.observing.text.output == TextCapture::On;
        let kept = call.and_then(|call| scratch.put_away(call.body, wanted));
        (outgoing, asked, kept.unwrap_or_default())
    }
}

impl Fate {
    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Completed => Self::Completed,
            Outcome::Failed(_) => Self::Failed,
            Outcome::Cancelled => Self::Cancelled,
        }
    }
}

/// What a session may repeat of a response.
fn answer(said: &mut Said, tokens: &TokenCounts) -> Answer {
    Answer {
        output_tokens: tokens.output,
        input_tokens: tokens.input,
        ..std::mem::take(&mut said.answer).finish()
    }
}

/// Writes what was observed into the record; returns the text that was kept.
fn fill(record: &mut RequestRecord, observed: Observed, asked: Asked) -> Said {
    record.timings.first_chunk_at = observed.first_chunk_at;
    record.timings.first_token_at = observed.first_token_at;
    record.timings.first_answer_token_at = observed.first_answer_token_at;
    record.timings.last_token_at = observed.last_token_at;
    record.timings.finished_at = observed.finished_at;
    record.chunk_gaps = observed.chunk_gaps;
    record.chunks = observed.chunks;
    record.outcome = observed.outcome;
    record.tokens = TokenCounts {
        requested_input: asked.input_tokens,
        requested_output: asked.output_tokens,
        ..observed.tokens
    };
    record.finish_reason = observed.finish_reason;
    record.response_id = observed.response_id;
    record.response_model = observed.response_model;
    record.http.status = observed.status;
    record.http.bytes_sent = asked.bytes;
    record.http.bytes_received = observed.bytes_received;
    record.http.server_request_id = observed.server_request_id;
    observed.said
}
