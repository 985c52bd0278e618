//! What a server had counted at one moment, and what it did between two of them.

use std::collections::BTreeMap;

use loadspan_record::{Bucket, HistogramInterval, RunOffset, ServerCounter, ServerHistogram};

use crate::series::{ByLabels, Cumulative, Page};
use crate::vocabulary::{COUNTERS, HISTOGRAMS};

/// What a server had counted at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) at: RunOffset,
    counters: BTreeMap<ServerCounter, ByLabels<f64>>,
    histograms: BTreeMap<ServerHistogram, ByLabels<Cumulative>>,
}

impl Snapshot {
    pub(crate) fn of(page: &Page<'_>, at: RunOffset) -> Self {
        let counters = COUNTERS.iter();
        let histograms = HISTOGRAMS.iter();
        Self {
            at,
            counters: counters
                .filter_map(|(counter, names)| Some((*counter, page.values(names)?)))
                .collect(),
            histograms: histograms
                .filter_map(|(histogram, names)| Some((*histogram, page.histograms(names)?)))
                .collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.counters.is_empty() && self.histograms.is_empty()
    }

    pub(crate) fn increases(&self, before: &Self) -> BTreeMap<ServerCounter, f64> {
        let counters = self.counters.iter();
        counters
            .map(|(counter, values)| (*counter, increase(values, before.counters.get(counter))))
            .collect()
    }

    pub(crate) fn observed_since(&self, before: &Self) -> BTreeMap<ServerHistogram, HistogramInterval> {
        let histograms = self.histograms.iter();
        histograms
            .filter_map(|(histogram, values)| Some((*histogram, observed(values, before.histograms.get(histogram))?)))
            .collect()
    }
}

/// A value below the one before began again at zero, and one without one before is new since then: servers make their series when
/// they first need them.
fn increase(now: &ByLabels<f64>, before: Option<&ByLabels<f64>>) -> f64 {
    now.iter()
        .map(|(labels, value)| {
            let earlier = before.and_then(|before| before.get(labels)).copied().unwrap_or(0.0);
            if *value >= earlier { value - earlier } else { *value }
        })
        .sum()
}

fn observed(now: &ByLabels<Cumulative>, before: Option<&ByLabels<Cumulative>>) -> Option<HistogramInterval> {
    let nothing = Cumulative::default();
    let mut buckets = Vec::new();
    let mut sum = 0.0;
    for (labels, value) in now {
        let earlier = before.and_then(|before| before.get(labels)).unwrap_or(&nothing);
        let earlier = if value.count >= earlier.count {
            earlier
        } else {
            &nothing
        };
        buckets.extend(value.buckets_since(earlier));
        sum += value.sum - earlier.sum;
    }
    HistogramInterval::of(&buckets, sum)
}

impl Cumulative {
    /// How many values fell into each bucket since `earlier`.
    fn buckets_since(&self, earlier: &Self) -> Vec<Bucket> {
        let mut lower = match self.buckets.first() {
            Some((bound, _)) if *bound <= 0.0 => *bound,
            _ => 0.0,
        };
        let mut below = 0.0;
        let mut buckets = Vec::new();
        for (bound, count) in &self.buckets {
            let before = earlier.count_up_to(*bound);
            // A page is not a snapshot: buckets may be read while they change, and must not come out negative.
            let count = (count - before).max(below);
            buckets.push(Bucket {
                lower,
                upper: bound.is_finite().then_some(*bound),
                count: (count - below).round() as u64,
            });
            (lower, below) = (*bound, count);
        }
        buckets
    }

    fn count_up_to(&self, bound: f64) -> f64 {
        let mut buckets = self.buckets.iter();
        buckets
            .find(|(earlier, _)| *earlier == bound)
            .map_or(0.0, |(_, count)| *count)
    }
}
