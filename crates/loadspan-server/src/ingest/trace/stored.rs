//! Traces that are there already, and what they become when spans are added.

use std::collections::HashSet;

use super::super::batch::Batch;
use super::super::draft::Draft;
use super::super::id::{SpanId, TraceId};
use super::super::lookup::Lookup;
use super::super::recount::Countable;
use super::ByTrace;
use super::row::NS_PER_MS;
use crate::database::{Connection, DatabaseError, Dialect, Row, Value};

/// A trace that is there already.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) key: i64,
    pub(super) experiment_id: i64,
    /// Whether a client has asked for the experiment.
    pub(super) asked_for: bool,
    pub(super) about: About,
    /// In milliseconds, as it is stored: a client may have said it.
    pub(super) request_time: i64,
    pub(super) duration: Option<i64>,
    pub(super) spans: i64,
    pub(super) root: Option<SpanId>,
    pub(super) finalized: bool,
    /// Whether its tokens or its cost are known.
    has_usage: bool,
    /// That these are to be counted again, and since when.
    recount: Option<i64>,
}

/// What spans say about a trace.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct About {
    pub(super) state: String,
    pub(super) name: Option<String>,
    pub(super) request_preview: Option<String>,
    pub(super) response_preview: Option<String>,
    pub(super) start_ns: i64,
    pub(super) end_ns: Option<i64>,
    pub(super) session: Option<String>,
    pub(super) user: Option<String>,
    pub(super) service: Option<String>,
    pub(super) root: Option<SpanId>,
}

const COLUMNS: &str = "SELECT trace_id, trace_key, experiment_id, state, name, request_preview, response_preview, start_ns, \
                       end_ns, session_id, user_id, service, spans, root_span_id, finalized, total_tokens, total_cost, \
                       request_time, execution_duration, asked_for, recount \
                       FROM traces WHERE trace_id IN";

/// Traces that are there already, and will not be changed by another server before this transaction ends.
pub(super) fn find(
    connection: &mut dyn Connection,
    ids: impl Iterator<Item = TraceId>,
) -> Result<ByTrace<Stored>, DatabaseError> {
    let mut ids: Vec<_> = ids.map(|id| id.to_string()).collect();
    // In one order for all writers, so that they do not wait for each other in a circle.
    ids.sort_unstable();
    let values: Vec<_> = ids.iter().map(Value::from).collect();
    let lookup = Lookup::new(COLUMNS).then(match connection.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => "ORDER BY trace_id FOR UPDATE",
    });
    let mut stored = ByTrace::with_capacity(ids.len());
    lookup.rows(connection, &values, |row| {
        stored.insert(row.text(0)?, of_row(row)?);
        Ok(())
    })?;
    Ok(stored)
}

fn of_row(row: &mut Row) -> Result<Stored, DatabaseError> {
    let root = row.maybe_blob(13)?.and_then(|id| SpanId::try_from(id).ok());
    Ok(Stored {
        key: row.int(1)?,
        experiment_id: row.int(2)?,
        asked_for: row.flag(19)?,
        about: About {
            state: row.text(3)?,
            name: row.maybe_text(4)?,
            request_preview: row.maybe_text(5)?,
            response_preview: row.maybe_text(6)?,
            start_ns: row.int(7)?,
            end_ns: row.maybe_int(8)?,
            session: row.maybe_text(9)?,
            user: row.maybe_text(10)?,
            service: row.maybe_text(11)?,
            root,
        },
        request_time: row.int(17)?,
        duration: row.maybe_int(18)?,
        spans: row.int(12)?,
        root,
        finalized: row.flag(14)?,
        has_usage: row.maybe_int(15)?.is_some() || row.maybe_real(16)?.is_some(),
        recount: row.maybe_int(20)?,
    })
}

