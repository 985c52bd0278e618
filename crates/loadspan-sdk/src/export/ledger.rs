//! What became of the spans for one destination, and how much of them is on its way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::config::LARGEST_QUEUE;
use crate::guard::DestinationCounts;

/// Bits of the estimate of bytes, below those of the count of spans: both change in one step.
const BYTE_BITS: u32 = 40;
// With room for threads that count and see that it is too much.
const _: () = assert!(LARGEST_QUEUE << 1 < 1 << (64 - BYTE_BITS));

/// The most that may be on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) spans: usize,
    pub(super) bytes: usize,
}

/// Counts of one destination. Each span is held first and then settled, once.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    held: AtomicU64,
    exported: AtomicU64,
    rejected: AtomicU64,
    dropped: AtomicU64,
    /// One settles, or counts, at a time: what was produced never goes back. Threads that end spans do not take it.
    turn: Mutex<Produced>,
}

/// The most that was told.
type Produced = u64;

/// What became of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Exported,
    Rejected,
    Dropped,
}

impl Ledger {
    /// Holds a span, if there is room. One that is alone is always let in, however large it is.
    pub(super) fn hold(&self, bytes: u64, room: Room) -> bool {
        let before = self.held.fetch_add(pack(1, bytes), Ordering::Relaxed);
        let (spans, held_bytes) = unpack(before);
        if spans == 0 || (spans < room.spans as u64 && held_bytes + bytes <= room.bytes as u64) {
            return true;
        }
        self.held.fetch_sub(pack(1, bytes), Ordering::Relaxed);
        self.dropped.fetch_add(1, Ordering::Relaxed);
        false
    }

    /// Settles spans that were held.
    pub(super) fn settle(&self, fate: Fate, spans: u64, bytes: u64) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let count = match fate {
            Fate::Exported => &self.exported,
            Fate::Rejected => &self.rejected,
            Fate::Dropped => &self.dropped,
        };
        count.fetch_add(spans, Ordering::Relaxed);
        self.held.fetch_sub(pack(spans, bytes), Ordering::Relaxed);
    }

    pub(super) fn counts(&self, destination: &'static str) -> DestinationCounts {
        let mut most = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let [exported, rejected, dropped] =
            [&self.exported, &self.rejected, &self.dropped].map(|count| count.load(Ordering::Relaxed));
        let (held, _) = unpack(self.held.load(Ordering::Relaxed));
        let settled = exported + rejected + dropped;
        // A span that finds no room is for a moment neither held nor dropped.
        *most = (settled + held).max(*most);
        DestinationCounts {
            destination,
            produced: *most,
            exported,
            rejected,
            dropped,
            pending: *most - settled,
        }
    }
}

const fn pack(spans: u64, bytes: u64) -> u64 {
    (spans << BYTE_BITS) + bytes
}

const fn unpack(held: u64) -> (u64, u64) {
    (held >> BYTE_BITS, held & ((1 << BYTE_BITS) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_many_spans_and_so_many_bytes() {
        let ledger = Ledger::default();
        let room = Room { spans: 3, bytes: 100 };
        assert!(ledger.hold(1_000, room), "a large one is let in when it is alone");
        assert!(!ledger.hold(1, room));
        ledger.settle(Fate::Exported, 1, 1_000);
        assert!(ledger.hold(50, room) && ledger.hold(50, room));
        assert!(!ledger.hold(1, room), "no bytes are left");
        ledger.settle(Fate::Rejected, 1, 50);
        assert!(ledger.hold(1, room) && ledger.hold(1, room));
        assert!(!ledger.hold(1, room), "three are held");
        let counts = ledger.counts("otlp");
        assert_eq!((counts.produced, counts.exported, counts.rejected), (8, 1, 1));
        assert_eq!((counts.dropped, counts.pending), (3, 3));
    }

    #[test]
    fn what_was_produced_never_goes_back() {
        let ledger = Ledger::default();
        let room = Room { spans: 2, bytes: 100 };
        let is_over = AtomicU64::new(0);
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for _ in 0..20_000 {
                        if ledger.hold(1, room) {
                            ledger.settle(Fate::Exported, 1, 1);
                        }
                    }
                    is_over.fetch_add(1, Ordering::Relaxed);
                });
            }
            let mut before = 0;
            while is_over.load(Ordering::Relaxed) < 4 {
                let counts = ledger.counts("otlp");
                assert!(counts.produced >= before, "{} after {before}", counts.produced);
                before = counts.produced;
            }
        });
        assert_eq!(ledger.counts("otlp").produced, 80_000);
    }
}
