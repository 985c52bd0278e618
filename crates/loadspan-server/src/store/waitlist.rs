//! The end of a queue at which threads take jobs: those that came, in their order, and those that were put back, after a while.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;

use super::StoreError;

/// A job, with its place in the queue, which it keeps until it is answered.
pub(super) struct Waiting<J> {
    pub(super) job: J,
    /// How much of the room it takes.
    pub(super) size: usize,
    /// How often it was put back.
    pub(super) put_back: u32,
    /// When it came.
    pub(super) since: Instant,
    _room: OwnedSemaphorePermit,
}

impl<J> Waiting<J> {
    pub(super) fn new(job: J, room: OwnedSemaphorePermit) -> Self {
        Self {
            job,
            size: room.num_permits(),
            put_back: 0,
            since: Instant::now(),
            _room: room,
        }
    }

    /// How long its client has waited.
    pub(super) fn waited(&self) -> Duration {
        self.since.elapsed()
    }
}

/// Jobs that wait.
pub(super) struct Waitlist<J> {
    jobs: Mutex<Jobs<J>>,
    changed: Condvar,
}

struct Jobs<J> {
    /// In the order in which they came.
    came: VecDeque<Waiting<J>>,
    /// Those that were put back, each with the time from which on it may be taken.
    put_back: Vec<(Instant, Waiting<J>)>,
    /// Whether the last that was taken had been put back: such jobs do not hold up those that just came by more than every other turn.
    took_put_back: bool,
    is_closed: bool,
}

impl<J> Default for Waitlist<J> {
    fn default() -> Self {
        Self {
            jobs: Mutex::new(Jobs {
                came: VecDeque::new(),
                put_back: Vec::new(),
                took_put_back: false,
                is_closed: false,
            }),
            changed: Condvar::new(),
        }
    }
}

impl<J> Waitlist<J> {
    /// Adds a job that came.
    pub(super) fn add(&self, waiting: Waiting<J>) -> Result<(), StoreError> {
        let mut jobs = self.jobs();
        if jobs.is_closed {
            return Err(StoreError::Closed);
        }
        jobs.came.push_back(waiting);
        drop(jobs);
        self.changed.notify_one();
        Ok(())
    }

    /// Puts a job back, to be taken again after a pause, also when the list is closed meanwhile.
    pub(super) fn put_back(&self, mut waiting: Waiting<J>, pause: Duration) {
        waiting.put_back += 1;
        self.jobs().put_back.push((Instant::now() + pause, waiting));
        self.changed.notify_one();
    }

    /// Takes no more.
    pub(super) fn close(&self) {
        self.jobs().is_closed = true;
        self.changed.notify_all();
    }

    /// The next job; waits for it. `None`: the list is closed, and nothing is left.
    pub(super) fn next(&self) -> Option<Waiting<J>> {
        let mut jobs = self.jobs();
        loop {
            if let Some(next) = jobs.next() {
                return Some(next);
            }
            jobs = match jobs.due() {
                None if jobs.is_closed => return None,
                None => self.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner),
                Some(due) => {
                    let pause = due.saturating_duration_since(Instant::now());
                    let waited = self.changed.wait_timeout(jobs, pause);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// The next job that came, if there is one, and it is as wanted.
    pub(super) fn next_if(&self, is_wanted: impl Fn(&Waiting<J>) -> bool) -> Option<Waiting<J>> {
        let mut jobs = self.jobs();
        let next = jobs.came.front()?;
        if is_wanted(next) { jobs.came.pop_front() } else { None }
    }

    /// Takes all that have waited for so long.
    pub(super) fn take_older(&self, patience: Duration) -> Vec<Waiting<J>> {
        let mut jobs = self.jobs();
        let mut older = Vec::new();
        while jobs.came.front().is_some_and(|first| first.waited() >= patience) {
            older.extend(jobs.came.pop_front());
        }
        older
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs<J>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Jobs<J> {
    fn next(&mut self) -> Option<Waiting<J>> {
        let now = Instant::now();
        let due = self.put_back.iter().position(|(due, _)| *due <= now);
        match due {
            Some(place) if !self.took_put_back || self.came.is_empty() => {
                self.took_put_back = true;
                Some(self.put_back.swap_remove(place).1)
            }
            _ => {
                self.took_put_back = false;
                self.came.pop_front()
            }
        }
    }

    /// When the first of those that were put back may be taken.
    fn due(&self) -> Option<Instant> {
        self.put_back.iter().map(|(due, _)| *due).min()
    }
}
