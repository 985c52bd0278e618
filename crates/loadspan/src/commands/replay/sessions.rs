//! A recording with all that was said: its sessions and their graphs.

use std::collections::BTreeMap;
use std::time::Duration;

use loadspan_loadgen::recorded::replay::{
    BadLines, Call, Format, Graph, Reason, Recorded, Recording, Session, Start, render_text, render_unused,
};
use loadspan_record::counted;
use serde_json::{Value, json};

/// The sessions that are told one by one, and what all of them come to.
pub(super) struct Chosen<'a> {
    told: Vec<(&'a Session, Graph)>,
    others: usize,
    edges: BTreeMap<&'static str, u64>,
    refused: u64,
}

impl<'a> Chosen<'a> {
    /// At most so many of those that have `name` in their names.
    pub(super) fn of(recording: &'a Recording, name: Option<&str>, most: usize) -> Self {
        let mut chosen = Self {
            told: Vec::new(),
            others: 0,
            edges: BTreeMap::new(),
            refused: 0,
        };
        let wanted = |session: &&Session| name.is_none_or(|name| session.id().contains(name));
        for session in recording.sessions.iter().filter(wanted) {
            let graph = Graph::of(session);
            for edge in &graph.edges {
                *chosen.edges.entry(kind(&edge.reason)).or_default() += 1;
            }
            chosen.refused += graph.refused.len() as u64;
            if chosen.told.len() < most {
                chosen.told.push((session, graph));
            } else {
                chosen.others += 1;
            }
        }
        chosen
    }

    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty() && self.others == 0
    }

    pub(super) fn first(&self) -> Option<(&'a Session, &Graph)> {
        self.told.first().map(|(session, graph)| (*session, graph))
    }
}

pub(super) fn text(recording: &Recording, chosen: &Chosen<'_>, (sources, format): (&[String], Format)) -> String {
    let calls: usize = recording.sessions.iter().map(|session| session.calls().len()).sum();
    let sessions = counted(recording.sessions.len() as u64, "session");
    let calls = counted(calls as u64, "call");
    let edges = chosen.edges.iter().map(|(kind, count)| format!("{count} by {kind}"));
    let edges: Vec<String> = edges.collect();
    let about = [
        Some(format!("{} ({})\n", sources.join(", "), format.as_str())),
        Some(format!("{sessions}, {calls}{}\n", span(recording))),
        (!edges.is_empty()).then(|| format!("edges: {}\n", edges.join(", "))),
        (chosen.refused > 0).then(|| format!("no edges, because calls overlap: {}\n", chosen.refused)),
    ];
    let told = chosen.told.iter();
    let told = told.map(|(session, graph)| format!("\n{}", render_text(session, graph)));
    let others = (chosen.others > 0).then(|| {
        let others = counted(chosen.others as u64, "more session");
        format!("\n{others}: --max-sessions tells more\n")
    });
    let unused = Some(render_unused(recording)).filter(|unused| !unused.is_empty());
    let unused = unused.map(|unused| format!("\n{unused}"));
    about
        .into_iter()
        .flatten()
        .chain(told)
        .chain(others)
        .chain(unused)
        .collect()
}

pub(super) fn json(recording: &Recording, chosen: &Chosen<'_>, (sources, format): (&[String], Format)) -> Value {
    let sessions = chosen.told.iter().map(|(session, graph)| session_json(session, graph));
    let unused = recording
        .unused
        .iter()
        .map(|unused| json!({"id": unused.id, "name": unused.name, "reason": unused.reason}));
    json!({
        "sources": sources,
        "format": format.as_str(),
        "sessions": sessions.collect::<Vec<_>>(),
        "sessions_not_told": chosen.others,
        "edges": chosen.edges,
        "unused": unused.collect::<Vec<_>>(),
        "unread": bad_json(&recording.bad),
    })
}

/// Lines that cannot be read.
pub(super) fn bad_json(bad: &BadLines) -> Value {
    let first = bad
        .first
        .iter()
        .map(|bad| json!({"file": bad.file, "line": bad.line, "reason": bad.reason}));
    json!({"total": bad.total, "first": first.collect::<Vec<_>>()})
}

fn session_json(session: &Session, graph: &Graph) -> Value {
    let calls = session
        .calls()
        .iter()
        .enumerate()
        .map(|(place, call)| call_json(call, (place, graph)));
    let refused = graph.refused.iter().map(|refused| {
        json!({
            "from": refused.from,
            "to": refused.to,
            "reason": refused.reason.to_string(),
            "overlap_s": refused.overlap.as_secs_f64(),
        })
    });
    json!({
        "id": session.id(),
        "start_unix_ns": session.start_ns(),
        "calls": calls.collect::<Vec<_>>(),
        "refused_edges": refused.collect::<Vec<_>>(),
    })
}

fn call_json(call: &Call, (place, graph): (usize, &Graph)) -> Value {
    let after = graph
        .before(place)
        .iter()
        .map(|edge| json!({"call": edge.from, "reason": edge.reason.to_string()}));
    let (offset, wait) = match graph.starts[place] {
        Start::Offset(offset) => (Some(offset.as_secs_f64()), None),
        Start::Wait(wait) => (None, Some(wait.as_secs_f64())),
    };
    let took = Duration::from_nanos(call.end_ns.saturating_sub(call.start_ns));
    json!({
        "id": call.id,
        "operation": call.operation.word(),
        "model": call.model,
        "offset_s": offset,
        "wait_s": wait,
        "duration_s": took.as_secs_f64(),
        "after": after.collect::<Vec<_>>(),
        "messages": call.messages.len(),
        "input_tokens": call.input_tokens,
        "output_tokens": call.output_tokens,
        "failed": call.failed,
    })
}

/// From the first session to the last.
fn span(recording: &Recording) -> String {
    let mut starts = recording.sessions.iter().filter_map(Session::start_ns);
    match (starts.next(), starts.next_back()) {
        (Some(first), Some(last)) => {
            let seconds = Duration::from_nanos(last.saturating_sub(first)).as_secs_f64();
            format!(", begun within {seconds:.1} s")
        }
        (Some(_), None) => String::new(),
        (None, _) => ", without times".to_owned(),
    }
}

const fn kind(reason: &Reason) -> &'static str {
    match reason {
        Reason::Recorded(Recorded::Parent) => "parent span",
        Reason::Recorded(Recorded::Link) => "link",
        Reason::Recorded(Recorded::Tool(_)) => "tool",
        Reason::Recorded(Recorded::Turn) => "turn",
        Reason::ToolCall(_) => "tool call",
        Reason::Continuation => "continuation",
        Reason::SameText => "same text",
        Reason::Quote => "quoted text",
    }
}
