//! The traces in progress, by id.
//!
//! Asked when a root begins and ends, and for spans below those of other instrumentation; a child finds its trace through its
//! parent. Split by id, so that threads seldom meet.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry::trace::TraceId;

use super::{LiveTrace, Trace};
use crate::diagnostics;

const SHARDS: usize = 16;
/// 4,096 in all: a server with some thousand requests in progress fits, traces whose root never ends take about 1 MB at most.
const TRACES_PER_SHARD: usize = 256;

/// The traces in progress; bounded: those that never end make room for new ones.
#[derive(Default)]
pub(crate) struct TraceRegistry {
    shards: [Mutex<Shard>; SHARDS],
    begun: AtomicU64,
    forgotten: AtomicU64,
    last_active: Mutex<Option<TraceId>>,
}

#[derive(Default)]
struct Shard {
    traces: HashMap<TraceId, Entry>,
}

struct Entry {
    trace: LiveTrace,
    /// Order of beginnings, to know the oldest.
    number: u64,
    /// Spans of the trace in this process whose parent is not: more than one when a process calls itself.
    roots: usize,
}

impl TraceRegistry {
    /// A root of the trace with this id has started: the trace, begun if there is none.
    pub(crate) fn begin(&self, id: TraceId) -> LiveTrace {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let mut shard = self.shard(id);
        if let Some(entry) = shard.traces.get_mut(&id) {
            entry.roots += 1;
            return Arc::clone(&entry.trace);
        }
        if shard.traces.len() >= TRACES_PER_SHARD {
            shard.forget_oldest();
            self.forgotten.fetch_add(1, Ordering::Relaxed);
            diagnostics::warn(
                diagnostics::Kind::TraceForgotten,
                "too many traces are in progress: tags and metadata of the oldest are lost; end every root span",
            );
        }
        let trace = LiveTrace::new(Trace::new(id));
        shard.traces.insert(
            id,
            Entry {
                trace: Arc::clone(&trace),
                number,
                roots: 1,
            },
        );
        trace
    }

    /// The trace with this id.
    pub(crate) fn get(&self, id: TraceId) -> Option<LiveTrace> {
        self.shard(id).traces.get(&id).map(|entry| Arc::clone(&entry.trace))
    }

    /// The trace with this id; one of its own if none is known, for spans whose root has ended.
    pub(crate) fn get_or_detached(&self, id: TraceId) -> LiveTrace {
        self.get(id).unwrap_or_else(|| {
            let trace = Trace::new(id);
            trace.close();
            LiveTrace::new(trace)
        })
    }

    /// A root of it has ended: the trace, which is over with its last root.
    pub(crate) fn end(&self, id: TraceId) -> Option<LiveTrace> {
        *self.last_active.lock().unwrap_or_else(PoisonError::into_inner) = Some(id);
        let mut shard = self.shard(id);
        let entry = shard.traces.get_mut(&id)?;
        entry.roots -= 1;
        if entry.roots > 0 {
            return Some(Arc::clone(&entry.trace));
        }
        let trace = shard.traces.remove(&id)?.trace;
        trace.close();
        Some(trace)
    }

    /// The trace whose root ended last.
    pub(crate) fn last_active(&self) -> Option<TraceId> {
        *self.last_active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard(&self, id: TraceId) -> MutexGuard<'_, Shard> {
        // Ids are random in their last bytes, by the W3C's recommendation, also those of others.
        let shard = usize::from(id.to_bytes()[15]) % SHARDS;
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    fn forget_oldest(&mut self) {
        let oldest = self
            .traces
            .iter()
            .min_by_key(|(_, entry)| entry.number)
            .map(|(id, _)| *id);
        if let Some(entry) = oldest.and_then(|id| self.traces.remove(&id)) {
            entry.trace.close();
        }
    }
}

impl fmt::Debug for TraceRegistry {
    /// Counts: tags and users are the application's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceRegistry")
            .field("begun", &self.begun)
            .field("forgotten", &self.forgotten)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_over_with_its_last_root() {
        let traces = TraceRegistry::default();
        let id = TraceId::from(1);
        traces.begin(id);
        traces.begin(id);

        assert!(traces.end(id).is_some());
        assert!(traces.get(id).is_some());
        assert!(traces.end(id).is_some());

        assert!(traces.get(id).is_none());
        assert!(traces.end(id).is_none());
        assert_eq!(traces.last_active(), Some(id));
    }

    #[test]
    fn the_oldest_makes_room() {
        let traces = TraceRegistry::default();
        let id = |n: usize| TraceId::from((n * SHARDS) as u128);
        for n in 1..=TRACES_PER_SHARD + 1 {
            traces.begin(id(n));
        }

        assert!(traces.get(id(1)).is_none());
        assert!(traces.get(id(2)).is_some());
        assert!(traces.get(id(TRACES_PER_SHARD + 1)).is_some());
        assert_eq!(traces.forgotten.load(Ordering::Relaxed), 1);
    }
}
