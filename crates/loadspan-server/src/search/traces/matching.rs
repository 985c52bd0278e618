//! All traces that match, as many as a chart has points for.

use super::{checked, page_of, wanted};
use crate::database::Connection;
use crate::error::ApiError;
use crate::search::TraceSearch;
use crate::search::page::Lengths;

const LENGTHS: Lengths = Lengths {
    default: 20_000,
    most: 20_000,
};

/// Traces that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matching {
    /// In the order of the search, the first of them.
    pub(crate) keys: Vec<i64>,
    /// How many there are, of those that were looked at.
    pub(crate) total: i64,
    /// Whether all were looked at. Where a filter is about spans, only so many are.
    pub(crate) complete: bool,
}

/// The first traces that match, and how many there are.
///
/// # Errors
///
/// The filter, the order or the number of results makes no sense.
pub(crate) fn matching(connection: &mut dyn Connection, search: &TraceSearch) -> Result<Matching, ApiError> {
    let (plan, tests) = checked(connection, search)?;
    let looks_into_spans = !tests.is_empty();
    let counted = plan.clone();
    let page = page_of(connection, (plan, tests), wanted(search, LENGTHS))?;
    let is_all = page.next.is_none();
    let total = if is_all || looks_into_spans {
        i64::try_from(page.keys.len()).unwrap_or(i64::MAX)
    } else {
        counted.prepare(connection)?.count(connection)?
    };
    Ok(Matching {
        keys: page.keys,
        total,
        complete: is_all || !looks_into_spans,
    })
}
