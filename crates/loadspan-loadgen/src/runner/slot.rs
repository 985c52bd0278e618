//! One request after the other: body, connection, exchange, record.

use std::fmt::Write;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use loadspan_record::{ConnectionUse, Failure, Outcome, Phase, RequestId, RequestRecord, RunOffset, TokenCounts};

use super::plan::Traffic;
use super::worker::Worker;
use crate::deadline::Watchdog;
use crate::link::{Link, NoLink, Opened, Outgoing};
use crate::observer::{Observed, Observer, Said};
use crate::target::RequestParts;

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
}

/// Buffers for making a body, shared by the slots of a worker because only one makes a body at a time.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    prompt: String,
    body: Vec<u8>,
    request_id: String,
}

/// What was asked for, kept beside the buffers.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    input_tokens: Option<u32>,
    output_tokens: Option<u32>,
    bytes: u64,
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

    /// Sends the request that is due, waits for its end and records it.
    pub(crate) async fn send(&mut self, due: Due) -> Sending {
        let worker = Rc::clone(&self.worker);
        let target = (due.index % worker.routes.len() as u64) as usize;
        worker.control.sent.fetch_add(1, Ordering::Relaxed);
        let mut record = worker.blank_record(due, target);
        let linked = self.link_to(target).await;
        let sending = if linked.is_ok() {
            Sending::Sent
        } else {
            Sending::NoConnection
        };
        let said = match linked {
            Ok(opened) => self.send_over(opened, &mut record).await,
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
        worker.finish(record, said);
        sending
    }

    async fn send_over(&mut self, opened: Opened, record: &mut RequestRecord) -> Said {
        let (mut link, connection) = opened;
        let (outgoing, asked) = self.compose(record, &link);
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
        fill(record, self.observer.conclude(exchanged), asked)
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

    /// Writes the request, which borrows what the slots share, and only then waits.
    fn compose(&mut self, record: &RequestRecord, link: &Link) -> (Outgoing, Asked) {
        let mut scratch = self.worker.scratch.borrow_mut();
        let asked = scratch.fill(&self.worker, record.id);
        let parts = RequestParts {
            request_id: &scratch.request_id,
            traceparent: self.worker.traceparent(record),
            body: &scratch.body,
        };
        let route = &self.worker.routes[usize::from(record.target)];
        let outgoing = link.compose(&route.head, parts, &mut self.message);
        (
            outgoing,
            Asked {
                bytes: scratch.body.len().max(self.message.len()) as u64,
                ..asked
            },
        )
    }
}

impl Scratch {
    /// Makes the body of a request and writes its id.
    fn fill(&mut self, worker: &Worker, id: RequestId) -> Asked {
        self.request_id.clear();
        write!(self.request_id, "{id}").expect("a string takes all that is written");
        let Traffic::Requests(workload) = &worker.traffic else {
            return Asked::default();
        };
        let spec = workload.request(id.index, &mut self.prompt);
        worker.body.write(&spec, &mut self.body);
        Asked {
            input_tokens: spec.input_tokens,
            output_tokens: spec.output_tokens,
            bytes: 0,
        }
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
