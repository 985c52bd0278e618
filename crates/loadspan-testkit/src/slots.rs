//! A limit on the responses served at once, with a queue: a server of known capacity.
//!
//! A freed place goes to the longest waiting request together with the moment at which the last response was *due* to end, and
//! the next service begins there. So the capacity is exactly `limit / service time`: late timers do not add up.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The places.
#[derive(Debug)]
pub(crate) struct Slots {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    waiting: VecDeque<oneshot::Sender<u64>>,
}

/// A place that is taken. It is given to the next when dropped.
#[derive(Debug)]
pub(crate) struct Slot<'a> {
    slots: &'a Slots,
    /// When service begins, in work time.
    pub(crate) start_ns: u64,
    /// When service ends, in work time. To be kept up to date by the one who serves.
    pub(crate) end_ns: u64,
}

/// A place in the queue. If a slot was handed to it and nobody took it, dropping it passes the slot on.
struct Ticket<'a> {
    slots: &'a Slots,
    turn: oneshot::Receiver<u64>,
}

impl Slots {
    pub(crate) fn new(limit: NonZeroUsize) -> Self {
        Self {
            state: Mutex::new(State {
                free: limit.get(),
                waiting: VecDeque::new(),
            }),
        }
    }

    /// Waits for a place, first come first served.
    pub(crate) async fn acquire(&self, arrived_ns: u64) -> Slot<'_> {
        let mut freed_ns = arrived_ns;
        if let Some(mut ticket) = self.queue()
            && let Ok(freed) = (&mut ticket.turn).await
        {
            freed_ns = freed;
        }
        let start_ns = freed_ns.max(arrived_ns);
        Slot {
            slots: self,
            start_ns,
            end_ns: start_ns,
        }
    }

    /// Requests that wait for a place now.
    pub(crate) fn waiting(&self) -> u64 {
        let state = self.lock();
        state.waiting.iter().filter(|turn| !turn.is_closed()).count() as u64
    }

    /// Takes a free place, or else a ticket.
    fn queue(&self) -> Option<Ticket<'_>> {
        let mut state = self.lock();
        if state.free > 0 {
            state.free -= 1;
            return None;
        }
        let (sender, turn) = oneshot::channel();
        state.waiting.push_back(sender);
        Some(Ticket { slots: self, turn })
    }

    fn release(&self, mut freed_ns: u64) {
        let mut state = self.lock();
        while let Some(next) = state.waiting.pop_front() {
            match next.send(freed_ns) {
                Ok(()) => return,
                Err(unsent) => freed_ns = unsent,
            }
        }
        state.free += 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.slots.release(self.end_ns);
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.turn.close();
        if let Ok(freed_ns) = self.turn.try_recv() {
            self.slots.release(freed_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_next_service_begins_when_the_last_was_due_to_end() {
        let slots = Slots::new(NonZeroUsize::MIN);
        let Poll::Ready(mut first) = poll_once(pin!(slots.acquire(100))) else {
            panic!("a place was free")
        };
        let mut second = pin!(slots.acquire(110));
        let mut third = pin!(slots.acquire(500));
        assert!(poll_once(second.as_mut()).is_pending());
        assert!(poll_once(third.as_mut()).is_pending());

        first.end_ns = 150;
        drop(first);
        assert!(
            poll_once(third.as_mut()).is_pending(),
            "the second was first in the queue"
        );
        let Poll::Ready(second) = poll_once(second) else {
            panic!("it is the second's turn")
        };
        assert_eq!(second.start_ns, 150);

        drop(second);
        let Poll::Ready(third) = poll_once(third) else {
            panic!("it is the third's turn")
        };
        assert_eq!(third.start_ns, 500, "no service begins before its request arrived");
    }

    #[test]
    fn a_client_that_leaves_the_queue_loses_no_place() {
        let slots = Slots::new(NonZeroUsize::MIN);
        let Poll::Ready(first) = poll_once(pin!(slots.acquire(0))) else {
            panic!("a place was free")
        };
        {
            let mut handed = pin!(slots.acquire(1));
            assert!(poll_once(handed.as_mut()).is_pending());
            drop(first);
        }
        assert!(poll_once(pin!(slots.acquire(2))).is_ready());
    }
}
