//! The tokens of a trace: those of its spans, but a span that has some stands for everything below it.

use std::collections::HashMap;

use loadspan_wire::mlflow::attributes;
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;
use serde_json::Map;

/// Spans that are remembered. Beyond, everything is forgotten: the server counts by itself what it is not told.
const MOST_SPANS: usize = 100_000;

/// Tokens by name.
pub(super) type Usage = Map<String, serde_json::Value>;

/// The spans of traces in progress, as far as tokens go.
#[derive(Debug, Default)]
pub(super) struct UsageTree {
    traces: HashMap<TraceId, HashMap<SpanId, Node>>,
    spans: usize,
}

#[derive(Debug)]
struct Node {
    parent: SpanId,
    usage: Option<Usage>,
}

impl UsageTree {
    pub(super) fn see(&mut self, span: &SpanData) {
        if self.spans >= MOST_SPANS {
            *self = Self::default();
        }
        let node = Node {
            parent: span.parent_span_id,
            usage: attribute(&span.attributes).and_then(|text| serde_json::from_str(text).ok()),
        };
        self.spans += 1;
        self.traces
            .entry(span.span_context.trace_id())
            .or_default()
            .insert(span.span_context.span_id(), node);
    }

    /// The tokens of a trace, which is over.
    pub(super) fn take(&mut self, trace: TraceId) -> Option<Usage> {
        let nodes = self.traces.remove(&trace)?;
        self.spans -= nodes.len().min(self.spans);
        let mut total = Usage::new();
        for node in nodes.values().filter(|node| !is_hidden(node, &nodes)) {
            add(&mut total, node.usage.as_ref()?);
        }
        (!total.is_empty()).then_some(total)
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

/// Whether it has no tokens, or something above it has.
fn is_hidden(node: &Node, nodes: &HashMap<SpanId, Node>) -> bool {
    let mut above = node.parent;
    // Ids are others' to choose: parents that go round in circles end here, too.
    for _ in 0..nodes.len() {
        match nodes.get(&above) {
            Some(parent) if parent.usage.is_some() => return true,
            Some(parent) => above = parent.parent,
            None => break,
        }
    }
    node.usage.is_none()
}

fn add(total: &mut Usage, usage: &Usage) {
    for (name, tokens) in usage {
        let Some(tokens) = tokens.as_u64() else { continue };
        let sum = total
            .get(name)
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0)
            .saturating_add(tokens);
        total.insert(name.clone(), sum.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(parent: u64, tokens: Option<u64>) -> Node {
        let usage = tokens.map(|tokens| Usage::from_iter([("input_tokens".to_owned(), tokens.into())]));
        Node {
            parent: SpanId::from(parent),
            usage,
        }
    }

    fn total(nodes: impl IntoIterator<Item = (u64, Node)>) -> Option<u64> {
        let nodes: HashMap<_, _> = nodes.into_iter().map(|(id, node)| (SpanId::from(id), node)).collect();
        let trace = TraceId::from(1);
        let mut tree = UsageTree {
            spans: nodes.len(),
            traces: HashMap::from([(trace, nodes)]),
        };
        let total = tree.take(trace)?;
        assert_eq!(tree.spans, 0);
        total["input_tokens"].as_u64()
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
}
