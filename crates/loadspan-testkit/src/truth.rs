//! What the server knows to be true: when each request came and when its bytes left.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::label::Label;
use crate::route::Endpoint;

/// What happened to one generation request. Times are CLOCK_MONOTONIC in nanoseconds, taken just before the write that carries
/// what they are named for; `None` when it never left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Truth {
    /// Number of the request, from 0, in the order of arrival.
    pub number: u64,
    /// The endpoint it was for.
    pub endpoint: Endpoint,
    /// Its `x-request-id` header.
    pub request_id: Option<Label>,
    /// Its `traceparent` header, if that was a valid one.
    pub traceparent: Option<Label>,
    /// Tokens of its prompt, as `usage` counts them.
    pub prompt_tokens: u32,
    /// When its head and body had been read whole.
    pub arrived_ns: u64,
    /// When its service began. Until then it waited for a place, if there is a limit.
    pub service_ns: Option<u64>,
    /// First byte of the response.
    pub first_byte_ns: Option<u64>,
    /// First token in any channel.
    pub first_token_ns: Option<u64>,
    /// First token that is not reasoning.
    pub first_answer_token_ns: Option<u64>,
    /// Last token in any channel.
    pub last_token_ns: Option<u64>,
    /// Last byte of the response.
    pub last_byte_ns: Option<u64>,
    /// Output tokens sent, over all choices.
    pub tokens: u32,
    /// How it went.
    pub outcome: TruthOutcome,
}

/// How the service of a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TruthOutcome {
    /// All that the script says was sent.
    Completed,
    /// An error status was sent.
    Status(u16),
    /// An error event was sent within a stream.
    ErrorEvent,
    /// The connection was closed within the body.
    Truncated,
    /// The response stopped and the connection stayed open.
    Stalled,
    /// The connection was closed without a byte.
    Dropped,
    /// Nothing was sent and the connection stayed open.
    Silent,
    /// The response had no tokens.
    Empty,
    /// The response was not what the endpoint promises.
    Nonsense,
    /// The client left before the end.
    ClientLeft,
}

/// A snapshot of what the server knows. `GET /stats` answers with it as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// CLOCK_MONOTONIC when the snapshot was taken.
    pub now_ns: u64,
    /// Requests of every kind.
    pub requests_total: u64,
    /// Requests to chat, completions, responses and embeddings that were answered by a script.
    pub generation_requests: u64,
    /// Generation requests in progress, from their arrival to just before their last byte.
    pub open_streams: u64,
    /// The most that were open at once.
    pub peak_open_streams: u64,
    /// TCP connections accepted.
    pub connections_opened: u64,
    /// TCP connections open now.
    pub connections_open: u64,
    /// The last generation requests that came to an end, in the order of their numbers.
    pub requests: Vec<Truth>,
}

impl Stats {
    /// The request with this `x-request-id`, the last one if there are several.
    #[must_use]
    pub fn request(&self, request_id: &str) -> Option<&Truth> {
        self.requests
            .iter()
            .rev()
            .find(|truth| truth.request_id.as_deref() == Some(request_id))
    }
}

impl Truth {
    /// A request that has just arrived.
    pub(crate) fn new(number: u64, endpoint: Endpoint, arrived_ns: u64) -> Self {
        Self {
            number,
            endpoint,
            request_id: None,
            traceparent: None,
            prompt_tokens: 0,
            arrived_ns,
            service_ns: None,
            first_byte_ns: None,
            first_token_ns: None,
            first_answer_token_ns: None,
            last_token_ns: None,
            last_byte_ns: None,
            tokens: 0,
            outcome: TruthOutcome::Completed,
        }
    }
}

/// Counters and the last truths. Each thread has a shard of its own, so that recording never waits.
#[derive(Debug)]
pub(crate) struct Ledger {
    keep: usize,
    shards: Box<[Mutex<VecDeque<Truth>>]>,
    requests_total: AtomicU64,
    numbers: AtomicU64,
    open: Gauge,
    connections: Gauge,
    connections_opened: AtomicU64,
}

#[derive(Debug, Default)]
struct Gauge {
    now: AtomicU64,
    peak: AtomicU64,
}

