//! Searches for experiments, runs and traces: MLflow's languages for filters and orders, read by one grammar and turned into SQL with
//! bound values.

mod clause;
mod condition;
mod entity;
mod experiments;
mod fault;
mod fragment;
mod grammar;
mod lexer;
mod order;
mod ordering;
mod page;
mod plan;
mod runs;
mod statement;
mod test;
mod token;
mod traces;

use std::collections::BTreeSet;

pub(crate) use self::page::Page;
use self::page::Wanted;
pub(crate) use self::statement::statements;
pub(crate) use self::traces::span_text::{StoredSpan as SpanText, text_of_attribute};
pub(crate) use self::traces::{Matching, SessionPage, SessionRow};
use crate::database::Connection;
use crate::error::ApiError;

/// Which experiments are wanted. Fields are those of the REST request.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExperimentSearch {
    /// Alive, deleted, or both.
    pub(crate) view: ViewType,
    /// The filter; empty: everything.
    pub(crate) filter: String,
    /// Clauses of the order; none: newest first.
    pub(crate) order_by: Vec<String>,
    /// Length of a page, as the client says it; checked here.
    pub(crate) max_results: Option<i64>,
    /// Where the page begins, from the page before; absent or empty: at the first.
    pub(crate) page_token: Option<String>,
}

/// Which runs are wanted. Fields are those of the REST request.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunSearch {
    /// Of these experiments. None: no runs.
    pub(crate) experiment_ids: Vec<String>,
    /// Alive, deleted, or both.
    pub(crate) view: ViewType,
    /// The filter; empty: everything.
    pub(crate) filter: String,
    /// Clauses of the order; none: latest start first.
    pub(crate) order_by: Vec<String>,
    /// Length of a page, as the client says it; checked here.
    pub(crate) max_results: Option<i64>,
    /// Where the page begins, from the page before; absent or empty: at the first.
    pub(crate) page_token: Option<String>,
}

/// Which traces are wanted. Fields are those of the REST request.
#[derive(Debug, Clone, Default)]
pub(crate) struct TraceSearch {
    /// Of these experiments. None: no traces.
    pub(crate) experiment_ids: Vec<String>,
    /// The filter; empty: everything.
    pub(crate) filter: String,
    /// Clauses of the order; none: latest first.
    pub(crate) order_by: Vec<String>,
    /// Length of a page, as the client says it; checked here.
    pub(crate) max_results: Option<i64>,
    /// Where the page begins, from the page before; absent or empty: at the first.
    pub(crate) page_token: Option<String>,
}

/// Whether deleted things are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ViewType {
    /// Those that are not deleted.
    #[default]
    ActiveOnly,
    /// Those that are.
    DeletedOnly,
    /// Both.
    All,
}

impl ViewType {
    /// From its name on the wire. Absent or unknown: the default, as MLflow has it.
    pub(crate) fn parse(name: Option<&str>) -> Self {
        match name {
            Some("DELETED_ONLY") => Self::DeletedOnly,
            Some("ALL") => Self::All,
            _ => Self::ActiveOnly,
        }
    }
}

/// Searches for experiments.
///
/// # Errors
///
/// The filter, the order, the length of the page or its token make no sense.
pub(crate) fn experiments(connection: &mut dyn Connection, search: &ExperimentSearch) -> Result<Page, ApiError> {
    let plan = experiments::plan(search, connection.dialect())?;
    let wanted = Wanted {
        max_results: search.max_results,
        token: search.page_token.as_deref(),
        lengths: experiments::LENGTHS,
    };
    page::page(connection, plan, wanted)
}

/// Searches for runs.
///
/// # Errors
///
/// The filter, the order, the length of the page or its token make no sense.
pub(crate) fn runs(connection: &mut dyn Connection, search: &RunSearch) -> Result<Page, ApiError> {
    let plan = runs::plan(search, connection.dialect())?;
    let wanted = Wanted {
        max_results: search.max_results,
        token: search.page_token.as_deref(),
        lengths: runs::LENGTHS,
    };
    page::page(connection, plan, wanted)
}

/// Searches for traces. A page may be shorter than was wanted, even empty, although there is a next one: where a filter is about spans,
/// only so many are looked at for a page.
///
/// # Errors
///
/// The filter, the order, the length of the page or its token make no sense.
pub(crate) fn traces(connection: &mut dyn Connection, search: &TraceSearch) -> Result<Page, ApiError> {
    traces::find(connection, search)
}

/// Searches for as many traces as a chart has points for, and counts all that match.
///
/// # Errors
///
/// The filter, the order or the number of results makes no sense.
pub(crate) fn matching_traces(connection: &mut dyn Connection, search: &TraceSearch) -> Result<Matching, ApiError> {
    traces::matching(connection, search)
}

/// Searches for sessions: a filter is about their traces, and a session is found if one of its traces is.
///
/// # Errors
///
/// The filter, the length of the page or its token makes no sense.
pub(crate) fn sessions(connection: &mut dyn Connection, search: &TraceSearch) -> Result<SessionPage, ApiError> {
    traces::sessions(connection, search)
}

/// Experiments that one search may name: databases take only so many values.
const MOST_EXPERIMENTS: usize = 5_000;

/// The keys of experiments, each once.
fn experiment_keys(ids: &[String]) -> Result<Vec<i64>, ApiError> {
    if ids.len() > MOST_EXPERIMENTS {
        let message = format!("a search names at most {MOST_EXPERIMENTS} experiments");
        return Err(ApiError::invalid(message));
    }
    let keys: Result<BTreeSet<i64>, ApiError> = ids
        .iter()
        .map(|id| {
            let message = || format!("Invalid experiment ID: '{id}' is no whole number");
            id.parse().map_err(|_| ApiError::invalid(message()))
        })
        .collect();
    Ok(keys?.into_iter().collect())
}

#[cfg(test)]
mod tests;
