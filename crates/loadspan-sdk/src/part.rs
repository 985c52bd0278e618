//! Threads write to parts of their own, so that they seldom meet: spans that wait, and metrics.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many parts there are.
pub(crate) const PARTS: usize = 8;

/// The part of this thread, below [`PARTS`].
pub(crate) fn own() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    OWN.with(|own| {
        own.get().unwrap_or_else(|| {
            let part = NEXT.fetch_add(1, Ordering::Relaxed) % PARTS;
            own.set(Some(part));
            part
        })
    })
}
