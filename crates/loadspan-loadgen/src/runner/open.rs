//! An open load: requests are due at times of their own, whatever has become of the earlier ones.

use std::cell::RefCell;
use std::num::NonZeroU64;
use std::rc::Rc;
use std::sync::atomic::Ordering;
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
        let partition = Partition { index: share.number, of: NonZeroU64::new(share.of).unwrap_or(NonZeroU64::MIN) };
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
        if self.duration.is_some_and(|duration| offset >= measure_from.saturating_add(duration)) {
            return None;
        }
        let warmup_requests = if let Warmup::Requests(count) = self.warmup { count } else { 0 };
        if self.requests.is_some_and(|requests| index >= warmup_requests.saturating_add(requests)) {
            return None;
        }
        let phase = if warm { Phase::Warmup } else { Phase::Measure };
        Some(Due { index, phase, scheduled_at: self.start.after(offset), held_back_ns: 0 })
    }
}

/// Sends each request when it is due, or when `limit` lets it; returns when the last one has ended.
pub(crate) async fn run(worker: &Rc<Worker>, arrivals: Arrivals, limit: Option<u64>) -> std::io::Result<()> {
    let clock = worker.exchange.clock;
    let mut pacer = Pacer::new(clock)?;
    let idle: Rc<RefCell<Vec<Slot>>> = Rc::default();
    let mut in_flight = JoinSet::new();
    let mut held_until = RunOffset::ZERO;
    let mut arrivals = arrivals;
    while let Some(due) = arrivals.next() {
        if !sleep_until_due(worker, &mut pacer, due.scheduled_at).await {
            worker.control.unsent.fetch_add(1, Ordering::Relaxed);
            break;
        }
        while in_flight.try_join_next().is_some() {}
        if limit.is_some_and(|limit| in_flight.len() as u64 >= limit) {
            if in_flight.join_next().await.is_none() || !worker.control.may_send(clock.now()) {
                worker.control.unsent.fetch_add(1, Ordering::Relaxed);
                break;
            }
            held_until = clock.now();
        }
        if due.phase == Phase::Measure {
            worker.control.begin_measuring(due.scheduled_at);
        }
        let due = Due { held_back_ns: held_until.nanos_since(due.scheduled_at), ..due };
        let slot = idle.borrow_mut().pop();
        let mut slot = slot.unwrap_or_else(|| Slot::new(worker));
        let idle = Rc::clone(&idle);
        in_flight.spawn_local(async move {
            slot.send(due).await;
            idle.borrow_mut().push(slot);
        });
    }
    while in_flight.join_next().await.is_some() {}
    Ok(())
}

/// Whether the request may still be sent when it is due.
async fn sleep_until_due(worker: &Worker, pacer: &mut Pacer, due: RunOffset) -> bool {
    tokio::select! {
        biased;
        () = pacer.sleep_until(due) => {}
        () = worker.stopped.notified() => {}
    }
    let now = worker.exchange.clock.now();
    now >= due && worker.control.may_send(now)
}
