//! Stores traces and their spans: a few statements for all traces of a request.

mod link;
mod row;
mod span;
mod stored;

use std::collections::{HashMap, HashSet};

use crate::app::now_ms;
use crate::config::Limits;
use crate::database::{Connection, DatabaseError, Value};
use crate::error::ApiError;

use self::link::Links;
use self::row::TraceRow;
use self::span::Keys;
use self::stored::Stored;
use super::batch::Batch;
use super::destination::Experiments;
use super::draft::Draft;
use super::id::SpanId;
use super::lookup::Lookup;
use super::recount::Budget;
use super::refusal::{Reason, Refusals};
use super::shared::Kind;
use super::span::SpanRow;

pub(crate) use row::{NewTrace, ensure, move_to};

/// A sender has asked for another experiment than one did before.
pub(super) const ELSEWHERE: &str = "its trace belongs to another experiment";

/// Stores the traces of a request; what was not stored, and why.
///
/// # Errors
///
/// The request names an experiment that does not exist, or the database says no: then nothing is stored.
pub(super) fn store(connection: &mut dyn Connection, batch: &Batch, limits: &Limits) -> Result<Refusals, ApiError> {
    let mut work = Work::new(batch, limits);
    let mut stored = stored::find(connection, batch.drafts.iter().map(|draft| draft.id))?;
    let deleted = stored::deleted_experiments(connection, stored.values())?;
    let mut new = Vec::new();
    for draft in &batch.drafts {
        match stored.remove(&draft.id.to_string()) {
            Some(known) if deleted.contains(&known.experiment_id) => {
                let reason = format!("experiment {} is deleted: restore it first", known.experiment_id);
                work.refuse(draft, reason.into());
            }
            Some(known) => work.add_to(connection, draft, known)?,
            None => match work.experiments.find(connection, &draft.destination)? {
                Ok(experiment) => new.push((draft, experiment)),
                Err(reason) => work.refuse(draft, reason),
            },
        }
    }
    work.add_new(connection, &new)?;
    work.write(connection)?;
    Ok(work.refusals)
}

