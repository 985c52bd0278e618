//! The slowest requests of each stage, whose spans are exported whether they were sampled or not.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};

/// Holds the spans of the slowest so many requests of each stage.
#[derive(Debug)]
pub(super) struct Slowest {
    /// How many of each stage.
    limit: usize,
    stages: BTreeMap<u32, BinaryHeap<Reverse<Slow>>>,
}

/// A slow request.
#[derive(Debug)]
pub(super) struct Slow {
    pub(super) latency_ns: u64,
    /// Its number, which decides between equals: the earlier is kept.
    pub(super) index: u64,
    pub(super) session: Option<u64>,
    /// Its span, encoded. `None`: exported already, because it was sampled.
    pub(super) span: Option<Box<[u8]>>,
}

impl Slowest {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            stages: BTreeMap::new(),
        }
    }

    /// Whether a request would be among the slowest so far. Asked before its span is made.
    pub(super) fn admits(&self, stage: u32, latency_ns: u64) -> bool {
        let Some(heap) = self.stages.get(&stage).filter(|heap| heap.len() >= self.limit) else {
            return self.limit > 0;
        };
        heap.peek()
            .is_some_and(|Reverse(fastest)| latency_ns > fastest.latency_ns)
    }

    /// Adds a request that was admitted, and returns the one that had to go.
    pub(super) fn insert(&mut self, stage: u32, slow: Slow) -> Option<Slow> {
        let heap = self.stages.entry(stage).or_default();
        heap.push(Reverse(slow));
        let evicted = (heap.len() > self.limit).then(|| heap.pop());
        evicted.flatten().map(|Reverse(fastest)| fastest)
    }

    /// Takes those of a stage, the slowest first.
    pub(super) fn take(&mut self, stage: u32) -> Vec<Slow> {
        let heap = self.stages.remove(&stage).unwrap_or_default();
        let slowest = heap.into_sorted_vec().into_iter();
        slowest.map(|Reverse(slow)| slow).collect()
    }
}

impl Ord for Slow {
    fn cmp(&self, other: &Self) -> Ordering {
        let earlier = other.index.cmp(&self.index);
        self.latency_ns.cmp(&other.latency_ns).then(earlier)
    }
}

impl PartialOrd for Slow {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Slow {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Slow {}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(latency_ns: u64, index: u64) -> Slow {
        Slow {
            latency_ns,
            index,
            session: None,
            span: None,
        }
    }

    #[test]
    fn the_slowest_of_each_stage_stay() {
        let mut slowest = Slowest::new(2);
        for (index, latency) in [5, 1, 9, 9, 7, 3].into_iter().enumerate() {
            if slowest.admits(0, latency) {
                slowest.insert(0, slow(latency, index as u64));
            }
        }
        assert!(slowest.admits(1, 0), "another stage has room");
        slowest.insert(1, slow(4, 6));
        let left: Vec<_> = [slowest.take(0), slowest.take(1)]
            .iter()
            .flatten()
            .map(|slow| (slow.latency_ns, slow.index))
            .collect();
        assert_eq!(left, [(9, 2), (9, 3), (4, 6)]);
    }

    #[test]
    fn nothing_is_admitted_where_nothing_is_kept() {
        assert!(!Slowest::new(0).admits(0, u64::MAX));
    }
}
