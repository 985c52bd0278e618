//! What the structure of traces says of the order of calls: what is above what, links, and tools that ran in between.

use std::collections::BTreeMap;

use super::call::Kind;
use super::tree::Tree;
use crate::recording::{Call, Recorded};

/// Which calls each call came after, by their places among all calls.
pub(super) type Relations = Vec<BTreeMap<usize, Recorded>>;

/// Which calls each call came after, as far as the structure says it. None of them overlap.
pub(super) fn relations(tree: &Tree, calls: &[Call], kept: &[bool]) -> Relations {
    let mut structure = Structure {
        tree,
        calls,
        kept,
        after: vec![BTreeMap::new(); calls.len()],
    };
    for place in 0..tree.nodes.len() {
        if let Some(call) = structure.call(place) {
            structure.parent(place, call);
        }
        structure.links(place);
        if tree.nodes[place].kind == Kind::Tool {
            structure.tool(place);
        }
    }
    structure.after
}

struct Structure<'a> {
    tree: &'a Tree,
    calls: &'a [Call],
    kept: &'a [bool],
    after: Relations,
}

impl Structure<'_> {
    /// The call that a span is, if it is sent again.
    fn call(&self, place: usize) -> Option<usize> {
        self.tree.nodes[place].call.filter(|call| self.kept[*call])
    }

    fn relate(&mut self, from: usize, to: usize, by: Recorded) {
        if from != to && self.calls[from].end_ns <= self.calls[to].start_ns {
            self.after[to].entry(from).or_insert(by);
        }
    }

    /// What goes on from a call is below it, in some traces.
    fn parent(&mut self, place: usize, call: usize) {
        let above = self.tree.above(place).find_map(|above| self.call(above));
        if let Some(above) = above {
            self.relate(above, call, Recorded::Parent);
        }
    }

    /// What is linked to was over before what links to it began; so it is with all calls of either.
    fn links(&mut self, place: usize) {
        for linked in &self.tree.links[place] {
            if self.tree.nodes[*linked].end_ns > self.tree.nodes[place].start_ns {
                continue;
            }
            let to = self.calls_of(place);
            for from in self.calls_of(*linked) {
                for to in &to {
                    self.relate(from, *to, Recorded::Link);
                }
            }
        }
    }

    /// A span's own call and all below it.
    fn calls_of(&self, place: usize) -> Vec<usize> {
        let own = self.call(place);
        let below = self.tree.below(place).filter_map(|below| self.call(below));
        own.into_iter().chain(below).collect()
    }

    /// A tool ran because of the call that asked for it. What it did comes after that call, and what was told of its result comes
    /// after it.
    fn tool(&mut self, place: usize) {
        let node = &self.tree.nodes[place];
        let by = || Recorded::Tool(node.tool.name.clone());
        let cause = self.cause(place);
        let within = self.calls_of(place);
        if let Some(cause) = cause {
            for call in &within {
                self.relate(cause, *call, by());
            }
        }
        for told in self.told(place) {
            for from in cause.iter().chain(&within) {
                self.relate(*from, told, by());
            }
        }
    }

    /// The call that asked for a tool: by the id of its call, else the one above it, else the last before it at its side.
    fn cause(&self, place: usize) -> Option<usize> {
        let node = &self.tree.nodes[place];
        let ended = |call: &usize| self.calls[*call].end_ns <= node.start_ns;
        let beside = self.siblings(place).filter_map(|sibling| self.call(sibling));
        let above = self.tree.parent[place].and_then(|above| self.call(above));
        let candidates: Vec<usize> = beside.chain(above).filter(ended).collect();
        let last = |of: &dyn Fn(&usize) -> bool| {
            let found = candidates.iter().copied().filter(of);
            found.max_by_key(|call| self.calls[*call].end_ns)
        };
        if let Some(id) = &node.tool.call_id {
            let by_id = last(&|call| self.asked(*call, |asked| asked.id.as_ref() == Some(id)) == Some(true));
            if by_id.is_some() {
                return by_id;
            }
        }
        above
            .filter(ended)
            .or_else(|| last(&|call| self.asked(*call, |asked| asked.name == node.tool.name) != Some(false)))
    }

    /// Whether a call asked for a certain tool. `None`: its answer is not known.
    fn asked(&self, call: usize, is: impl Fn(&crate::recording::ToolCall) -> bool) -> Option<bool> {
        let output = self.calls[call].output.as_ref()?;
        Some(output.tool_calls.iter().any(is))
    }

    /// The calls that were told the result of a tool: the next at its side after it has ended. What lies behind one of them is told by
    /// it.
    fn told(&self, place: usize) -> Vec<usize> {
        let node = &self.tree.nodes[place];
        let mut first_end = u64::MAX;
        let mut found = Vec::new();
        for sibling in self.siblings(place) {
            let Some(call) = self.call(sibling) else { continue };
            let (start, end) = (self.calls[call].start_ns, self.calls[call].end_ns);
            if start < node.end_ns || !self.may_know(call, node.tool.call_id.as_deref()) {
                continue;
            }
            if start >= first_end {
                break;
            }
            first_end = first_end.min(end);
            found.push(call);
        }
        found
    }

    /// Whether a call can have been told the result of a tool call: where both have ids, they show it.
    fn may_know(&self, call: usize, id: Option<&str>) -> bool {
        let messages = &self.calls[call].messages;
        let mut results = messages.iter().flat_map(|message| message.tool_results());
        match id {
            Some(id) if !messages.is_empty() => results.any(|result| result.id.as_deref().is_none_or(|its| its == id)),
            _ => true,
        }
    }

    /// Spans beside one, in the order in which they began. Below a call, tools are beside what is beside that call.
    fn siblings(&self, place: usize) -> impl Iterator<Item = usize> {
        let above = self.tree.parent[place];
        let scope = match above {
            Some(above) if self.tree.nodes[above].call.is_some() => self.tree.parent[above],
            other => other,
        };
        let siblings = match scope {
            Some(scope) => self.tree.children[scope].as_slice(),
            None => self.tree.roots[&self.tree.nodes[place].trace].as_slice(),
        };
        siblings.iter().copied().filter(move |sibling| *sibling != place)
    }
}
