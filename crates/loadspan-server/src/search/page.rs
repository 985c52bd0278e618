//! Pages of what is found.

use super::order::Position;
use super::plan::{Found, Plan, Window};
use super::{Page, token};
use crate::database::Connection;
use crate::error::ApiError;

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
    pub(super) fn after(&self, plan: &Plan) -> Result<Option<Position>, ApiError> {
        let token = self.token.filter(|token| !token.is_empty());
        token.map(|token| token::decode(token, &plan.order)).transpose()
    }
}

/// A page of a plan.
pub(super) fn page(connection: &mut dyn Connection, plan: Plan, wanted: Wanted<'_>) -> Result<Page, ApiError> {
    let length = wanted.length()?;
    let after = wanted.after(&plan)?;
    let window = Window {
        after: after.as_deref(),
        // One more says whether there is a next page.
        rows: length + 1,
    };
    let mut found = plan.prepare(connection)?.find(connection, window)?;
    let more = found.len() > length;
    found.truncate(length);
    let next = found.last().filter(|_| more).map(|last| token::encode(&last.position));
    Ok(Page {
        keys: keys(&found),
        next,
    })
}

/// The keys of rows.
pub(super) fn keys(found: &[Found]) -> Vec<i64> {
    found.iter().map(|found| found.key).collect()
}
