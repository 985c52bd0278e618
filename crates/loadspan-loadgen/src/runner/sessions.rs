//! A load of sessions: one loop for each worker, which waits for what is due next and for what comes back.
//!
//! A session that thinks is an entry on a list of what is due, not a task. Only a call in flight has one, and a slot with its
//! connection; slots are passed on from call to call, the one that was used last first.
//!
//! ```text
//! arrivals ─▶ begin ─▶ agenda ─▶ compose, send ─▶ (task with a slot) ─▶ replies ─▶ answered ─▶ agenda …
//! ```

mod agenda;
mod beginning;
mod dispatcher;
mod idle;
mod live;
mod log;
mod outcome;
mod replies;
mod sending;
mod source;

use std::rc::Rc;
use std::sync::Arc;

use loadspan_record::RunOffset;

use self::dispatcher::Dispatcher;
pub(crate) use self::log::{LogQueue, LogReader};
use super::pacer::Pacer;
use super::plan::{LoadConfig, Share};
use super::slot::Slot;
use super::worker::Worker;
use crate::event::SessionCounts;
use crate::sessions::Sessions;

/// A worker's part of a load of sessions.
pub(crate) struct SessionLoad<'a> {
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) load: &'a LoadConfig,
    pub(crate) share: Share,
    /// When the load starts.
    pub(crate) start: RunOffset,
    /// The number of the stage's first session in the run.
    pub(crate) first_session: u64,
    /// The sessions, where they come out of a log.
    pub(crate) log: Option<LogQueue>,
}

/// What became of a worker's sessions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    pub(crate) counts: SessionCounts,
    /// The number after the highest that began, in the run.
    pub(crate) next_session: u64,
}

/// Sends the calls of each session when they are due; returns when the last one has ended. `slots` have their connections open.
pub(crate) async fn run(worker: &Rc<Worker>, load: SessionLoad<'_>, slots: Vec<Slot>, pacer: &mut Pacer) -> Report {
    Dispatcher::new(worker, load, slots).run(pacer).await
}
