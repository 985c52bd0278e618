//! A worker's part of the load: requests or sessions, closed or open.

use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;

use loadspan_record::RunOffset;

use super::closed::{self, FirstWave};
use super::open;
use super::pacer::Pacer;
use super::plan::{LoadModel, Share, StagePlan, Traffic};
use super::sessions::{self, LogQueue, SessionLoad};
use super::slot::Slot;
use super::worker::Worker;

/// Connections that are opened ahead of a closed load of sessions, at most.
const SESSION_CONNECTIONS: NonZeroU32 = NonZeroU32::new(256).unwrap();

/// What a worker makes its part of the load with.
pub(super) struct Part<'a> {
    pub(super) plan: &'a StagePlan,
    pub(super) share: Share,
    pub(super) first_index: u64,
    pub(super) first_session: u64,
    pub(super) log: Option<LogQueue>,
}

impl Part<'_> {
    /// Connections that are opened ahead of a closed load: one for each request in flight. Of sessions nobody knows how many have
    /// one.
    pub(super) fn connections(&self, concurrency: NonZeroU32) -> u64 {
        match self.plan.traffic {
            Traffic::Requests(_) => self.share.part_of(concurrency),
            Traffic::Sessions(_) => self.share.part_of(concurrency.min(SESSION_CONNECTIONS)),
        }
    }

    /// Makes the worker's part of the load. Says what became of its sessions, if it has some.
    pub(super) async fn run(
        self,
        worker: &Rc<Worker>,
        (slots, start): (Vec<Slot>, RunOffset),
        pacer: &mut Pacer,
    ) -> Option<sessions::Report> {
        let load = &self.plan.load;
        match (&self.plan.traffic, &load.model) {
            (Traffic::Sessions(sessions), _) => {
                let load = SessionLoad {
                    sessions: Arc::clone(sessions),
                    load,
                    share: self.share,
                    start,
                    first_session: self.first_session,
                    log: self.log,
                };
                return Some(sessions::run(worker, load, slots, pacer).await);
            }
            (Traffic::Requests(_), LoadModel::Closed { .. }) => {
                let wave = FirstWave::new(load, self.share, start);
                closed::run(worker, slots, wave, pacer).await;
            }
            (Traffic::Requests(_), LoadModel::Open { schedule, .. }) => {
                let arrivals = open::Arrivals::new(schedule, load, self.share, (self.first_index, start));
                open::run(worker, arrivals, pacer).await;
            }
            // Nobody starts such a run.
            (Traffic::Requests(_), LoadModel::Recorded { .. }) => {}
        }
        None
    }
}
