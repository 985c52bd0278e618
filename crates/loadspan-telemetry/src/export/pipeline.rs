//! The way of one signal: a bounded queue, its ledger, and a dispatcher that sends from the one and writes the other.
//!
//! [`Pipeline`] is the producer's end. It takes a lock that nobody holds for longer than it takes to move a payload, does no I/O, and
//! never waits: what there is no room for goes to the spool, on a thread of its own.

mod dispatcher;
mod intake;
mod lane;

use std::sync::Arc;

use loadspan_record::SignalLedger;

pub(super) use self::dispatcher::{Dispatcher, Pace};
pub(crate) use self::intake::Intake;
pub(super) use self::lane::{Lane, LaneSpec, Leftovers};
use super::Payload;
use super::notice::Trouble;

/// Takes the payloads of one signal.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline(pub(super) Arc<Lane>);

impl Pipeline {
    /// Takes a payload on its way. Never waits and never fails: the ledger tells what became of it.
    pub(crate) fn submit(&self, payload: Payload) {
        self.0.submit(payload);
    }

    /// Whether the backend takes this signal, as far as is known. If not, there is no use in producing more.
    pub(crate) fn is_taken(&self) -> bool {
        self.0.is_taken()
    }

    /// Counts items that were lost before they became a payload.
    pub(crate) fn count_dropped(&self, items: u64) {
        self.0.count_dropped(items);
    }

    /// Counts items that were lost before they became a payload, and that are made again where there are records to make them from.
    pub(crate) fn count_missed(&self, items: u64) {
        self.0.count_missed(items);
    }

    /// Tells that requests are not in what is exported.
    pub(crate) fn tell_missed(&self, requests: u64) {
        self.0.trouble(&Trouble::Missed { requests });
    }

    /// Counts items that sampling left out.
    pub(crate) fn count_sampled_out(&self, items: u64) {
        self.0.count_sampled_out(items);
    }

    /// Takes out all that waits or was left for the end of the run: something else takes its place. It counts as left out by sampling
    /// and not as produced, and so does what is under way, unless the backend takes it.
    pub(crate) fn withdraw(&self) {
        self.0.withdraw();
    }

    /// Items that have no fate yet.
    pub(crate) fn backlog(&self) -> u64 {
        self.0.backlog()
    }

    /// How fast the backend takes what it is sent.
    pub(crate) fn intake(&self) -> Intake {
        self.0.intake()
    }

    /// Whether nothing is on its way, or need not be waited for any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.0.is_settled()
    }

    /// The ledger as it stands: `produced` is the sum of the fates and of what is still on its way.
    pub(crate) fn ledger(&self) -> SignalLedger {
        self.0.ledger()
    }
}
