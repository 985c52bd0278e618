//! What comes back from calls in flight.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::Notify;

use super::agenda::PendingCall;
use crate::runner::slot::{Ended, Slot};

/// Calls that have ended, on their way from their tasks to the loop of the worker.
#[derive(Default)]
pub(super) struct Replies {
    queue: RefCell<VecDeque<Reply>>,
    arrived: Notify,
}

/// A call that has ended.
pub(super) struct Reply {
    pub(super) call: PendingCall,
    /// `None`: its task has ended without a record, which only a bug makes it do.
    pub(super) outcome: Option<(Ended, Slot)>,
}

/// What a task owes for its call, and what is there even if the task panics.
pub(super) struct Owed {
    replies: Rc<Replies>,
    reply: Option<Reply>,
}

impl Replies {
    pub(super) fn owe(self: &Rc<Self>, call: PendingCall) -> Owed {
        Owed {
            replies: Rc::clone(self),
            reply: Some(Reply { call, outcome: None }),
        }
    }

    pub(super) fn take(&self) -> Option<Reply> {
        self.queue.borrow_mut().pop_front()
    }

    /// Waits until there is one.
    pub(super) async fn arrived(&self) {
        while self.queue.borrow().is_empty() {
            self.arrived.notified().await;
        }
    }
}

impl Owed {
    pub(super) fn give(mut self, ended: Ended, slot: Slot) {
        if let Some(reply) = &mut self.reply {
            reply.outcome = Some((ended, slot));
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.replies.queue.borrow_mut().extend(self.reply.take());
        self.replies.arrived.notify_one();
    }
}
