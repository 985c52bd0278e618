//! What the load is to the client itself: CPU time, and how late its event loops come to their timers.

use hdrhistogram::Histogram;
use loadspan_record::{RunOffset, WorkerStats};
use rustix::time::{ClockId, clock_gettime};

/// How late an event loop came to a timer. A byte that arrives waits as long to be stamped.
#[derive(Debug)]
pub(crate) struct LoopLag {
    micros: Histogram<u32>,
}

impl LoopLag {
    pub(crate) fn new() -> Self {
        Self {
            micros: Histogram::new(3).expect("three digits are a valid precision"),
        }
    }

    pub(crate) fn record(&mut self, nanos: u64) {
        self.micros.saturating_record(nanos / 1_000);
    }

    pub(crate) fn describe(&self, spent: &Spent) -> WorkerStats {
        let millis = |micros: u64| micros as f64 / 1e3;
        WorkerStats {
            cpu_seconds: spent.cpu_seconds,
            busy_share: if spent.wall_seconds > 0.0 {
                spent.cpu_seconds / spent.wall_seconds
            } else {
                0.0
            },
            loop_lag_p50_ms: millis(self.micros.value_at_quantile(0.5)),
            loop_lag_p99_ms: millis(self.micros.value_at_quantile(0.99)),
            loop_lag_max_ms: millis(self.micros.max()),
        }
    }
}

/// CPU and wall time of the calling thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    cpu_seconds: f64,
    wall_seconds: f64,
}

impl Spent {
    pub(crate) fn until(now: RunOffset) -> Self {
        Self {
            cpu_seconds: cpu_seconds(ClockId::ThreadCPUTime),
            wall_seconds: now.as_secs_f64(),
        }
    }

    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds - earlier.cpu_seconds,
            wall_seconds: self.wall_seconds - earlier.wall_seconds,
        }
    }
}

/// CPU time of the whole process so far.
pub(crate) fn process_cpu_seconds() -> f64 {
    cpu_seconds(ClockId::ProcessCPUTime)
}

fn cpu_seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
