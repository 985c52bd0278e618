//! A closed load: a fixed number of slots, each of which sends its next request when the last one has ended.

use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use loadspan_record::RunOffset;
use tokio::task::JoinSet;

use super::pacer::Pacer;
use super::plan::{LoadConfig, LoadModel, Share, Warmup};
use super::slot::{Due, Sending, Slot};
use super::worker::Worker;

/// Connections that are opened at the same time ahead of the load: below every common listen backlog.
const OPENING_AT_ONCE: usize = 64;
/// Gap between the first requests of two slots when nothing else spreads them …
const WAVE_GAP: Duration = Duration::from_micros(100);
/// … and the most that the first wave takes.
const WAVE_LIMIT: Duration = Duration::from_millis(500);

/// A slot without a connection waits before it tries again: a server that is gone must not turn the client into a machine that
/// fails as fast as it can, and a call that fails at once leaves no other slot its turn.
pub(super) const FIRST_BACKOFF: Duration = Duration::from_millis(10);
pub(super) const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// When the slots of a worker send their first requests.
///
/// All at once, the first answers would show how fast the client opens fire rather than how fast the server answers. A warm-up takes
/// the first wave into itself; a ramp spreads it; else it is spread thinly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FirstWave {
    start: RunOffset,
    gap: Duration,
    share: Share,
}

impl FirstWave {
    pub(crate) fn new(load: &LoadConfig, share: Share, start: RunOffset) -> Self {
        let (concurrency, ramp) = match load.model {
            LoadModel::Closed { concurrency, ramp } => (concurrency, ramp),
            LoadModel::Open { .. } | LoadModel::Recorded { .. } => (NonZeroU32::MIN, None),
        };
        let gap = match (ramp, load.warmup) {
            (Some(ramp), _) => ramp / concurrency.get(),
            (None, Warmup::None) => WAVE_GAP.min(WAVE_LIMIT / concurrency.get()),
            (None, _) => Duration::ZERO,
        };
        Self { start, gap, share }
    }

    /// When the worker's slot number `slot` sends its first request. The slots of all workers take turns.
    pub(super) fn begins(&self, slot: usize) -> RunOffset {
        let place = slot as u64 * self.share.of + self.share.number;
        self.start
            .after(Duration::from_nanos(self.gap.as_nanos() as u64 * place))
    }
}

/// The worker's slots, with their connections open.
pub(crate) async fn open_slots(worker: &Rc<Worker>, count: u64) -> Vec<Slot> {
    let mut opening = JoinSet::new();
    let mut slots = Vec::with_capacity(count as usize);
    for _ in 0..count {
        if opening.len() >= OPENING_AT_ONCE {
            slots.extend(opening.join_next().await.and_then(Result::ok));
        }
        if !worker.control.may_send(worker.exchange.clock.now()) {
            break;
        }
        let mut slot = Slot::new(worker);
        opening.spawn_local(async move {
            slot.open_connections().await;
            slot
        });
    }
    while let Some(opened) = opening.join_next().await {
        slots.extend(opened);
    }
    slots
}

/// Keeps every slot busy until there is nothing to be sent any more and the last request has ended.
pub(crate) async fn run(worker: &Rc<Worker>, slots: Vec<Slot>, wave: FirstWave, pacer: &mut Pacer) {
    let mut busy = JoinSet::new();
    for (number, slot) in slots.into_iter().enumerate() {
        let begins = wave.begins(number);
        if !worker.may_send_when_due(begins, pacer).await {
            break;
        }
        busy.spawn_local(keep_busy(Rc::clone(worker), slot, begins));
    }
    // A slot that panicked has lost its request; the others go on.
    while let Some(ended) = busy.join_next().await {
        worker.count_lost(&ended);
    }
}

async fn keep_busy(worker: Rc<Worker>, mut slot: Slot, begins: RunOffset) {
    let clock = worker.exchange.clock;
    let mut free_since = begins;
    let mut backoff = FIRST_BACKOFF;
    while let Some(ticket) = worker.tickets.take(clock.now(), &worker.control) {
        let due = Due {
            index: ticket.index,
            phase: ticket.phase,
            scheduled_at: free_since,
            held_back_ns: 0,
            turn: None,
        };
        match slot.send(due, None).await.sending {
            Sending::Sent => backoff = FIRST_BACKOFF,
            Sending::NoConnection => {
                worker.pause(backoff).await;
                backoff = LONGEST_BACKOFF.min(backoff * 2);
            }
        }
        free_since = clock.now();
    }
}