/// What is to be written for a request.
struct Work<'b> {
    batch: &'b Batch,
    limits: &'b Limits,
    experiments: Experiments,
    refusals: Refusals,
    /// Spans, each with the key of its trace.
    spans: Vec<(i64, &'b SpanRow)>,
    /// Traces that were there before, with what comes to them.
    changes: Vec<(Stored, &'b Draft)>,
    links: Links<'b>,
}

impl<'b> Work<'b> {
    fn new(batch: &'b Batch, limits: &'b Limits) -> Self {
        Self {
            batch,
            limits,
            experiments: Experiments::new(limits.service_experiments),
            refusals: batch.refusals.clone(),
            spans: Vec::with_capacity(batch.drafts.iter().map(|draft| draft.spans.len()).sum()),
            changes: Vec::new(),
            links: Links::new(batch),
        }
    }

    fn refuse(&mut self, draft: &Draft, reason: Reason) {
        self.refusals.add(reason, draft.spans.len());
    }

    /// Adds to a trace that is there already.
    fn add_to(
        &mut self,
        connection: &mut dyn Connection,
        draft: &'b Draft,
        mut stored: Stored,
    ) -> Result<(), ApiError> {
        match self.place(connection, draft, &mut stored)? {
            Ok(()) => Ok(self.add(connection, draft, stored)?),
            Err(reason) => {
                self.refuse(draft, reason);
                Ok(())
            }
        }
    }

    /// Puts a trace where a draft wants it. The first client that asks for an experiment decides; what followed from a service gives way
    /// to it.
    fn place(
        &mut self,
        connection: &mut dyn Connection,
        draft: &Draft,
        stored: &mut Stored,
    ) -> Result<Result<(), Reason>, ApiError> {
        let wanted = &draft.destination;
        if !wanted.is_explicit() {
            return Ok(Ok(()));
        }
        if stored.asked_for {
            let is_there = self.experiments.is(connection, (wanted, stored.experiment_id))?;
            return Ok(is_there.then_some(()).ok_or(ELSEWHERE.into()));
        }
        let experiment = match self.experiments.find(connection, wanted)? {
            Ok(experiment) => experiment,
            Err(reason) => return Ok(Err(reason)),
        };
        row::move_to(connection, (stored.key, &draft.id.to_string()), experiment)?;
        (stored.experiment_id, stored.asked_for) = (experiment, true);
        Ok(Ok(()))
    }

    fn add(
        &mut self,
        connection: &mut dyn Connection,
        draft: &'b Draft,
        mut stored: Stored,
    ) -> Result<(), DatabaseError> {
        let known = known_spans(connection, stored.key, draft)?;
        let most = i64::try_from(self.limits.trace_spans).unwrap_or(i64::MAX);
        let before = self.spans.len();
        for span in &draft.spans {
            let is_known = known.contains(&span.id);
            if is_known || stored.spans < most {
                stored.spans += i64::from(!is_known);
                self.spans.push((stored.key, span));
            }
        }
        self.refuse_surplus(draft.spans.len() - (self.spans.len() - before));
        self.links.add_known(&stored, draft);
        self.changes.push((stored, draft));
        Ok(())
    }

    /// Adds traces that were not there when it was looked.
    fn add_new(&mut self, connection: &mut dyn Connection, new: &[(&'b Draft, i64)]) -> Result<(), DatabaseError> {
        let rows: Vec<_> = new
            .iter()
            .map(|&(draft, experiment)| TraceRow::of((draft, self.taken(draft)), experiment, self.batch))
            .collect();
        let mut keys = row::insert(connection, &rows, now_ms())?;
        for (&(draft, _), row) in new.iter().zip(&rows) {
            // That another server has made it at the same moment is what the database says by itself, and this is run again.
            let key = keys.remove(&row.trace_id);
            let key = key.ok_or_else(|| DatabaseError::Transient("a trace was made meanwhile".to_owned()))?;
            let taken = self.taken(draft);
            self.refuse_surplus(draft.spans.len() - taken);
            self.links.add_new(key, row, draft);
            self.spans.extend(draft.spans[..taken].iter().map(|span| (key, span)));
        }
        Ok(())
    }

    /// How many spans of a new trace are taken.
    fn taken(&self, draft: &Draft) -> usize {
        draft.spans.len().min(self.limits.trace_spans)
    }

    fn refuse_surplus(&mut self, spans: usize) {
        if spans > 0 {
            let most = self.limits.trace_spans;
            self.refusals
                .add(format!("its trace has {most} spans, which is the limit"), spans);
        }
    }

    fn write(&self, connection: &mut dyn Connection) -> Result<(), DatabaseError> {
        let resources = self.batch.resources.keys(connection, Kind::Resource)?;
        let scopes = self.batch.scopes.keys(connection, Kind::Scope)?;
        span::insert(connection, &self.spans, &Keys { resources, scopes })?;
        let mut budget = Budget::of(self.spans.len());
        for (stored, draft) in &self.changes {
            row::update(connection, stored, &stored.with(draft, self.batch))?;
            if let Some(trace) = stored.countable(draft) {
                budget.count(connection, trace)?;
            }
        }
        self.links.write(connection)
    }
}

/// Which spans of a draft are stored already.
fn known_spans(connection: &mut dyn Connection, trace: i64, draft: &Draft) -> Result<HashSet<SpanId>, DatabaseError> {
    let fixed = [Value::Int(trace)];
    let lookup = Lookup::new("SELECT span_id FROM spans WHERE trace_key = $1 AND span_id IN").with(&fixed);
    let ids: Vec<_> = draft.spans.iter().map(|span| Value::Blob(&span.id)).collect();
    let mut known = HashSet::with_capacity(ids.len());
    lookup.rows(connection, &ids, |row| {
        known.extend(SpanId::try_from(row.blob(0)?));
        Ok(())
    })?;
    Ok(known)
}

/// Rows by the id of their trace.
type ByTrace<T> = HashMap<String, T>;

#[cfg(test)]
mod tests;
