//! The tokens of a trace: those of its spans, but a span that has some stands for everything below it.

use std::collections::{HashMap, HashSet, VecDeque};

use loadspan_wire::mlflow::attributes;
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;
use serde_json::Map;

use super::fit::MOST_TOKENS;

/// Spans that are remembered. Beyond, the oldest trace is cut.
const MOST_SPANS: usize = 100_000;
/// Cut traces that are remembered.
const MOST_CUT: usize = 100_000;

/// Tokens by name.
pub(super) type Usage = Map<String, serde_json::Value>;

/// The spans of traces in progress, as far as tokens go.
#[derive(Default)]
pub(super) struct UsageTree {
    traces: HashMap<TraceId, Nodes>,
    /// Those of `traces`, and some that are over: the oldest first.
    order: VecDeque<TraceId>,
    spans: usize,
    /// Traces of which something was forgotten: a part of the tokens would be taken for all of them, and the server counts by
    /// itself what it is not told.
    cut: HashSet<TraceId>,
    cut_order: VecDeque<TraceId>,
}

type Nodes = HashMap<SpanId, Node>;

struct Node {
    parent: SpanId,
    usage: Option<Usage>,
}

impl UsageTree {
    pub(super) fn see(&mut self, span: &SpanData) {
        let node = Node {
            parent: span.parent_span_id,
            usage: attribute(&span.attributes).and_then(|text| serde_json::from_str(text).ok()),
        };
        self.insert((span.span_context.trace_id(), span.span_context.span_id()), node);
    }

    fn insert(&mut self, (trace, span): (TraceId, SpanId), node: Node) {
        if self.cut.contains(&trace) {
            return;
        }
        if self.spans >= MOST_SPANS {
            self.cut_oldest();
        }
        let nodes = self.traces.entry(trace).or_insert_with(|| {
            self.order.push_back(trace);
            Nodes::new()
        });
        if nodes.insert(span, node).is_none() {
            self.spans += 1;
        }
    }

    /// The tokens of a trace, which is over.
    pub(super) fn take(&mut self, trace: TraceId) -> Option<Usage> {
        let nodes = self.remove(trace)?;
        let mut covered = HashMap::new();
        let mut total = Usage::new();
        for node in nodes.values() {
            if let Some(usage) = &node.usage
                && !is_covered(node.parent, &nodes, &mut covered)
            {
                add(&mut total, usage);
            }
        }
        (!total.is_empty()).then_some(total)
    }

    /// Forgets a trace, which is over.
    pub(super) fn forget(&mut self, trace: TraceId) {
        self.remove(trace);
    }

    /// `None`: nothing is known of it, or not everything.
    fn remove(&mut self, trace: TraceId) -> Option<Nodes> {
        if self.cut.remove(&trace) {
            return None;
        }
        let nodes = self.traces.remove(&trace)?;
        self.spans -= nodes.len();
        // Traces end about in their order: what is over is seldom far from the front for long.
        if self.order.len() > 2 * self.traces.len() + 16 {
            self.order.retain(|trace| self.traces.contains_key(trace));
        }
        Some(nodes)
    }

    fn cut_oldest(&mut self) {
        while let Some(trace) = self.order.pop_front() {
            if let Some(nodes) = self.traces.remove(&trace) {
                self.spans -= nodes.len();
                self.remember_cut(trace);
                return;
            }
        }
    }

    fn remember_cut(&mut self, trace: TraceId) {
        if self.cut_order.len() >= MOST_CUT
            && let Some(oldest) = self.cut_order.pop_front()
        {
            self.cut.remove(&oldest);
        }
        self.cut.insert(trace);
        self.cut_order.push_back(trace);
    }
}

fn attribute(attributes: &[KeyValue]) -> Option<&str> {
    let attribute = attributes
        .iter()
        .find(|attribute| attribute.key.as_str() == attributes::CHAT_TOKEN_USAGE)?;
    match &attribute.value {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    }
}

