//! When calls begin.

use std::time::Duration;

use super::{Edge, Start};
use crate::recording::Call;

/// `edges` are by `to`.
pub(super) fn starts(calls: &[Call], edges: &[Edge]) -> Vec<Start> {
    let first = calls.first().map_or(0, |call| call.start_ns);
    let mut starts: Vec<Start> = calls
        .iter()
        .map(|call| Start::Offset(Duration::from_nanos(call.start_ns - first)))
        .collect();
    for edges in edges.chunk_by(|one, other| one.to == other.to) {
        let to = edges[0].to;
        let ends = edges.iter().map(|edge| calls[edge.from].end_ns);
        let last = ends.max().unwrap_or_default();
        let wait = calls[to].start_ns.saturating_sub(last);
        starts[to] = Start::Wait(Duration::from_nanos(wait));
    }
    starts
}
