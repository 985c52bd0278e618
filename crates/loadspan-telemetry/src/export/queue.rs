//! What waits in memory for a backend, oldest first, bounded by items and by bytes.

use std::collections::VecDeque;
use std::time::Instant;

use super::Payload;

/// The most that may wait. A single payload may be larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QueueLimits {
    /// Spans or data points.
    pub(super) items: u64,
    /// Bytes of encoded payloads.
    pub(super) bytes: usize,
}

/// A payload that waits, with what is known of earlier attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Its place in the order of arrival. The halves of a payload share it.
    pub(super) order: u64,
    /// Since when it is being tried. `None`: its time has not begun.
    pub(super) tried_since: Option<Instant>,
    /// Attempts so far.
    pub(super) attempts: u32,
    pub(super) payload: Payload,
}

/// Payloads in the order of their arrival.
#[derive(Debug)]
pub(super) struct Queue {
    limits: QueueLimits,
    waiting: VecDeque<Waiting>,
    items: u64,
    bytes: usize,
    arrivals: u64,
    /// Payloads that arrived up to here are not wanted any more.
    withdrawn: u64,
}

impl Queue {
    pub(super) fn new(limits: QueueLimits) -> Self {
        Self {
            limits,
            waiting: VecDeque::new(),
            items: 0,
            bytes: 0,
            arrivals: 0,
            withdrawn: 0,
        }
    }

    /// Adds a payload, and hands out the oldest ones that there is no room for any more.
    pub(super) fn push(&mut self, payload: Payload) -> Vec<Payload> {
        self.arrivals += 1;
        self.put_back(Waiting {
            order: self.arrivals,
            tried_since: None,
            attempts: 0,
            payload,
        });
        let mut surplus = Vec::new();
        while self.is_over() && self.waiting.len() > 1 {
            surplus.extend(self.pop().map(|oldest| oldest.payload));
        }
        surplus
    }

    /// Takes a payload back to its place in the order of arrival.
    pub(super) fn put_back(&mut self, waiting: Waiting) {
        self.items += waiting.payload.items;
        self.bytes += waiting.payload.body.len();
        let place = self.waiting.partition_point(|other| other.order < waiting.order);
        self.waiting.insert(place, waiting);
    }

    /// The oldest.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let oldest = self.waiting.pop_front()?;
        self.items -= oldest.payload.items;
        self.bytes -= oldest.payload.body.len();
        Some(oldest)
    }

    /// Removes all there are, and tells how many items that were. Those under way are not wanted back, either.
    pub(super) fn withdraw(&mut self) -> u64 {
        self.withdrawn = self.arrivals;
        self.waiting.clear();
        self.bytes = 0;
        std::mem::take(&mut self.items)
    }

    /// Whether it was under way when the others were withdrawn.
    pub(super) fn is_withdrawn(&self, waiting: &Waiting) -> bool {
        waiting.order <= self.withdrawn
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn is_over(&self) -> bool {
        self.items > self.limits.items || self.bytes > self.limits.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::Contents;
    use bytes::Bytes;

    #[test]
    fn the_oldest_leave_when_there_are_too_many_items() {
        let mut queue = Queue::new(QueueLimits { items: 10, bytes: 1000 });
        assert_eq!(queue.push(payload(4, 1)), []);
        assert_eq!(queue.push(payload(6, 1)), []);
        assert_eq!(queue.push(payload(5, 1)), [payload(4, 1), payload(6, 1)]);
    }

    #[test]
    fn the_oldest_leave_when_there_are_too_many_bytes() {
        let mut queue = Queue::new(QueueLimits { items: 1000, bytes: 10 });
        assert_eq!(queue.push(payload(1, 8)), []);
        assert_eq!(queue.push(payload(2, 8)), [payload(1, 8)]);
    }

    #[test]
    fn a_payload_that_is_larger_than_the_queue_still_gets_its_turn() {
        let mut queue = Queue::new(QueueLimits { items: 1, bytes: 1 });
        assert_eq!(queue.push(payload(5, 5)), []);
        assert_eq!(queue.pop().unwrap().payload, payload(5, 5));
    }

    #[test]
    fn what_comes_back_stands_where_it_stood() {
        let mut queue = Queue::new(QueueLimits { items: 100, bytes: 100 });
        for items in 1..=3 {
            queue.push(payload(items, 1));
        }
        let (first, second) = (queue.pop().unwrap(), queue.pop().unwrap());
        queue.put_back(second);
        queue.put_back(first);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop())
            .map(|waiting| waiting.payload.items)
            .collect();
        assert_eq!(order, [1, 2, 3]);
        assert!(queue.is_empty() && queue.items == 0 && queue.bytes == 0);
    }

    #[test]
    fn what_was_under_way_is_withdrawn_with_the_others() {
        let mut queue = Queue::new(QueueLimits { items: 100, bytes: 100 });
        queue.push(payload(2, 1));
        queue.push(payload(3, 1));
        let under_way = queue.pop().unwrap();
        assert_eq!(queue.withdraw(), 3);
        assert!(queue.is_empty() && queue.items == 0 && queue.bytes == 0);
        assert!(queue.is_withdrawn(&under_way));
        queue.push(payload(4, 1));
        assert!(!queue.is_withdrawn(&queue.waiting[0]));
    }

    fn payload(items: u64, bytes: usize) -> Payload {
        Payload {
            contents: Contents::Traces,
            items,
            body: Bytes::from(vec![0; bytes]),
        }
    }
}
