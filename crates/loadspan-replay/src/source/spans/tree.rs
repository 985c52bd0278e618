//! Spans as a forest: what is above and below what.

use std::collections::HashMap;

use loadspan_wire::semconv::attributes::LOADSPAN_REQUEST_ID;
use serde_json::{Map, Value};

use super::SpanRecord;
use super::call::Kind;

/// What is kept of a span.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) trace: String,
    pub(super) id: String,
    parent_id: Option<String>,
    link_ids: Vec<(String, String)>,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) kind: Kind,
    /// Its place among the calls, if it is one.
    pub(super) call: Option<usize>,
    pub(super) conversation: Option<String>,
    /// Whether a load generator made it: what is beside it in its trace has nothing to do with it.
    pub(super) is_made: bool,
    pub(super) tool: Tool,
}

/// What the span of a tool says of it; any other says its own name.
#[derive(Debug, Default)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) call_id: Option<String>,
}

#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) parent: Vec<Option<usize>>,
    /// In the order in which they began.
    pub(super) children: Vec<Vec<usize>>,
    pub(super) links: Vec<Vec<usize>>,
    /// Of each trace, those that have nothing above them, in the order in which they began.
    pub(super) roots: HashMap<String, Vec<usize>>,
}

const CONVERSATIONS: [&str; 6] = [
    "gen_ai.conversation.id",
    "session.id",
    "langfuse.session.id",
    "mlflow.traceMetadata.mlflow.trace.session",
    "mlflow.trace.session",
    "traceloop.association.properties.session_id",
];
const TOOL_NAMES: [&str; 4] = [
    "gen_ai.tool.name",
    "tool.name",
    "traceloop.entity.name",
    "ai.toolCall.name",
];
const TOOL_CALL_IDS: [&str; 4] = ["gen_ai.tool.call.id", "tool_call.id", "tool_use_id", "ai.toolCall.id"];

impl Node {
    pub(super) fn of(span: &SpanRecord) -> Self {
        let text = |names: &[&str]| first_text(&span.attributes, names);
        let tool = Tool {
            name: text(&TOOL_NAMES).unwrap_or_else(|| span.name.clone()),
            call_id: text(&TOOL_CALL_IDS),
        };
        Self {
            trace: span.trace.clone(),
            id: span.id.clone(),
            parent_id: span.parent.clone(),
            link_ids: span.links.clone(),
            start_ns: span.start_ns,
            end_ns: span.end_ns.max(span.start_ns),
            kind: Kind::Other,
            call: None,
            conversation: text(&CONVERSATIONS),
            is_made: span.attributes.contains_key(LOADSPAN_REQUEST_ID),
            tool,
        }
    }
}

impl Node {
    /// The memory that it takes, about, with what remembers that it was seen.
    pub(super) fn bytes(&self) -> usize {
        let texts = [&self.parent_id, &self.conversation, &self.tool.call_id];
        let texts: usize = texts.into_iter().flatten().map(String::capacity).sum();
        let ids = self.trace.capacity() + self.id.capacity();
        let links = self
            .link_ids
            .iter()
            .map(|(trace, span)| trace.capacity() + span.capacity() + LINK);
        let seen = ids + LINK;
        size_of::<Self>() + ids + texts + self.tool.name.capacity() + links.sum::<usize>() + seen
    }
}

/// Two texts and their place in a list or set.
const LINK: usize = 64;

/// The first of several attributes that is a text. Values of MLflow are JSON in a text.
pub(super) fn first_text(attributes: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        let text = attributes.get(*name)?.as_str()?;
        let unpacked = text.starts_with('"').then(|| serde_json::from_str::<String>(text).ok());
        unpacked
            .flatten()
            .or_else(|| Some(text.to_owned()))
            .filter(|text| !text.is_empty())
    })
}

impl Tree {
    pub(super) fn new(nodes: Vec<Node>) -> Self {
        let mut places = HashMap::new();
        for (place, node) in nodes.iter().enumerate() {
            places.insert((node.trace.as_str(), node.id.as_str()), place);
        }
        let find = |trace: &str, id: &str| places.get(&(trace, id)).copied();
        let parents = nodes.iter().enumerate().map(|(place, node)| {
            let parent = find(&node.trace, node.parent_id.as_deref()?)?;
            (parent != place).then_some(parent)
        });
        let mut parent: Vec<Option<usize>> = parents.collect();
        let links = nodes.iter().enumerate().map(|(place, node)| {
            let found = node.link_ids.iter().filter_map(|(trace, id)| find(trace, id));
            found.filter(|linked| *linked != place).collect()
        });
        let links = links.collect();
        break_circles(&mut parent);
        let mut children = vec![Vec::new(); nodes.len()];
        let mut roots: HashMap<String, Vec<usize>> = HashMap::new();
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.sort_by_key(|place| (nodes[*place].start_ns, nodes[*place].end_ns));
        for place in order {
            match parent[place] {
                Some(above) => children[above].push(place),
                None => roots.entry(nodes[place].trace.clone()).or_default().push(place),
            }
        }
        Self {
            nodes,
            parent,
            children,
            links,
            roots,
        }
    }

    /// What is above a span, nearest first.
    pub(super) fn above(&self, place: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parent[place], |above| self.parent[*above])
    }

    /// What is below a span, all of it.
    pub(super) fn below(&self, place: usize) -> impl Iterator<Item = usize> {
        let mut open = self.children[place].clone();
        std::iter::from_fn(move || {
            let next = open.pop()?;
            open.extend(&self.children[next]);
            Some(next)
        })
    }
}

/// Spans that are above each other, which no tracer makes, become roots.
fn break_circles(parent: &mut [Option<usize>]) {
    // The walk that has come to a span; of two walks that meet, one need not go on.
    let mut walk = vec![usize::MAX; parent.len()];
    for start in 0..parent.len() {
        let mut at = start;
        while walk[at] == usize::MAX {
            walk[at] = start;
            match parent[at] {
                Some(above) if walk[above] == start => parent[at] = None,
                Some(above) => at = above,
                None => break,
            }
        }
    }
}
