//! Gaps between chunks over the time of a run, in memory that does not grow with the run.

use loadspan_record::{ChunkGaps, RequestRecord};

/// Windows at most. When a run outgrows them, each two become one.
const MAX_WINDOWS: usize = 256;

/// Steps within a factor of two: values are known to 3 %.
const STEPS: u32 = 32;

/// Factors of two in a `u32`, each with its steps.
const BUCKETS: usize = 33 * STEPS as usize;

/// What the gaps of one window were.
#[derive(Debug, Clone)]
struct Window {
    buckets: Box<[u32]>,
    count: u64,
    max_us: u32,
}

/// Gaps by the window in which each ended.
#[derive(Debug, Clone)]
pub(super) struct GapWindows {
    length_ns: u64,
    windows: Vec<Window>,
}

/// The statistics of one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct GapStats {
    /// The middle of the window, in seconds from the start of the run.
    pub(super) at_s: f64,
    pub(super) count: u64,
    pub(super) p50_ms: f64,
    pub(super) p90_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

impl GapWindows {
    pub(super) fn new() -> Self {
        Self {
            length_ns: 250_000_000,
            windows: Vec::new(),
        }
    }

    /// Adds the gaps of a request. Those of a very long stream, of which only a histogram is left, are taken to have been
    /// spread evenly: each counts in the middle of the stream.
    pub(super) fn add(&mut self, record: &RequestRecord) {
        let timings = &record.timings;
        let (Some(first), Some(last)) = (timings.first_token_at, timings.last_token_at) else {
            return;
        };
        match &record.chunk_gaps {
            ChunkGaps::None => {}
            ChunkGaps::Each(gaps) => {
                let mut at = first.as_nanos();
                for gap in gaps {
                    at += u64::from(*gap) * 1_000;
                    self.count(at, *gap, 1);
                }
            }
            ChunkGaps::Histogram { buckets, .. } => {
                let middle = first.as_nanos().midpoint(last.as_nanos());
                for (gap, times) in buckets {
                    self.count(middle, *gap, *times);
                }
            }
        }
    }

    /// The length of a window, in seconds.
    pub(super) fn length_s(&self) -> f64 {
        self.length_ns as f64 / 1e9
    }

    /// How many gaps there are.
    pub(super) fn total(&self) -> u64 {
        self.windows.iter().map(|window| window.count).sum()
    }

    /// The statistics of each window, empty ones as `None`.
    pub(super) fn stats(&self) -> Vec<Option<GapStats>> {
        let length = self.length_s();
        let at = |index: usize| (index as f64 + 0.5) * length;
        let windows = self.windows.iter().enumerate();
        windows.map(|(index, window)| window.stats(at(index))).collect()
    }

    /// Joins each two windows.
    pub(super) fn coarsen(&mut self) {
        self.length_ns *= 2;
        let windows = std::mem::take(&mut self.windows);
        let mut pairs = windows.into_iter();
        while let Some(mut window) = pairs.next() {
            if let Some(other) = pairs.next() {
                window.absorb(&other);
            }
            self.windows.push(window);
        }
    }

    fn count(&mut self, at_ns: u64, gap_us: u32, times: u32) {
        while at_ns / self.length_ns >= MAX_WINDOWS as u64 {
            self.coarsen();
        }
        let index = (at_ns / self.length_ns) as usize;
        while self.windows.len() <= index {
            self.windows.push(Window::empty());
        }
        self.windows[index].count(gap_us, times);
    }
}

impl Window {
    fn empty() -> Self {
        Self {
            buckets: Box::default(),
            count: 0,
            max_us: 0,
        }
    }

    fn count(&mut self, gap_us: u32, times: u32) {
        if self.buckets.is_empty() {
            self.buckets = vec![0; BUCKETS].into();
        }
        let bucket = &mut self.buckets[bucket_of(gap_us)];
        *bucket = bucket.saturating_add(times);
        self.count += u64::from(times);
        self.max_us = self.max_us.max(gap_us);
    }

    fn absorb(&mut self, other: &Self) {
        if self.buckets.is_empty() {
            self.clone_from(other);
            return;
        }
        for (bucket, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket = bucket.saturating_add(*more);
        }
        self.count += other.count;
        self.max_us = self.max_us.max(other.max_us);
    }

    fn stats(&self, at_s: f64) -> Option<GapStats> {
        (self.count > 0).then(|| GapStats {
            at_s,
            count: self.count,
            p50_ms: self.quantile_ms(0.5),
            p90_ms: self.quantile_ms(0.9),
            p99_ms: self.quantile_ms(0.99),
            max_ms: f64::from(self.max_us) / 1e3,
        })
    }

    fn quantile_ms(&self, q: f64) -> f64 {
        let wanted = (self.count as f64 * q).ceil().max(1.0) as u64;
        let mut passed = 0;
        let bucket = self.buckets.iter().position(|count| {
            passed += u64::from(*count);
            passed >= wanted
        });
        let middle = bucket.map_or(0.0, middle_of);
        middle.min(f64::from(self.max_us)) / 1e3
    }
}

/// Buckets grow by 1/32 of a factor of two; values below 32 have one each.
fn bucket_of(value: u32) -> usize {
    let power = value.checked_ilog2().unwrap_or(0);
    if power < STEPS.ilog2() {
        return value as usize;
    }
    let shift = power - STEPS.ilog2();
    let step = (value >> shift) - STEPS;
    ((shift + 1) * STEPS + step) as usize
}

fn middle_of(bucket: usize) -> f64 {
    let bucket = bucket as u64;
    let steps = u64::from(STEPS);
    if bucket < steps {
        return bucket as f64;
    }
    let shift = bucket / steps - 1;
    let low = (steps + bucket % steps) << shift;
    low as f64 + ((1_u64 << shift) - 1) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_known_to_three_percent() {
        for value in (0..2_000).chain([40_012, 1_000_000, u32::MAX - 1, u32::MAX]) {
            let middle = middle_of(bucket_of(value));
            assert!(
                (middle - f64::from(value)).abs() <= f64::from(value) * 0.032,
                "{value}: {middle}"
            );
        }
    }

    #[test]
    fn a_long_run_has_wider_windows_and_loses_no_gap() {
        let mut gaps = GapWindows::new();
        for second in 0..3_600_u64 {
            gaps.count(second * 1_000_000_000, 20_000, 2);
        }
        gaps.count(0, 900_000, 1);
        assert_eq!(gaps.total(), 7_201);
        assert_eq!(gaps.length_s(), 16.0);
        let stats: Vec<_> = gaps.stats().into_iter().flatten().collect();
        assert_eq!(stats.len(), 225);
        assert_eq!(stats[0].max_ms, 900.0);
        assert!((stats[0].p50_ms - 20.0).abs() < 0.6, "{:?}", stats[0]);
    }
}
