//! Calls that are recorded twice: an instrumented library that calls another makes a span around the other's.

use super::tree::Tree;
use crate::recording::{Call, Unused};

/// Whether each call is one of its own. What is left out is added to `unused`.
///
/// Of a call right above another one that it encloses, the inner is what was sent, unless it alone lacks content.
pub(super) fn without_repeats(tree: &Tree, calls: &[Call], unused: &mut Vec<Unused>) -> Vec<bool> {
    let mut kept = vec![true; calls.len()];
    let mut leave_out = |call: usize, reason: &str, place: usize| {
        if std::mem::replace(&mut kept[call], false) {
            unused.push(Unused {
                id: calls[call].id.clone(),
                name: tree.nodes[place].tool.name.clone(),
                reason: reason.to_owned(),
            });
        }
    };
    for (place, node) in tree.nodes.iter().enumerate() {
        let Some(outer) = node.call else { continue };
        let inner: Vec<usize> = tree.children[place]
            .iter()
            .copied()
            .filter(|child| tree.nodes[*child].call.is_some() && tree.nodes[*child].end_ns <= node.end_ns)
            .filter(|child| tree.nodes[*child].start_ns >= node.start_ns)
            .collect();
        match inner.as_slice() {
            [] => {}
            [only] => {
                let call = tree.nodes[*only].call.unwrap_or_default();
                if calls[call].messages.is_empty() && !calls[outer].messages.is_empty() {
                    leave_out(call, "the call around it is the same one, and has its content", *only);
                } else {
                    leave_out(outer, "the call within it is the same one", place);
                }
            }
            _ => leave_out(outer, "the calls within it are what was sent", place),
        }
    }
    kept
}
