//! Pages of what is found.

use std::collections::HashMap;

use super::order::{Order, Position};
use super::plan::{Found, Plan, Window};
use super::token;
use crate::answer;
use crate::database::{Connection, DatabaseError};
use crate::error::ApiError;
use crate::tracking::in_lists;

/// Rows of which the sizes are asked for at once.
const CHUNK: usize = 256;

/// A page of what was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    /// Keys in order: `experiment_id`, `run_key` or `trace_key`.
    pub(crate) keys: Vec<i64>,
    /// The token of the next page. `None`: there is none.
    pub(crate) next: Option<String>,
    /// Where the keys stand, so that the page can be cut.
    positions: Vec<Position>,
}

impl Page {
    /// A page of rows, and where the next one begins, if there may be one.
    pub(super) fn of(found: Vec<Found>, next: Option<&Position>) -> Self {
        Self {
            keys: found.iter().map(|found| found.key).collect(),
            next: next.map(|position| token::encode(position)),
            positions: found.into_iter().map(|found| found.position).collect(),
        }
    }

    /// Ends it where what it names has [`answer::PAGE`] bytes, but not before the second. `sizes` is a query for keys and the bytes of
    /// what they name, which ends in `WHERE key`.
    ///
    /// # Errors
    ///
    /// The database says no.
    pub(crate) fn cut(&mut self, connection: &mut dyn Connection, sizes: &str) -> Result<(), DatabaseError> {
        let mut room = answer::PAGE;
        let mut fits = 0;
        for chunk in self.keys.chunks(CHUNK) {
            let sizes = sizes_of(connection, sizes, chunk)?;
            for key in chunk {
                let left = room.checked_sub(sizes.get(key).copied().unwrap_or(0));
                if left.is_none() && fits > 0 {
                    self.end(fits);
                    return Ok(());
                }
                room = left.unwrap_or(0);
                fits += 1;
            }
        }
        Ok(())
    }

    /// Ends it behind so many rows.
    fn end(&mut self, rows: usize) {
        self.keys.truncate(rows);
        self.positions.truncate(rows);
        self.next = self.positions.last().map(|position| token::encode(position));
    }
}

fn sizes_of(connection: &mut dyn Connection, sizes: &str, keys: &[i64]) -> Result<HashMap<i64, usize>, DatabaseError> {
    let mut found = HashMap::with_capacity(keys.len());
    for (places, keys) in in_lists(1, keys) {
        for row in connection.query(&format!("{sizes} IN ({places})"), &keys)? {
            found.insert(row.int(0)?, usize::try_from(row.int(1)?).unwrap_or(usize::MAX));
        }
    }
    Ok(found)
}

/// Lengths of pages of a search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    /// Unless the client says something else.
    pub(super) default: usize,
    pub(super) most: usize,
}

/// Which page is wanted, as the client says it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) max_results: Option<i64>,
    pub(super) token: Option<&'a str>,
    pub(super) lengths: Lengths,
}

impl Wanted<'_> {
    /// How many rows a page has.
    pub(super) fn length(&self) -> Result<usize, ApiError> {
        let Some(wanted) = self.max_results else {
            return Ok(self.lengths.default);
        };
        let most = self.lengths.most;
        match usize::try_from(wanted) {
            Ok(length) if (1..=most).contains(&length) => Ok(length),
            Ok(length) if length > most => Err(ApiError::invalid(format!(
                "Invalid value {wanted} for parameter 'max_results' supplied. It must be at most {most}"
            ))),
            _ => Err(ApiError::invalid(format!(
                "Invalid value {wanted} for parameter 'max_results' supplied. It must be a positive integer"
            ))),
        }
    }

    /// Behind which position it begins.
    pub(super) fn after(&self, order: &Order) -> Result<Option<Position>, ApiError> {
        let token = self.token.filter(|token| !token.is_empty());
        token.map(|token| token::decode(token, order)).transpose()
    }
}

/// A page of a plan.
pub(super) fn page(connection: &mut dyn Connection, plan: Plan, wanted: Wanted<'_>) -> Result<Page, ApiError> {
    let length = wanted.length()?;
    let after = wanted.after(&plan.order)?;
    let window = Window {
        after: after.as_deref(),
        // One more says whether there is a next page.
        rows: length + 1,
    };
    let mut found = plan.prepare(connection)?.find(connection, window)?;
    let more = found.len() > length;
    found.truncate(length);
    let next = found.last().filter(|_| more).map(|last| last.position.clone());
    Ok(Page::of(found, next.as_ref()))
}
