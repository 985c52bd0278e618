//! What was produced to no purpose, since something else takes its place: it leaves the lane and the count of what was produced.

use std::sync::Arc;

use super::{Lane, Leftovers, State};
use crate::export::queue::Waiting;
use crate::export::spool::Room;

impl Lane {
    pub(in crate::export::pipeline) fn withdraw(&self) {
        let mut state = self.state();
        let mut items = state.queue.withdraw();
        let ledger = &mut state.ledger;
        match &self.leftovers {
            Leftovers::Records => items += std::mem::take(&mut ledger.spooled),
            Leftovers::Drop => items += std::mem::take(&mut ledger.dropped),
            Leftovers::Spool(_) => {}
        }
        state.leave_out(items);
    }

    /// A payload that was under way will not be tried again.
    pub(in crate::export::pipeline) fn give_up(self: &Arc<Self>, waiting: Waiting, room: Room) {
        {
            let mut state = self.state();
            if state.ledger.turned_off.is_none() && state.queue.is_withdrawn(&waiting) {
                return state.leave_out(waiting.payload.items);
            }
        }
        self.set_aside(waiting.payload, room);
    }
}

impl State {
    /// Items that were produced to no purpose.
    pub(super) fn leave_out(&mut self, items: u64) {
        self.ledger.produced -= items;
        self.ledger.sampled_out += items;
    }
}
