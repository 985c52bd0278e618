//! Slots that have no call. Each keeps a connection: what nobody has needed for a while is given up.

use std::collections::VecDeque;
use std::time::Duration;

use loadspan_record::RunOffset;

/// For how long a slot is kept that nobody needs. Servers that close connections by themselves do so sooner, as a rule.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// How many are given up at once: closing a connection takes a while, and calls are due.
const AT_ONCE: usize = 8;

/// Slots without a call. The one that was used last is used next, so that those of a peak come to lie at the other end.
#[derive(Debug)]
pub(super) struct IdleSlots<T> {
    slots: VecDeque<T>,
    /// When it was last counted how many nobody needs …
    counted_at: RunOffset,
    /// … the fewest that there have been since then …
    fewest: usize,
    /// … and those that are left of what it came to.
    surplus: usize,
}

impl<T> IdleSlots<T> {
    pub(super) fn new(slots: Vec<T>, now: RunOffset) -> Self {
        Self {
            fewest: slots.len(),
            slots: slots.into(),
            counted_at: now,
            surplus: 0,
        }
    }

    pub(super) fn put(&mut self, slot: T) {
        self.slots.push_back(slot);
    }

    pub(super) fn take(&mut self) -> Option<T> {
        let slot = self.slots.pop_back();
        self.fewest = self.fewest.min(self.slots.len());
        slot
    }

    /// Gives up some of those that nobody has needed. To be called again and again.
    pub(super) fn give_up(&mut self, now: RunOffset) {
        if now >= self.counted_at.after(KEPT_FOR) {
            self.surplus = self.fewest;
            (self.counted_at, self.fewest) = (now, self.slots.len());
        }
        let over = self.surplus.min(AT_ONCE).min(self.slots.len());
        self.slots.drain(..over);
        self.surplus -= over;
        self.fewest = self.fewest.saturating_sub(over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> RunOffset {
        RunOffset::from_duration(Duration::from_secs(seconds))
    }

    #[test]
    fn what_is_needed_now_and_then_is_kept_and_the_rest_goes_little_by_little() {
        let mut idle = IdleSlots::new((0..30).collect(), seconds(0));
        let used: Vec<i32> = (0..10).filter_map(|_| idle.take()).collect();
        assert_eq!(used.first(), Some(&29));
        used.into_iter().for_each(|slot| idle.put(slot));
        idle.give_up(seconds(59));
        assert_eq!(idle.slots.len(), 30);
        let left: Vec<_> = (60..64)
            .map(|at| {
                idle.give_up(seconds(at));
                idle.slots.len()
            })
            .collect();
        assert_eq!(left, [22, 14, 10, 10]);
        assert_eq!(idle.slots.front(), Some(&29), "those that were used");
    }

    #[test]
    fn one_that_is_used_all_the_time_is_never_missed() {
        let mut idle = IdleSlots::new(vec![1], seconds(0));
        for at in 0..200 {
            let slot = idle.take().expect("it was put back");
            idle.give_up(seconds(at));
            idle.put(slot);
        }
    }
}
