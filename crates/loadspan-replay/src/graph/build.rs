//! All evidence of a session, the strongest first.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::evidence::Evidence;
use super::{Edge, Graph, Reason, Refused, Use, reduce, times, uses};
use crate::recording::{Call, Session};

pub(super) fn build(session: &Session) -> Graph {
    let calls = session.calls();
    let mut edges = Edges {
        calls,
        found: BTreeMap::new(),
        refused: Vec::new(),
        refused_pairs: HashSet::new(),
    };
    for (to, call) in calls.iter().enumerate() {
        for after in &call.after {
            edges.add(after.call, to, Reason::Recorded(after.by.clone()));
        }
    }
    let mut evidence = uses::find(calls);
    // Stable: what was found first of one strength stays first.
    evidence.sort_by_key(|one| one.reason.weakness());
    let mut uses: Vec<Vec<Use>> = vec![Vec::new(); calls.len()];
    for Evidence { to, reason, used, of } in evidence {
        match used {
            Some(used) if edges.add(of, to, reason.clone()) => uses[to].push(used),
            Some(_) => {}
            None => edges.refuse(of, to, reason),
        }
    }
    for uses in &mut uses {
        uses.sort_by_key(|used| used.message);
    }
    let found = edges
        .found
        .into_iter()
        .map(|((to, from), reason)| Edge { from, to, reason });
    let edges_left = reduce::reduce(found.collect(), calls.len());
    Graph {
        starts: times::starts(calls, &edges_left),
        edges: edges_left,
        uses,
        refused: edges.refused,
    }
}

struct Edges<'a> {
    calls: &'a [Call],
    /// By the call that waits, then by the one that it waits for.
    found: BTreeMap<(usize, usize), Reason>,
    refused: Vec<Refused>,
    refused_pairs: HashSet<(usize, usize)>,
}

impl Edges<'_> {
    /// Adds an edge unless there is one, or it cannot be. Whether there is one now.
    fn add(&mut self, from: usize, to: usize, reason: Reason) -> bool {
        let (Some(first), Some(then)) = (self.calls.get(from), self.calls.get(to)) else {
            return false;
        };
        if from == to {
            return false;
        }
        // Calls that took no time, at one moment, are in the order of the recording.
        if first.end_ns > then.start_ns || from > to {
            self.refuse(from, to, reason);
            return false;
        }
        self.found.entry((to, from)).or_insert(reason);
        true
    }

    /// Notes what looked like an edge, once for each two calls, if they overlap.
    fn refuse(&mut self, from: usize, to: usize, reason: Reason) {
        let (first, then) = (&self.calls[from], &self.calls[to]);
        let overlap = first
            .end_ns
            .min(then.end_ns)
            .saturating_sub(first.start_ns.max(then.start_ns));
        if from != to && overlap > 0 && self.refused_pairs.insert((from, to)) {
            let overlap = Duration::from_nanos(overlap);
            self.refused.push(Refused {
                from,
                to,
                reason,
                overlap,
            });
        }
    }
}

impl Reason {
    const fn weakness(&self) -> u8 {
        match self {
            Self::Recorded(_) => 0,
            Self::ToolCall(_) => 1,
            Self::Continuation => 2,
            Self::SameText => 3,
            Self::Quote => 4,
        }
    }
}