/// Which experiments of these traces are deleted.
pub(super) fn deleted_experiments<'s>(
    connection: &mut dyn Connection,
    traces: impl Iterator<Item = &'s Stored>,
) -> Result<HashSet<i64>, DatabaseError> {
    let experiments: HashSet<_> = traces.map(|trace| trace.experiment_id).collect();
    let values: Vec<_> = experiments.into_iter().map(Value::Int).collect();
    let sql = "SELECT experiment_id FROM experiments WHERE lifecycle_stage = 'deleted' AND experiment_id IN";
    let mut deleted = HashSet::new();
    Lookup::new(sql).rows(connection, &values, |row| {
        deleted.insert(row.int(0)?);
        Ok(())
    })?;
    Ok(deleted)
}

impl Stored {
    /// Whether the trace has ended, as far as is known.
    pub(super) fn is_complete(&self) -> bool {
        self.about.state != "IN_PROGRESS"
    }

    /// Whether the client has said how the trace ended: nothing that spans say changes that.
    pub(super) fn is_closed(&self) -> bool {
        self.finalized && self.is_complete()
    }

    /// What is to be counted again when the spans of a draft are added. A span that uses nothing may still join two parts of a tree, one
    /// of which hides the other.
    pub(super) fn countable(&self, draft: &Draft) -> Option<Countable> {
        let is_due = self.has_usage || self.recount.is_some() || !draft.used.is_nothing();
        is_due.then_some(Countable {
            key: self.key,
            spans: self.spans,
            mark: self.recount,
        })
    }

    /// What the trace is when the spans of a draft are added.
    pub(super) fn with(&self, draft: &Draft, batch: &Batch) -> About {
        let mut about = self.about.clone();
        if !self.is_closed() {
            about.widen(draft);
        } else if draft.root.is_some() {
            about.refine(draft);
        }
        if about.root.is_none() {
            about.service = batch.sources[draft.source].service.clone().or(about.service);
        }
        about.session = about.session.or_else(|| draft.session.clone());
        about.user = about.user.or_else(|| draft.user.clone());
        self.with_root(about, draft)
    }

    /// The first root stays the root, and what it says last counts, but that it ended is not taken back.
    fn with_root(&self, mut about: About, draft: &Draft) -> About {
        let Some(root) = draft
            .root
            .as_ref()
            .filter(|root| self.root.is_none_or(|known| known == root.id))
        else {
            return about;
        };
        if self.root.is_some() && !root.is_finished && self.is_complete() {
            return about;
        }
        about.root = Some(root.id);
        let said = (
            Some(root.said.name.clone()),
            root.said.request_preview.clone(),
            root.said.response_preview.clone(),
        );
        if self.finalized {
            about.name = about.name.or(said.0);
            about.request_preview = about.request_preview.or(said.1);
            about.response_preview = about.response_preview.or(said.2);
        } else {
            about.name = said.0;
            about.request_preview = said.1.or(about.request_preview);
            about.response_preview = said.2.or(about.response_preview);
        }
        if root.is_finished && !self.is_closed() {
            draft.state().clone_into(&mut about.state);
        }
        about
    }
}

impl About {
    /// Times only widen.
    fn widen(&mut self, draft: &Draft) {
        self.start_ns = self.start_ns.min(draft.start_ns);
        self.end_ns = self.end_ns.max(draft.end_ns);
    }

    /// A client's word is in whole milliseconds. The root and what comes with it, if they say the same, say it to the nanosecond.
    fn refine(&mut self, draft: &Draft) {
        let (Some(said), Some(seen)) = (self.end_ns, draft.end_ns) else {
            return;
        };
        let said = said.saturating_sub(self.start_ns);
        let lasted = seen.saturating_sub(draft.start_ns);
        let starts_alike = self.start_ns / NS_PER_MS == draft.start_ns / NS_PER_MS;
        if starts_alike && said.abs_diff(lasted) < NS_PER_MS.unsigned_abs() {
            self.start_ns = draft.start_ns;
            self.end_ns = draft.end_ns;
        }
    }
}
