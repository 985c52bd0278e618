//! Tracing into a collector that takes everything at once and keeps nothing.

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode};
use loadspan_sdk::{FlushOutcome, Guard};
use loadspan_testkit::{OtlpSink, RunningOtlpSink};
use rustix::time::{ClockId, clock_gettime};

/// Spans between two flushes: fewer than the queue holds.
const CHUNK: u64 = 50_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Benches of which every sample has as many calls as the others, so that none is ruled by what happens now and then.
pub(crate) fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat);
    group
}

/// How tracing is set up for a bench.
pub(crate) type SetUp = fn() -> Tracing;

/// Tracing that is set up until it is dropped.
pub(crate) struct Tracing {
    guard: Guard,
    _sink: RunningOtlpSink,
}

impl Tracing {
    /// Every trace is recorded.
    pub(crate) fn sampled() -> Self {
        Self::with_ratio(1.0)
    }

    /// None is.
    pub(crate) fn unsampled() -> Self {
        Self::with_ratio(0.0)
    }

    fn with_ratio(ratio: f64) -> Self {
        const NOTHING: [(&str, &str); 0] = [];
        let sink = OtlpSink::new().count_only().start().expect("a port is free");
        let guard = loadspan_sdk::builder()
            .environment(NOTHING)
            .otlp_endpoint(&sink.url())
            .sampling_ratio(ratio)
            .init()
            .expect("nothing else is set up");
        Self { guard, _sink: sink }
    }

    /// What so many calls take that make a span each, by [`time_of`].
    pub(crate) fn time(&self, calls: u64, make: impl Fn()) -> Duration {
        self.time_chunks(calls, |calls| time_of(calls, &make))
    }

    /// The same where `run` makes the calls and says what they took.
    pub(crate) fn time_chunks(&self, calls: u64, run: impl Fn(u64) -> Duration) -> Duration {
        let mut time = Duration::ZERO;
        let mut left = calls;
        while left > 0 {
            let chunk = left.min(CHUNK);
            time += run(chunk);
            left -= chunk;
            assert_eq!(self.guard.flush(PATIENCE), FlushOutcome::Complete);
        }
        time
    }
}

/// What the kernel counts for this thread while it makes so many calls: what else runs on the machine, the exports included, counts
/// for little.
pub(crate) fn time_of(calls: u64, call: impl Fn()) -> Duration {
    let start = thread_time();
    (0..calls).for_each(|_| call());
    thread_time() - start
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

impl Drop for Tracing {
    fn drop(&mut self) {
        self.guard.flush(PATIENCE);
        let counts = self.guard.counts();
        assert_eq!(counts[0].exported, counts[0].produced, "{counts:?}");
    }
}
