//! A light view of a run in progress, for a progress line.

use crate::{Metric, Outcome, Phase, RequestRecord, RunOffset};

/// Buckets of a tenth of a second over which rates are taken: five seconds.
const BUCKETS: usize = 50;
const BUCKET_NS: u64 = 100_000_000;

/// Requests over which medians are taken.
const RECENT: usize = 512;

/// Counts, recent rates and recent medians. Takes constant time per record and constant memory.
#[derive(Debug, Clone)]
pub struct LiveStats {
    counts: LiveCounts,
    buckets: [Bucket; BUCKETS],
    first_token: Recent,
    latency: Recent,
}

/// Requests so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LiveCounts {
    /// Measured requests that completed.
    pub completed: u64,
    /// Measured requests that failed.
    pub failed: u64,
    /// Measured requests that were cancelled.
    pub cancelled: u64,
    /// Requests of the warm-up, however they ended.
    pub warmup: u64,
}

/// A run as it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveView {
    /// Requests so far.
    pub counts: LiveCounts,
    /// Requests that ended per second, failed ones and warm-up included, over the last five seconds.
    pub request_rate: f64,
    /// Output tokens per second over the last five seconds.
    pub output_token_rate: f64,
    /// Median time to first token of the last requests, in milliseconds. `None` without streams.
    pub time_to_first_token_p50_ms: Option<f64>,
    /// Median latency of the last requests, in milliseconds. `None` until one has completed.
    pub request_latency_p50_ms: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// Which tenth of a second of the run it holds; an older number is a stale bucket.
    number: u64,
    requests: u64,
    output_tokens: u64,
}

/// The last values, in a ring.
#[derive(Debug, Clone)]
struct Recent {
    values: Vec<f32>,
    next: usize,
}

impl LiveStats {
    /// A view that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            counts: LiveCounts::default(),
            buckets: [Bucket::default(); BUCKETS],
            first_token: Recent::new(),
            latency: Recent::new(),
        }
    }

    /// Takes a record.
    pub fn push(&mut self, record: &RequestRecord) {
        self.counts.push(record);
        let number = record.timings.finished_at.as_nanos() / BUCKET_NS;
        let bucket = &mut self.buckets[(number % BUCKETS as u64) as usize];
        if bucket.number < number {
            *bucket = Bucket {
                number,
                ..Bucket::default()
            };
        }
        if bucket.number == number {
            bucket.requests += 1;
            bucket.output_tokens += u64::from(record.tokens.output.unwrap_or(0));
        }
        self.first_token.push(Metric::TimeToFirstToken.of(record));
        self.latency.push(Metric::RequestLatency.of(record));
    }

    /// The run as it stands at `now`. Sorts a few hundred values: a few times a second is fine.
    #[must_use]
    pub fn view(&self, now: RunOffset) -> LiveView {
        let current = now.as_nanos() / BUCKET_NS;
        let is_recent = |bucket: &&Bucket| bucket.number <= current && current - bucket.number < BUCKETS as u64;
        let recent = self.buckets.iter().filter(is_recent);
        let (requests, tokens) = recent.fold((0, 0), |(requests, tokens), bucket| {
            (requests + bucket.requests, tokens + bucket.output_tokens)
        });
        let full_buckets_ns = BUCKET_NS * (BUCKETS as u64 - 1) + now.as_nanos() % BUCKET_NS;
        let secs = (full_buckets_ns.min(now.as_nanos()) as f64 / 1e9).max(1e-3);
        LiveView {
            counts: self.counts,
            request_rate: requests as f64 / secs,
            output_token_rate: tokens as f64 / secs,
            time_to_first_token_p50_ms: self.first_token.median(),
            request_latency_p50_ms: self.latency.median(),
        }
    }
}

impl Default for LiveStats {
    fn default() -> Self {
        Self::new()
    }
}

impl LiveCounts {
    fn push(&mut self, record: &RequestRecord) {
        *match (record.phase, &record.outcome) {
            (Phase::Warmup | Phase::Drain, _) => &mut self.warmup,
            (Phase::Measure, Outcome::Completed) => &mut self.completed,
            (Phase::Measure, Outcome::Failed(_)) => &mut self.failed,
            (Phase::Measure, Outcome::Cancelled) => &mut self.cancelled,
        } += 1;
    }
}

impl Recent {
    fn new() -> Self {
        Self {
            values: Vec::with_capacity(RECENT),
            next: 0,
        }
    }

    fn push(&mut self, value: Option<f64>) {
        let Some(value) = value.map(|value| value as f32) else {
            return;
        };
        if self.values.len() < RECENT {
            self.values.push(value);
        } else {
            self.values[self.next] = value;
        }
        self.next = (self.next + 1) % RECENT;
    }

    fn median(&self) -> Option<f64> {
        let mut values = self.values.clone();
        let middle = values.len() / 2;
        (!values.is_empty()).then(|| f64::from(*values.select_nth_unstable_by(middle, f32::total_cmp).1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureKind;
    use crate::testing::{stream, whole};

    fn at_secs(secs: f64) -> RunOffset {
        RunOffset::from_nanos((secs * 1e9) as u64)
    }

    #[test]
    fn rates_and_medians_follow_the_last_requests() {
        let mut live = LiveStats::new();
        for request in 0..2_000 {
            let ttft = if request < 1_000 { 500.0 } else { 100.0 };
            live.push(&stream().sent_ms(f64::from(request) * 10.0).ttft_ms(ttft).build());
        }
        let view = live.view(at_secs(20.0));
        assert!((view.request_rate - 100.0).abs() < 3.0, "{}", view.request_rate);
        assert!(
            (view.output_token_rate - 1_000.0).abs() < 30.0,
            "{}",
            view.output_token_rate
        );
        assert_eq!(
            (view.time_to_first_token_p50_ms, view.request_latency_p50_ms),
            (Some(100.0), Some(190.0))
        );
        assert_eq!(live.view(at_secs(60.0)).request_rate, 0.0);
    }

    #[test]
    fn the_first_moments_have_a_rate_too() {
        let mut live = LiveStats::new();
        live.push(&whole().total_ms(50.0).build());
        assert_eq!(live.view(at_secs(0.05)).request_rate, 20.0);
        assert!(live.view(RunOffset::ZERO).request_rate.is_finite());
    }

    #[test]
    fn each_request_counts_once() {
        let mut live = LiveStats::new();
        live.push(&whole().build());
        live.push(&whole().failed(FailureKind::Connect).build());
        live.push(&whole().with(|record| record.outcome = Outcome::Cancelled).build());
        live.push(&whole().with(|record| record.phase = Phase::Warmup).build());
        assert_eq!(
            live.view(at_secs(1.0)).counts,
            LiveCounts {
                completed: 1,
                failed: 1,
                cancelled: 1,
                warmup: 1
            }
        );
    }
}
