//! Lines by their times, out of a window of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::sessions::Placed;
use super::{RawCall, WINDOW};

#[derive(Debug, Default)]
pub(super) struct Order {
    held: BinaryHeap<Reverse<Held>>,
    /// The time of the last line that was taken in: lines without one stay behind it.
    last_in: i64,
    /// The time of the last line that was given out.
    last_out: Option<i64>,
}

#[derive(Debug)]
struct Held {
    time: i64,
    line: u64,
    call: RawCall,
    placed: Placed,
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.time, self.line).cmp(&(other.time, other.line))
    }
}

impl Order {
    pub(super) fn is_full(&self) -> bool {
        self.held.len() >= WINDOW
    }

    /// By how much a line comes too late: others, that are behind it, have been given out.
    pub(super) fn late_ns(&self, call: &RawCall) -> Option<u64> {
        let time = call.time_ns?;
        let last = self.last_out?;
        (time < last).then(|| last.abs_diff(time))
    }

    pub(super) fn push(&mut self, line: u64, call: RawCall, placed: Placed) {
        // Behind the turn before it, and behind what has left the window.
        let without = placed.after_time_ns.unwrap_or(self.last_in);
        let time = call
            .time_ns
            .unwrap_or_else(|| without.max(self.last_out.unwrap_or(without)));
        self.last_in = time;
        self.held.push(Reverse(Held {
            time,
            line,
            call,
            placed,
        }));
    }

    pub(super) fn pop(&mut self) -> Option<(u64, RawCall, Placed)> {
        let Reverse(held) = self.held.pop()?;
        self.last_out = Some(held.time);
        Some((held.line, held.call, held.placed))
    }
}
