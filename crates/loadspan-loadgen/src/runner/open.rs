//! An open load: requests are due at times of their own, whatever has become of the earlier ones.

use std::cell::RefCell;
use std::num::NonZeroU64;
use std::rc::Rc;
use std::time::Duration;

use loadspan_record::{Phase, RunOffset};
use tokio::task::JoinSet;

use super::pacer::Pacer;
use super::plan::{LoadConfig, Share, Warmup};
use super::room::Room;
use super::slot::{Due, Slot};
use super::worker::Worker;
use crate::schedule::{Partition, ScheduleConfig};

/// A worker's part of the schedule, with phases and limits.
pub(crate) struct Arrivals {
    schedule: Box<dyn Iterator<Item = (u64, Duration)>>,
    /// The number of the first request of the stage.
    first: u64,
    start: RunOffset,
    /// Number of the first measured request, and when it is due. Every worker must know, and only one of them has it.
    measured_from: (u64, Duration),
    /// Number of the first request that is not sent any more …
    end: u64,
    /// … and from when on none is.
    until: Duration,
}

impl Arrivals {
    pub(crate) fn new(
        schedule: &ScheduleConfig,
        load: &LoadConfig,
        share: Share,
        (first, start): (u64, RunOffset),
    ) -> Self {
        let partition = Partition {
            index: share.number,
            of: NonZeroU64::new(share.of).unwrap_or(NonZeroU64::MIN),
        };
        let first_measured = (0..).zip(schedule.build()).find(|(index, offset)| match load.warmup {
            Warmup::None => true,
            Warmup::Requests(count) | Warmup::Sessions(count) => *index >= count,
            Warmup::Duration(duration) => *offset >= duration,
        });
        let measured_from = first_measured.unwrap_or((u64::MAX, Duration::MAX));
        Self {
            schedule: Box::new(schedule.build().partition(partition)),
            first,
            start,
            measured_from,
            end: measured_from.0.saturating_add(load.limits.requests.unwrap_or(u64::MAX)),
            until: measured_from
                .1
                .saturating_add(load.limits.duration.unwrap_or(Duration::MAX)),
        }
    }

    /// When the first measured request is due.
    fn measure_start(&self) -> RunOffset {
        self.start.after(self.measured_from.1)
    }
}

impl Iterator for Arrivals {
    type Item = Due;

    fn next(&mut self) -> Option<Due> {
        let in_time = |(index, offset): &(u64, Duration)| *index < self.end && *offset < self.until;
        let (index, offset) = self.schedule.next().filter(in_time)?;
        let warm = index < self.measured_from.0;
        Some(Due {
            index: self.first + index,
            phase: if warm { Phase::Warmup } else { Phase::Measure },
            scheduled_at: self.start.after(offset),
            held_back_ns: 0,
            turn: None,
        })
    }
}

/// Sends each request when it is due, or when there is room for it; returns when the last one has ended.
pub(crate) async fn run(worker: &Rc<Worker>, mut arrivals: Arrivals, pacer: &mut Pacer) {
    let mut crowd = Crowd::new(worker);
    let measure_start = arrivals.measure_start();
    let mut unsent = None;
    for due in arrivals.by_ref() {
        let in_time = worker.may_send_when_due(due.scheduled_at, pacer).await;
        let room = if in_time { crowd.take_room().await } else { None };
        let Some(room) = room else {
            unsent = Some(due);
            break;
        };
        if due.phase == Phase::Measure {
            worker.control.begin_measuring(measure_start);
        }
        crowd.send(due, room).await;
    }
    if let Some(due) = unsent {
        let due = std::iter::once(due).chain(arrivals).map(|due| due.scheduled_at);
        worker.control.count_unsent(due);
    }
    while let Some(ended) = crowd.in_flight.join_next().await {
        worker.count_lost(&ended);
    }
}

/// Requests in flight, and the slots that wait for one.
struct Crowd<'a> {
    worker: &'a Rc<Worker>,
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

    fn new(worker: &'a Rc<Worker>) -> Self {
        Self {
            worker,
            in_flight: JoinSet::new(),
            idle: Rc::default(),
            held_until: RunOffset::ZERO,
            burst: 0,
        }
    }

    /// Waits until there is room for one more, and takes it; `None` when nothing may be sent any more.
    async fn take_room(&mut self) -> Option<Room> {
        while let Some(ended) = self.in_flight.try_join_next() {
            self.worker.count_lost(&ended);
        }
        Room::take(self.worker, &mut self.held_until).await
    }

    async fn send(&mut self, due: Due, room: Room) {
        let due = Due {
            held_back_ns: self.held_until.nanos_since(due.scheduled_at),
            ..due
        };
        let slot = self.idle.borrow_mut().pop();
        let mut slot = slot.unwrap_or_else(|| Slot::new(self.worker));
        let idle = Rc::clone(&self.idle);
        self.in_flight.spawn_local(async move {
            slot.send(due, None).await;
            idle.borrow_mut().push(slot);
            drop(room);
        });
        self.burst += 1;
        if self.burst >= Self::BURST {
            self.burst = 0;
            tokio::task::yield_now().await;
        }
    }
}
