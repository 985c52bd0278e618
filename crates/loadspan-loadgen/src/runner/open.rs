//! An open load: requests are due at times of their own, whatever has become of the earlier ones.

use std::cell::RefCell;
use std::num::NonZeroU64;
use std::rc::Rc;
use std::time::Duration;

use loadspan_record::{Phase, RunOffset};
use tokio::task::JoinSet;

use super::pacer::Pacer;
use super::plan::{LoadConfig, Share, Warmup};
use super::slot::{Due, Slot};
use super::worker::Worker;
use crate::schedule::{Partition, ScheduleConfig};

/// A worker's part of the schedule, with phases and limits.
pub(crate) struct Arrivals {
    schedule: Box<dyn Iterator<Item = (u64, Duration)>>,
    start: RunOffset,
    warmup: Warmup,
    requests: Option<u64>,
    duration: Option<Duration>,
    measure_from: Option<Duration>,
}

impl Arrivals {
    pub(crate) fn new(schedule: &ScheduleConfig, load: &LoadConfig, share: Share, start: RunOffset) -> Self {
        let partition = Partition {
            index: share.number,
            of: NonZeroU64::new(share.of).unwrap_or(NonZeroU64::MIN),
        };
        // Every worker must know when measuring begins, and only one of them has the request with which it does.
        let measure_from = match load.warmup {
            Warmup::None => schedule.build().next(),
            Warmup::Requests(count) => schedule.build().nth(usize::try_from(count).unwrap_or(usize::MAX)),
            Warmup::Duration(duration) => Some(duration),
        };
        Self {
            schedule: Box::new(schedule.build().partition(partition)),
            start,
            warmup: load.warmup,
            requests: load.limits.requests,
            duration: load.limits.duration,
            measure_from,
        }
    }
}

impl Iterator for Arrivals {
    type Item = Due;

    fn next(&mut self) -> Option<Due> {
        let (index, offset) = self.schedule.next()?;
        let measure_from = self.measure_from.unwrap_or(Duration::MAX);
        let warm = match self.warmup {
            Warmup::None => false,
            Warmup::Requests(count) => index < count,
            Warmup::Duration(duration) => offset < duration,
        };
        if self
            .duration
            .is_some_and(|duration| offset >= measure_from.saturating_add(duration))
        {
            return None;
        }
        let warmup_requests = if let Warmup::Requests(count) = self.warmup {
            count
        } else {
            0
        };
        if self
            .requests
            .is_some_and(|requests| index >= warmup_requests.saturating_add(requests))
        {
            return None;
        }
        let phase = if warm { Phase::Warmup } else { Phase::Measure };
        Some(Due {
            index,
            phase,
            scheduled_at: self.start.after(offset),
            held_back_ns: 0,
        })
    }
}

/// Sends each request when it is due, or when `limit` lets it; returns when the last one has ended.
pub(crate) async fn run(worker: &Rc<Worker>, mut arrivals: Arrivals, limit: Option<u64>, pacer: &mut Pacer) {
    let mut crowd = Crowd::new(worker, limit);
    let mut unsent = None;
    for due in arrivals.by_ref() {
        if !worker.may_send_when_due(due.scheduled_at, pacer).await || !crowd.make_room().await {
            unsent = Some(due);
            break;
        }
        if due.phase == Phase::Measure {
            worker.control.begin_measuring(due.scheduled_at);
        }
        crowd.send(due).await;
    }
    if let Some(due) = unsent {
        let due = std::iter::once(due).chain(arrivals).map(|due| due.scheduled_at);
        worker.control.count_unsent(due);
    }
    while crowd.in_flight.join_next().await.is_some() {}
}

/// Requests in flight, and the slots that wait for one.
struct Crowd<'a> {
    worker: &'a Rc<Worker>,
    limit: Option<u64>,
    in_flight: JoinSet<()>,
    idle: Rc<RefCell<Vec<Slot>>>,
    /// When the limit last held a request back.
    held_until: RunOffset,
    /// Requests sent since other tasks had their turn.
    burst: u32,
}

impl<'a> Crowd<'a> {
    /// A schedule that has got ahead of its worker never has to wait; after so many requests it lets answers be read all the same.
    const BURST: u32 = 32;

    fn new(worker: &'a Rc<Worker>, limit: Option<u64>) -> Self {
        Self {
            worker,
            limit,
            in_flight: JoinSet::new(),
            idle: Rc::default(),
            held_until: RunOffset::ZERO,
            burst: 0,
        }
    }

    /// Waits until the limit leaves room for one more. Whether it may still be sent then.
    async fn make_room(&mut self) -> bool {
        while self.in_flight.try_join_next().is_some() {}
        if self.limit.is_none_or(|limit| (self.in_flight.len() as u64) < limit) {
            return true;
        }
        self.in_flight.join_next().await;
        self.held_until = self.worker.exchange.clock.now();
        self.worker.control.may_send(self.held_until)
    }

    async fn send(&mut self, due: Due) {
        let due = Due {
            held_back_ns: self.held_until.nanos_since(due.scheduled_at),
            ..due
        };
        let slot = self.idle.borrow_mut().pop();
        let mut slot = slot.unwrap_or_else(|| Slot::new(self.worker));
        let idle = Rc::clone(&self.idle);
        self.in_flight.spawn_local(async move {
            slot.send(due).await;
            idle.borrow_mut().push(slot);
        });
        self.burst += 1;
        if self.burst >= Self::BURST {
            self.burst = 0;
            tokio::task::yield_now().await;
        }
    }
}