impl Gauge {
    fn enter(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        // Mostly false, and then no other core's cache line is disturbed.
        if now > self.peak.load(Ordering::Relaxed) {
            self.peak.fetch_max(now, Ordering::Relaxed);
        }
    }

    fn leave(&self) {
        self.now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Something that is counted as open until it is dropped.
#[derive(Debug)]
pub(crate) struct Open<'a>(&'a Gauge);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Ledger {
    /// Keeps the last `keep` truths; `shards` is the number of threads.
    pub(crate) fn new(keep: usize, shards: usize) -> Self {
        Self {
            keep,
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            requests_total: AtomicU64::new(0),
            numbers: AtomicU64::new(0),
            open: Gauge::default(),
            connections: Gauge::default(),
            connections_opened: AtomicU64::new(0),
        }
    }

    pub(crate) fn count_request(&self) {
        self.requests_total.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of the next generation request.
    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn open_stream(&self) -> Open<'_> {
        self.open.enter();
        Open(&self.open)
    }

    /// Generation requests in progress.
    pub(crate) fn open_streams(&self) -> u64 {
        self.open.now.load(Ordering::Relaxed)
    }

    pub(crate) fn open_connection(&self) -> Open<'_> {
        self.connections_opened.fetch_add(1, Ordering::Relaxed);
        self.connections.enter();
        Open(&self.connections)
    }

    pub(crate) fn record(&self, shard: usize, truth: Truth) {
        if self.keep == 0 {
            return;
        }
        let Some(shard) = self.shards.get(shard) else { return };
        let mut truths = lock(shard);
        if truths.len() == self.keep {
            truths.pop_front();
        }
        truths.push_back(truth);
    }

    /// The counters and the last `limit` truths.
    pub(crate) fn snapshot(&self, now_ns: u64, limit: usize) -> Stats {
        Stats {
            now_ns,
            requests_total: self.requests_total.load(Ordering::Relaxed),
            generation_requests: self.numbers.load(Ordering::Relaxed),
            open_streams: self.open.now.load(Ordering::Relaxed),
            peak_open_streams: self.open.peak.load(Ordering::Relaxed),
            connections_opened: self.connections_opened.load(Ordering::Relaxed),
            connections_open: self.connections.now.load(Ordering::Relaxed),
            requests: self.last(limit.min(self.keep)),
        }
    }

    fn last(&self, limit: usize) -> Vec<Truth> {
        let mut truths = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            truths.extend(shard.iter().skip(shard.len().saturating_sub(limit)).cloned());
        }
        truths.sort_unstable_by_key(|truth| truth.number);
        truths.drain(..truths.len().saturating_sub(limit));
        truths
    }
}

fn lock(shard: &Mutex<VecDeque<Truth>>) -> MutexGuard<'_, VecDeque<Truth>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(ledger: &Ledger, shard: usize, number: u64) {
        ledger.record(shard, Truth::new(number, Endpoint::Chat, 0));
    }

    fn numbers(ledger: &Ledger, limit: usize) -> Vec<u64> {
        ledger
            .snapshot(0, limit)
            .requests
            .iter()
            .map(|truth| truth.number)
            .collect()
    }

    #[test]
    fn the_last_truths_of_all_threads_are_kept_in_order() {
        let ledger = Ledger::new(3, 2);
        for number in 0..6 {
            record(&ledger, (number % 2) as usize, number);
        }
        assert_eq!(numbers(&ledger, usize::MAX), [3, 4, 5]);
        assert_eq!(numbers(&ledger, 2), [4, 5]);
    }

    #[test]
    fn a_ledger_that_keeps_nothing_still_counts() {
        let ledger = Ledger::new(0, 1);
        record(&ledger, 0, ledger.next_number());
        assert!(numbers(&ledger, 9).is_empty());
        assert_eq!(ledger.snapshot(0, 9).generation_requests, 1);
    }

    #[test]
    fn the_peak_stays_when_streams_end() {
        let ledger = Ledger::new(0, 1);
        let (first, second) = (ledger.open_stream(), ledger.open_stream());
        drop(first);
        let third = ledger.open_stream();
        drop((second, third));
        let stats = ledger.snapshot(0, 0);
        assert_eq!((stats.open_streams, stats.peak_open_streams), (0, 2));
    }
}