/// Whether this span, or one above it, has tokens. What is found out is kept, so that each span is looked at once.
fn is_covered(span: SpanId, nodes: &Nodes, known: &mut HashMap<SpanId, bool>) -> bool {
    let mut path = Vec::new();
    let mut above = span;
    let answer = loop {
        if let Some(known) = known.get(&above) {
            break *known;
        }
        match nodes.get(&above) {
            None => break false,
            Some(node) if node.usage.is_some() => break true,
            Some(node) => {
                // Ids are others' to choose: parents that go round in circles end here, too.
                known.insert(above, false);
                path.push(above);
                above = node.parent;
            }
        }
    };
    if answer {
        known.extend(path.into_iter().map(|span| (span, true)));
    }
    answer
}

fn add(total: &mut Usage, usage: &Usage) {
    for (name, tokens) in usage {
        let Some(tokens) = tokens.as_u64() else { continue };
        let sum = total
            .get(name)
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0)
            .saturating_add(tokens)
            .min(MOST_TOKENS);
        total.insert(name.clone(), sum.into());
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn node(parent: u64, tokens: Option<u64>) -> Node {
        let usage = tokens.map(|tokens| Usage::from_iter([("input_tokens".to_owned(), tokens.into())]));
        Node {
            parent: SpanId::from(parent),
            usage,
        }
    }

    fn total(nodes: impl IntoIterator<Item = (u64, Node)>) -> Option<u64> {
        let trace = TraceId::from(1);
        let mut tree = UsageTree::default();
        for (id, node) in nodes {
            tree.insert((trace, SpanId::from(id)), node);
        }
        let total = tree.take(trace);
        assert_eq!(tree.spans, 0);
        total?["input_tokens"].as_u64()
    }

    #[test]
    fn a_span_with_tokens_stands_for_everything_below_it() {
        // 1 ─ 2 (5) ─ 3 ─ 4 (5)
        //   └ 5 (7)
        let tree = [
            (1, node(0, None)),
            (2, node(1, Some(5))),
            (3, node(2, None)),
            (4, node(3, Some(5))),
            (5, node(1, Some(7))),
        ];
        assert_eq!(total(tree), Some(12));
        assert_eq!(total([(1, node(0, None))]), None);
    }

    #[test]
    fn circles_end() {
        assert_eq!(total([(1, node(2, None)), (2, node(1, None))]), None);
    }

    #[test]
    fn a_trace_of_which_something_was_forgotten_has_no_total() {
        let (long, busy, next) = (TraceId::from(1), TraceId::from(2), TraceId::from(3));
        let mut tree = UsageTree::default();
        tree.insert((long, SpanId::from(2)), node(1, Some(5)));
        for id in 0..MOST_SPANS as u64 {
            tree.insert((busy, SpanId::from(id + 1)), node(0, None));
        }
        tree.insert((long, SpanId::from(3)), node(1, Some(7)));
        tree.insert((next, SpanId::from(1)), node(0, Some(9)));

        assert_eq!(tree.take(long), None, "5 of 12 were forgotten");
        assert_eq!(
            tree.take(next).unwrap()["input_tokens"],
            9,
            "others are not touched by it"
        );
        assert!(tree.spans <= MOST_SPANS);
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let mut tree = UsageTree::default();
        for id in 1..=1_000_u64 {
            let trace = TraceId::from(u128::from(id));
            tree.insert((trace, SpanId::from(1)), node(0, Some(1)));
            tree.forget(trace);
        }
        assert_eq!((tree.spans, tree.traces.len()), (0, 0));
        assert!(tree.order.len() < 100, "{}", tree.order.len());
    }

    #[test]
    fn a_deep_trace_with_many_leaves_takes_no_longer_than_its_spans() {
        const DEPTH: u64 = 20_000;
        let chain = (1..=DEPTH).map(|id| (id, node(id - 1, None)));
        let leaves = (1..=DEPTH).map(|id| (DEPTH + id, node(DEPTH, Some(1))));
        let start = Instant::now();
        assert_eq!(total(chain.chain(leaves)), Some(DEPTH));
        // Four hundred million steps, if each leaf went up to the root.
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}
