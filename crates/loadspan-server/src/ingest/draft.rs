//! A trace, as far as one request tells of it.

use super::destination::Destination;
use super::id::{SpanId, TraceId};
use super::refusal::Reason;
use super::root::Root;
use super::span::{Prepared, SpanRow};
use super::trace::ELSEWHERE;
use super::used::Used;
use crate::translate::UsageNode;

/// Sessions and users, as MLflow has it. What is longer is cut: it says nothing about the span.
const SESSION_CHARACTERS: usize = 250;

/// A trace, as far as one request tells of it.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) id: TraceId,
    pub(super) destination: Destination,
    /// The place of the source whose resource describes the trace: that of the root, else of the first span.
    pub(super) source: usize,
    /// Each span once, in the order of their ids when the draft is finished.
    pub(super) spans: Vec<SpanRow>,
    pub(super) root: Option<RootSpan>,
    pub(super) start_ns: i64,
    /// `None`: no span has ended.
    pub(super) end_ns: Option<i64>,
    pub(super) session: Option<String>,
    pub(super) user: Option<String>,
    pub(super) used: Used,
}

/// The root span.
#[derive(Debug)]
pub(super) struct RootSpan {
    pub(super) id: SpanId,
    pub(super) is_error: bool,
    pub(super) is_finished: bool,
    pub(super) said: Root,
}

/// Where a span comes from, as far as its trace is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct From<'a> {
    pub(super) destination: &'a Destination,
    /// The place of the source.
    pub(super) source: usize,
}

impl Draft {
    pub(super) fn new(id: TraceId, from: From<'_>) -> Self {
        Self {
            id,
            destination: from.destination.clone(),
            source: from.source,
            spans: Vec::new(),
            root: None,
            start_ns: i64::MAX,
            end_ns: None,
            session: None,
            user: None,
            used: Used::default(),
        }
    }

    /// Adds a span of this trace.
    pub(super) fn add(&mut self, prepared: Prepared, from: From<'_>) -> Result<(), Reason> {
        self.join(from.destination)?;
        let row = prepared.row;
        if let Some(said) = prepared.root {
            self.set_root(RootSpan::of(&row, said), from);
        }
        self.start_ns = self.start_ns.min(row.start_ns);
        self.session = self.session.take().or_else(|| prepared.session.map(short));
        self.user = self.user.take().or_else(|| prepared.user.map(short));
        self.spans.push(row);
        Ok(())
    }

    /// A trace is in one experiment: the one that a sender asked for, else the one of its root.
    fn join(&mut self, destination: &Destination) -> Result<(), Reason> {
        if *destination == self.destination || !destination.is_explicit() {
            return Ok(());
        }
        if self.destination.is_explicit() {
            return Err(ELSEWHERE.into());
        }
        self.destination = destination.clone();
        Ok(())
    }

    /// The first root stays the root; what it says last counts, but that it ended is not taken back.
    fn set_root(&mut self, root: RootSpan, from: From<'_>) {
        match &self.root {
            Some(known) if known.id != root.id || (known.is_finished && !root.is_finished) => {}
            Some(_) => self.root = Some(root),
            None => {
                self.root = Some(root);
                self.source = from.source;
                if !self.destination.is_explicit() {
                    self.destination = from.destination.clone();
                }
            }
        }
    }

    /// Leaves of each span what was said last, and adds up.
    pub(super) fn finish(&mut self) {
        // Stable: of spans with the same id, the last is the one that was sent last.
        self.spans.sort_by_key(|span| span.id);
        self.spans.dedup_by(|next, kept| {
            let same = next.id == kept.id;
            if same && (next.is_finished() || !kept.is_finished()) {
                std::mem::swap(next, kept);
            }
            same
        });
        if self.spans.iter().any(SpanRow::is_finished) {
            self.end_ns = self.spans.iter().map(SpanRow::extent_ns).max();
        }
        if self.spans.iter().any(|span| !span.used.is_nothing()) {
            let nodes = self.spans.iter().map(|span| UsageNode {
                id: span.id,
                parent: span.parent,
                used: span,
            });
            self.used = Used::of_tree(&nodes.collect::<Vec<_>>(), |span| span.used);
        }
    }

    /// The state of a trace of which nothing else is known.
    pub(super) fn state(&self) -> &'static str {
        match &self.root {
            Some(root) if root.is_finished && root.is_error => "ERROR",
            Some(root) if root.is_finished => "OK",
            _ => "IN_PROGRESS",
        }
    }
}

impl RootSpan {
    fn of(row: &SpanRow, said: Root) -> Self {
        Self {
            id: row.id,
            is_error: row.status == "ERROR",
            is_finished: row.is_finished(),
            said,
        }
    }
}

fn short(text: String) -> String {
    let end = super::attribute::cut(&text, SESSION_CHARACTERS).len();
    let mut text = text;
    text.truncate(end);
    text
}
