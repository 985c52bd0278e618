//! The calls of a session in the time of the load.

use std::time::Duration;

use super::Options;
use crate::graph::{Graph, Start};
use crate::recording::Session;

/// A call of a session that is sent, exactly once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEvent {
    /// The calls that have to have ended, by their places.
    pub after: Vec<usize>,
    /// When it begins: so long after all of these, or, where there are none, after the start of its session.
    pub start: Start,
}

pub(super) fn of(session: &Session, graph: &Graph, options: &Options) -> Vec<PlannedEvent> {
    let offsets = offsets(session, options);
    let events = graph.starts.iter().enumerate().map(|(call, start)| PlannedEvent {
        after: graph.before(call).iter().map(|edge| edge.from).collect(),
        start: match start {
            Start::Offset(_) => Start::Offset(offsets[call]),
            Start::Wait(wait) => Start::Wait(options.wait(*wait)),
        },
    });
    events.collect()
}

/// When each call begins after the start of the session, with stretches in which nothing runs cut to the longest wait.
fn offsets(session: &Session, options: &Options) -> Vec<Duration> {
    let first = session.calls().first().map_or(0, |call| call.start_ns);
    let since = |moment: u64| options.speed.scale(Duration::from_nanos(moment.saturating_sub(first)));
    let (mut cut, mut busy_until) = (Duration::ZERO, Duration::ZERO);
    let offsets = session.calls().iter().map(|call| {
        let start = since(call.start_ns);
        let idle = start.saturating_sub(busy_until);
        cut += options.max_wait.map_or(Duration::ZERO, |max| idle.saturating_sub(max));
        busy_until = busy_until.max(since(call.end_ns));
        start.saturating_sub(cut)
    });
    offsets.collect()
}
