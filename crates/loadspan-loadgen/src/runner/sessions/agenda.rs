//! What is due, by time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use loadspan_record::RunOffset;

use super::live::Seat;

/// What a worker has to do at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// A session of a closed load begins, in the place of one that ended.
    Begin {
        /// How many in that place ended without a connection, one after the other.
        misses: u32,
    },
    /// A call is sent.
    Call(PendingCall),
}

/// A call that is due, or will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PendingCall {
    /// Whose it is. The session may have ended meanwhile.
    pub(super) seat: Seat,
    /// Its number in its session.
    pub(super) call: u32,
    /// How often it has failed.
    pub(super) attempt: u32,
}

/// What is due, the earliest first; of what is due at the same time, what was noted first.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    entries: BinaryHeap<Reverse<(RunOffset, u64, Task)>>,
    noted: u64,
}

impl Agenda {
    pub(super) fn note(&mut self, at: RunOffset, task: Task) {
        self.noted += 1;
        self.entries.push(Reverse((at, self.noted, task)));
    }

    /// When the next task is due.
    pub(super) fn next_at(&self) -> Option<RunOffset> {
        self.entries.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the next task.
    pub(super) fn take(&mut self) -> Option<(RunOffset, Task)> {
        self.entries.pop().map(|Reverse((at, _, task))| (at, task))
    }

    /// All calls that are left, in no order, with the times at which they are due.
    pub(super) fn calls(&self) -> impl Iterator<Item = (RunOffset, PendingCall)> {
        self.entries.iter().filter_map(|Reverse((at, _, task))| match task {
            Task::Call(call) => Some((*at, *call)),
            Task::Begin { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_and_equals_keep_their_order() {
        let mut agenda = Agenda::default();
        for (nanos, misses) in [(5, 0), (3, 1), (5, 2), (3, 3)] {
            agenda.note(RunOffset::from_nanos(nanos), Task::Begin { misses });
        }
        assert_eq!(agenda.next_at(), Some(RunOffset::from_nanos(3)));
        let order: Vec<_> = std::iter::from_fn(|| agenda.take()).map(|(_, task)| task).collect();
        assert_eq!(order, [1, 3, 0, 2].map(|misses| Task::Begin { misses }));
    }
}
